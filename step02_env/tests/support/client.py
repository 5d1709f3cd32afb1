"""A TCP client that looks closely, and ports for servers."""
import collections
import os
import re
import socket

# Seconds until we believe that something will not happen any more.
PATIENCE = float(os.environ.get("PATIENCE", 20))


def reserved_port():
    """A socket that holds a port for us without listening: nobody else will be given this port.
    A server that uses SO_REUSEADDR, as ours does, can still bind to it."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


Answer = collections.namedtuple("Answer", "status headers body pid")


def parse_answer(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return Answer(int(lines[0].split()[1]), headers, body, int(headers["x-worker-pid"]))


def _is_whole_and_kept_alive(data):
    head, end, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)^content-length: (\d+)", head, re.M)
    return bool(end and length and len(body) >= int(length[1])
                and re.search(rb"(?i)^connection: keep-alive", head, re.M))


class Client(socket.socket):
    """One TCP connection to a worker."""

    def __init__(self, port):
        super().__init__()
        self.settimeout(PATIENCE)
        self.connect(("127.0.0.1", port))

    def read_to_end(self):
        """Everything until the server closes. A reset is an exception: it loses answers."""
        return b"".join(iter(lambda: self.recv(65536), b""))

    def answer(self):
        """The next answer; with it everything until the server closes, unless it will not."""
        data = b""
        while not _is_whole_and_kept_alive(data) and (received := self.recv(65536)):
            data += received
        return parse_answer(data)

    def reset(self):
        """Goes away as rudely as TCP allows: with RST instead of FIN."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()
