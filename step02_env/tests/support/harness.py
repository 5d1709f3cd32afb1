"""Runs the program of a step as a person would, and tells the story of what happened.

The same file in every step. CLUSTER=/path/to/cluster runs the tests against another program, for
instance a later step's.

This process is a child subreaper (prctl(2)): whatever a cluster leaves behind becomes our child, so
that we can see it, and reap it. Process 1 of a container may not.
"""
import ctypes
import os
import pathlib
import re
import selectors
import shlex
import signal
import subprocess
import time

import ledger
import pytest
from client import PATIENCE, Client
from proc import children_of, has_blocked_signals, stat_of

HERE = pathlib.Path(__file__).resolve().parent
STEP = HERE.parent.parent
PROGRAM = pathlib.Path(os.environ.get("CLUSTER", STEP / "cluster"))
IN_A_SHELL = shlex.quote(str(PROGRAM))  # a folder may be called anything

_PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

# A shell ignores some signals for what it starts in the background, and children inherit that. We
# handle them, and do nothing: so our children begin with the kernel's default, as after a login.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, lambda *_: None)


# ---- The program, and the step it belongs to

def _step_folder():
    """The folder of the program under test, wherever below it the program was built."""
    return next(p for p in PROGRAM.parents if (p / "tests" / "test_cluster.py").exists())


def step_number():
    name = re.match(r"step(\d\d)", _step_folder().name)
    return int(name[1]) if name else 0


def not_in_steps(*numbers, reason):
    """Marks a test of this step's test_cluster.py whose promise does not hold in those later steps.
    (CLUSTER may be the program of a later step: what it promises still, it has to keep.)"""
    return pytest.mark.skipif(step_number() in numbers, reason=f"not in step {numbers}: {reason}")


# ---- A running cluster

class Cluster:
    """A started program. `story` is what happened to it so far; each failure prints it."""

    def __init__(self, *options, program=PROGRAM, **popen):
        self.story = []
        self.extra_of_primary = {}  # descriptors that the test made it open: {kind: count}
        self.extra_of_worker = {}
        self.workers_are_foreign = False  # True where they are another program
        self.deaths_are_normal = False  # True where workers die that the test has not signalled
        self._signalled = set()
        self._exit_was_expected = False
        self.printed = {"stdout": "", "stderr": ""}
        popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "stdin": subprocess.DEVNULL, **popen}
        arguments = [str(program), *map(str, options)]
        self.process = subprocess.Popen(arguments, **popen)
        self.pid = self.process.pid
        self.tell(f"started {' '.join(arguments)}: pid {self.pid}")
        self._pipes = selectors.DefaultSelector()
        for name in self.printed:
            if pipe := getattr(self.process, name):
                os.set_blocking(pipe.fileno(), False)
                self._pipes.register(pipe, selectors.EVENT_READ, name)

    # The story

    def tell(self, what):
        self.story.append(what)

    def fail(self, expected, hint=""):
        __tracebackhide__ = True
        lines = [f"  {n}. {line}" for n, line in enumerate(self.story, 1)]
        lines.append(f"  {len(lines) + 1}. expected: {expected}")
        hint = hint() if callable(hint) else hint
        lines += [f"     often this means: {hint}"] if hint else []
        pytest.fail("\n".join(lines), pytrace=False)

    def expect(self, condition, expected, hint=""):
        __tracebackhide__ = True
        if not condition:
            self.fail(expected, hint)

    def wait_until(self, condition, expected, hint="", seconds=PATIENCE):
        """Returns what condition() returns as soon as that is true."""
        __tracebackhide__ = True
        deadline = time.monotonic() + seconds
        while not (result := condition()):
            if time.monotonic() > deadline:
                self.fail(f"{expected}, within {seconds} s", hint)
            self._read(0.01)
        return result

    # What it prints

    def _read(self, seconds):
        """Takes what has been printed, after waiting for it for so long. Returns False at the end."""
        if not self._pipes.get_map():
            time.sleep(seconds)  # nothing to wait for: look again a little later
            return False
        for key, _ in self._pipes.select(seconds):
            data = os.read(key.fd, 65536)
            if not data:
                self._pipes.unregister(key.fileobj)
            self.printed[key.data] += data.decode(errors="replace")
            for line in data.decode(errors="replace").splitlines():
                self.tell(f"it printed on {key.data}: {line}")
        return True

    def wait_for(self, pattern, stream="stdout", count=1, hint=""):
        """Waits until `pattern` has been printed `count` times. Returns the last match."""
        __tracebackhide__ = True
        deadline = time.monotonic() + PATIENCE
        while True:
            matches = list(re.finditer(pattern, self.printed[stream], re.M))
            if len(matches) >= count:
                return matches[-1]
            if time.monotonic() > deadline or not self._read(0.1):
                times = f"{count} times" if count > 1 else ""
                self.fail(f"a line on {stream} that matches {pattern} {times}".strip(), hint)

    def watch(self, seconds):
        """Reads what is printed for so long: for a test of what must not happen."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._read(left)

    def read_all(self):
        """Reads to the end of both streams: until the last process has closed them."""
        while self._read(0.1):
            pass
        return self.printed["stdout"], self.printed["stderr"]

    # Who is there

    def wait_until_ready(self, workers):
        """Waits until every worker listens: on one port, or, in step 2, each on its own."""
        pattern = (r"^listening on http://127\.0\.0\.1:(?P<port>\d+) \((?:policy \w+, )?\d+ workers, "
                   r"pid (?P<pid>\d+)\)\n|^worker \d+: listening on http://127\.0\.0\.1:"
                   r"(?P<own>\d+) \(pid (?P<by>\d+)\)\n")
        self._ports = {}

        def all_listen():
            for match in re.finditer(pattern, self.printed["stdout"], re.M):
                if match["port"]:
                    self._ports = {pid: int(match["port"]) for pid in self.workers}
                    return True
                self._ports[int(match["by"])] = int(match["own"])
            return len(self._ports) == workers
        self.wait_until(all_listen, f"{workers} workers listen",
                        "a worker died at its start; look at what it printed")
        self.wait_until(lambda: not any(map(has_blocked_signals, self.workers)),
                        "every worker takes signals", "the worker's signal mask is not reset")
        return self

    @property
    def workers(self):
        """The process ids of the workers that live."""
        return sorted(pid for pid, state in children_of(self.pid).items() if state != "Z")

    def port_of(self, worker):
        return self._ports[worker]

    @property
    def port(self):
        """A port on which a living worker can be reached, or will be."""
        living = [port for pid, port in self._ports.items() if pid in self.workers]
        return (living or list(self._ports.values()))[0]

    # What one can do to it

    def connect(self, port=None):
        return Client(port or self.port)

    def exchange(self, data, port=None):
        """Sends bytes, and returns the answer that came before the server closed."""
        with self.connect(port) as client:
            client.sendall(data)
            answer = client.answer()
        self.tell(f"sent {data[:40]!r}: got {answer.status} from worker {answer.pid}")
        return answer

    def get(self, port=None):
        return self.exchange(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", port)

    def send_signal(self, number, pid=None):
        """Returns after SIGSTOP when the process stands still."""
        self.tell(f"sent {signal.Signals(number).name} to {'worker' if pid else 'primary'} "
                  f"{pid or self.pid}")
        self._signalled.add(pid)
        os.kill(pid or self.pid, number)
        if number == signal.SIGSTOP:
            self.wait_until(lambda: stat_of(pid or self.pid)[0] == "T", "it stops")

    def wait_for_exit(self, *statuses, hint="", seconds=PATIENCE):
        """Waits for the end of the primary, and then of everything it had started."""
        __tracebackhide__ = True
        self.wait_until(lambda: self.process.poll() is not None, "the primary ends", hint, seconds)
        self.tell(f"the primary ended with status {self.process.returncode}")
        self.expect(self.process.returncode in statuses, f"exit status {statuses}", hint)
        self._exit_was_expected = True

    def stop(self, number=signal.SIGTERM):
        __tracebackhide__ = True
        self.send_signal(number)
        self.wait_for_exit(0, hint="the primary does not handle the signal, or waits for a worker")

    # What must be true at any time

    def check_ledger(self):
        __tracebackhide__ = True
        ledger.check(self, _step_folder())

    def check_deaths(self):
        """No worker has died but of a signal that the test has sent."""
        __tracebackhide__ = True
        dead = {int(pid) for pid in re.findall(
            r"^worker (?:\d+ \(pid )?(\d+)\)? died", self.printed["stdout"], re.M)}
        self.expect(self.deaths_are_normal or dead <= self._signalled,
                    f"no worker dies by itself, as {sorted(dead - self._signalled)} did")

    # Its end

    def finish(self):
        """What every test ends with: the ledger, an orderly stop, and nothing left."""
        __tracebackhide__ = True
        try:
            if self.process.poll() is None:
                self.check_ledger()
                self.check_deaths()
                self.stop()
            self.expect(self._exit_was_expected, "the primary ends only when it should")
            self.expect(not re.search("Sanitizer|runtime error:", self.printed["stderr"]),
                        "no complaint of a sanitizer")
            self.wait_until(lambda: not reap_and_list_leftovers(), "no process is left",
                            "a worker does not end with its primary", seconds=5)
        finally:
            self.kill_everything()

    def kill_everything(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in reap_and_list_leftovers():
            os.kill(pid, signal.SIGKILL)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        self._pipes.close()


def reap_and_list_leftovers():
    """Reaps the dead among our children; returns the living that are nobody's Popen."""
    owned = {c.process.pid for c in RUNNING if c.process.returncode is None}
    leftovers = {pid: s for pid, s in children_of(os.getpid()).items() if pid not in owned}
    for pid, state in leftovers.items():
        if state == "Z":
            os.waitpid(pid, 0)
    return [pid for pid, state in leftovers.items() if state != "Z"]


RUNNING = []  # the clusters of the current test

