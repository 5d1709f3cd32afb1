"""Each test here is one row of the table CONFORMANCE.md, and is asked of both systems."""
import collections
import os

import pytest
import systems
import table

ROWS = 98  # as many as there are, tested or left out
LEAST = 63  # tested; a row that is taken out shall be missed

results = collections.defaultdict(dict)
promises, reasons = {}, {}


@pytest.fixture(params=["ours", "node"])
def start(request):
    """start(policy="rr"): a cluster, ours or Node's."""
    name = request.param
    if name == "node" and not systems.node_version():
        pytest.skip("no Node.js here (tools/setup installs it)")
    if name == "node" and "address" in str(systems.DRIVER):
        pytest.skip("with sanitizers only we are asked")
    if name == "node" and (mark := request.node.get_closest_marker("node_fails")):
        request.applymarker(pytest.mark.xfail(strict=True, reason=mark.args[0]))
    started = []

    def start_system(policy="rr", **popen):
        started.append(systems.System(name, policy, **popen))
        return started[-1]

    yield start_system
    for one in started:
        one.end()


@pytest.fixture
def system(start):
    return start()


def pytest_configure(config):
    config.addinivalue_line("markers", "node_fails(reason): what Node does instead")


# ---- The table

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    is_row = "conformance" in str(item.path) and item.path.name.startswith("test_rows_")
    if call.when != "call" or not is_row:
        return
    promise = " ".join(item.function.__doc__.split()).rstrip(".")
    reason = getattr(item.get_closest_marker("node_fails"), "args", ("",))[0]
    report.user_properties.append(
        ("row", [item.originalname, item.callspec.params["start"], promise, reason]))


def pytest_runtest_logreport(report):
    """Here come the reports of all processes, if the tests run in several."""
    for name, value in report.user_properties:
        if name == "row" and report.when == "call":
            test, system, promises[test], reasons[test] = value
            results[test][system] = results[test].get(system, True) and report.passed


def pytest_sessionfinish(session):
    is_whole = len(results) >= LEAST and all(len(by) == 2 for by in results.values())
    if not is_whole:
        return
    text = table.table(results, promises, reasons)
    if "WRITE_CONFORMANCE" in os.environ:
        table.FILE.write_text(text)
    known = table.FILE.read_text() if table.FILE.exists() else ""
    if text.count("\n| ") != ROWS + 1 or table.without_version(text) != table.without_version(known):
        print("\nCONFORMANCE.md is not what these tests say: make conformance")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
