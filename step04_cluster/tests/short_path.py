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
