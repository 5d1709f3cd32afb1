"""Faults 1, 4 and 5: processes are killed."""
import contextlib
import os
import signal
import time

from load import Load
from measure import Result, cpu_of, is_running, kinds_of, sockets_of, state_of, wait_until


def kill_workers(server, keep_alive=False, kills=12, pause=0.8):
    """One worker after the other. Its connections break, and no others."""
    count, before, on_the_killed = len(server.workers), kinds_of(server.pid), 0
    with Load(server, keep_alive=keep_alive) as load:
        result = Result(load)
        for kill in range(kills):
            load.wait_for_answers(100)
            victim = server.workers[kill % len(server.workers)]
            others = sockets_of(victim, "listener", "channel")
            os.kill(victim, signal.SIGSTOP)  # so that what is counted is what is cut
            wait_until(lambda: state_of(victim) in "TZ")
            on_the_killed += len(sockets_of(victim) - others)
            os.kill(victim, signal.SIGKILL)
            result.require(wait_until(lambda: not is_running(victim)) is not None, "it did not die")
            result.require(wait_until(lambda: len(server.workers) >= count) is not None, "no replacement")
            time.sleep(pause)
        load.wait_for_answers(100)
    result.forbid("time-out", "refused")
    result.require(load.longest < 1, f"a client has waited for {load.longest:.2f} s")
    result.require(load.broken <= on_the_killed,
                   f"{load.broken} broken answers, {on_the_killed} connections on the killed workers")
    if not keep_alive:
        result.require(wait_until(lambda: kinds_of(server.pid) == before, 5) is not None,
                       f"descriptors: {before} before, {kinds_of(server.pid)} after")
    return result


def kill_primary(server, start_again):
    """And start anew at once. `start_again()` returns when the new one serves."""
    old = server.workers
    result = Result()
    os.kill(server.pid, signal.SIGKILL)
    began = time.monotonic()
    start_again()
    took = time.monotonic() - began
    result.counts["ms until it serves"] = round(took * 1000)
    result.require(took < 2, "the new one takes longer than 2 s")
    wait_until(lambda: not any(map(is_running, old)), 1 - took)
    left = sum(map(is_running, old))
    result.counts["orphans"] = left
    result.require(left == 0, f"{left} orphans after 1 s")
    return result


def kill_all_workers(server):
    """At once. Whoever connects then waits in the kernel's queue."""
    old = server.workers
    with Load(server) as load:
        result = Result(load)
        time.sleep(1.5)  # they have lived: if they had not, this would be fault 5b
        for worker in old:
            os.kill(worker, signal.SIGKILL)
        took = wait_until(lambda: len(set(server.workers) - set(old)) >= len(old))
        load.wait_for_answers(100)
    result.counts["ms until all are back"] = round((took or 0) * 1000)
    result.require(took is not None and took < 2, f"the new ones are there after {took} s")
    result.forbid("time-out", "refused")
    return result


def kill_on_sight(server, seconds=10):
    """Every new worker, for some time: the pauses between the starts have to grow."""
    count, old = len(server.workers), set(server.workers)
    result = Result()
    for worker in old:
        os.kill(worker, signal.SIGKILL)
    began, cpu, seen = time.monotonic(), cpu_of(server.pid), set()
    while (elapsed := time.monotonic() - began) < seconds:
        for worker in set(server.workers) - old:
            seen.add(worker)
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        time.sleep(0.005)
    share = (cpu_of(server.pid) - cpu) / elapsed
    result.counts.update({"starts": len(seen), "% CPU": round(share * 100, 1)})
    result.require(1 <= len(seen) <= 4 * seconds, f"{len(seen)} starts")
    result.require(share < 0.05, f"the primary has used {share:.0%} of a CPU")
    back = wait_until(lambda: len(set(server.workers) - seen) >= count, 35)
    result.require(back is not None, "not at full strength after 35 s")
    result.counts["s until all are back"] = round(back or 99, 1)
    return result
