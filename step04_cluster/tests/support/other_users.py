"""Our program, where other users can find it."""
import pathlib
import shutil
import tempfile

import harness
import pytest


def open_to_all(folder):
    """Everybody may read it, and execute what its owner may, whatever the umask is."""
    for path in [folder, *folder.rglob("*")]:
        of_owner = path.stat().st_mode & 0o500
        path.chmod(path.stat().st_mode | of_owner >> 3 | of_owner >> 6)


@pytest.fixture
def for_all():
    """A folder, with the program in it, that every user can read. (TMPDIR may be somebody's alone.)"""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        copy = pathlib.Path(folder) / harness.PROGRAM.parent.name
        copy.mkdir()
        shutil.copy(harness.PROGRAM, copy / "cluster")
        open_to_all(pathlib.Path(folder))
        yield copy
