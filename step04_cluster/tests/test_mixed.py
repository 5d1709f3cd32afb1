"""`make mixed`: two workers in C++ and two in Node, on one port."""
import json
import pathlib

import pytest
from node_version import node_version

STEP = pathlib.Path(__file__).parent.parent
WHOAMI = b"GET /whoami HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def test_the_four_take_turns(start):
    if not node_version():
        pytest.skip("no Node.js here (tools/setup installs it)")
    cluster = start("--host", "any", "--workers", 4, "--exec", "node/either.sh", "--", "--port", 0,
                    cwd=STEP)
    cluster.workers_are_foreign = True
    port = int(cluster.wait_for(r"\nlistening on http://\S+:(\d+) ")[1])
    told = [json.loads(cluster.exchange(WHOAMI, port).body) for _ in range(400)]
    by_worker = {(one["id"], one["language"]) for one in told}
    cluster.expect(by_worker == {(1, "c++"), (2, "node"), (3, "c++"), (4, "node")}, "two of each")
    cluster.expect(all([one["id"] for one in told].count(id) == 100 for id in (1, 2, 3, 4)),
                   "exactly 100 for each")
