"""The other end of a channel, in Python, so that it can follow Node's protocol or break it.

As a library: Peer, for tests that play the primary. As a program, `node_peer.py SCRIPT` is a worker that
executes the SCRIPT, in which `peer` is its channel and `me` its number.
"""
import errno  # for the scripts
import json
import os
import signal  # for the scripts
import socket
import struct  # for the scripts
import sys
import time

from proc import stat_of  # for the scripts

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nX-Worker-Pid: %d\r\nConnection: close\r\n\r\nhello\n"


class Peer:
    def __init__(self, connected):
        self.socket = connected
        self.text = b""
        self.fds = []
        self.seq = -1

    # Bytes, lines, descriptors

    def send_bytes(self, data, *fds):
        socket.send_fds(self.socket, [data], fds)

    def send_line(self, message, *fds):
        self.send_bytes(json.dumps(message, separators=(",", ":")).encode() + b"\n", *fds)

    def receive_line(self):
        """Returns the next message, or None at the end. Descriptors go to self.fds."""
        while b"\n" not in self.text:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 65536, 8)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.text += data
            self.fds += fds
        line, _, self.text = self.text.partition(b"\n")
        return json.loads(line)

    # Messages of the cluster

    def say(self, act=None, *fds, **members):
        """Sends a message of the cluster, and returns its number."""
        self.seq += 1
        body = {"cmd": "NODE_CLUSTER", **({"act": act} if act else {}), **members, "seq": self.seq}
        self.send_line({"cmd": "NODE_HANDLE", "type": "net.Native", "msg": body} if fds else body,
                       *fds)
        return self.seq

    def hear(self, acknowledge=True):
        """Returns the next message and its descriptor, or (None, None) at the end. A descriptor is
        acknowledged, as it has to be; what the supervisor asks is not."""
        message = self.receive_line()
        while isinstance(message, dict) and "supervisor" in message:
            message = self.receive_line()
        if not isinstance(message, dict) or message.get("cmd") != "NODE_HANDLE":
            return message, None
        if acknowledge:
            self.send_line({"cmd": "NODE_HANDLE_ACK"})
        return message["msg"], self.fds.pop(0)

    def hear_act(self, act):
        """Skips to the next message with this act."""
        while True:
            message, fd = self.hear()
            if message is None or isinstance(message, dict) and message.get("act") == act:
                return message, fd

    # What a worker says

    def ask(self, **changes):
        """Asks for a port, and returns the answer and its descriptor."""
        query = {"index": 0, "data": None, "address": "127.0.0.1", "port": 0, "addressType": 4,
                 "backlog": 0, **changes}
        seq = self.say("queryServer", **query)
        message, fd = self.hear()
        assert message["ack"] == seq, message
        return message, fd

    def listen(self, features=(), **changes):
        """Online, and listening. With the feature "handback", as a worker of ours."""
        self.say("online", features=list(features))
        answer, fd = self.ask(**changes)
        port = answer.get("sockname", {}).get("port", 0)
        self.say("listening", address="127.0.0.1", port=port, addressType=4, index=0, key=answer["key"])
        return answer, fd

    def offered(self):
        """Waits for a connection. Returns the number of the offer, and the connection."""
        message, fd = self.hear_act("newconn")
        if message is None:
            sys.exit(0)  # the primary is gone
        connection = socket.socket(fileno=fd)
        connection.setblocking(True)
        tell("offered", connection.getpeername()[1])
        return message["seq"], connection

    def accept(self, offer):
        self.say(ack=offer, accepted=True)

    def refuse(self, offer):
        self.say(ack=offer, accepted=False)

    def serve(self):
        """Takes every connection, and answers it, until the primary asks to leave."""
        while True:
            message, fd = self.hear()
            if message is None or message.get("act") == "disconnect":
                sys.exit(0)
            if message.get("act") == "newconn":
                self.accept(message["seq"])
                answer(socket.socket(fileno=fd))


def answer(connection):
    connection.setblocking(True)
    connection.recv(65536)
    connection.sendall(ANSWER % os.getpid())
    connection.close()


def tell(*what):
    """Prints a line that the test can wait for; in one write(2), for others print as well."""
    os.write(1, " ".join(map(str, ["worker", me, *what])).encode() + b"\n")


if __name__ == "__main__":
    me = int(os.environ["NODE_UNIQUE_ID"])
    peer = Peer(socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"])))
    peer.socket.setblocking(True)
    exec(sys.argv[1])
