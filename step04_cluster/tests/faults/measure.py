"""What can be seen of processes from outside: see proc(5)."""
import collections
import contextlib
import os
import pathlib
import time

from proc import descriptors_of, stat_of

PATIENCE = 20


def cpu_of(pid):
    """Seconds of CPU that the process has had."""
    seconds = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            seconds += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0]) / 1e9
    return seconds


def memory_of(pid):
    """Bytes that it has filled itself: what it shares with others changes with them."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
    return 0


def kinds_of(pid):
    """{kind: count} of its descriptors."""
    return collections.Counter(kind for kind, _ in descriptors_of(pid).values())


def connections_of(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return kinds_of(pid)["connection"]
    return 0


def sockets_of(pid, *kinds):
    """Names of its sockets, or of those of these kinds. To know a kind takes a second if many
    connections have just ended (the kernel lists them, too): a stopped process is not asked for it."""
    if kinds:
        return {target for kind, target in descriptors_of(pid).values() if kind in kinds}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        folder = f"/proc/{pid}/fd"
        targets = {os.readlink(f"{folder}/{number}") for number in os.listdir(folder)}
        return {target for target in targets if target.startswith("socket:")}
    return set()


def is_running(pid):
    stat = stat_of(pid)
    return stat is not None and stat[0] != "Z"


def state_of(pid):
    stat = stat_of(pid)
    return stat[0] if stat else "gone"


def wait_until(condition, seconds=PATIENCE):
    """How long it took until the condition was true; None if it did not become so."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.005)
    return time.monotonic() - began


class Result:
    """What a fault did: counts for the table, and what went beyond the allowed."""

    def __init__(self, load=None):
        self.load = load
        self.counts = {}
        self.problems = []

    def require(self, condition, problem):
        if not condition:
            self.problems.append(problem)

    def forbid(self, *outcomes):
        for outcome in outcomes:
            number = self.load.counts[outcome]
            self.require(number == 0, f"{outcome}: {number}")

    def summary(self):
        """As in the table: "0 of 51234", or what there was besides answers."""
        counts = {name: n for name, n in {**(self.load.counts if self.load else {}), **self.counts}.items()
                  if n and name != "answer"}
        said = ", ".join(f"{name} {n}" for name, n in counts.items())
        total = f" of {sum(self.load.counts.values())}" if self.load else ""
        return (said or "0") + total
