#!/usr/bin/env python3
"""Runs the tests of a step: the programs of unit tests, then pytest.

    check.py [--whole] --pytest "COMMAND" [PROGRAM ...]

Of what is well it says little. It fails if a test does, if one does not end, and, with --whole, if there
are fewer than floor.json says. What came out is in build/check.json, too."""
import argparse
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import surroundings  # noqa: E402, F401
import waiting  # noqa: E402

FLOOR = HERE.parent / "floor.json"
STEP = HERE.parent.parent
SECONDS_FOR_A_CASE = float(os.environ.get("CASE_SECONDS", 25))
SECONDS_FOR_PYTEST = 1800


# ---- A program of unit tests

def last_case(text):
    begun = re.findall(r"^\[ RUN      \] (\S+)", text, re.M)
    return begun[-1] if begun else "before its first test"


def wait_for(process, output):
    """Returns why it was ended by force, or None: a test has to end after a while."""
    before = None
    while True:
        try:
            process.wait(SECONDS_FOR_A_CASE)
            return None
        except subprocess.TimeoutExpired:
            case = last_case(pathlib.Path(output).read_text(errors="replace"))
            if case == before:
                return f"{case} did not end within {SECONDS_FOR_A_CASE:g} s.\nWhere each process waits:\n" \
                       f"{waiting.table_of([process.pid])}\n"
            before = case


def run_to_its_end(program, output):
    """Returns (status, why it was ended by force)."""
    with open(output, "w") as file:
        process = subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                   start_new_session=True)
    hang = "interrupted"
    try:
        hang = wait_for(process, output)
    finally:
        if hang:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, hang


def without_what_is_well(text):
    text = re.sub(r"^Running main\(\) from .*\n|^Note: .*\n|^\[[-=]{10}\].*\n", "", text, flags=re.M)
    return re.sub(r"^\[ RUN      \] (\S+)\n(?:(?!\[ ).*\n)*?\[       OK \] \1 .*\n", "", text, flags=re.M)


def run_unit_tests(program):
    """Returns (how many ran, the names of the red ones)."""
    with tempfile.NamedTemporaryFile() as output:
        status, hang = run_to_its_end(program, output.name)
        text = pathlib.Path(output.name).read_text(errors="replace")
    total = re.search(r"^\[==========\] (\d+) tests? from .* ran\.", text, re.M)
    red = list(dict.fromkeys(re.findall(r"^\[  FAILED  \] (\w\S*?\.\S+?)(?:,| \(|$)", text, re.M)))
    if hang or (status != 0 and not red):
        red.append(last_case(text))
    if red:
        print(f"{program}:\n{without_what_is_well(text)}{hang or ''}"
              + (f"it ended with status {status}" if status not in (0, 1) and not hang else ""), flush=True)
    return int(total[1]) if total else 0, [f"{program}: {name}" for name in red]


# ---- pytest

def status_of_pytest(command, environment):
    process = subprocess.Popen(command, env=environment)
    try:
        return process.wait(SECONDS_FOR_PYTEST)
    except subprocess.TimeoutExpired:
        print(f"pytest did not end within {SECONDS_FOR_PYTEST} s. Where each process waits:\n"
              f"{waiting.table_of([process.pid])}", flush=True)
        for pid in list(waiting.with_descendants([process.pid])):
            os.kill(pid, signal.SIGKILL)
        return process.wait()


def run_pytest(command, whole):
    """Returns what accounts.py has counted: {"tests": number, "left out": {reason: number}, "red": [names]}."""
    with tempfile.TemporaryDirectory() as folder:
        counts = pathlib.Path(folder) / "counts"
        environment = {**os.environ, "COUNTS": str(counts), **({"FLOOR": str(FLOOR)} if whole else {})}
        status = status_of_pytest(shlex.split(command), environment)
        result = json.loads(counts.read_text()) if counts.exists() else {"tests": 0, "left out": {}, "red": []}
    if status != 0 and not result["red"]:
        result["red"].append(f"pytest: {status}")
    return result


# ---- All of it

def complaints_of(cases):
    least = json.loads(FLOOR.read_text())["unit tests"]
    if cases < least:
        return [f"{FLOOR.name}: there are at least {least} unit tests, and only {cases} ran"]
    if cases > least and os.environ.get("STRICT"):
        return [f"{FLOOR.name}: {cases} unit tests ran, and it says {least}: tools/check --record"]
    return []


def summary(result):
    verdict = f"red: {result['red'][0]}" if result["red"] else "passed"
    return f"{STEP.name}: {result['unit tests']} unit tests, {result['tests']} tests, {result['seconds']} s: {verdict}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--whole", action="store_true", help="these are all tests: floor.json holds")
    parser.add_argument("--pytest", required=True, metavar="COMMAND")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    arguments = parser.parse_args()
    began = time.monotonic()
    cases, red = 0, []
    for program in arguments.programs:
        ran, failed = run_unit_tests(program)
        cases, red = cases + ran, red + failed
    red += complaints_of(cases) if arguments.whole and not red else []
    for complaint in red:
        print(complaint, flush=True)
    result = run_pytest(arguments.pytest, arguments.whole)
    result = {"unit tests": cases, **result, "red": red + result["red"], "seconds": round(time.monotonic() - began)}
    print(summary(result), flush=True)
    (STEP / "build").mkdir(exist_ok=True)
    (STEP / "build" / "check.json").write_text(json.dumps(result))
    return 1 if result["red"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
