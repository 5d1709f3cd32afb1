"""The cluster under load: workers die, and no client is left waiting."""
import collections
import signal

from load import Load
from proc import descriptors_of


def kinds_of(pid):
    return collections.Counter(kind for kind, _ in descriptors_of(pid).values())


def test_no_client_waits_for_a_killed_worker(start):
    """32 clients, a new connection for each request; a worker is killed as soon as there are four
    again, twelve times."""
    cluster = start(workers=4)
    before = kinds_of(cluster.pid)
    with Load(cluster.port, clients=32) as load:
        for kill in range(1, 13):
            answers = load.outcomes["answer"]
            cluster.wait_until(lambda: load.outcomes["answer"] > answers + 200, "they are served")
            cluster.send_signal(signal.SIGKILL, cluster.workers[kill % 4])
            cluster.wait_for(r"^worker \d+ .* listening$", count=4 + kill)
    cluster.tell(f"outcomes: {dict(load.outcomes)}, the longest took {load.longest:.3f} s")
    cluster.expect(load.outcomes["answer"] > 2400, "thousands of answers")
    cluster.expect(load.outcomes["time-out"] == 0, "no client is left waiting",
                   "a connection that was offered to the dead worker is kept, and given to nobody")
    cluster.expect(load.outcomes["refused"] == 0, "no client is refused")
    broken = sum(load.outcomes.values()) - load.outcomes["answer"]
    cluster.expect(broken <= 12 * 32, "only clients of the killed workers get less than an answer")
    cluster.expect(load.longest < 1, f"no client waits longer than a second, as one did: "
                                     f"{load.longest:.3f} s")
    cluster.wait_until(lambda: kinds_of(cluster.pid) == before,
                       f"the primary's descriptors as before: {before}")
