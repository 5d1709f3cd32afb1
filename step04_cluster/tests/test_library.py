"""The folders of the library, and which of them may know which."""
import pathlib
import re

import pytest

LIB = pathlib.Path(__file__).parent.parent / "lib"

# A folder includes nothing but what is named here, itself, and what lies at the top of the step.
MAY_INCLUDE = {
    "loop": set(),
    "net": {"loop"},
    "http": {"loop", "net"},
    "ipc": {"loop", "net"},
    "cluster": {"loop", "net", "ipc"},
    "supervisor": {"loop", "net", "http", "cluster"},
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


def classes_in(folder):
    """Each class that a header of this folder declares, and the name of that header."""
    return {name: path.stem for path in folder.glob("*.h")
            for name in re.findall(r"^class (\w+)[^;]*{", path.read_text(encoding="utf-8"), re.M)}


@pytest.mark.parametrize("source", sorted(LIB.glob("*/*.cpp")), ids=lambda path: path.name)
def test_a_class_is_in_one_pair_of_files(source):
    members = re.findall(r"^(?! |//).*?\b(\w+)::~?\w+\(", source.read_text(encoding="utf-8"), re.M)
    homes = classes_in(source.parent)
    assert {(name, homes[name]) for name in members if name in homes} <= {
        (name, source.stem) for name in members}
