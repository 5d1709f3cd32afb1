"""When descriptors run out in the primary, or in its user's share of the kernel. (In a worker: see
NODE_HANDLE_NACK in test_hand_over.py.)"""
import contextlib
import os
import resource
import signal
import subprocess
import time

import pytest
from other_users import for_all  # noqa: F401 (a fixture)
from proc import descriptors_of
from scripted import start_scripts  # noqa: F401 (a fixture)
from test_hand_over import REQUEST, connections_of


def test_a_shortage_of_descriptors_delays_an_offer(start_scripts, tmp_path):
    """The channel is busy: an offer has to wait in it, with a duplicate. There is none for that."""
    go = tmp_path / "go"
    cluster = start_scripts(1, f"""
peer.say('online')
ports = [peer.ask(index=i)[0]['sockname']['port'] for i in (0, 1)]
peer.say('listening', address='127.0.0.1', port=ports[0], addressType=4, index=0, key='')
tell('other port', ports[1])
message, fd = peer.hear(acknowledge=False)
tell('busy')
while not os.path.exists('{go}'): time.sleep(0.01)
peer.send_line({{'cmd': 'NODE_HANDLE_ACK'}})
peer.accept(message['seq'])
peer.serve()
""")
    other_port = int(cluster.wait_for(r"worker 1 other port (\d+)")[1])
    cluster.extra_of_primary = {"listener": 2}
    limit = resource.RLIMIT_NOFILE
    before = resource.prlimit(cluster.pid, limit)
    with cluster.connect(other_port):
        cluster.wait_for("worker 1 busy")
        one_more = len(descriptors_of(cluster.pid)) + 1
        resource.prlimit(cluster.pid, limit, (one_more, before[1]))
        with cluster.connect() as early:
            early.sendall(REQUEST)
            cluster.wait_until(lambda: connections_of(cluster.pid) == 2, "the last descriptor is used")
            resource.prlimit(cluster.pid, limit, before)
            go.touch()
            cluster.expect(early.answer().status == 200, "an answer, late")


USER = 65533  # of this test alone
HOG = f"""
import os, socket, sys
os.setgroups([]), os.setgid({USER}), os.setuid({USER})
pairs = [socket.socketpair() for _ in range(4)]
for one, _ in pairs:
    for _ in range(50):
        socket.send_fds(one, [b'x'], [0])
print('full', flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_other_programs_of_the_same_user_delay_an_offer(start, for_all):
    """The kernel counts the descriptors that are in flight for each user, not for each process, and
    refuses more than a process may have open: ETOOMANYREFS, see unix(7)."""
    def prepare():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
        os.setgroups([]), os.setgid(USER), os.setuid(USER)
    cluster = start(program=for_all / "cluster", workers=2, preexec_fn=prepare)
    hog = subprocess.Popen(["/usr/bin/python3", "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        cluster.expect(hog.stdout.readline() == b"full\n", "200 descriptors in flight")
        with cluster.connect() as early:
            early.sendall(REQUEST)
            early.settimeout(0.3)
            with pytest.raises(TimeoutError):
                early.recv(1)
            early.settimeout(20)
            hog.stdin.close()
            cluster.expect(early.answer().status == 200, "an answer, late",
                           "a worker is killed for an error that is not its own")
    finally:
        hog.kill()
        hog.wait()
        hog.stdout.close()


@contextlib.contextmanager
def failing(pid, call, error, trace):
    """The whole machine cannot run dry for a test: strace(1) makes the kernel tell one process so."""
    strace = subprocess.Popen(["strace", "-f", "-p", str(pid), "-o", trace, "-e", f"inject={call}:error={error}"],
                              stderr=subprocess.PIPE)
    with strace:
        try:
            said = strace.stderr.readline().decode()
            if "not permitted" in said:  # see ptrace_scope in ptrace(2)
                pytest.skip(said)
            assert " attached" in said
            yield
        finally:
            strace.send_signal(signal.SIGINT)  # it lets go of the process


@pytest.mark.parametrize("policy, call, error", [
    ("rr", "accept4", "ENFILE"), ("rr", "accept4", "ENOBUFS"), ("rr", "accept4", "ENOMEM"),
    ("rr", "sendmsg", "ENOBUFS"), ("rr", "sendmsg", "ENOMEM"), ("shared", "accept4", "ENFILE")])
def test_a_shortage_of_the_whole_machine_delays_an_answer(start, tmp_path, policy, call, error):
    trace = tmp_path / "trace"
    cluster = start("--policy", policy, workers=1)
    cluster.extra_of_worker = {"listener": 1} if policy == "shared" else {}
    victim = cluster.workers[0] if policy == "shared" else cluster.pid
    with failing(victim, call, error, trace):
        client = cluster.connect()
        client.sendall(REQUEST)
        first_try = time.monotonic()
        cluster.wait_until(lambda: trace.read_text().count(f"{error} (") >= 10, "ten tries")
        cluster.expect(time.monotonic() - first_try > 0.1, "a rest between the tries",
                       "the loop is told at once, and again, that a connection is waiting")
    with client:
        cluster.expect(client.answer().status == 200, "an answer, late")
