"""What a test needs that a small set-up does not bring."""
import importlib.util
import shutil

import pytest


def needs(name):
    """Marks a test that is left out, and counted as such, where there is no such program, or python:module."""
    kind, _, module = name.partition(":")
    is_there = importlib.util.find_spec(module) if kind == "python" else shutil.which(name)
    return pytest.mark.skipif(not is_there, reason=f"needs {module or name} (tools/setup --all)")
