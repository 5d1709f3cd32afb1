"""Node's primary with our workers, and ours with Node's: they do what they do among themselves."""
import shlex

import pytest
import systems
from systems import ask, connect, request


@pytest.fixture(params=[("ours", "node"), ("node", "ours")], ids=lambda pair: f"{pair[0]}-with-{pair[1]}")
def pair(request):
    """A cluster whose workers are the other system's."""
    primary, worker = request.param
    if not systems.node_version():
        pytest.skip("no Node.js here (tools/setup installs it)")
    program, *arguments = map(str, systems.COMMANDS[worker])
    cluster = systems.System(primary, "rr")
    if primary == "ours":
        cluster.do("set", settings={"exec": program, "args": arguments})
    else:  # Node starts process.execPath with execArgv, exec and args: here, a shell
        cluster.do("set", settings={"exec": "-c", "args": [f"exec {shlex.quote(program)}"], "execArgv": []}, execPath="/bin/sh")
    yield cluster
    cluster.end()


def test_messages_go_both_ways(pair):
    pair.fork()
    for value in (1, [None, {"a": "\N{SNOWMAN}"}], "x" * 800_000):
        pair.task(1, "echo", value=value)
        assert pair.message(1)["echo"] == value


def test_they_share_a_port_and_take_turns(pair):
    pair.fork(2)
    port = pair.listen([1, 2])
    assert sorted(ask(port) for _ in range(8)) == [1] * 4 + [2] * 4


@pytest.mark.parametrize("pair", [("ours", "node")], indirect=True, ids=["ours-with-node"])
def test_a_worker_that_binds_udp_listens(pair):
    pair.fork()
    pair.task(1, "bind", name="a")
    port = pair.message(1, listens="a")["port"]
    assert pair.wait_for("listening", 1)["where"] == {"address": "127.0.0.1", "port": port, "addressType": "udp4"}


def test_they_leave_in_good_order(pair):
    pair.fork(2)
    port = pair.listen([1, 2])
    with connect(port, request(keep=True)) as idle:
        idle.answer()
        pair.do("leave", id=1)
        pair.task(2, "leave")
        for id in (1, 2):
            ending = pair.wait_for("exit", id)
            assert ending["code"] == 0 and ending["voluntary"]


def test_a_server_closes_and_listens_again(pair):
    pair.fork(2)
    pair.listen([1, 2])
    pair.task(1, "close", name="a")
    pair.message(1, closed="a")
    assert pair.listen([1], name="b")


def test_a_failure_arrives(pair):
    pair.fork(2)
    port = pair.listen([1], name="a", port=0)
    pair.task(2, "listen", name="b", port=port)
    assert pair.message(2, failed="b")["code"] == "EADDRINUSE"
