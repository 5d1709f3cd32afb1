"""Our program as the worker of a real Node.js."""
import os
import signal
import socket
import time

import client
import harness
import pytest
from node_primary import node_primary  # noqa: F401 (a fixture)
from proc import is_gone
from short_path import long_path, short_path  # noqa: F401 (fixtures)
from test_api import API

EVERY_NODE_POLICY = pytest.mark.parametrize("policy", ["rr", "none"])


def get(port, path=b"/"):
    with client.Client(port) as one:
        one.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path)
        return one.answer()


@EVERY_NODE_POLICY
def test_node_sees_our_workers_come_and_go(node_primary, policy):
    node = node_primary(policy, harness.PROGRAM, "--port", 0)
    node.do("fork")
    assert node.wait_for("fork")["state"] == "none"
    assert node.wait_for("online")["args"] == []
    listening = node.wait_for("listening")
    address, = listening["args"]
    assert address["address"] == "127.0.0.1" and address["addressType"] == 4
    assert get(address["port"]).pid == listening["pid"]

    node.do("disconnect", 1)
    gone = {event: node.wait_for(event) for event in ("disconnect", "exit")}
    assert gone["disconnect"]["args"] == [] and not gone["disconnect"]["connected"]
    assert gone["exit"]["args"] == [0, None]
    assert gone["exit"]["voluntary"] is True and gone["exit"]["dead"]


@EVERY_NODE_POLICY
def test_they_share_a_port(node_primary, policy):
    node = node_primary(policy, harness.PROGRAM, "--port", 0)
    workers = node.start(4)
    port, = {event["args"][0]["port"] for event in workers.values()}
    pids = [get(port).pid for _ in range(40)]
    if policy == "rr":
        assert all(pids.count(event["pid"]) == 10 for event in workers.values()), pids
    else:
        assert set(pids) <= {event["pid"] for event in workers.values()}


@EVERY_NODE_POLICY
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_node_kills_them(node_primary, policy, how):
    node = node_primary(policy, harness.PROGRAM, "--port", 0)
    port = node.start(2)[2]["args"][0]["port"]
    node.do("kill", 1, how.name)
    ending = node.wait_for("exit", 1)
    if how == signal.SIGTERM:  # it leaves as if it had been asked to
        assert ending["args"] == [0, None] and ending["voluntary"] is True
    else:
        assert ending["args"] == [None, how.name]
    assert get(port).status == 200, "the other one serves on"


def test_node_hears_of_a_crash(node_primary):
    node = node_primary("rr", harness.PROGRAM, "--port", 0)
    worker = node.start(1)[1]
    os.kill(worker["pid"], signal.SIGKILL)
    assert node.wait_for("disconnect", 1)["voluntary"] is False
    ending = node.wait_for("exit", 1)
    assert ending["args"] == [None, "SIGKILL"] and ending["voluntary"] is False


@EVERY_NODE_POLICY
def test_a_port_in_use_is_reported_on_our_side(node_primary, policy):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        node = node_primary(policy, harness.PROGRAM, "--port", port)
        node.do("fork")
        node.wait_for_line(f"listen 127.0.0.1:{port}: Address already in use")
        assert node.wait_for("exit")["args"] == [1, None]


def test_messages_go_both_ways(node_primary):
    node = node_primary("rr", API, "messages_go_both_ways")
    node.do("fork")
    node.wait_for("online")
    for message in (1, {"two": [2, None, "\N{SNOWMAN}"]}, "last"):
        node.do("send", 1, message)
    told = [node.wait_for("message")["args"][0] for _ in range(3)]
    assert told == [[1], [{"two": [2, None, "\N{SNOWMAN}"]}], ["last"]]
    assert node.wait_for("exit")["args"] == [0, None]


def test_half_a_character_in_a_message_is_no_end(node_primary):
    """JavaScript allows it in a string; we read it as U+FFFD."""
    node = node_primary("rr", API, "messages_go_both_ways")
    node.do("fork")
    node.do("send", 1, "\ud83d")
    assert node.wait_for("message")["args"] == [["\ufffd"]]


def test_our_workers_end_with_their_primary(node_primary):
    node = node_primary("rr", harness.PROGRAM, "--port", 0)
    pids = [event["pid"] for event in node.start(2).values()]
    node.process.kill()
    deadline = time.monotonic() + client.PATIENCE
    while not all(is_gone(pid) for pid in pids):
        assert time.monotonic() < deadline, "a worker outlives its primary"
        time.sleep(0.01)


def test_a_worker_that_leaves_by_itself_is_known_as_voluntary(node_primary):
    node = node_primary("rr", API, "a_worker_may_leave_by_itself")
    node.start(1)
    node.do("send", 1, "leave")
    ending = node.wait_for("exit")
    assert ending["args"] == [0, None] and ending["voluntary"] is True


@EVERY_NODE_POLICY
def test_they_share_a_long_path(node_primary, policy, long_path):
    node = node_primary(policy, harness.PROGRAM, "--host", f"unix:{long_path}/socket")
    node.start(2)
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(client.PATIENCE)
        one.connect("socket")
        one.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b" 200 " in one.recv(4096)
