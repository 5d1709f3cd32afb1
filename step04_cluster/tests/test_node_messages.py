"""Message by message: what our side says has the members that Node's has, of the same types.

The test plays the other side for both, in the same scene, and compares what it hears.
"""
import json
import re
import socket

import harness
import pytest
from fake_primary import Worker, connection  # noqa: F401 (a fixture)
from node_primary import SCRIPTS, node_primary  # noqa: F401 (a fixture)
from node_version import NODE, node_version
from scripted import PEER

pytestmark = pytest.mark.skipif(not node_version(), reason="no Node.js here (tools/setup installs it)")


def shape_of(message):
    """{member: the name of its type}; of members that are objects, too."""
    shape = {}
    for name, value in message.items():
        if isinstance(value, dict):
            shape.update({f"{name}.{inner}": kind for inner, kind in shape_of(value).items()})
        else:
            shape[name] = type(value).__name__
    return shape


def differences(scene, ours, nodes, allowed):
    """What a student reads when the test fails: the message, and the member."""
    found = []
    for mine, theirs in zip(ours, nodes, strict=True):
        name = mine.get("act") or (f"the answer to {scene}" if "ack" in mine else mine["cmd"])
        my_shape, their_shape = shape_of(mine), shape_of(theirs)
        for member in sorted(my_shape.keys() | their_shape.keys()):
            said, due = my_shape.get(member, "no such member"), their_shape.get(member, "no such member")
            if said != due and (name, member) not in allowed:
                found.append(f"{name}: '{member}' is {due} in Node's message, and {said} in ours")
    return found


# ---- What a worker says

def talk_of_a_worker(command, accepted):
    """online, queryServer, listening, the answers to two offers, close, and what it says when it leaves."""
    one = Worker(*command[1:], program=command[0])
    try:
        online, query = one.hear("online"), one.hear("queryServer")
        one.peer.say(errno=None, key="k", ack=query["seq"], data=None,
                     sockname={"address": "127.0.0.1", "family": "IPv4", "port": query["port"]})
        talk = [online, query, one.hear("listening")]
        one.offer(accepted, key="another")
        talk += [one.peer.receive_line(), one.peer.receive_line()]
        one.offer(accepted)
        talk += [one.peer.receive_line(), one.peer.receive_line()]
        return talk
    finally:
        one.process.kill()
        one.process.wait()
        one.peer.socket.close()


# Members that are no part of a promise: Node 18 has no backlog in its listening, and so on. And what
# we say more than Node does, so that a primary of ours knows that we can hand connections back.
ALLOWED = {("queryServer", "backlog"), ("listening", "backlog"), ("queryServer", "flags"), ("listening", "flags"),
           ("online", "features")}


def test_a_workers_messages(connection):
    _, accepted = connection
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nodes = talk_of_a_worker([NODE, SCRIPTS / "worker.js", "http", port], accepted)
    ours = talk_of_a_worker([harness.PROGRAM, "--port", port], accepted)
    assert not (found := differences("newconn", ours, nodes, ALLOWED)), "\n".join(found)


# ---- What a primary says

SCENE = """
peer.say('online')
seq = peer.say('queryServer', index=0, data=None, address='127.0.0.1', port=0, addressType=4, backlog=0)
answer = peer.receive_line()
shared = answer['cmd'] == 'NODE_HANDLE'
if shared: peer.send_line({'cmd': 'NODE_HANDLE_ACK'})
port = (answer['msg'] if shared else answer).get('sockname', {}).get('port', 0)
peer.say('listening', index=0, data=None, address='127.0.0.1', port=port, addressType=4)
tell(json.dumps(answer))
if not shared:
    ours = socket.create_connection(('127.0.0.1', port))
    offer = peer.receive_line()
    peer.send_line({'cmd': 'NODE_HANDLE_ACK'})
    peer.accept(offer['msg']['seq'])
    tell(json.dumps(offer))
seq = peer.say('queryServer', index=0, data=None, address='203.0.113.1', port=1, addressType=4, backlog=0)
tell(json.dumps(peer.receive_line()))
peer.say('exitedAfterDisconnect')
tell(json.dumps(peer.receive_line()))
peer.receive_line()
"""


@pytest.mark.parametrize("policy", ["rr", "shared"])
def test_a_primarys_messages(start, node_primary, policy):
    cluster = start("--policy", policy, "--workers", 1, "--exec", "/usr/bin/python3", "--", PEER, SCENE, ready=0)
    cluster.workers_are_foreign = cluster.deaths_are_normal = True
    cluster.extra_of_primary = {"listener": 0}  # its only worker has left
    count = 4 if policy == "rr" else 3
    cluster.wait_for(r"^worker 1 \{.*\}\n", count=count)
    ours = re.findall(r"^worker 1 (\{.*\})\n", cluster.printed["stdout"], re.M)

    node = node_primary("none" if policy == "shared" else "rr", "/usr/bin/python3", PEER, SCENE)
    node.do("fork")
    nodes = [node.wait_for_line("worker 1 {").removeprefix("worker 1 ") for _ in range(count)]
    found = differences("queryServer", map(json.loads, ours), map(json.loads, nodes), {
        # Node says null or 0 for success; either is "no error".
        ("the answer to queryServer", "errno"), ("NODE_HANDLE", "msg.errno")})
    assert not found, "\n".join(found)
