"""A folder for sockets."""
import pathlib
import tempfile

import pytest


@pytest.fixture
def short_path():
    """A temporary folder whose path is short: that of a socket has 107 bytes at most (unix(7)), and somebody's
    TMPDIR may be long."""
    usual = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="t", dir=usual if len(usual) < 60 else "/tmp") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def long_path(short_path, monkeypatch):
    """A folder whose path is too long for a socket. It is the current one, and what is in it can be reached."""
    folder = short_path / ("long" * 30)
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
