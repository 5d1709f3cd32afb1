"""The programs in tools/, and the top Makefile."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent


def run(*command, cwd=ROOT, **options):
    return subprocess.run(list(map(str, command)), cwd=cwd, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)


# ---- tools/setup

@pytest.fixture
def bare_path(tmp_path):
    """A PATH on which there is nothing but what every Debian has."""
    for name in ("sh", "cat", "tr", "id"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return {**os.environ, "PATH": str(tmp_path)}


@pytest.mark.parametrize("arguments", [(), ("--check",)])
def test_setup_has_nothing_to_do_here(arguments):
    result = run("tools/setup", *arguments)
    assert (result.returncode, result.stdout) == (0, "")


def test_setup_check_says_what_is_missing_and_how_to_get_it(bare_path):
    result = run("tools/setup", "--check", env=bare_path)
    assert result.returncode == 1
    assert re.fullmatch(r"missing: g\+\+ make .*\(to install: tools/setup, or apt-get install "
                        r"g\+\+ make .*\)\n", result.stdout)


def test_setup_does_not_guess_on_other_systems(bare_path):
    result = run("tools/setup", env=bare_path)
    assert result.returncode == 1
    assert "only Debian's apt-get. Please install by hand: g++ make" in result.stdout


def test_setup_refuses_what_it_does_not_know():
    result = run("tools/setup", "--chekc")
    assert (result.returncode, result.stdout) == (2, "usage: tools/setup [--check]\n")


def test_make_stops_with_the_same_line_when_something_is_missing(bare_path):
    for target in ("run", "check", "check-step01", "check-more"):
        result = run(shutil.which("make"), target, env=bare_path)
        assert result.returncode == 2, target
        assert "missing: g++ make" in result.stdout, target


# ---- tools/carry

@pytest.fixture
def course(tmp_path):
    """Three small steps, with the real tools beside them."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for step, names in (("step01_a", "main.cpp x.h"), ("step02_b", "main.cpp x.h y.h"),
                        ("step03_c", "main.cpp y.h x.h z.h")):
        (tmp_path / step).mkdir()
        for name in names.split():
            (tmp_path / step / name).write_text(f"old {name}\n")
    return tmp_path


def test_carry_takes_a_file_to_every_later_step_that_has_it(course):
    (course / "step02_b" / "y.h").write_text("new\n")
    assert run("tools/carry", "step02_b/y.h", cwd=course).stdout == "step03_c/y.h\n"
    assert (course / "step03_c" / "y.h").read_text() == "new\n"
    assert not (course / "step01_a" / "y.h").exists()
    assert run("tools/carry", "step02_b/y.h", cwd=course).stdout == ""


def test_carry_does_not_go_back(course):
    (course / "step03_c" / "x.h").write_text("new\n")
    assert run("tools/carry", "step03_c/x.h", cwd=course).stdout == ""
    assert (course / "step01_a" / "x.h").read_text() == "old x.h\n"


@pytest.mark.parametrize("path, reason", [("step01_a/main.cpp", "is told anew in each step"),
                                          ("step01_a/w.h", "no such file"),
                                          ("x.h", "no such file"), (None, "usage: tools/carry")])
def test_carry_refuses(course, path, reason):
    result = run("tools/carry", *([path] if path else []), cwd=course)
    assert result.returncode == 2 and reason in result.stdout


# ---- make diff

def test_diff_names_what_is_new_and_shows_the_two_mains(course):
    (course / "step03_c" / "main.cpp").write_text("new main\n")
    result = run("tools/step-diff", "3", cwd=course)
    assert result.returncode == 0
    assert "  new       z.h\n" in result.stdout
    assert "  told anew main.cpp\n" in result.stdout
    assert "x.h" not in result.stdout
    assert "-old main.cpp\n+new main\n" in result.stdout


@pytest.mark.parametrize("step", ["1", "4", "x", ""])
def test_diff_wants_a_step_with_one_before_it(course, step):
    result = run("tools/step-diff", step, cwd=course)
    assert result.returncode == 2 and "usage: make diff STEP=N" in result.stdout


# ---- the Makefile

def test_make_alone_prints_the_help_and_every_target_in_it_exists():
    text = run("make").stdout
    targets = re.findall(r"^make ([\w-]+(?:, [\w-]+)*)", text, re.M)
    targets = [target for line in targets for target in line.split(", ")]
    assert len(targets) >= 7
    for target in targets:
        assert run("make", "-n", target, "STEP=2").returncode == 0, target
