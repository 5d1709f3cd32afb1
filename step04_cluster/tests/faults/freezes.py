"""Faults 3 and 7: processes stand still, or have no descriptors left."""
import contextlib
import os
import resource
import signal
import time

from load import Load
from measure import Result, connections_of, cpu_of, state_of, wait_until
from proc import descriptors_of


@contextlib.contextmanager
def stopped(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield wait_until(lambda: all(state_of(pid) == "T" for pid in pids)) is not None
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def freeze(server, who, seconds=8, timeout=5):
    """`who`: "a worker", "the primary", "all". Whoever is on it waits; the others go on."""
    workers = server.workers
    victims = {"a worker": workers[:1], "the primary": [server.pid], "all": [server.pid, *workers]}[who]
    with Load(server, timeout=timeout) as load:
        result = Result(load)
        with stopped(*victims) as they_were:
            result.require(they_were, "it did not stop")
            on_it = connections_of(victims[0]) if who == "a worker" else load.clients
            time.sleep(seconds)
        load.wait_for_answers(200)
    result.require(load.counts["time-out"] <= on_it + 2,
                   f"{load.counts['time-out']} time-outs, {on_it} requests on it")
    result.forbid("refused")
    result.require(server.workers == workers, "other workers")
    return result


@contextlib.contextmanager
def no_descriptors(pid):
    """The process may have no more connections; those that it has may end. Afterwards, as before."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    kept = {number for number, (kind, _) in descriptors_of(pid).items() if kind not in ("connection", "socket")}
    limit = next(number for number in range(len(kept) + 1) if number not in kept)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def run_out_of_descriptors(server, who, seconds=2):
    """`who`: "a worker" or "the primary". Every client gets an answer, or an end, within 5 s."""
    workers = server.workers
    pid = workers[0] if who == "a worker" else server.pid
    with Load(server, timeout=5) as load:
        result = Result(load)
        with no_descriptors(pid):
            time.sleep(0.3)
            cpu, began = cpu_of(pid), time.monotonic()
            time.sleep(seconds)
            share = (cpu_of(pid) - cpu) / (time.monotonic() - began)
        took = load.wait_for_answers(50)
    result.counts["% CPU"] = round(share * 100, 1)
    result.require(share < 0.10, f"{share:.0%} of a CPU without a descriptor")
    result.require(took < 1, f"{took:.1f} s until it serves again")
    result.require(server.workers == workers, "somebody has died")
    result.forbid("time-out")
    result.require(load.longest < 5, f"a client has waited for {load.longest:.1f} s")
    return result
