"""Clients that ask and ask, and note what became of each request."""
import collections
import socket
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ANSWER = b"Hello world\n"


class Load:
    """`clients` threads, each with one connection after the other. Use it as a context."""

    def __init__(self, port, clients):
        self.port = port
        self.outcomes = collections.Counter()
        self.longest = 0  # seconds that a client has waited for an outcome
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while not self._ended.is_set():
            began = time.monotonic()
            outcome = self._ask()
            waited = time.monotonic() - began
            with self._lock:
                self.outcomes[outcome] += 1
                self.longest = max(self.longest, waited)

    def _ask(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(REQUEST)
                data = b"".join(iter(lambda: connection.recv(4096), b""))
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return "reset"
        except TimeoutError:
            return "time-out"
        except BrokenPipeError:
            return "reset"
        if data.endswith(ANSWER):
            return "answer"
        return "end within the answer" if data else "end before the answer"
