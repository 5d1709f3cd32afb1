"""The programs in tools/, and the top Makefile."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
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
    for name in ("sh", "cat", "tr", "id", "uname", "sed", "head", "grep", "nproc"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return {**os.environ, "PATH": str(tmp_path)}


@pytest.mark.parametrize("arguments", [(), ("--missing",), ("--step", "1"), ("--step", "4", "--missing")])
def test_setup_has_nothing_to_do_here(arguments):
    result = run("tools/setup", *arguments)
    assert (result.returncode, result.stdout) == (0, "")


def test_setup_shows_the_system_for_a_question():
    result = run("tools/setup", "--check")
    rows = dict(re.findall(r"^(.{10}) (.+)$", result.stdout, re.M))
    assert [name.strip() for name in rows] == ["system", "compiler", "libuv", "llhttp", "Node", "pytest", "cores",
                                               "ptrace", "port 8000", "IPv6", "missing"]
    assert result.returncode == 0 and rows["missing   "] == "nothing"
    assert rows["cores     "] == str(len(os.sched_getaffinity(0)))
    assert rows["pytest    "] == pytest.__version__
    assert re.match(r"\d+\.\d+\.\d+", rows["llhttp    "]) and re.match(r"\d+\.\d+\.\d+", rows["libuv     "])
    assert rows["port 8000 "] in ("free", "taken")


def test_setup_sees_that_the_port_is_taken():
    try:
        server = socket.create_server(("127.0.0.1", 8000))
    except OSError:
        server = contextlib.nullcontext()  # somebody else has it
    with server:
        assert "port 8000  taken\n" in run("tools/setup", "--check").stdout


MISSING = r"missing: g\+\+ make .*\(to install: tools/setup{option}, or apt-get install g\+\+ make .*\)\n"


@pytest.mark.parametrize("option", ["", " --all", " --step 3"])
def test_setup_says_what_is_missing_and_how_to_get_it(bare_path, option):
    result = run("tools/setup", "--missing", *option.split(), env=bare_path)
    assert result.returncode == 1
    assert re.fullmatch(MISSING.format(option=option), result.stdout)
    assert ("nginx" in result.stdout) == (option == " --all")
    assert ("nodejs" in result.stdout) == (option != " --step 3")
    assert "nlohmann" not in result.stdout, "a header that is there"


def test_setup_shows_a_bare_system_too(bare_path):
    result = run("tools/setup", "--check", env=bare_path)
    assert result.returncode == 1
    assert "compiler   none\n" in result.stdout and "missing    g++ make " in result.stdout


def test_setup_tells_other_systems_what_to_install(bare_path):
    result = run("tools/setup", env=bare_path)
    assert result.returncode == 1
    assert "knows only Debian, and systems made from it (apt-get). Please install by hand:\n" in result.stdout
    assert "\n  a compiler for C++20 (in Debian: g++)\n" in result.stdout


@pytest.mark.parametrize("arguments", [("--chekc",), ("--step",), ("--step", "5"), ("--step", "all")])
def test_setup_refuses_what_it_does_not_know(arguments):
    result = run("tools/setup", *arguments)
    assert (result.returncode, result.stdout) == (2, "usage: tools/setup [--all | --step N] [--check | --missing]\n")


def test_make_stops_with_the_same_line_when_something_is_missing(bare_path):
    for target, option in (("run", ""), ("check", ""), ("check-step01", " --step 1"), ("check-more", " --all"),
                           ("bench", " --all")):
        result = run(shutil.which("make"), target, env=bare_path)
        assert result.returncode == 2, target
        assert re.match(MISSING.format(option=option), result.stdout), target


@pytest.mark.parametrize("step, header, package", [
    ("step01_fork", "gtest", "GoogleTest (apt-get install libgtest-dev)"),
    ("step03_fdpass", "nlohmann", "JSON for Modern C++ (apt-get install nlohmann-json3-dev)"),
    ("step04_cluster", "CLI", "CLI11 (apt-get install libcli11-dev)"),
    ("step04_cluster", "fmt", "fmt (apt-get install libfmt-dev)"),
    ("step04_cluster", "uv.h", "libuv (apt-get install libuv1-dev)"),
    ("step04_cluster", "llhttp.h", "llhttp (apt-get install libllhttp-dev, or in Debian 12 node-llhttp)")])
def test_a_step_says_which_header_is_missing(tmp_path, step, header, package):
    """The compiler is one that does not find it."""
    compiler = tmp_path / "compiler"
    compiler.write_text(f'#!/bin/sh\ncat >"{tmp_path}/source"\n! grep -q "<{header}" "{tmp_path}/source" || exit 1\n')
    compiler.chmod(0o755)
    result = run("make", "-s", "-C", step, "needs", f"CXX={compiler}")
    assert result.returncode == 2 and result.stdout.startswith(f"missing: {package}\n")


def test_a_step_needs_no_more_than_it_uses(tmp_path):
    """Without Node, nginx and the like, step 1 can be checked at the top."""
    for program in pathlib.Path("/usr/bin").iterdir():
        if program.name not in ("node", "nodejs", "nginx", "chromium", "haproxy", "npm", "wrk", "clang-format"):
            (tmp_path / program.name).symlink_to(program)
    environment = {**os.environ, "PATH": str(tmp_path)}
    assert run("make", "-n", "check-step01", env=environment).returncode == 0
    assert run("tools/setup", "--missing", "--step", "1", env=environment).stdout == ""
    assert "missing: nodejs (" in run("tools/setup", "--missing", "--step", "4", env=environment).stdout
    assert "missing: nodejs wrk " in run("tools/setup", "--missing", "--all", env=environment).stdout


# ---- tools/try-fresh (which itself is too slow to be tried here)

@pytest.mark.parametrize("arguments", [(), ("trixie",), ("trixie", "stop"), ("../x", "run"), ("", "check")])
def test_try_fresh_refuses_what_it_does_not_know(arguments):
    result = run("tools/try-fresh", *arguments)
    assert (result.returncode, result.stdout) == (2, "usage: tools/try-fresh SUITE run|check\n")


def test_the_container_for_editors_is_described():
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert "tools/setup" in container["onCreateCommand"] and container["forwardPorts"] == [8000]


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
    (course / "step03_c" / "main.cpp").write_text("new main\nand more\n")
    (course / "step03_c" / "z.h").write_text("// The z: what it is\n// for. And more.\n#pragma once\n\nint z;\n")
    (course / "step03_c" / "z.cpp").write_text("// Not this.\nint z = 1;\n")
    (course / "step03_c" / "tests").mkdir()
    (course / "step03_c" / "tests" / "test_z.cpp").write_text("int main() {}\n")
    result = run("tools/step-diff", "3", cwd=course)
    assert result.returncode == 0
    assert re.search(r"^  new        z +2  The z: what it is for$", result.stdout, re.M)
    assert "  told anew  main  1 -> 2\n" in result.stdout
    assert "  as before  x, y\n" in result.stdout
    assert "-old main.cpp\n+new main\n+and more\n" in result.stdout
    assert "test" not in result.stdout.replace("without tests", "").replace("Without tests", "")


def test_diff_counts_what_is_given_apart_and_a_folder_of_lib_as_one(course):
    for path, text in (("given/g.h", "int g;\n"), ("lib/a/one.cpp", "1;\n"), ("lib/a/two.cpp", "2;\n2;\n"),
                       ("README.md", "| `lib/a` | all that is a | one, two |\n")):
        (course / "step03_c" / path).parent.mkdir(parents=True, exist_ok=True)
        (course / "step03_c" / path).write_text(text)
    text = run("tools/step-diff", "3", cwd=course).stdout
    assert "step03_c has 7 lines of code to read, and 1 given" in text
    assert re.search(r"^  new        lib/a    2 files, 3  all that is a$", text, re.M)
    assert re.search(r"^  new        given/g +1$", text, re.M)


def test_diff_knows_what_has_another_name(course):
    (course / "step02_b" / "w.h").write_text("int w;\n")
    (course / "step02_b" / "v.h").write_text("int v;\n")
    (course / "step02_b" / "u.h").write_text("int u;\n")
    (course / "step03_c" / "lib" / "a").mkdir(parents=True)
    (course / "step03_c" / "lib" / "a" / "u.cpp").write_text("int u;\n")
    (course / "step03_c" / "README.md").write_text("It has no table.\n")
    (course / "step03_c" / "renamed.txt").write_text("# A comment.\nw z\n")
    text = run("tools/step-diff", "3", cwd=course).stdout
    assert "  renamed    w -> z\n" in text and "new        z" not in text
    assert "  moved      u -> lib/a/u\n" in text
    assert re.search(r"^  left out   v +1$", text, re.M)


def test_diff_does_not_show_white_space(course):
    (course / "step02_b" / "main.cpp").write_text("x\ny\na();\nb();\n")
    (course / "step03_c" / "main.cpp").write_text("// Why.\nx\ny\n  a();\n\n  c();\n")
    text = run("tools/step-diff", "3", cwd=course).stdout
    assert "-b();\n" in text and "+  c();\n" in text and "-a();" not in text and "Why" not in text


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_diff_fits_on_two_screens(number):
    lines = run("make", "-s", "diff", f"STEP={number}").stdout.splitlines()
    assert 10 < len(lines) <= 90
    assert max(map(len, lines)) <= 101, "100, as the code, and a sign in front"
    assert any(line.startswith("@@ ") for line in lines) == (number < 4), "a main.cpp that changes little is shown"


@pytest.mark.parametrize("step", sorted(ROOT.glob("step*/renamed.txt")), ids=lambda file: file.parent.name)
def test_what_is_renamed_exists(step):
    step = step.parent
    before = sorted(ROOT.glob("step[0-9][0-9]_*"))[int(step.name[4:6]) - 2]
    for line in (step / "renamed.txt").read_text().splitlines():
        if not line.startswith("#"):
            old, new = line.split()
            assert [*before.glob(f"{old}.*"), *before.glob(f"given/{old}.*")], f"there is no {old} in {before.name}"
            assert [*step.glob(f"{new}.*"), *step.glob(f"lib/*/{new}.*")], f"there is no {new} in {step.name}"


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
