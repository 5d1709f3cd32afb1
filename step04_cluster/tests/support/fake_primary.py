"""A worker whose primary is the test."""
import os
import socket
import subprocess

import client
import harness
import pytest
from node_peer import Peer

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Worker:
    """Our program as a worker, and its channel in the hands of the test."""

    def __init__(self, *options, program=harness.PROGRAM, **environment):
        ours, theirs = socket.socketpair()
        ours.settimeout(client.PATIENCE)
        self.peer = Peer(ours)
        environment = {"NODE_UNIQUE_ID": "1", "NODE_CHANNEL_FD": str(theirs.fileno()), **environment}
        self.process = subprocess.Popen(
            [program, *map(str, options)], pass_fds=[theirs.fileno()], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **{k: v for k, v in environment.items() if v is not None}})
        theirs.close()

    def hear(self, act):
        message, _ = self.peer.hear()
        assert message["act"] == act, message
        return message

    def start(self, key="k", **answer):
        """Plays the start of round robin, to the point where the worker listens."""
        self.hear("online")
        query = self.hear("queryServer")
        name = {"address": "127.0.0.1", "family": "IPv4", "port": query["port"] or 1234}
        self.peer.say(**{"errno": None, "key": key, "ack": query["seq"], "data": None,
                         "sockname": name, **answer})
        self.hear("listening")
        return self

    def offer(self, connection, key="k"):
        return self.peer.say("newconn", connection.fileno(), key=key)

    def end(self):
        """Waits for the end of the process. Returns its status, and what it wrote to its errors."""
        _, errors = self.process.communicate(timeout=client.PATIENCE)
        return self.process.returncode, errors


@pytest.fixture
def worker():
    started = []

    def start_worker(*options, **environment):
        started.append(Worker(*options, **environment))
        return started[-1]

    yield start_worker
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
        one.peer.socket.close()
        assert not one.peer.fds


@pytest.fixture
def connection():
    """The two ends of a TCP connection: the client's, and the one that was accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with client.Client(listener.getsockname()[1]) as ours:
            accepted, _ = listener.accept()
            with accepted:
                accepted.setblocking(False)
                yield ours, accepted
