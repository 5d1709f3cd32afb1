"""Rows F, E, D and S: how workers begin, what is told of them, and how they leave."""
import os
import signal

import pytest
from proc import descriptors_of, listening_ports_of
from systems import connect, request

BOTH = pytest.mark.parametrize("policy", ["rr", "none"])


# ---- F: fork, environment, identity

def test_F1_role_from_the_environment(system):
    """A process is a worker only if its own environment says so."""
    system.do("role")
    assert system.wait_for("role")["primary"] is True
    system.fork()
    system.task(1, "facts")
    assert system.message(1)["worker"] is True


def test_F2_marker_does_not_leak(system):
    """What makes a process a worker is taken out of its environment."""
    system.fork()
    for name in ("NODE_UNIQUE_ID", "NODE_CHANNEL_FD"):
        system.task(1, "env", name=name)
        assert system.message(1) == {"env": None}


def test_F3_ids(system):
    """1, 2, 3: one for each fork, never used again, and the same on both sides."""
    assert system.fork(2) == [1, 2]
    system.do("kill", id=2)
    system.wait_for("exit", 2)
    assert system.fork() == [3]
    system.task(3, "facts")
    assert system.message(3)["id"] == 3


def test_F4_variables_for_one_worker(system):
    """fork(env) adds variables for this worker alone."""
    system.fork(env={"MINE": "17"})
    system.fork()
    for id, value in ((1, "17"), (2, None)):
        system.task(id, "env", name="MINE")
        assert system.message(id) == {"env": value}


def test_F5_same_program(system):
    """A worker runs the same program with the same arguments."""
    system.fork()
    pid = system.wait_for("fork", 1)["pid"]
    for what in ("cmdline", "exe"):
        ours, its = (os.path.realpath(f"/proc/{p}/exe") if what == "exe" else open(f"/proc/{p}/{what}").read()
                     for p in (system.process.pid, pid))
        assert its.split("\0")[1:] == ours.split("\0")[1:] if what == "cmdline" else its == ours


def test_F6_channel_is_ready_at_once(system):
    """The channel is there from the moment that fork() returns, on both sides."""
    system.fork()
    assert system.wait_for("fork")["connected"] is True
    system.task(1, "facts")
    assert system.message(1)["connected"] is True


def test_F7_channels_are_not_inherited(system):
    """No worker holds the end of another worker's channel."""
    system.fork(3)
    pids = [system.process.pid, *(system.wait_for("fork", id)["pid"] for id in (1, 2, 3))]
    channels = [target for pid in pids for kind, target in descriptors_of(pid).values() if kind == "channel"]
    assert len(channels) == len(set(channels)) == 6


@pytest.mark.node_fails("ends silently, with status 0")
def test_F8_marker_without_a_channel(start):
    """A process that is told to be a worker, and has no channel, says so and fails."""
    system = start(env={"NODE_UNIQUE_ID": "1"})
    assert system.process.wait(timeout=5) != 0
    assert "NODE_UNIQUE_ID" in system.wait_for("line")["text"]


# ---- E: events

def test_E1_order_of_events(system):
    """fork, online, listening; then disconnect and exit, in either order."""
    system.do("fork")
    system.task(1, "listen", name="a")
    system.see("listening")
    system.do("leave", id=1)
    system.see("disconnect"), system.see("exit")
    order = system.events("fork", "online", "listening", "disconnect", "exit")
    assert order[:3] == ["fork", "online", "listening"]
    assert set(order[3:]) == {"disconnect", "exit"} and len(order) == 5


def test_E2_exit_has_code_or_signal(system):
    """An exit has a code or a signal: exactly one of the two."""
    system.fork(2)
    system.task(1, "exit", code=3)
    ending = system.wait_for("exit", 1)
    assert (ending["code"], ending["signal"]) == (3, None)
    system.do("kill", id=2, signal="SIGKILL")
    ending = system.wait_for("exit", 2)
    assert (ending["code"], ending["signal"]) == (None, "SIGKILL")


@BOTH
def test_E3_listening_says_where(start, policy):
    """listening tells the address, the real port, the type of the address."""
    system = start(policy)
    system.fork()
    port = system.listen([1])
    assert system.wait_for("listening")["where"].items() >= {
        "address": "127.0.0.1", "port": port, "addressType": 4}.items()


def test_E4_states(system):
    """The states: none, online, listening, disconnected, dead."""
    system.fork()
    system.listen([1])
    assert system.wait_for("fork")["state"] == "none"
    assert system.wait_for("listening")["state"] == "listening"
    system.do("leave", id=1)
    states = {system.wait_for(event)["state"] for event in ("disconnect", "exit")}
    assert states == {"disconnected", "dead"}


def test_E5_connected_and_dead(system):
    """Connected? Dead? That is told rightly before, during and after each change."""
    system.fork()
    alive = system.wait_for("fork")
    assert (alive["connected"], alive["dead"]) == (True, False)
    system.do("kill", id=1)
    gone = system.wait_for("exit")
    assert (gone["connected"], gone["dead"]) == (False, True) or gone["dead"]
    assert system.wait_for("disconnect")["connected"] is False


def test_E6_once_each(system):
    """disconnect and exit come once; at the later of the two the worker is no longer in the list."""
    system.fork()
    system.do("kill", id=1, signal="SIGKILL")
    endings = [system.wait_for("disconnect"), system.wait_for("exit")]
    assert not all(told["listed"] for told in endings)
    assert system.workers() == []
    assert system.events("disconnect", "exit") == []


# ---- D: disconnect

@BOTH
def test_D1_disconnect_from_the_primary(start, policy):
    """A worker that the primary disconnects accepts no more, lets a request end, exits with 0; it is known as voluntary."""
    system = start(policy)
    system.fork()
    port = system.listen([1])
    with connect(port, request("/slow?ms=200")) as slow:
        system.message(1, begun=True)
        system.do("leave", id=1)
        assert int(slow.answer().body) == 1
    ending = system.wait_for("exit")
    assert ending["code"] == 0 and ending["voluntary"]


def test_D2_disconnect_in_the_worker(system):
    """A worker that disconnects by itself is known as voluntary."""
    system.fork()
    system.listen([1])
    system.task(1, "leave")
    ending = system.wait_for("exit")
    assert ending["code"] == 0 and ending["voluntary"]


def test_D3_disconnect_all(system):
    """cluster.disconnect() calls back after the last one, never before it returns, without workers too, and again."""
    for _ in range(2):
        system.do("disconnect")
        system.wait_for("disconnected")
        ids = system.fork(3)
        system.listen(ids[:2])
        system.do("disconnect")
        system.wait_for("disconnected")
    told = [line for line in system.story if line in ('{"event":"returned"}', '{"event":"disconnected"}')]
    assert told == ['{"event":"returned"}', '{"event":"disconnected"}'] * 4


def test_D4_partly_disconnected(system):
    """... also if some are gone already, or never listened."""
    system.fork(3)
    system.listen([2, 3])
    system.do("leave", id=1)
    system.wait_for("exit", 1)
    system.do("kill", id=2, signal="SIGKILL")
    system.wait_for("exit", 2)
    system.do("disconnect")
    system.wait_for("disconnected")
    system.wait_for("exit", 3)
    assert system.workers() == []


@BOTH
def test_D5_shared_handle_released(start, policy):
    """No socket is left in the primary, in whatever order workers leave and join."""
    system = start(policy)
    system.fork(2)
    system.listen([1, 2])
    system.do("leave", id=1)
    system.fork()
    system.listen([3])
    system.wait_for("exit", 1)
    system.do("leave", id=3)
    system.do("leave", id=2)
    system.wait_for("exit", 2), system.wait_for("exit", 3)
    system.wait_until(lambda: not listening_ports_of(system.process.pid), "no listening socket")
    kinds = [kind for kind, _ in descriptors_of(system.process.pid).values()]
    assert "connection" not in kinds and "channel" not in kinds


def test_D6_storm(system):
    """All workers disconnect at once, from both sides, and exit with 0."""
    ids = system.fork(6)
    system.listen(ids)
    for id in ids:
        system.do("leave", id=id)
        system.task(id, "leave")
    for id in ids:
        assert system.wait_for("exit", id)["code"] == 0


def test_D10_worker_drops_its_channel(system):
    """A listening worker that closes its channel exits with 0."""
    system.fork()
    system.listen([1])
    system.task(1, "drop")
    ending = system.wait_for("exit")
    assert ending["code"] == 0 and not ending["voluntary"]


def test_D11_not_in_the_list(system):
    """A worker that was asked to leave is in the list no longer, although it still runs."""
    system.fork(2)
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    system.do("leave", id=1)
    assert system.workers() == [2]
    os.kill(pid, signal.SIGCONT)
    ending = system.wait_for("exit", 1)
    assert ending["code"] == 0 and ending["voluntary"]


# ---- S: settings

def test_S1_settings_add_up(system):
    """Settings hold for later workers, and change only what they name."""
    system.do("set", settings={"cwd": "/"})
    system.fork()
    system.do("set", settings={"silent": False})
    system.fork()
    for id in (1, 2):
        system.task(id, "facts")
        assert system.message(id)["cwd"] == "/"


def test_S3_directory(system):
    """cwd changes the directory of later workers only."""
    system.fork()
    system.do("set", settings={"cwd": "/"})
    system.fork()
    for id in (1, 2):
        system.task(id, "facts")
    assert system.message(1)["cwd"] != "/" == system.message(2)["cwd"]


