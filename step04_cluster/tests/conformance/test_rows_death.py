"""Rows P and W: the primary dies, or a worker does."""
import os
import signal
import time

import pytest
from proc import descriptors_of, listening_ports_of
from systems import ask, connect, request

BOTH = pytest.mark.parametrize("policy", ["rr", "none"])


# ---- P: the primary's death

def workers_of(system, count=2):
    system.fork(count)
    system.listen(range(1, count + 1))
    return [system.wait_for("fork", id)["pid"] for id in range(1, count + 1)]


def test_P1_primary_exits(system):
    """When the primary exits, its workers end."""
    pids = workers_of(system)
    system.do("exit", code=0)
    system.wait_until(lambda: all(system.is_gone(pid) for pid in pids), "no worker is left")


def test_P2_primary_fails(system):
    """When the primary fails, its status is 1, and its workers end."""
    pids = workers_of(system)
    system.do("crash")
    assert system.process.wait(timeout=5) == 1
    system.wait_until(lambda: all(system.is_gone(pid) for pid in pids), "no worker is left")


def test_P4_primary_is_killed(system):
    """When the primary is killed, its workers end."""
    pids = workers_of(system)
    system.process.kill()
    system.wait_until(lambda: all(system.is_gone(pid) for pid in pids), "no worker is left")


@pytest.mark.node_fails("a draining worker stays until its client goes")
def test_P5_primary_dies_during_a_drain(system):
    """When the primary dies during a drain, workers that are leaving end as well."""
    pid, = workers_of(system, 1)
    port = listening_ports_of(system.process.pid)[0]
    with connect(port, request("/slow?ms=60000")):
        system.message(1, begun=True)
        system.do("leave", id=1)
        system.wait_until(lambda: not listening_ports_of(system.process.pid), "the worker is leaving")
        system.process.kill()
        system.process.wait()
        deadline = time.monotonic() + 3
        while not system.is_gone(pid):
            assert time.monotonic() < deadline, "it waits for its client"
            time.sleep(0.005)


# ---- W: a worker's death

def test_W1_exit_code_and_signal(system):
    """Exit code and signal are those that waitpid() tells."""
    system.fork(2)
    system.task(1, "exit", code=42)
    assert system.wait_for("exit", 1)["code"] == 42
    system.do("kill", id=2, signal="SIGUSR2")
    assert system.wait_for("exit", 2)["signal"] == "SIGUSR2"


@BOTH
def test_W2_crash_while_listening(start, policy):
    """A crash while listening is not voluntary, and the port belongs to the others."""
    system = start(policy)
    system.fork(2)
    port = system.listen([1, 2])
    system.do("kill", id=1, signal="SIGKILL")
    assert system.wait_for("exit", 1)["voluntary"] is False
    assert {ask(port) for _ in range(10)} == {2}


def test_W3_stuck_worker(system):
    """A stuck worker can be killed: that needs nothing from it."""
    system.fork()
    system.task(1, "spin")
    system.message(1, spins=True)
    system.do("kill", id=1)
    assert system.wait_for("exit")["signal"] == "SIGTERM"


def test_W4_channel_is_lost(system):
    """A worker that has lost its channel exits at once, whatever it is doing."""
    system.fork()
    port = system.listen([1])
    with connect(port, request("/slow?ms=60000")) as slow:
        system.message(1, begun=True)
        system.task(1, "drop")
        assert system.wait_for("exit")["code"] == 0
        assert slow.recv(1) == b""


def test_W5_no_restart(system):
    """The cluster replaces nobody; that is the program's affair."""
    system.fork()
    system.do("kill", id=1)
    system.wait_for("exit")
    assert system.workers() == []


@pytest.mark.node_fails("left open for ever, and its client waits")
def test_W6_offer_in_flight(system):
    """A connection that was on its way to a worker that dies goes to another one, or is closed."""
    system.fork(2)
    port = system.listen([1])
    system.listen([2])
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    with connect(port, request()) as first, connect(port, request()) as second:
        system.wait_until(lambda: "connection" in dict(descriptors_of(system.process.pid).values()),
                          "one of the two is in the channel of worker 1")
        os.kill(pid, signal.SIGKILL)
        system.wait_for("exit", 1)
        for one in (first, second):
            one.settimeout(2)
            assert int(one.answer().body) == 2


def test_W7_no_worker_is_left(system):
    """When no worker is left, a client is refused, or waits for the next worker; it does not hang."""
    system.fork()
    port = system.listen([1])
    system.do("kill", id=1, signal="SIGKILL")
    system.wait_for("exit")
    try:
        client = connect(port, request())
    except ConnectionRefusedError:
        return
    with client:
        system.fork()
        system.task(2, "listen", name="a", port=0)
        assert int(client.answer().body) == 2
