"""What the one who runs a server does with it: more workers, fewer, an end in good order."""
import re
import shlex
import signal
import time

import harness
import pytest
from policies import EVERY_POLICY, start_with

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def resize(cluster, number, workers):
    """TTIN or TTOU, and then so many workers."""
    cluster.send_signal(number)
    cluster.wait_for(rf"^workers wanted: {workers}\n")
    cluster.wait_until(lambda: len(cluster.workers) == workers and
                       all(f"(pid {pid}) listening\n" in cluster.printed["stdout"]
                           for pid in cluster.workers), f"{workers} workers")


# ---- More, and fewer

@EVERY_POLICY
def test_ttin_and_ttou(start, policy):
    cluster = start_with(start, policy, 2)
    resize(cluster, signal.SIGTTIN, 3)
    resize(cluster, signal.SIGTTOU, 2)
    resize(cluster, signal.SIGTTOU, 1)
    served = {cluster.get().pid for _ in range(4)}
    cluster.expect(served == set(cluster.workers), "the one that stays serves")
    if policy == "reuseport":
        cluster.extra_of_primary = {"listener": 3}  # the slots stay, for whoever comes


def test_one_worker_always_stays(start):
    cluster = start(workers=1)
    resize(cluster, signal.SIGTTOU, 1)
    cluster.expect(cluster.get().status == 200, "an answer")


def test_after_a_resize_that_many_are_kept(start):
    cluster = start(workers=1)
    resize(cluster, signal.SIGTTIN, 2)
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    cluster.wait_for("worker 3 .* listening")
    cluster.expect(len(cluster.workers) == 2, "two workers")


# ---- Recycling

def test_a_worker_has_a_successor_after_so_many_requests(start):
    cluster = start("--max-requests", 20, workers=2)
    old = cluster.workers
    with cluster.connect() as client:
        for _ in range(100):
            client.sendall(HEALTH)
            cluster.expect(client.answer().status == 200, "an answer, on one connection")
    for _ in range(60):
        cluster.expect(cluster.get().status == 200, "an answer")
    cluster.wait_until(lambda: len(cluster.workers) == 2 and not set(old) & set(cluster.workers),
                       "two others")
    cluster.watch(0.1)
    cluster.expect("died" not in cluster.printed["stdout"], "nobody died")


# ---- The end

def test_health_says_so_before_the_end(start):
    """Whoever distributes requests among machines has time to notice."""
    cluster = start("--drain-grace", 0.5, workers=2)
    with cluster.connect() as client:
        client.sendall(HEALTH)
        cluster.expect(client.answer().status == 200, "200")
        cluster.send_signal(signal.SIGTERM)
        cluster.wait_until(lambda: cluster.exchange(HEALTH).status == 503, "503")
        cluster.expect(cluster.get().status == 200, "and still an answer")
        cluster.wait_for_exit(0)
        cluster.expect(client.recv(1) == b"", "the end of an idle connection")


def test_workers_that_die_in_the_grace_are_replaced(start):
    cluster = start("--drain-grace", 60, workers=2)
    cluster.send_signal(signal.SIGTERM)
    cluster.wait_until(lambda: cluster.exchange(HEALTH).status == 503, "503")
    port = cluster.port
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGKILL, worker)
    for number in (3, 4):
        cluster.wait_for(rf"^worker {number} \(pid \d+\) listening")
    cluster.expect(cluster.get(port).status == 200, "an answer")
    for _ in range(4):
        cluster.expect(cluster.exchange(HEALTH, port).status == 503, "the new ones know that it ends")
    cluster.stop()


def test_a_second_signal_ends_the_grace(start):
    cluster = start("--drain-grace", 60, workers=2)
    cluster.send_signal(signal.SIGTERM)
    cluster.wait_until(lambda: cluster.exchange(HEALTH).status == 503, "503")
    cluster.stop()


def test_by_default_the_end_comes_at_once(start):
    cluster = start(workers=2)
    began = time.monotonic()
    cluster.stop()
    cluster.expect(time.monotonic() - began < 2, "at once")


# ---- Liveness

def test_a_worker_that_hangs_is_killed_and_replaced(start):
    cluster = start("--liveness-timeout", 0.5, workers=2)
    time.sleep(0.5)  # it has answered, and so can be missed
    hung = cluster.workers[0]
    cluster.send_signal(signal.SIGSTOP, hung)
    cluster.wait_for(rf"worker \d+ \(pid {hung}\) does not answer, so it is killed", stream="stderr")
    cluster.wait_for(r"worker 3 .* listening")
    cluster.expect(cluster.get().status == 200, "an answer")


def test_by_default_nobody_is_killed_for_being_slow(start):
    cluster = start(workers=2)
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGSTOP, worker)
    time.sleep(1)
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGCONT, worker)
    cluster.watch(0.5)
    cluster.expect(cluster.get().status == 200, "an answer")
    cluster.expect("died" not in cluster.printed["stdout"], "nobody died")


@pytest.mark.parametrize("who", ["the primary", "everybody"])
def test_a_suspended_machine_kills_nobody(start, who):
    cluster = start("--liveness-timeout", 0.4, workers=2)
    time.sleep(0.4)
    stopped = [None] if who == "the primary" else [*cluster.workers, None]
    for pid in stopped:
        cluster.send_signal(signal.SIGSTOP, pid)
    time.sleep(1)
    for pid in reversed(stopped):
        cluster.send_signal(signal.SIGCONT, pid)
    cluster.watch(1)
    cluster.expect(cluster.get().status == 200, "an answer")
    cluster.expect("died" not in cluster.printed["stdout"], "nobody died",
                   "the time in which the primary stood still counts")


def test_whoever_does_not_know_the_question_is_left_alone(start):
    peer = shlex.quote(str(harness.HERE / "node_peer.py"))
    script = f"exec /usr/bin/python3 {peer} 'peer.listen(); signal.pause()'"
    cluster = start("--workers", 1, "--liveness-timeout", 0.2, "--drain-timeout", 0.1,
                    "--exec", "/bin/sh", "--", "-c", script, ready=1)
    cluster.workers_are_foreign = cluster.deaths_are_normal = True
    cluster.watch(1)
    cluster.expect(not re.search("died", cluster.printed["stdout"]), "it lives")
