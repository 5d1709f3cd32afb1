"""The real primary, two real workers, and a third that we play: it asks, or breaks the rules."""
import ctypes
import os
import pathlib
import re
import resource
import signal
import socket
import sys

import harness
import pytest
from proc import descriptors_of, leave_no_free_descriptor, listening_ports_of

PEER = harness.HERE / "peer.py"
RUN_PRIMARY = os.environ.get("RUN_PRIMARY", harness.STEP / "build" / "run_primary")


@pytest.fixture
def primary(start):
    """primary(script) starts it; worker 1 runs the script, then waits for the end."""
    def start_primary(script, **popen):
        cluster = start(3, sys.executable, PEER, harness.PROGRAM, script,
                        program=RUN_PRIMARY, port=None, **popen)
        cluster.deaths_are_normal = True
        return cluster
    return start_primary


def worker_1_of(cluster):
    return next(pid for pid in cluster.workers
                if b"\0NODE_WORKER_ID=1\0" in pathlib.Path(f"/proc/{pid}/environ").read_bytes())


def check_that_the_others_serve(cluster):
    port = cluster.wait_for(r"^listening on http://127.0.0.1:(\d+) \(\d workers")[1]
    for _ in range(3):
        cluster.expect(cluster.get(int(port)).status == 200, "an answer of the others")


HOSTILE = {
    "garbage": ("peer.send_bytes(b'garbage\\n')", "a line that is no JSON object"),
    "no object": ("peer.send([1, 2])", "a line that is no JSON object"),
    "no end": ("peer.send_bytes(b'x' * 70000)", "a line of more than 64 KiB"),
    "binary": ("peer.send_bytes(bytes(range(256)))", "a line that is no JSON object"),
    "unknown cmd": ("peer.send({'cmd': 'frobnicate\\x1b'})", "unknown cmd frobnicate?"),
    "no cmd": ("peer.send({'port': 80})", "a message without cmd"),
    "cmd of a wrong type": ("peer.send({'cmd': {}})", "a message without cmd"),
    "a nested cmd": ("peer.send_bytes(b'{\"cmd\":' + nested + b'}\\n')", "a message without cmd"),
    "no query id": ("peer.query(_queryId=None)", "'_queryId' is no integer"),
    "a nested query id": ("peer.send_bytes(b'{\"cmd\":\"queryServer\",\"_queryId\":' + nested + "
                          "b'}\\n')", "'_queryId' is no integer"),
    "a port that is no number": ("peer.query(port='http')", "'port' is no integer"),
    "a port beyond all ports": ("peer.query(port=2**32)", "'port' is no integer"),
    "half a port": ("peer.query(port=80.5)", "'port' is no integer"),
    "an address that forges a line": (
        "peer.say('listening', address='x\\nworker 1 died')", "listen x?worker 1 died:0"),
    "an address without end": ("peer.say('listening', address='x' * 60000)", "listen xxx"),
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
    cluster = primary("peer.query(); peer.say('listening'); peer.socket.close(); signal.pause()")
    check_that_the_others_serve(cluster)

    def channels():
        return [kind for kind, _ in descriptors_of(cluster.pid).values()].count("channel")
    cluster.wait_until(lambda: channels() == 2, "the primary has closed its end, too",
                       "poll(2) reports the end of a channel again and again until it is closed")
    cluster.send_signal(signal.SIGKILL, worker_1_of(cluster))
    cluster.wait_for(r"^worker \d+ died \(signal 9\)")


def test_a_worker_that_ignores_sigterm_does_not_hold_up_the_end(primary):
    cluster = primary("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                      "peer.query(); peer.say('listening'); signal.pause()")
    check_that_the_others_serve(cluster)
    cluster.stop()


def test_when_the_last_that_did_not_listen_dies_the_others_are_announced(primary):
    cluster = primary("signal.pause()")

    def others():
        return [pid for pid in cluster.workers if listening_ports_of(pid)]
    cluster.wait_until(lambda: len(others()) == 2, "the others listen")
    # One that has accepted a client has also said that it listens.
    clients = [cluster.connect(listening_ports_of(others()[0])[0]) for _ in range(2)]
    cluster.wait_until(lambda: all("connection" in dict(descriptors_of(pid).values())
                                   for pid in others()), "both have accepted a client")
    cluster.expect("listening on" not in cluster.printed["stdout"], "no line yet")
    cluster.send_signal(signal.SIGKILL, worker_1_of(cluster))
    cluster.wait_for(r"^listening on http://127.0.0.1:\d+ \(2 workers")
    for one in clients:
        one.close()


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
    hostile = worker_1_of(cluster)
    cluster.send_signal(signal.SIGUSR1, hostile)
    cluster.wait_for("^worker 1: .*lost on arrival: Too many open files", stream="stderr")
    cluster.wait_for(rf"^worker {hostile} died \(signal 9\)")
    check_that_the_others_serve(cluster)


def test_an_answer_that_cannot_be_sent_is_not_told_as_a_port_that_cannot_be_had(primary):
    """The kernel refuses to pass one more descriptor on (ETOOMANYREFS, see unix(7)): more are under
    way than the primary may have open. Without a descriptor, an answer would have gone through."""
    def make_it_count():  # the kernel does not, for the mightiest; see capabilities(7)
        pr_capbset_drop, cap_sys_admin, cap_sys_resource = 24, 21, 24
        for capability in (cap_sys_admin, cap_sys_resource):
            ctypes.CDLL(None).prctl(pr_capbset_drop, capability, 0, 0, 0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    cluster = primary("""
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
peer.query(); peer.say("listening"); signal.sigwait([signal.SIGUSR1])
ours, other = socket.socketpair()
for _ in range(2): socket.send_fds(ours, [b"x"], [0] * 200)
answer, _ = peer.query()
tell("was told:", answer); signal.pause()
""", preexec_fn=make_it_count)
    check_that_the_others_serve(cluster)
    cluster.send_signal(signal.SIGUSR1, worker_1_of(cluster))
    cluster.wait_for("^worker 1: sendmsg: Too many references|^was told:", stream="stderr")
    cluster.expect("was told:" not in cluster.printed["stderr"], "no answer at all",
                   "what a failed send throws is taken for what bind(2) said")
    cluster.wait_for(r"^worker \d+ died \(signal 9\)")
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
for i in (1, 2, 3): peer.say("queryServer", address=f"127.0.0.{i}", _queryId=i)
answers = [peer.receive() for _ in range(3)]
tell(*[(answer["_queryId"], socket.socket(fileno=fd).getsockname()[0]) for answer, fd in answers])
"""), "(1, '127.0.0.1') (2, '127.0.0.2') (3, '127.0.0.3')", sockets=2)


@pytest.mark.parametrize("changes, errno", [("port=65536", 22), ("port=-1", 22), ("address=''", 22),
                                            ("address='localhost'", 22), ("addressType=6", 22),
                                            ("address='192.0.2.1'", 99)])
def test_a_question_that_makes_no_sense_gets_an_errno(primary, changes, errno):
    worker_prints(primary(f"tell(peer.query({changes})[0]['errno'])"), str(errno))
