"""What holds across the steps: carried files are the same, none is too long."""
import itertools
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))
TOLD_ANEW = {"main.cpp", "README.md", "Makefile", "tests/test_cluster.py", "tests/floor.json"}

# Lines of C++ in the step, without its tests: neither blank, nor comment, nor #include.
LIMITS = {"step01_fork": 415, "step02_env": 465, "step03_fdpass": 830, "step04_cluster": 6200}

# What a student of step 4 reads in one sitting, every line of it.
TOUR = ["hello.cpp", *(f"lib/{name}{kind}" for kind in (".h", ".cpp") for name in
        ("cluster/primary", "cluster/round_robin_handle", "cluster/dealer", "cluster/child", "http/connection"))]

PROGRAMS = ("cluster", "hello", "part1_loop", "part2_http", "part4_kept")

each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
each_pair = pytest.mark.parametrize("earlier, later", itertools.combinations(STEPS, 2),
                                    ids=lambda step: step.name)


def built(folder, names):
    """What make has put into a folder. (In step 4, `cluster` is a folder of sources, too.)"""
    programs = {name for name in PROGRAMS if (pathlib.Path(folder) / name).is_file()}
    return programs | {"build", "compile_commands.json", "__pycache__", ".pytest_cache"} & set(names)


def files(step):
    found = set()
    for folder, folders, names in os.walk(step):
        folders[:] = set(folders) - built(folder, folders)
        found |= {str((pathlib.Path(folder) / name).relative_to(step))
                  for name in set(names) - built(folder, names)}
    return found


def sources(step):
    return [step / f for f in files(step)
            if f.endswith((".cpp", ".h")) and not f.startswith(("tests/", "fuzz/"))]


def code_lines(path):
    lines = (line.strip() for line in path.read_text().splitlines())
    return sum(1 for line in lines
               if line and not line.startswith(("//", "#include", "#pragma")))


def test_there_are_as_many_steps_as_limits():
    assert [step.name for step in STEPS] == list(LIMITS)


@each_pair
def test_carried_files_are_identical(earlier, later):
    carried = files(earlier) & files(later) - TOLD_ANEW  # a step leaves out what it no longer uses
    assert len(carried) > 10
    changed = {f for f in carried if (earlier / f).read_bytes() != (later / f).read_bytes()}
    assert not changed, "change it in the first step that has it, then run tools/carry"


@each_step
def test_a_step_is_small(step):
    assert len(sources(step)) > 10
    assert sum(map(code_lines, sources(step))) <= LIMITS[step.name]
    for path in sources(step):
        assert len(path.read_text().splitlines()) <= 250, f"{path} is too long for one topic"
    for path in step.glob("tests/*.*"):
        assert len(path.read_text().splitlines()) <= 300, f"{path} is too long for one topic"


def test_the_tour_of_step_4_is_one_sitting():
    lines = sum(len((STEPS[-1] / path).read_text().splitlines()) for path in TOUR)
    assert 600 < lines <= 1100, f"the tour has {lines} lines"


@each_step
def test_a_step_does_not_reach_out(step):
    for path in [*sources(step), step / "Makefile"]:
        assert ".." not in path.read_text().replace("...", ""), f"{path} leads out of its folder"


def test_steps_explain_their_options_in_the_same_words():
    usages = [subprocess.check_output([step / "cluster", "--help"], text=True) for step in STEPS]
    assert len(set(usages[:3])) == 1
    assert all("--workers" in usage and "--port" in usage for usage in usages)
