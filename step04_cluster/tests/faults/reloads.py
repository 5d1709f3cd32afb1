"""Faults 2, 6 and 8: reloads, good and bad, and too many; signals before it knows them."""
import os
import signal
import time

from load import Load
from measure import Result, wait_until


def reload(server, keep_alive=False, reloads=12, patience=12):
    """One after the other: each is a complete change of all workers."""
    count, complete = len(server.workers), 0
    with Load(server, keep_alive=keep_alive) as load:
        result = Result(load)
        for _ in range(reloads):
            old = set(server.workers)
            server.reload()
            changed = wait_until(lambda: not old & set(server.workers) and
                                 len(server.workers) >= count, patience)
            complete += changed is not None
            load.wait_for_answers(100)
    result.counts["reloads"] = complete
    result.require(complete >= reloads - 1, f"{complete} complete changes of {reloads}")
    result.require(load.failures == 0, f"{load.failures} failures: {dict(load.counts)}")
    result.forbid("cut")
    return result


def reload_to_a_broken_program(server, break_it, mend_it, error_is_printed):
    """The old workers serve on, the reason is printed, and the next good reload works."""
    old = set(server.workers)
    with Load(server) as load:
        result = Result(load)
        break_it()
        server.reload()
        said = wait_until(error_is_printed, 5)
        result.require(said is not None and said <= 2, f"the error is printed after {said} s")
        load.wait_for_answers(100)
        result.require(old <= set(server.workers), "the old ones have left")
        mend_it()
        server.reload()
        changed = wait_until(lambda: len(server.workers) == len(old) and not old & set(server.workers))
        result.require(changed is not None, "the next reload has not changed all workers")
        load.wait_for_answers(100)
    result.require(load.failures == 0, f"{load.failures} failures: {dict(load.counts)}")
    return result


def reload_too_often(server, signals=50):
    """Fifty times in a second. In the end there is one generation, started after the last signal."""
    count = len(server.workers)
    with Load(server) as load:
        result = Result(load)
        for _ in range(signals):
            last = set(server.workers)
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(1 / signals)
        settled = wait_until(lambda: len(server.workers) == count and not last & set(server.workers))
        result.require(settled is not None, "not one generation of new workers")
        load.wait_for_answers(100)
    result.require(load.failures == 0, f"{load.failures} failures: {dict(load.counts)}")
    return result


def signal_at_its_start(begin, runs=200):
    """In the first 100 ms of its life, when it may not know the signal yet, or be between fork(2) and
    execve(2). `begin()` is a context with the server, which need not serve yet. Whatever was first, it
    can be ended."""
    result, hang = Result(), 0
    for run in range(runs):
        number = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD][run % 4]
        with begin() as server:
            time.sleep(0.1 * run / runs)
            for one in (number, signal.SIGTERM):
                os.kill(server.pid, one)
            hang += wait_until(lambda: server.process.poll() is not None, 5) is None
    result.counts.update({"runs": runs, "hang": hang})
    result.require(hang == 0, f"{hang} of {runs} runs do not end")
    return result
