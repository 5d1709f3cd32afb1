"""Which tests ran, which were left out and why; and a limit of time for each. Hooks of pytest, for a conftest.py.

FLOOR=FILE names a floor.json: {"tests": how many there are at least, "may be left out": {reason: why}}.
A run of all tests that has fewer is red, for a test that is no longer collected is missed by nobody else.
With STRICT=1 so is a run that has more, or leaves one out for a reason that is not in the list.
COUNTS=FILE is a file for the results, as JSON."""
import json
import os
import pathlib
import signal

import pytest
import waiting

SECONDS_FOR_A_TEST = 120

# For this run, and not for those that a test starts.
_FLOOR, _COUNTS = os.environ.pop("FLOOR", None), os.environ.pop("COUNTS", None)

_ran, _left_out, _red, _waiting = set(), {}, [], []


def pytest_configure(config):
    if config.pluginmanager.hasplugin("timeout") and not config.getoption("timeout"):
        config.option.timeout = SECONDS_FOR_A_TEST


@pytest.hookimpl(hookwrapper=True, optionalhook=True)
def pytest_timeout_set_timer():
    """Looks where each process waits before the test is interrupted: then, many are ended."""
    yield
    interrupt = signal.getsignal(signal.SIGALRM)

    def look_first(*arguments):
        _waiting.append(waiting.table_of([os.getpid()]))
        interrupt(*arguments)
    if callable(interrupt):
        signal.signal(signal.SIGALRM, look_first)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed and _waiting:
        report.sections.append((f"{item.nodeid} did not end. Where each process waits", _waiting.pop()))


def pytest_runtest_logreport(report):
    if report.skipped and not hasattr(report, "wasxfail"):
        _left_out[report.nodeid] = report.longrepr[2].removeprefix("Skipped: ")
    elif report.when == "call" or report.failed:
        _ran.add(report.nodeid)
    if report.failed:
        _red.append(report.nodeid)


def pytest_collectreport(report):
    if report.failed:
        _red.append(report.nodeid)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        return  # one of several processes; the one that has started them counts
    complaints = [] if _red else _complaints()
    for complaint in complaints:
        print(f"\n{complaint}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if _COUNTS:
        reasons = list(_left_out.values())
        pathlib.Path(_COUNTS).write_text(json.dumps({
            "tests": len(_ran), "left out": {reason: reasons.count(reason) for reason in reasons},
            "red": _red + complaints}))


def _complaints():
    if not _FLOOR:
        return []
    floor = json.loads(pathlib.Path(_FLOOR).read_text())
    is_strict = bool(os.environ.get("STRICT"))
    there = len(_ran) + len(_left_out)
    complaints = []
    if there < floor["tests"]:
        complaints.append(f"{_FLOOR}: there are at least {floor['tests']} tests, and only {there} were found")
    if is_strict and there > floor["tests"]:
        complaints.append(f"{_FLOOR}: there are {there} tests, and it says {floor['tests']}: tools/check --record")
    if is_strict:
        complaints += [f"left out, for a reason that is not listed: {test}: {reason}"
                       for test, reason in _left_out.items() if reason not in floor.get("may be left out", {})]
    return complaints
