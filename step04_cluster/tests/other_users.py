"""Our program, where other users can find it."""
import pathlib
import shutil

import harness
import pytest


@pytest.fixture
def for_all(tmp_path):
    """A folder, with the program in it, that every user can read."""
    folder = tmp_path
    while folder.is_relative_to("/tmp") and folder != pathlib.Path("/tmp"):
        folder.chmod(folder.stat().st_mode | 0o055)
        folder = folder.parent
    copy = tmp_path / harness.PROGRAM.parent.name
    copy.mkdir(mode=0o755)
    shutil.copy(harness.PROGRAM, copy / "cluster")
    return copy
