"""Clients that ask and ask, and note what becomes of each request.

A program of its own, so that who makes the faults does not hold up who counts them:

    clients.py PORT CLIENTS new|kept TIMEOUT

`new`: a connection for each request. `kept`: connections are kept alive, and every second client pauses
a little between two requests. Prints its counts, a line of JSON, ten times a second, and once more at
the end, which comes with the end of standard input.
"""
import collections
import errno
import heapq
import json
import re
import selectors
import socket
import sys
import time

PAUSE = 0.01  # seconds


class Client:
    """One after the other: connect, ask, read the answer."""

    def __init__(self, clients, number):
        self.clients, self.number = clients, number
        self.socket = None
        self.served = 0  # requests that were answered on this connection

    def ask(self):
        self.began = time.monotonic()
        self.data = b""
        if self.socket:
            return self.send()
        self.served = 0
        self.socket = socket.socket()
        self.socket.setblocking(False)
        error = self.socket.connect_ex(("127.0.0.1", self.clients.port))
        if error not in (0, errno.EINPROGRESS):
            return self.finish(name_of(error))
        self.watch(selectors.EVENT_WRITE)

    def watch(self, events):
        if self.socket.fileno() in self.clients.selector.get_map():
            self.clients.selector.modify(self.socket, events, self)
        else:
            self.clients.selector.register(self.socket, events, self)

    def ready(self, events):
        try:
            self.send() if events & selectors.EVENT_WRITE else self.receive()
        except OSError as error:
            self.finish(name_of(error.errno))

    def send(self):
        try:
            if error := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return self.finish(name_of(error))
            self.socket.send(self.clients.request)
            self.watch(selectors.EVENT_READ)
        except OSError as error:
            self.finish(name_of(error.errno))

    def receive(self):
        data = self.socket.recv(65536)
        self.data += data
        head, end, body = self.data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            return self.finish("answer" if b" 200 " in head[:20] else f"status {head[9:12].decode()}", head)
        if not data:
            self.finish("end within the answer" if self.data else "end before the answer")

    def finish(self, outcome, head=b""):
        waited = time.monotonic() - self.began
        says_close = bool(re.search(rb"(?i)\nconnection: close", head))
        if outcome == "answer":
            self.served += 1
        elif self.served:
            self.clients.counts["cut"] += 1  # it was kept alive, and nobody had said a word of closing
        self.clients.count(outcome, waited)
        if outcome != "answer" or says_close or not self.clients.keeps:
            if self.clients.keeps and says_close:
                self.clients.counts["asked to reconnect"] += 1
            self.drop()
        pauses = self.clients.keeps and self.number % 2
        self.clients.later(self, PAUSE if pauses or outcome == "refused" else 0)

    def drop(self):
        if self.socket.fileno() in self.clients.selector.get_map():
            self.clients.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None


def name_of(error):
    return {errno.ECONNREFUSED: "refused", errno.ECONNRESET: "reset", errno.EPIPE: "reset"}.get(
        error, errno.errorcode.get(error, str(error)))


class Clients:
    def __init__(self, port, count, keeps, timeout):
        self.port, self.keeps, self.timeout = port, keeps, timeout
        connection = "keep-alive" if keeps else "close"
        self.request = f"GET / HTTP/1.1\r\nHost: x\r\nConnection: {connection}\r\n\r\n".encode()
        self.selector = selectors.DefaultSelector()
        self.counts = collections.Counter()
        self.longest = 0
        self.queue = []  # (when, number, client)
        self.clients = [Client(self, number) for number in range(count)]

    def count(self, outcome, waited):
        self.counts[outcome] += 1
        self.longest = max(self.longest, waited)

    def later(self, client, pause):
        heapq.heappush(self.queue, (time.monotonic() + pause, client.number, client))

    def report(self):
        print(json.dumps({**self.counts, "longest": self.longest}), flush=True)

    def run(self):
        self.selector.register(sys.stdin, selectors.EVENT_READ, None)
        for client in self.clients:
            self.later(client, 0)
        reported = 0
        while True:
            now = time.monotonic()
            while self.queue and self.queue[0][0] <= now:
                heapq.heappop(self.queue)[2].ask()
            if now - reported > 0.1:
                reported = now
                self.report()
                self.find_late(now)
            for key, events in self.selector.select(0.001 if self.queue else 0.05):
                if key.data is None:
                    return self.report()
                key.data.ready(events)

    def find_late(self, now):
        waiting = {entry[1] for entry in self.queue}
        for client in self.clients:
            if client.number not in waiting and now - client.began > self.timeout:
                client.finish("time-out")


if __name__ == "__main__":
    Clients(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "kept", float(sys.argv[4])).run()
