"""What primary and worker say to each other, and what they make of a peer that breaks the rules."""
import os
import pathlib
import re
import resource
import signal
import socket
import sys

import client
import harness
import pytest
from peer import Peer
from proc import descriptors_of

PEER = harness.HERE / "peer.py"
RUN_PRIMARY = os.environ.get("RUN_PRIMARY", harness.HERE.parent / "build" / "run_primary")


# ---- A real worker, and a primary that we play

@pytest.fixture
def worker(start):
    """Starts the program as worker 1 of a primary that is us. It has `cluster` and `peer`."""
    ours, theirs = socket.socketpair()

    def start_worker(port=0, **popen):
        fd = theirs.fileno()
        cluster = start(port=port, pass_fds=[fd], env={**os.environ, "NODE_WORKER_ID": "1",
                                                       "NODE_CHANNEL_FD": str(fd)}, **popen)
        theirs.close()
        ours.settimeout(harness.PATIENCE)
        return cluster, Peer(ours)
    yield start_worker
    theirs.close()
    ours.close()


def end_of_worker(cluster, complaint):
    cluster.wait_for_exit(1)
    err = cluster.read_all()[1]
    cluster.expect(complaint in err and err.startswith("worker 1: "), f"the reason: {complaint}")


def test_a_worker_asks_for_its_server_and_serves_on_it(worker):
    with client.reserved_port() as bound:
        port = bound.getsockname()[1]
        cluster, peer = worker(port)
        query, _ = peer.receive()
        assert query == {"cmd": "queryServer", "address": "127.0.0.1", "port": port,
                         "addressType": 4, "_queryId": 1, "_workerId": 1}
        peer.send({"_queryId": 1, "fd": True}, bound.fileno())
        assert peer.receive()[0] == {"cmd": "listening", "address": "127.0.0.1", "port": port,
                                     "addressType": 4, "_workerId": 1}
        assert cluster.get(port).pid == cluster.pid
    held = sorted(kind for n, (kind, _) in descriptors_of(cluster.pid).items() if n > 2)
    assert held == ["channel", "listener"]
    cluster.process.kill()
    cluster.wait_for_exit(-signal.SIGKILL)


def test_a_worker_reports_the_error_it_is_told(worker):
    cluster, peer = worker(8000)
    peer.receive()
    peer.send({"_queryId": 1, "errno": 98})
    end_of_worker(cluster, "listen 127.0.0.1:8000: Address already in use (another server? "
                           "try --port 0)")


BAD_ANSWERS = {
    "garbage": (b"garbage\n", (), "a line that is no JSON object"),
    "no object": (b"[1,2]\n", (), "a line that is no JSON object"),
    "no end": (b"x" * 70000, (), "a line of more than 64 KiB"),
    "another query": (b'{"_queryId":2}\n', (), "answered something else"),
    "no query": (b'{"cmd":"what?"}\n', (), "answered something else"),
    "no descriptor": (b'{"_queryId":1}\n', (), "without a TCP socket"),
    "a missing descriptor": (b'{"_queryId":1,"fd":true}\n', (), "without its descriptor"),
    "unannounced": (b'{"_queryId":1}\n{"x":1', ("null",), "without a TCP socket"),
    "unannounced alone": (b"{", ("null", "null"), "several descriptors with one message"),
    "two": (b'{"_queryId":1,"fd":true}\n', ("null", "null"), "several descriptors"),
    "eight": (b'{"_queryId":1,"fd":true}\n', ("null",) * 8, "several descriptors"),
    "a file": (b'{"_queryId":1,"fd":true}\n', ("null",), "without a TCP socket"),
    "a UDP socket": (b'{"_queryId":1,"fd":true}\n', ("udp",), "without a TCP socket"),
    "an errno that is none": (b'{"_queryId":1,"errno":"x"}\n', (), "type must be number"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_worker_refuses_a_bad_answer(worker, name):
    data, kinds, complaint = BAD_ANSWERS[name]
    cluster, peer = worker()
    peer.receive()
    with open("/dev/null") as null, socket.socket(type=socket.SOCK_DGRAM) as udp:
        fds = [{"null": null, "udp": udp}[kind].fileno() for kind in kinds]
        try:
            peer.send_bytes(data, *fds)
        except BrokenPipeError:
            pass  # it has seen enough
    end_of_worker(cluster, complaint)


def leave_no_free_descriptor(pid):
    used = descriptors_of(pid)
    lowest = next(number for number in range(len(used) + 1) if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, lowest))


def test_a_worker_without_a_free_descriptor_says_so(worker):
    cluster, peer = worker()
    peer.receive()
    leave_no_free_descriptor(cluster.pid)
    with client.reserved_port() as bound:
        peer.send({"_queryId": 1, "fd": True}, bound.fileno())
    end_of_worker(cluster, "a descriptor was lost on arrival: Too many open files")


def test_a_worker_whose_channel_closes_says_so(worker):
    cluster, peer = worker()
    peer.receive()
    peer.socket.close()
    end_of_worker(cluster, "the primary has closed the channel")


@pytest.mark.parametrize("value, complaint", [
    (None, "NODE_WORKER_ID is set, but NODE_CHANNEL_FD is not"),
    ("99", "NODE_CHANNEL_FD is 99: that is no channel"),
    ("0", "NODE_CHANNEL_FD '0': expected a number"),
    ("1", "NODE_CHANNEL_FD is 1: that is no channel"),
    ("x", "NODE_CHANNEL_FD 'x': expected a number"),
])
def test_a_marker_without_a_channel_is_refused(start, value, complaint):
    environment = {**os.environ, "NODE_WORKER_ID": "1"}
    if value is not None:
        environment["NODE_CHANNEL_FD"] = value
    end_of_worker(start(env=environment), complaint)


# ---- The real primary, and a worker that we play, beside two real ones

@pytest.fixture
def primary(start):
    """primary(script) starts it; worker 1 runs the script, then waits for the end."""
    def start_primary(script):
        return start(3, sys.executable, PEER, harness.PROGRAM, script,
                     program=RUN_PRIMARY, port=None)
    return start_primary


def check_that_the_others_serve(cluster):
    port = cluster.wait_for(r"^listening on http://127.0.0.1:(\d+) \(\d workers")[1]
    for _ in range(3):
        cluster.expect(cluster.get(int(port)).status == 200, "an answer of the others")


HOSTILE = {
    "garbage": ("peer.send_bytes(b'garbage\\n')", "a line that is no JSON object"),
    "no object": ("peer.send([1, 2])", "a line that is no JSON object"),
    "no end": ("peer.send_bytes(b'x' * 70000)", "a line of more than 64 KiB"),
    "binary": ("peer.send_bytes(bytes(range(256)))", "a line that is no JSON object"),
    "unknown cmd": ("peer.send({'cmd': 'frobnicate\\x1b'})", 'unknown cmd "frobnicate\\u001b"'),
    "no cmd": ("peer.send({'port': 80})", "unknown cmd null"),
    "cmd of a wrong type": ("peer.send({'cmd': {}})", "unknown cmd {}"),
    "no query id": ("peer.query(_queryId=None)", "'_queryId' not found"),
    "a port that is no number": ("peer.query(port='http')", "type must be number"),
    "no address": ("peer.query(address=None)", "'address' not found"),
    "an unannounced descriptor": ("peer.say('listening', fds=[0])",
                                  "a descriptor that no message announced"),
    "a missing descriptor": ("peer.say('listening', fd=True)", "a message without its descriptor"),
    "two descriptors": ("peer.say('listening', fds=[0, 0], fd=True)",
                        "several descriptors with one message"),
    "many descriptors": ("peer.say('listening', fds=[0] * 100)",
                         "several descriptors with one message"),
    "it does not read": ("while True: peer.say('queryServer', _queryId=1)", "does not read"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_worker_is_reported_and_killed_and_the_others_serve_on(primary, name):
    script, complaint = HOSTILE[name]
    cluster = primary(f"{script}\nsignal.pause()")
    cluster.wait_for(f"^worker 1: .*{re.escape(complaint)}", stream="stderr")
    cluster.wait_for(r"^worker \d+ died \(signal 9\)")
    check_that_the_others_serve(cluster)


def test_a_worker_that_stops_in_the_middle_of_a_line_blocks_nobody(primary):
    cluster = primary("peer.query(); peer.say('listening'); peer.send_bytes(b'{'); signal.pause()")
    check_that_the_others_serve(cluster)


def test_a_worker_that_closes_its_channel_blocks_nobody(primary):
    cluster = primary("peer.query(); peer.say('listening'); peer.socket.close()")
    cluster.wait_for(r"^worker \d+ died \(exit 0\)")
    check_that_the_others_serve(cluster)


def test_a_descriptor_that_was_announced_but_not_wanted_is_closed(primary):
    cluster = primary("peer.query(); peer.say('listening', fds=[0], fd=True); signal.pause()")
    check_that_the_others_serve(cluster)  # and the ledger finds nothing


def test_a_primary_without_a_free_descriptor_says_so(primary):
    cluster = primary("""
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
peer.query(); peer.say("listening"); signal.sigwait([signal.SIGUSR1])
peer.say("listening", fds=[0], fd=True); signal.pause()
""")
    check_that_the_others_serve(cluster)
    leave_no_free_descriptor(cluster.pid)
    hostile = next(pid for pid in cluster.workers
                   if b"\0NODE_WORKER_ID=1\0" in pathlib.Path(f"/proc/{pid}/environ").read_bytes())
    cluster.send_signal(signal.SIGUSR1, hostile)
    cluster.wait_for("^worker 1: .*lost on arrival: Too many open files", stream="stderr")
    cluster.wait_for(rf"^worker {hostile} died \(signal 9\)")
    check_that_the_others_serve(cluster)


# In the following, worker 1 asks, prints what it was answered, and ends.

def worker_prints(cluster, expected, sockets=0):
    """`sockets` are those that the primary has bound for worker 1 alone."""
    cluster.wait_for(f"^{re.escape(expected)}$", stream="stderr")
    cluster.wait_for(r"^worker \d+ died \(exit 0\)")
    check_that_the_others_serve(cluster)
    cluster.extra_of_primary = {"socket": sockets} if sockets else {}


def test_a_port_in_use_is_told_and_not_remembered(primary):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        cluster = primary(f"""
tell(peer.query(port={port})[0]["errno"])
while "errno" in (answer := peer.query(port={port}))[0]: pass
tell("then", port_of(answer[1]))
""")
        cluster.wait_for(r"^98$", stream="stderr")  # EADDRINUSE
    worker_prints(cluster, f"then {port}", sockets=1)


def test_who_asks_for_the_same_gets_the_same(primary):
    worker_prints(primary("""
def inode(**changes): return os.fstat(peer.query(**changes)[1]).st_ino
first = inode()
tell("same:", first == inode(_queryId=2), first == inode(port=None),
     "other:", first != inode(address="127.0.0.2"))
"""), "same: True True other: True", sockets=1)


def test_questions_sent_together_get_each_its_answer(primary):
    worker_prints(primary("""
for i in (1, 2, 3): peer.say("queryServer", address=f"127.0.0.{i}", _queryId=f"id {i}")
answers = [peer.receive() for _ in range(3)]
tell(*[(answer["_queryId"], socket.socket(fileno=fd).getsockname()[0]) for answer, fd in answers])
"""), "('id 1', '127.0.0.1') ('id 2', '127.0.0.2') ('id 3', '127.0.0.3')", sockets=2)


@pytest.mark.parametrize("changes, errno", [("port=65536", 22), ("port=-1", 22), ("address=''", 22),
                                            ("address='localhost'", 22), ("addressType=6", 22),
                                            ("address='192.0.2.1'", 99)])
def test_a_question_that_makes_no_sense_gets_an_errno(primary, changes, errno):
    worker_prints(primary(f"tell(peer.query({changes})[0]['errno'])"), str(errno))
