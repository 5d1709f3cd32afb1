"""A real Node.js as the primary of any program, and what it tells about its workers."""
import json
import pathlib
import queue
import subprocess
import threading

import client
import pytest
from node_version import NODE, node_version

SCRIPTS = pathlib.Path(__file__).parent / "node"


class NodePrimary:
    def __init__(self, policy, program, *arguments):
        self.process = subprocess.Popen(
            [NODE, SCRIPTS / "primary.js", policy, program, *map(str, arguments)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.story = []  # all lines, and what we told it
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def do(self, method, id=None, *arguments):
        command = json.dumps({"do": method, "id": id, "args": arguments})
        self.story.append(f"told: {command}")
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def next_line(self, expected):
        try:
            line = self._lines.get(timeout=client.PATIENCE)
        except queue.Empty:
            line = None
        if line is None:
            pytest.fail("\n".join(["expected: " + expected, *self.story]), pytrace=False)
        self.story.append(line)
        return line

    def wait_for(self, event, id=None):
        """Returns the next event of this name, and of this worker; what comes before is skipped."""
        while True:
            line = self.next_line(f"the event '{event}'")
            if line.startswith("{"):
                told = json.loads(line)
                if told["event"] == event and id in (None, told["id"]):
                    return told

    def wait_for_line(self, text):
        while text not in (line := self.next_line(f"'{text}'")):
            continue
        return line

    def start(self, workers):
        """Starts so many workers, and returns their `listening` events by id."""
        for _ in range(workers):
            self.do("fork")
        told = [self.wait_for("listening") for _ in range(workers)]
        return {event["id"]: event for event in told}

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(timeout=client.PATIENCE)


@pytest.fixture
def node_primary():
    started = []

    def start_primary(*arguments):
        if not node_version():
            pytest.skip("no Node.js here (tools/setup installs it)")
        started.append(NodePrimary(*arguments))
        return started[-1]

    yield start_primary
    for one in started:
        try:
            one.end()
        finally:
            one.process.kill()
            one.process.wait()
