"""Node's cluster and ours, behind the same commands. See driver.cpp."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import time

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.append(str(HERE.parent / "support"))  # for what all tests share

import client  # noqa: E402
from node_version import NODE, node_version  # noqa: E402
from proc import children_of, stat_of  # noqa: E402

DRIVER = os.environ.get("DRIVER", HERE.parent.parent / "build" / "driver")
COMMANDS = {"ours": [DRIVER], "node": [NODE, HERE / "driver.js"]}


class System:
    """A running cluster. `story` is what happened so far."""

    def __init__(self, name, policy, **popen):
        self.name = name
        self.story = [f"{name}, {policy}"]
        self.process = subprocess.Popen(
            COMMANDS[name], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "NODE_CLUSTER_SCHED_POLICY": policy, **popen.pop("env", {})}, **popen)
        self._lines = queue.Queue()
        self._past = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def fail(self, expected):
        __tracebackhide__ = True
        pytest.fail("\n".join([*self.story, f"expected: {expected}"]), pytrace=False)

    # What it is told

    def do(self, command, **arguments):
        self.story.append(f"told: {command} {arguments or ''}")
        self.process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self.process.stdin.flush()

    def task(self, id, task, **arguments):
        self.do("send", id=id, message={"do": task, **arguments})

    # What it tells

    def _next(self, seconds):
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            return None
        self.story.append(line)
        told = json.loads(line) if line.startswith("{") else {"event": "line", "text": line}
        told["line"] = line
        self._past.append(told)
        return told

    def wait_for(self, event, id=None, **members):
        """Takes the first event like this that has not been taken yet."""
        __tracebackhide__ = True
        deadline = time.monotonic() + client.PATIENCE

        def is_it(told):
            return told["event"] == event and id in (None, told.get("id")) and \
                all(told.get("message", {}).get(name) == value for name, value in members.items())

        while True:
            for told in self._past:
                if is_it(told):
                    self._past.remove(told)
                    return told
            if self._next(max(0, deadline - time.monotonic())) is None:
                self.fail(f"the event {event} {id or ''} {members or ''}")

    def see(self, event):
        """Waits for an event, and leaves it in the list."""
        __tracebackhide__ = True
        self._past.insert(0, told := self.wait_for(event))
        self._past.sort(key=lambda one: self.story.index(one["line"]))
        return told

    def events(self, *kinds):
        """The events of these kinds that have not been taken, in order."""
        return [told["event"] for told in self._past if told["event"] in kinds]

    def message(self, id, **members):
        __tracebackhide__ = True
        return self.wait_for("message", id, **members)["message"]

    # What tests do often

    def fork(self, count=1, **arguments):
        """Starts workers; returns their ids when they are online."""
        __tracebackhide__ = True
        for _ in range(count):
            self.do("fork", **arguments)
        return sorted(self.wait_for("online")["id"] for _ in range(count))

    def listen(self, ids, name="a", **arguments):
        """Lets workers listen; returns the port."""
        __tracebackhide__ = True
        for id in ids:
            self.task(id, "listen", name=name, **arguments)
        ports = {self.message(id, listens=name)["port"] for id in ids}
        if len(ports) != 1:
            self.fail(f"one port, not {ports}")
        return ports.pop()

    def workers(self):
        self.do("workers")
        return self.wait_for("workers")["ids"]

    def is_gone(self, pid):
        return stat_of(pid) is None or stat_of(pid)[0] == "Z" and pid not in children_of(self.process.pid)

    def wait_until(self, condition, expected):
        __tracebackhide__ = True
        deadline = time.monotonic() + client.PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                self.fail(expected)
            time.sleep(0.005)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def connect(port, request=b""):
    one = client.Client(port)
    one.sendall(request)
    return one


def request(path="/", keep=False):
    ending = "" if keep else "Connection: close\r\n"
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{ending}\r\n".encode()


def ask(port, path="/"):
    """Returns the id of the worker that answers."""
    with connect(port, request(path)) as one:
        return int(one.answer().body)
