"""What holds across the steps: carried files are the same, none is too long."""
import itertools
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))
TOLD_ANEW = {"main.cpp", "README.md", "Makefile", "tests/test_cluster.py", "tests/floor.json"}

# Lines of C++ in the step, without its tests: neither blank, nor comment, nor #include. What the lesson
# speaks of is read, and lies at the top of the step (in step 4 also in lib/). What it does not speak of is given.
TO_READ = {"step01_fork": 128, "step02_env": 178, "step03_fdpass": 558, "step04_cluster": 6400}
GIVEN = {"step01_fork": 295, "step02_env": 295, "step03_fdpass": 310, "step04_cluster": 140}

# What a student of step 4 reads for each part, every line of it: at most so many lines, a sitting.
PARTS = {
    "part1_loop": (450, "part1_loop.cpp", "lib/loop/loop.h", "lib/loop/watcher.h", "lib/loop/timer.h", "lib/net/acceptor.h",
                   "lib/net/acceptor.cpp"),
    "part2_http": (600, "part2_http.cpp", "lib/http/server.h", "lib/http/connection.h", "lib/http/connection.cpp",
                   "lib/http/output.h"),
    "part3_cluster": (1100, "hello.cpp", *(f"lib/cluster/{name}{kind}" for kind in (".h", ".cpp") for name in
                      ("primary", "dealer", "round_robin_handle", "child")), "lib/cluster/handle.h"),
    "part4_kept": (580, "part4_kept.cpp", "lib/supervisor/supervisor.h", "lib/supervisor/supervisor.cpp",
                   "lib/supervisor/members.h", "lib/supervisor/backoff.h"),
}

PROGRAMS = ("cluster", "pass_one", "hello", "part1_loop", "part2_http", "part4_kept")

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
    """tools/step-diff counts in the same way."""
    lines = (line.strip() for line in path.read_text().splitlines())
    return sum(1 for line in lines
               if line and not line.startswith(("//", "#include", "#pragma")))


def test_there_are_as_many_steps_as_limits():
    assert [step.name for step in STEPS] == list(TO_READ) == list(GIVEN)


@each_pair
def test_carried_files_are_identical(earlier, later):
    carried = files(earlier) & files(later) - TOLD_ANEW  # a step leaves out what it no longer uses
    assert len(carried) > 10
    changed = {f for f in carried if (earlier / f).read_bytes() != (later / f).read_bytes()}
    assert not changed, "change it in the first step that has it, then run tools/carry"


@each_step
def test_a_step_is_small(step):
    given = [path for path in sources(step) if path.parent.name == "given"]
    to_read = set(sources(step)) - set(given)
    assert len(given) > 5 and len(to_read) > 4
    assert sum(map(code_lines, to_read)) <= TO_READ[step.name]
    assert sum(map(code_lines, given)) <= GIVEN[step.name]
    for path in sources(step):
        assert len(path.read_text().splitlines()) <= 250, f"{path} is too long for one topic"
    for path in [*step.glob("tests/*.*"), *step.glob("tests/support/*.*")]:
        assert len(path.read_text().splitlines()) <= 300, f"{path} is too long for one topic"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_step_4_is_one_sitting(part):
    """And its page names what is to be read; the ladder in README.md says how much that is."""
    limit, *paths = PARTS[part]
    lines = sum(len((STEPS[-1] / path).read_text().splitlines()) for path in paths)
    assert lines <= limit, f"{part} has {lines} lines to read"
    text = (STEPS[-1] / f"{part}.md").read_text()
    assert [path for path in paths if path not in text] == []
    ladder = (STEPS[-1] / "README.md").read_text()
    told = int(re.search(rf"^\|.*\({part}\.md\).*\| (\d+) \|$", ladder, re.M)[1])
    assert abs(lines - told) <= limit / 5, f"{part} has {lines} lines to read, and README.md says {told}"


@each_step
def test_a_step_does_not_reach_out(step):
    for path in [*sources(step), step / "Makefile"]:
        assert ".." not in path.read_text().replace("...", ""), f"{path} leads out of its folder"


def test_steps_explain_their_options_in_the_same_words():
    usages = [subprocess.check_output([step / "cluster", "--help"], text=True) for step in STEPS]
    assert len(set(usages[:3])) == 1
    assert all("--workers" in usage and "--port" in usage for usage in usages)
