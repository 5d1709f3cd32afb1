"""A cluster whose workers are scripts, so that they can die, or leave, at the worst moment."""
import pathlib

import pytest

PEER = pathlib.Path(__file__).parent / "node_peer.py"


@pytest.fixture
def start_scripts(start):
    """start_scripts(N, script): a cluster with N workers that execute the script. See node_peer.py."""
    def start_them(workers, script, *options, drain_timeout=0.1, ready=None, **popen):
        cluster = start("--workers", workers, "--drain-timeout", drain_timeout, *options,
                        "--exec", "/usr/bin/python3", "--", PEER, script,
                        ready=workers if ready is None else ready, **popen)
        cluster.workers_are_foreign = cluster.deaths_are_normal = True
        return cluster
    return start_them
