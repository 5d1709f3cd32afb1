"""Each test here is one row of the table CONFORMANCE.md, and is asked of both systems."""
import collections
import os

import pytest
import node_version
import systems
import table

ROWS = 104  # as many as there are, tested or left out
LEAST = 68  # tested; a row that is taken out shall be missed

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
    if name == "node" and (instead := instead_of(request.node)):
        request.applymarker(pytest.mark.xfail(strict=True, reason=instead))
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


def instead_of(item):
    """What Node does instead of what the test expects, if it is known to; it is expected, then."""
    mark = item.get_closest_marker("node_fails")
    policy = item.callspec.params.get("policy", "")
    return mark.args[0] if mark else node_version.instead_of(item.originalname, policy)


# ---- The table

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    is_row = "conformance" in str(item.path) and item.path.name.startswith("test_rows_")
    if call.when != "call" or not is_row:
        return
    promise = " ".join(item.function.__doc__.split()).rstrip(".")
    system = item.callspec.params["start"]
    reason = instead_of(item) if system == "node" else ""
    report.user_properties.append(("row", [item.originalname, system, promise, reason]))


def pytest_runtest_logreport(report):
    """Here come the reports of all processes, if the tests run in several."""
    for name, value in report.user_properties:
        if name == "row" and report.when == "call":
            test, system, promises[test], reason = value
            reasons[test] = reasons.get(test) or reason
            results[test][system] = results[test].get(system, True) and report.passed


def pytest_sessionfinish(session):
    is_whole = len(results) >= LEAST and all(len(by) == 2 for by in results.values())
    if not is_whole:
        return
    text = table.table(results, promises, reasons)
    if "WRITE_CONFORMANCE" in os.environ:
        table.FILE.write_text(text)
    known = table.FILE.read_text() if table.FILE.exists() else ""
    if text.count("\n| ") != ROWS + 1 or table.comparable(text, known) != table.comparable(known, text):
        print("\nCONFORMANCE.md is not what these tests say: make conformance")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
