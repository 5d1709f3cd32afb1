"""Sockets that a program gives away with a message of its own: taken, or closed; and Node's questions about them
are answered, or its server.close() would wait for ever."""
import os
import queue
import socket
import subprocess
import threading

import client
import harness
import pytest
from fake_primary import connection, worker  # noqa: F401 (fixtures)
from node_primary import SCRIPTS
from node_version import NODE, node_version
from scripted import start_scripts  # noqa: F401 (a fixture)
from test_api import API

KEY = "4:127.0.0.1:1234"
COUNT = {"cmd": "NODE_SOCKET_GET_COUNT", "key": KEY}
CLOSE = {"cmd": "NODE_SOCKET_NOTIFY_CLOSE", "key": KEY}
CLOSED = {"cmd": "NODE_SOCKET_ALL_CLOSED", "key": KEY}


def gift(message="yours"):
    return {"cmd": "NODE_HANDLE", "type": "net.Socket", "msg": message, "key": KEY}


# ---- Nobody takes them: they are closed

def test_a_worker_closes_it_and_says_so(worker, connection):
    ours, accepted = connection
    one = worker().start()
    one.peer.send_line(gift(), accepted.fileno())
    accepted.close()
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
    assert ours.recv(1) == b""
    one.peer.send_line(COUNT)
    assert one.peer.receive_line() == {"cmd": "NODE_SOCKET_COUNT", "key": KEY, "count": 0}
    one.peer.send_line(CLOSE)
    assert one.peer.receive_line() == CLOSED


def test_the_primary_closes_it_and_says_so(start_scripts):
    cluster = start_scripts(1, f"""
peer.listen()
ours, given = socket.socketpair(socket.AF_UNIX)
peer.send_line({gift()}, given.fileno())
given.close()
assert ours.recv(1) == b''
assert peer.receive_line() == {{"cmd": "NODE_HANDLE_ACK"}}
peer.send_line({COUNT})
assert peer.receive_line() == {{"cmd": "NODE_SOCKET_COUNT", "key": "{KEY}", "count": 0}}
peer.send_line({CLOSE})
assert peer.receive_line() == {CLOSED}
tell('is answered')
peer.serve()
""")
    cluster.wait_for("worker 1 is answered")


# ---- Somebody takes them

def test_a_worker_that_takes_it_says_when_it_is_closed(worker, connection):
    ours, accepted = connection
    one = worker("a_worker_takes_sockets", program=API)
    one.hear("online")
    one.peer.send_line(gift(), accepted.fileno())
    accepted.close()
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
    assert ours.recv(6) == b"taken\n"
    one.peer.send_line(CLOSE)
    one.peer.send_line(COUNT)
    assert one.peer.receive_line() == {"cmd": "NODE_SOCKET_COUNT", "key": KEY, "count": 1}
    ours.shutdown(socket.SHUT_WR)
    assert one.peer.receive_line() == CLOSED
    one.peer.send_line(COUNT)
    assert one.peer.receive_line() == {"cmd": "NODE_SOCKET_COUNT", "key": KEY, "count": 0}


class Giver:
    """Node's giver.js, and one of ours that gets what it gives."""

    def __init__(self, *command, **environment):
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, env={**os.environ, **environment})
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def says(self, expected):
        line = self.lines.get(timeout=client.PATIENCE)
        assert line.startswith(expected), line
        return line.removeprefix(expected)

    def end(self):
        return self.process.wait(timeout=client.PATIENCE)


@pytest.fixture
def giver():
    if not node_version():
        pytest.skip("no Node.js here (tools/setup installs it)")
    started = []

    def start_giver(*command, **environment):
        started.append(Giver(*command, **environment))
        return started[-1]

    yield start_giver
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.mark.parametrize("who", ["a worker", "the primary"])
def test_whoever_takes_it_keeps_node_waiting_until_it_is_closed(giver, who):
    if who == "a worker":
        node = giver(NODE, SCRIPTS / "giver.js", API, "a_worker_takes_sockets")
    else:
        node = giver(API, "the_primary_takes_sockets", GIVER_NODE=NODE, GIVER_SCRIPT=str(SCRIPTS / "giver.js"))
    with client.Client(int(node.says("giver listens on "))) as one:
        assert one.recv(6) == b"taken\n"
        assert node.says("giver counts ") == "1"
        one.shutdown(socket.SHUT_WR)
        node.says("giver has closed")
        assert one.recv(1) == b""
    assert node.end() == 0


def test_a_node_primary_is_not_kept_waiting_by_a_worker_that_takes_none(giver):
    node = giver(NODE, SCRIPTS / "giver.js", harness.PROGRAM, "--port", "0")
    with client.Client(int(node.says("giver listens on "))) as one:
        assert one.recv(1) == b""
        assert node.says("giver counts ") == "0"
        node.says("giver has closed")
    assert node.end() == 0


def test_a_node_worker_is_not_kept_waiting_by_our_primary(start):
    if not node_version():
        pytest.skip("no Node.js here (tools/setup installs it)")
    cluster = start("--workers", 1, "--exec", NODE, "--", SCRIPTS / "giver.js", ready=0)
    cluster.workers_are_foreign = cluster.deaths_are_normal = True
    with cluster.connect(int(cluster.wait_for(r"giver listens on (\d+)")[1])) as one:
        cluster.expect(one.recv(1) == b"", "nobody takes it")
        cluster.wait_for("giver counts 0")
        cluster.wait_for("giver has closed", hint="nobody answers NODE_SOCKET_NOTIFY_CLOSE")
    cluster.wait_for(r"worker 2 \(pid \d+\) listening")
