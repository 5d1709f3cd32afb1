"""The three policies: who accepts, and so who holds which sockets."""
import pytest

EVERY_POLICY = pytest.mark.parametrize("policy", ["rr", "shared", "reuseport"])


def start_with(start, policy, workers, *options, **popen):
    """Starts a cluster with this policy; tells the ledger what its processes hold."""
    cluster = start("--policy", policy, *options, workers=workers, **popen)
    if policy != "rr":
        cluster.extra_of_worker = {"listener": 1}
    if policy == "reuseport":
        cluster.extra_of_primary = {"listener": workers}
    return cluster
