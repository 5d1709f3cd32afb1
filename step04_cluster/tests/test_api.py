"""The public interface: each promise is a small program in api.cpp, which checks itself."""
import os
import pathlib
import subprocess
import time

import pytest
from harness import reap_and_list_leftovers

API = pathlib.Path(os.environ.get("API", pathlib.Path(__file__).parent.parent / "build" / "api"))
SCENARIOS = subprocess.check_output([API], text=True).split()


def run(scenario, **environment):
    return subprocess.run([API, scenario], env={**os.environ, **environment}, text=True, timeout=20,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_there_are_scenarios():
    assert len(SCENARIOS) >= 25


@pytest.mark.parametrize("policy", ["rr", "none"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_promise(scenario, policy):
    result = run(scenario, NODE_CLUSTER_SCHED_POLICY=policy)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    deadline = time.monotonic() + 5
    while leftovers := reap_and_list_leftovers():
        assert time.monotonic() < deadline, f"workers are left: {leftovers}"


def test_the_reason_of_an_exception_is_printed():
    assert "cluster: as thrown" in run("an_exception_in_a_callback_ends_the_loop").stderr


def test_the_reason_of_a_failed_start_is_printed():
    errors = run("a_program_that_is_not_there_is_reported").stderr
    assert "/no/such/program: No such file or directory" in errors
