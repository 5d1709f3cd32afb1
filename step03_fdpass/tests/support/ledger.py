"""The ledger: every process of a cluster holds the descriptors that it should hold, and no others."""
import collections
import importlib.util
import sys

from proc import children_of, descriptors_of


def check(cluster, step):
    """Also, no child of the primary is a zombie. What is due, says ledger() in the test_cluster.py of
    the `step`, a folder."""
    __tracebackhide__ = True
    cluster.wait_until(lambda: "Z" not in children_of(cluster.pid).values(), "no zombie",
                       "the primary does not wait for a child that has ended")
    if not cluster.workers:
        return
    cluster.wait_until(lambda: _held(cluster) == _due(cluster, step),
                       "only the descriptors that are due",
                       lambda: _hint(_held(cluster), _due(cluster, step)), seconds=5)
    cluster.wait_until(lambda: not _shared_channels(cluster), "each channel end once",
                       lambda: "a worker inherited the channel of another one, or the primary kept "
                       f"its end: {_shared_channels(cluster)}", seconds=5)


def _shared_channels(cluster):
    """The channel ends that more than one descriptor stands for. For a moment, while a worker is
    forked, they may well be: it closes what it inherits at its execve."""
    ends = [target for pid in [cluster.pid, *cluster.workers]
            for kind, target in descriptors_of(pid).values() if kind == "channel"]
    return [end for end, count in collections.Counter(ends).items() if count > 1]


def _accountable(cluster):
    """The processes in the ledger; what another program opens is its own affair."""
    return [cluster.pid] if cluster.workers_are_foreign else [cluster.pid, *cluster.workers]


def _held(cluster):
    def count(pid):
        kinds = [kind for number, (kind, _) in descriptors_of(pid).items() if number > 2]
        # An event loop may keep /dev/null open: a descriptor in reserve, for when no other is free.
        return dict(collections.Counter(kind for kind in kinds if kind != "/dev/null"))
    return [count(pid) for pid in _accountable(cluster)]


def _due(cluster, step):
    """For the primary, and for each worker: {kind: count}."""
    sys.path.append(str(step / "tests" / "support"))  # for what that file imports
    spec = importlib.util.spec_from_file_location("ledger_of_the_step",
                                                  step / "tests" / "test_cluster.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    due = module.ledger(len(cluster.workers))
    primary = {kind: n for kind, n in {**due["primary"], **cluster.extra_of_primary}.items() if n}
    worker = {**due["worker"], **cluster.extra_of_worker}
    return [primary, *[worker] * (len(_accountable(cluster)) - 1)]


def _hint(held, due):
    return ("a descriptor was not closed, or not close-on-exec. Primary and workers hold\n"
            f"     {held}\n     expected: {due}")
