"""Rows M and H: messages, and the descriptors that go with them."""
import os
import signal

import pytest
from proc import descriptors_of
from systems import ask, connect, request


def test_M1_both_ways(system):
    """Messages go to and from each worker; who has sent one is told."""
    system.fork(2)
    for id in (1, 2):
        system.task(id, "echo", value=[id, None, {"a": "\N{SNOWMAN}"}])
    for id in (2, 1):
        assert system.message(id)["echo"] == [id, None, {"a": "\N{SNOWMAN}"}]


def test_M2_internal_messages_are_hidden(system):
    """Programs do not see the messages of the cluster itself."""
    system.fork()
    port = system.listen([1])
    assert ask(port) == 1
    system.do("leave", id=1)
    system.wait_for("exit")
    assert system.events("message") == []


def test_M3_unknown_answer(system):
    """An answer that nobody waits for is ignored."""
    system.fork()
    system.task(1, "say", message={"cmd": "NODE_CLUSTER", "ack": 4711, "accepted": True})
    system.task(1, "echo", value="still here")
    assert system.message(1) == {"echo": "still here"}


def test_M4_early_messages(system):
    """What is sent before a worker runs is delivered."""
    system.do("fork")
    system.task(1, "echo", value="early")
    assert system.message(1) == {"echo": "early"}


def test_M5_large_messages(system):
    """800 KB arrive whole, both ways, while connections are handed over."""
    system.fork()
    port = system.listen([1])
    large = "x" * 800_000
    with connect(port, request()) as one:
        system.task(1, "echo", value=large)
        assert system.message(1)["echo"] == large
        assert int(one.answer().body) == 1


def test_M6_closed_channel(system):
    """Sending to a worker that is gone does no harm."""
    system.fork(2)
    system.do("kill", id=1, signal="SIGKILL")
    for _ in range(100):
        system.task(1, "echo", value=0)
    system.wait_for("exit", 1)
    system.task(2, "echo", value="fine")
    assert system.message(2) == {"echo": "fine"}


def test_M9_numbers_that_are_none(system):
    """An answer whose number is none, in either direction, is ignored."""
    system.fork()
    for ack in (-1, 1.5, "1", None, [], {}):
        message = {"cmd": "NODE_CLUSTER", "ack": ack, "accepted": True}
        system.task(1, "say", message=message)
        system.do("send", id=1, message=message)
    system.task(1, "echo", value="still here")
    assert system.message(1) == {"echo": "still here"}


def test_M10_what_means_nothing(system):
    """An unknown command, an unknown act, and one that is no text are ignored, in either direction."""
    system.fork()
    for message in ({"cmd": "NODE_DANCE"}, {"cmd": "NODE_CLUSTER"}, {"cmd": "NODE_CLUSTER", "act": "dance"},
                    {"cmd": "NODE_CLUSTER", "act": 7}, {"cmd": "NODE_CLUSTER", "act": "close", "key": {}}):
        system.task(1, "say", message=message)
        system.do("send", id=1, message=message)
    system.task(1, "echo", value="still here")
    assert system.message(1) == {"echo": "still here"}


@pytest.mark.node_fails("its primary ends with a SyntaxError, and so do all workers")
def test_M11_bytes_that_are_no_message(system):
    """Who sends bytes that are no message is ended, and nobody else."""
    system.fork(2)
    system.task(1, "bytes", text="hello\n")
    system.wait_for("exit", 1)
    system.task(2, "echo", value="still here")
    assert system.message(2) == {"echo": "still here"}


def test_H1_descriptor_belongs_to_one_message(system):
    """Messages between the connections arrive as messages, and every connection is served."""
    system.fork()
    port = system.listen([1])
    clients = []
    for number in range(30):
        clients.append(connect(port, request()))
        system.task(1, "echo", value=number)
    assert [system.message(1)["echo"] for _ in range(30)] == list(range(30))
    for one in clients:
        assert int(one.answer().body) == 1
        one.close()


def test_H2_connections_are_sent(system):
    """The primary accepts, the worker serves."""
    system.fork()
    port = system.listen([1])
    with connect(port, request()) as one:
        assert one.answer().pid == system.wait_for("fork")["pid"]


def test_H6_receiver_dies(system):
    """When a worker dies with connections on their way to it, the primary lives on, and the others serve."""
    system.fork(2)
    port = system.listen([1, 2])
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    clients = [connect(port, request()) for _ in range(10)]
    system.do("kill", id=1, signal="SIGKILL")
    system.wait_for("exit", 1)
    for one in clients:
        one.close()
    assert {ask(port) for _ in range(5)} == {2}


def test_H7_refused_connection_is_closed(system):
    """A worker that refuses a connection keeps no descriptor of it."""
    system.fork(2)
    port = system.listen([1, 2])
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    system.task(1, "close", name="a")
    system.do("workers")
    system.wait_for("workers")
    with connect(port, request()) as first, connect(port, request()) as second:
        os.kill(pid, signal.SIGCONT)
        assert [int(one.answer().body) for one in (first, second)] == [2, 2]
    system.message(1, closed="a")
    assert "connection" not in dict(descriptors_of(pid).values())
