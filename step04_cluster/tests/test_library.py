"""The folders of the library, and which of them may know which."""
import pathlib
import re

import pytest

LIB = pathlib.Path(__file__).parent.parent / "lib"

# A folder includes nothing but what is named here, itself, and what lies at the top of the step.
MAY_INCLUDE = {
    "loop": set(),
    "net": {"loop", "os"},
    "http": {"loop", "net"},
    "ipc": {"loop", "net"},
    "cluster": {"loop", "net", "ipc"},
    "supervisor": {"loop", "net", "http", "os", "cluster", "ipc"},
    "os": set(),
}


def included_by(folder):
    """(file, folder that it includes something of), for each such #include."""
    return {(path.name, found) for path in sorted((LIB / folder).iterdir())
            for found in re.findall(r'^#include "(\w+)/', path.read_text(encoding="utf-8"), re.M)}


def test_each_folder_has_its_row():
    assert {path.name for path in LIB.iterdir()} == set(MAY_INCLUDE)


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_arrows_point_one_way(folder):
    assert {(name, other) for name, other in included_by(folder)
            if other not in MAY_INCLUDE[folder] | {folder}} == set()
