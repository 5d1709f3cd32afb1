"""Copied out of the repository, each step builds and passes its own checks: here with sanitizers, which find
what the checks in place do not see."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

STEPS = sorted(pathlib.Path(__file__).parent.parent.parent.glob("step[0-9][0-9]_*"))
LONGEST_FIRST = STEPS[-1:] + STEPS[:-1]  # the others go beside it
# Built in half the time, and what is wrong cannot be optimised away; lines are still named in a report.
UNOPTIMISED = {"CXXFLAGS": "-O0 -g1"}


def built(folder, names):
    """What make has put into a folder. (In step 4, `cluster` is a folder of sources, too.)"""
    programs = {name for name in ("cluster", "hello") if (pathlib.Path(folder) / name).is_file()}
    return programs | {"build", "compile_commands.json", "__pycache__", ".pytest_cache"} & set(names)


@pytest.mark.parametrize("step", LONGEST_FIRST, ids=lambda step: step.name)
def test_a_step_stands_alone(step, tmp_path):
    copy = shutil.copytree(step, tmp_path / step.name, ignore=built)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))} | UNOPTIMISED
    result = subprocess.run(["make", "-j2", "check", "SANITIZE=address,undefined"], cwd=copy, env=environment,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout[-8000:]
    assert re.search(r"\b\d+ passed\b.* in ", result.stdout)
