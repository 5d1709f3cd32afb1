"""Copied out of the repository, each step builds and passes its own checks: here with sanitizers, which find
what the checks in place do not see, with the other compiler, and in surroundings as a student may have them."""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess

import pytest

STEPS = sorted(pathlib.Path(__file__).parent.parent.parent.glob("step[0-9][0-9]_*"))
LONGEST_FIRST = STEPS[-1:] + STEPS[:-1]  # the others go beside it
# Built in half the time, and what is wrong cannot be optimised away; lines are still named in a report.
UNOPTIMISED = {"CXX": "clang++", "CXXFLAGS": "-O0 -g1", "CASE_SECONDS": "100"}  # 64 MiB of JSON take 16 s

# What a shell may hold, or lack. Each of these has broken something once.
ODD_FOLDER = "it's ä \"copy\" #2 of $HOME (1)"
ODD_VARIABLES = {"HOST": "x86_64-conda-linux-gnu", "PORT": "tcp://10.0.0.1:8000", "LC_ALL": "C",
                 "http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
                 "PYTEST_ADDOPTS": "--nonsense", "GTEST_FILTER": "none", "NODE_CLUSTER_SCHED_POLICY": "none",
                 "NODE_OPTIONS": "--nonsense", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LONG_FOLDER = "d" * 90


def live_frugally():
    """In the child: only the owner reads what it writes, and 256 open files are enough."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def built(folder, names):
    """What make has put into a folder. (In step 4, `cluster` is a folder of sources, too.)"""
    names_of_programs = ("cluster", "pass_one", "hello", "part1_loop", "part2_http", "part4_kept")
    programs = {name for name in names_of_programs if (pathlib.Path(folder) / name).is_file()}
    return programs | {"build", "compile_commands.json", "__pycache__", ".pytest_cache"} & set(names)


@pytest.mark.parametrize("step", LONGEST_FIRST, ids=lambda step: step.name)
def test_a_step_stands_alone(step, tmp_path):
    copy = shutil.copytree(step, tmp_path / ODD_FOLDER / step.name, ignore=built)
    temporary = tmp_path / LONG_FOLDER
    temporary.mkdir()
    environment = {**os.environ, **UNOPTIMISED, **ODD_VARIABLES, "TMPDIR": str(temporary)}
    del environment["HOME"]
    result = subprocess.run(["make", "-j2", "check", "compile_commands.json", "SANITIZE=address,undefined"], cwd=copy, env=environment,
                            preexec_fn=live_frugally, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout[-8000:]
    assert re.search(rf"^{step.name}: \d+ unit tests, \d+ tests, \d+ s: passed$", result.stdout, re.M)
    entries = json.loads((copy / "compile_commands.json").read_text())
    assert {entry["directory"] for entry in entries} == {str(copy)}
