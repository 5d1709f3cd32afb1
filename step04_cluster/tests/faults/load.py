"""The load under which faults happen; see clients.py."""
import collections
import json
import os
import pathlib
import subprocess
import sys
import time

CLIENTS = pathlib.Path(__file__).parent / "clients.py"
PATIENCE = 20


class Load:
    """Use it as a context. Afterwards, `counts` tells the outcomes, and `longest` the longest wait."""

    def __init__(self, server, clients=32, keep_alive=False, timeout=5):
        self.clients = clients
        self.counts, self.longest = collections.Counter(), 0
        command = [sys.executable, CLIENTS, str(server.port), str(clients),
                   "kept" if keep_alive else "new", str(timeout)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self._text = b""

    def __enter__(self):
        self.wait_for_answers(200)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.look()
        self.process.stdout.close()

    def look(self):
        """Takes the newest counts."""
        self._text += self.process.stdout.read() or b""
        lines = self._text.split(b"\n")
        if len(lines) > 1:
            self.counts = collections.Counter(json.loads(lines[-2]))
            self.longest = self.counts.pop("longest")
            self._text = lines[-1]
        return self.counts

    def wait_for_answers(self, more):
        """Waits until so many more requests have been answered. Returns how long that took."""
        began, due = time.monotonic(), self.look()["answer"] + more
        while self.look()["answer"] < due:
            if time.monotonic() - began > PATIENCE or self.process.poll() is not None:
                raise TimeoutError(f"no {more} more answers; so far {dict(self.counts)}")
            time.sleep(0.01)
        return time.monotonic() - began

    @property
    def broken(self):
        """Requests that got something less than an answer, but got it soon."""
        return sum(self.counts[outcome] for outcome in
                   ("reset", "end before the answer", "end within the answer"))

    @property
    def failures(self):
        """Everything but complete answers."""
        return sum(self.counts.values()) - self.counts["answer"] - self.counts["cut"] \
            - self.counts["asked to reconnect"]
