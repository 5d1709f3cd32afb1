"""How the checks themselves are checked: what is left out, hangs, or is red is noticed, and named."""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
SUPPORT = ROOT / "step01_fork" / "tests" / "support"

GOOD = """[==========] Running 2 tests from 1 test suite.
[ RUN      ] Suite.One
[       OK ] Suite.One (0 ms)
[ RUN      ] Suite.Two
[       OK ] Suite.Two (0 ms)
[==========] 2 tests from 1 test suite ran. (0 ms total)
[  PASSED  ] 2 tests.
"""
BAD = """[ RUN      ] Suite.One
[       OK ] Suite.One (0 ms)
[ RUN      ] Suite.Two
x.cpp:7: Failure
wrong
[  FAILED  ] Suite.Two (0 ms)
[==========] 2 tests from 1 test suite ran. (0 ms total)
"""


@pytest.fixture
def step(tmp_path):
    """A small step with the real machinery: one program of unit tests, which a shell script plays, and one test."""
    folder = tmp_path / "step01_small"
    shutil.copytree(SUPPORT, folder / "tests" / "support", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SUPPORT.parent / "conftest.py", folder / "tests")
    write_floor(folder, {"unit tests": 2, "tests": 1})
    (folder / "tests" / "test_small.py").write_text("def test_it():\n    pass\n")
    write_program(folder, f"cat <<'END'\n{GOOD}END")
    return folder


def write_floor(step, floor):
    (step / "tests" / "floor.json").write_text(json.dumps(floor))


def write_program(step, script):
    (step / "program").write_text(f"#!/bin/sh\n{script}\n")
    (step / "program").chmod(0o755)


def check(step, *options, flags="", **environment):
    inherited = {k: v for k, v in os.environ.items() if k not in ("STRICT", "FLOOR", "COUNTS")}
    return subprocess.run(
        ["tests/support/check.py", "--whole", *options, "--pytest",
         f"/usr/bin/python3 -m pytest -q -rs -p no:cacheprovider {flags} tests", "./program"],
        cwd=step, env={**inherited, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_all_is_well(step):
    result = check(step)
    assert result.returncode == 0, result.stdout
    assert re.search(r"^step01_small: 2 unit tests, 1 tests, \d+ s: passed$", result.stdout, re.M)
    assert "RUN" not in result.stdout and "Suite" not in result.stdout, "what is well is not shown"
    report = json.loads((step / "build" / "check.json").read_text())
    assert (report["unit tests"], report["tests"], report["red"]) == (2, 1, [])


@pytest.mark.parametrize("floor, complaint", [
    ({"unit tests": 3, "tests": 1}, "floor.json: there are at least 3 unit tests, and only 2 ran"),
    ({"unit tests": 2, "tests": 2}, "floor.json: there are at least 2 tests, and only 1 were found")])
def test_a_test_that_is_no_longer_there_is_missed(step, floor, complaint):
    write_floor(step, floor)
    result = check(step)
    assert result.returncode == 1 and complaint in result.stdout
    assert f"red: {result.stdout.split('red: ')[-1]}" and complaint in result.stdout.splitlines()[-1]


def test_a_red_unit_test_is_shown_and_the_others_are_not(step):
    write_program(step, f"cat <<'END'\n{BAD}END\nexit 1")
    result = check(step)
    assert result.returncode == 1 and "x.cpp:7: Failure\nwrong\n" in result.stdout
    assert "Suite.One" not in result.stdout
    assert result.stdout.splitlines()[-1].endswith(": red: ./program: Suite.Two")


def test_a_unit_test_that_crashes_is_named(step):
    write_program(step, "echo '[ RUN      ] Suite.One'; kill -SEGV $$")
    result = check(step)
    assert result.returncode == 1 and "it ended with status -11" in result.stdout
    assert result.stdout.splitlines()[-1].endswith("red: ./program: Suite.One")


# By the name of the system call; where that may not be known, by a place in the kernel, or not at all.
WAITING = r"^\d+ {}: waits in (\w*{}\w*|the kernel)$"


def test_a_unit_test_that_does_not_end_is_named_and_where_it_waits(step):
    write_program(step, "echo '[ RUN      ] Suite.One'; sleep 60; true")
    result = check(step, CASE_SECONDS="0.5")
    assert result.returncode == 1 and "Suite.One did not end within 0.5 s." in result.stdout
    assert re.search(WAITING.format("sleep 60", "nanosleep"), result.stdout, re.M), result.stdout
    assert re.search(WAITING.format("/bin/sh ./program", "wait"), result.stdout, re.M), result.stdout
    assert result.stdout.splitlines()[-1].endswith("red: ./program: Suite.One")


def test_a_test_that_does_not_end_is_named_and_where_it_waits(step):
    (step / "tests" / "test_small.py").write_text(
        "import subprocess\ndef test_it():\n    subprocess.run(['sleep', '60'])\n")
    result = check(step, flags="--timeout=1")
    assert result.returncode == 1
    assert "tests/test_small.py::test_it did not end. Where each process waits" in result.stdout
    assert re.search(WAITING.format("sleep 60", "nanosleep"), result.stdout, re.M), result.stdout
    assert result.stdout.splitlines()[-1].endswith("red: tests/test_small.py::test_it")


@pytest.mark.parametrize("floor, complaint", [
    ({"unit tests": 1, "tests": 1}, "floor.json: 2 unit tests ran, and it says 1: tools/check --record"),
    ({"unit tests": 2, "tests": 0}, "floor.json: there are 1 tests, and it says 0: tools/check --record")])
def test_a_strict_run_keeps_the_floor_up_to_date(step, floor, complaint):
    write_floor(step, floor)
    assert check(step).returncode == 0
    result = check(step, STRICT="1")
    assert result.returncode == 1 and complaint in result.stdout


SKIPS = "import pytest\ndef test_it():\n    pytest.skip('no moon')\n"


def test_what_is_left_out_is_counted_with_its_reason(step):
    (step / "tests" / "test_small.py").write_text(SKIPS)
    assert check(step).returncode == 0
    report = json.loads((step / "build" / "check.json").read_text())
    assert report["tests"] == 0 and report["left out"] == {"no moon": 1}


def test_a_strict_run_leaves_nothing_out_without_a_listed_reason(step):
    (step / "tests" / "test_small.py").write_text(SKIPS)
    result = check(step, STRICT="1")
    assert result.returncode == 1
    assert "left out, for a reason that is not listed: tests/test_small.py::test_it: no moon" in result.stdout
    write_floor(step, {"unit tests": 2, "tests": 1, "may be left out": {"no moon": "it is new"}})
    assert check(step, STRICT="1").returncode == 0


def test_a_file_that_cannot_be_read_is_red(step):
    (step / "tests" / "test_small.py").write_text("import nonsense\n")
    result = check(step)
    assert result.returncode == 1 and result.stdout.splitlines()[-1].endswith("red: tests/test_small.py")


def test_a_neighbours_shell_makes_no_difference(step):
    (step / "tests" / "test_small.py").write_text(
        "import locale, os\n"
        "def test_it():\n"
        "    assert not {'HOST', 'http_proxy', 'GTEST_FILTER', 'LANG'} & set(os.environ)\n"
        "    assert locale.getpreferredencoding(False).upper() == 'UTF-8' == open('x', 'w').encoding.upper()\n")
    result = check(step, HOST="x", http_proxy="http://127.0.0.1:9", GTEST_FILTER="none", LANG="x",
                   PYTEST_ADDOPTS="--nonsense", LC_ALL="POSIX", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert result.returncode == 0, result.stdout


# ---- make check

@pytest.fixture
def course(tmp_path):
    """tools/check with two steps that a script plays: each prints nothing, and reports what its file `report` says."""
    for name in ("step01_a", "step02_b"):
        (tmp_path / name / "tests").mkdir(parents=True)
        write_floor(tmp_path / name, {"seconds": 90})
        report(tmp_path, name, {"unit tests": 4, "tests": 5, "left out": {}, "red": []})
    (tmp_path / "tests").mkdir()
    write_floor(tmp_path, {"seconds": 60})
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "check", tmp_path / "tools")
    (tmp_path / "step").write_text('#!/bin/sh\nmkdir -p "$1/build"; cp "$1/report" "$1/build/check.json"; ! grep -q red_ "$1/report"\n')
    (tmp_path / "course").write_text('#!/bin/sh\necho \'{"tests": 7, "left out": {"needs wrk": 2}, "red": []}\' >"$COUNTS"\n')
    for name in ("step", "course"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def report(course, step, counts):
    (course / step / "report").write_text(json.dumps(counts))


def check_course(course, *arguments):
    return subprocess.run(["tools/check", *arguments], cwd=course, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "CHECK_STEP": "./step", "CHECK_COURSE": "./course"})


def test_make_check_sums_up(course):
    result = check_course(course)
    assert result.returncode == 0, result.stdout
    assert result.stdout.startswith("Every step, then the course itself: that usually takes 4 minutes.\n")
    assert re.search(r"^step02_b +4 +5 +\d+  passed$", result.stdout, re.M)
    assert re.search(r"^the course +- +7 +\d+  passed$", result.stdout, re.M)
    assert "\nleft out: 2 tests: 2: needs wrk\n" in result.stdout
    assert result.stdout.endswith("\neverything passed\n")


def test_make_check_ends_with_the_first_red_test(course):
    for step in ("step01_a", "step02_b"):
        report(course, step, {"unit tests": 4, "tests": 5, "left out": {}, "red": [f"red_{step}", "red_more"]})
    result = check_course(course)
    assert result.returncode == 1
    assert re.search(r"^step02_b +4 +5 +\d+  red$", result.stdout, re.M), "the others are checked all the same"
    assert result.stdout.endswith("\nfirst red test: step01_a: red_step01_a\n")


def test_a_step_that_does_not_compile_is_red(course):
    (course / "step").write_text("#!/bin/sh\nexit 2\n")
    result = check_course(course)
    assert result.returncode == 1
    assert result.stdout.endswith("\nfirst red test: step01_a: it ended with status 2, before the tests\n")


def test_record_writes_the_floors(course):
    check_course(course)
    assert check_course(course, "--record").returncode == 0
    assert json.loads((course / "step01_a" / "tests" / "floor.json").read_text()) == \
        {"seconds": 0, "tests": 5, "unit tests": 4}
    assert json.loads((course / "tests" / "floor.json").read_text())["tests"] == 9, "what is left out counts"
