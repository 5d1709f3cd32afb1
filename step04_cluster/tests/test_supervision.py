"""Workers that die, that cannot start, that do not come, that do not go."""
import errno
import re
import shlex
import signal
import socket
import time

import client
import harness
import pytest
from policies import EVERY_POLICY, start_with
from proc import children_of, descriptors_of, is_gone
from refusing import refusing
from scripted import PEER

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@EVERY_POLICY
def test_a_dead_worker_is_replaced(start, policy):
    cluster = start_with(start, policy, 3)
    victim = cluster.workers[0]
    cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_for(rf"^worker \d+ \(pid {victim}\) died \(signal 9\)\n")
    new = int(cluster.wait_for(r"^worker 4 \(pid (\d+)\) listening\n")[1])
    cluster.expect(victim not in children_of(cluster.pid), "the dead one is reaped")
    cluster.expect(len(cluster.workers) == 3 and new in cluster.workers, "three workers again")


def test_a_replacement_takes_part_in_the_turns(start):
    cluster = start(workers=3)
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    new = int(cluster.wait_for(r"^worker 4 \(pid (\d+)\) listening\n")[1])
    served = [cluster.exchange(REQUEST).pid for _ in range(9)]
    cluster.expect(sorted(served[:3]) == cluster.workers, "one request for each of the three")
    cluster.expect(served.count(new) == 3, "the new one has its share")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_the_others_serve_on(start, number):
    cluster = start(workers=2)
    victim, _ = cluster.workers
    with cluster.connect() as patient:
        patient.sendall(REQUEST.replace(b"/ ", b"/slow?ms=300 "))
        answering = cluster.wait_until(lambda: cluster.get().pid, "an answer")
        cluster.send_signal(number, answering if answering == victim else victim)
        ending = rf"died \(signal {int(number)}\)"
        cluster.wait_for("disconnected" if number == signal.SIGTERM else ending)  # see test_terminated.py
        cluster.expect(cluster.get().status == 200, "the other answers")


def test_workers_that_die_together_are_all_replaced(start):
    cluster = start(workers=6)
    victims = cluster.workers
    cluster.send_signal(signal.SIGSTOP)  # so that their SIGCHLDs merge into one
    for victim in victims:
        cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_until(lambda: list(children_of(cluster.pid).values()).count("Z") == 6, "6 zombies")
    cluster.send_signal(signal.SIGCONT)
    cluster.wait_for(r"worker \d+ \(pid \d+\) listening", count=12)
    cluster.expect(len(set(cluster.workers) - set(victims)) == 6, "6 new workers")


def test_clients_wait_while_no_worker_is_there(start):
    """The listening socket stays with the primary."""
    cluster = start(workers=1)
    port = cluster.port
    cluster.send_signal(signal.SIGSTOP)
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    with cluster.connect(port) as early:
        early.sendall(REQUEST)
        cluster.send_signal(signal.SIGCONT)
        cluster.expect(early.answer().status == 200, "an answer of the replacement")


def test_a_program_that_cannot_start_ends_it(start):
    cluster = start("--exec", "/no/such/program", "--workers", 3)
    cluster.wait_for_exit(1)
    out, err = cluster.read_all()
    cluster.expect("/no/such/program: No such file or directory" in err, "the reason")
    cluster.expect(out.count("died (exit 127)") == 3, "one attempt for each worker")


def test_another_program_starts_with_signals_as_they_are_by_default(start):
    """What is blocked or ignored stays so over execve(2), unless somebody undoes it."""
    status = "grep -E '^Sig(Blk|Ign)' /proc/self/status"
    cluster = start("--workers", 1, "--exec", "/bin/sh", "--", "-c", status)
    cluster.wait_for_exit(1)
    out, _ = cluster.read_all()
    library = 1 << 31 | 1 << 32  # signals 32 and 33, which the C library keeps to itself
    for name, mask in re.findall(r"(Sig...):\t(\w+)", out):
        cluster.expect(int(mask, 16) & ~library == 0, f"{name} is empty", "SIGPIPE is ignored")
    cluster.expect(out.count("Sig") == 2, "two lines of its status")


def test_failing_restarts_are_limited(start, tmp_path):
    """The program serves, until it is made to fail: then the pauses between two starts grow, from 0.1 to 1.6 s."""
    broken = tmp_path / "broken"
    script = f"test ! -e {shlex.quote(str(broken))} || exit 3; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 2, "--exec", "/bin/sh", "--", "-c", script, ready=2)
    cluster.deaths_are_normal = True
    broken.touch()
    begin = time.monotonic()
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGKILL, worker)
    cluster.wait_for(r"died \(exit 3\)", count=7)
    seconds = time.monotonic() - begin
    cluster.expect(seconds >= 3.1, f"growing pauses, not seven starts in {seconds:.2f} s")
    broken.unlink()
    cluster.wait_for(r"worker \d+ \(pid \d+\) listening", count=4)
    cluster.expect(len(cluster.workers) == 2, "two workers again")


@pytest.fixture
def crash_loop(start, tmp_path):
    """A cluster of two whose second worker has died, and whose replacements cannot start."""
    broken = tmp_path / "broken"
    script = f"test ! -e {shlex.quote(str(broken))} || exit 3; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 2, "--exec", "/bin/sh", "--", "-c", script, ready=2)
    cluster.deaths_are_normal = True
    broken.touch()
    cluster.send_signal(signal.SIGKILL, cluster.workers[1])
    cluster.wait_for(r"died \(exit 3\)", count=3)
    return cluster


def test_others_are_served_while_one_cannot_start(crash_loop):
    begin = time.monotonic()
    for _ in range(20):
        crash_loop.expect(crash_loop.get().status == 200, "an answer of the other")
    crash_loop.expect(time.monotonic() - begin < 2, "at once", "the primary does not wait in its loop")


def test_it_ends_at_once_while_it_waits_to_start_a_worker(crash_loop):
    for worker in crash_loop.workers:
        crash_loop.send_signal(signal.SIGKILL, worker)
    crash_loop.wait_until(lambda: not children_of(crash_loop.pid), "no worker is there")
    crash_loop.send_signal(signal.SIGTERM)
    crash_loop.wait_for_exit(0, hint="--drain-timeout is for workers; there are none")


@pytest.mark.parametrize("error", [0, errno.ENOSYS, errno.EPERM])
def test_workers_inherit_nothing_but_what_is_meant_for_them(start, error):
    """The ledger looks at the descriptors of all processes."""
    refuse = refusing("close_range", error) if error else None
    with open(__file__) as file:
        cluster = start(workers=2, pass_fds=[file.fileno()], preexec_fn=refuse)
        cluster.extra_of_primary = {file.name: 1}
        for worker in cluster.workers:
            kinds = [kind for kind, _ in descriptors_of(worker).values()]
            cluster.expect(file.name not in kinds, "a worker without this file", "close_range()")


def test_a_worker_that_does_not_come_to_listen_is_killed(start):
    cluster = start("--workers", 1, "--start-timeout", 0.3, "--exec", "/usr/bin/sleep", "--", "60")
    cluster.wait_for_exit(1)
    out, err = cluster.read_all()
    cluster.expect("is not listening, so it is killed (--start-timeout)" in err, "the reason")
    cluster.expect("died (signal 9)" in out, "its end")


def test_it_says_once_for_each_worker_that_nobody_listens_to_its_messages(start):
    script = "[peer.send_line({'metrics': n}) for n in range(3)]; peer.listen(); peer.serve()"
    cluster = start("--workers", 2, "--exec", "/usr/bin/python3", "--", PEER, script, ready=2)
    cluster.workers_are_foreign = True
    for worker in (1, 2):
        said = rf'^cluster: worker {worker} \(pid \d+\) sends messages, and nobody listens: {{"metrics":0}}\n'
        cluster.wait_for(said, "stderr", hint="they vanish silently")
    cluster.expect(cluster.printed["stderr"].count("nobody listens") == 2, "once for each")


def test_workers_need_not_listen_if_nobody_waits_for_that(start):
    """A consumer of a queue, say. It is replaced, and reloaded, like any other."""
    script = "peer.say('online'); peer.hear_act('disconnect')"
    cluster = start("--workers", 2, "--start-timeout", 0, "--exec", "/usr/bin/python3", "--", PEER, script)
    cluster.workers_are_foreign = True
    cluster.extra_of_primary = {"listener": 0}
    cluster.wait_for(r"^worker [12] \(pid \d+\) online\n", count=2)
    old = cluster.workers
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("^reloaded: 2 workers\n")
    cluster.wait_until(lambda: len(cluster.workers) == 2, "the old ones are gone")
    cluster.expect(not set(old) & set(cluster.workers), "two new ones")
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    cluster.wait_for(r"^worker 5 \(pid \d+\) online\n")


def test_a_worker_that_does_not_leave_is_killed(start):
    cluster = start("--drain-timeout", 0.3, workers=2)
    with cluster.connect() as client_:
        client_.sendall(REQUEST.replace(b"/ ", b"/slow?ms=60000 "))
        cluster.wait_until(lambda: cluster.get().status == 200, "an answer of the other")
        began = time.monotonic()
        cluster.stop()
        cluster.expect(time.monotonic() - began < 5, "an end after the time-out")
        cluster.expect(client_.read_to_end() == b"", "no answer")


def test_a_worker_that_breaks_the_protocol_is_killed_and_named(start):
    script = ("import os, socket, time; s = socket.socket(fileno=int(os.environ['NODE_CHANNEL_FD']));"
              "s.sendall(b'hello\\n'); time.sleep(60)")
    cluster = start("--workers", 1, "--exec", "/usr/bin/python3", "--", "-c", script)
    cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect("worker 1 is killed: its channel: a line that is not JSON" in err, "the reason")


# ---- Ports

def test_a_port_in_use_is_named(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        cluster = start(workers=2, port=port, ready=False)
        cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect(f"listen 127.0.0.1:{port}: Address already in use (another server? "
                   "try --port 0)" in err, "the address, the reason and a way out")


@EVERY_POLICY
def test_a_second_server_is_refused(start, policy):
    """With reuseport, the kernel would let it in, and clients would be answered by either."""
    first = start_with(start, policy, 2)
    second = start("--policy", policy, workers=2, port=first.port, ready=False)
    second.wait_for_exit(1)
    second.expect("Address already in use" in second.read_all()[1], "the reason")
    first.expect(first.get().status == 200, "the first one serves")


def test_a_port_that_becomes_free_in_time_is_used(start):
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]
    cluster = start(workers=2, port=port, ready=False)
    cluster.wait_for(r"worker 2 .* online")
    time.sleep(0.2)
    other.close()
    cluster.wait_until_ready(2)


def test_a_killed_primary_can_be_started_again_at_once(start):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        for policy in ("rr", "shared", "reuseport"):
            for _ in range(3):
                cluster = start("--policy", policy, workers=2, port=port)
                workers = cluster.workers
                cluster.send_signal(signal.SIGKILL)
                cluster.wait_for_exit(-signal.SIGKILL)
            cluster.wait_until(lambda: all(map(is_gone, workers)), "the workers follow", seconds=1)
