"""The other end of a channel, in Python, so that it can follow the protocol or break it.

As a library: Peer, for tests that play the primary. As a program, `peer.py PROGRAM SCRIPT` is a
worker: number 1 executes the SCRIPT, in which `peer` is its channel; the others become PROGRAM.
"""
import json
import os
import signal  # for the scripts
import socket
import sys


class Peer:
    def __init__(self, connected):
        self.socket = connected
        self.text = b""
        self.fds = []

    def send(self, message, *fds):
        self.send_bytes(json.dumps(message).encode() + b"\n", *fds)

    def send_bytes(self, data, *fds):
        socket.send_fds(self.socket, [data], fds)

    def receive(self):
        """Returns the next message and its descriptor, or (None, None) at the end."""
        while b"\n" not in self.text:
            data, fds, _, _ = socket.recv_fds(self.socket, 4096, 8)
            if not data:
                return None, None
            self.text += data
            self.fds += fds
        line, _, self.text = self.text.partition(b"\n")
        message = json.loads(line)
        return message, self.fds.pop(0) if message.get("fd") else None

    # What a worker says

    def say(self, cmd, fds=(), **changes):
        """Sends a worker's message; a change to None leaves a member out."""
        message = {"cmd": cmd, "address": "127.0.0.1", "port": 0, "addressType": 4,
                   "_workerId": 1, **changes}
        self.send({name: value for name, value in message.items() if value is not None}, *fds)

    def query(self, **changes):
        """Asks for a server, and returns the answer with its descriptor."""
        self.say("queryServer", **{"_queryId": 1, **changes})
        return self.receive()


def port_of(fd):
    """The port to which the socket behind a descriptor is bound. Closes the descriptor."""
    with socket.socket(fileno=fd) as bound:
        return bound.getsockname()[1]


def tell(*what):
    print(*what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    program, script = sys.argv[1:]
    if os.environ["NODE_WORKER_ID"] != "1":
        os.execv(program, [program, "--port", "0"])
    nested = b"[" * 32000 + b"]" * 32000
    peer = Peer(socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"])))
    exec(script)
