"""Fixtures of every step, and the story in the report of a failed test."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import surroundings  # noqa: E402, F401  (first: it changes what the others find)
import harness  # noqa: E402
import pytest  # noqa: E402
import accounts  # noqa: E402


def pytest_configure(config):
    config.pluginmanager.register(accounts)


@pytest.fixture
def start():
    """start(workers=2) starts the program on a port of the kernel's choice, and waits until `ready`
    workers listen: all of them, unless told otherwise."""
    def start_program(*options, workers=None, port=0, ready=None, **popen):
        chosen = ["--port", port] if port is not None else []
        chosen += ["--workers", workers] if workers else []
        cluster = harness.Cluster(*chosen, *options, **popen)
        harness.RUNNING.append(cluster)
        ready = workers if ready is None else ready
        return cluster.wait_until_ready(ready) if ready else cluster

    harness.RUNNING.clear()
    yield start_program
    try:
        for cluster in harness.RUNNING:
            cluster.finish()
    finally:
        for cluster in harness.RUNNING:
            cluster.kill_everything()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and harness.RUNNING and not call.excinfo.errisinstance(pytest.fail.Exception):
        story = [f"{n}. {line}" for cluster in harness.RUNNING
                 for n, line in enumerate(cluster.story, 1)]
        report.sections.append(("What happened", "\n".join(story)))
