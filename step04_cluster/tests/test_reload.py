"""Rolling reload: SIGHUP puts a new worker in the place of each old one, and no client notices."""
import re
import signal

import harness
import pytest
from policies import EVERY_POLICY, start_with

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def reload(cluster, count=1):
    """Returns the new workers."""
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for(r"^reloaded: \d+ workers\n", count=count)
    staying = int(cluster.wait_for(r"^reloaded: (\d+) workers\n", count=count)[1])
    cluster.wait_until(lambda: len(cluster.workers) == staying, "the old ones are gone")
    if "listener" in cluster.extra_of_primary:  # reuseport: nobody's slot is kept
        cluster.extra_of_primary = {"listener": staying + 1}
    return cluster.workers


def ask(cluster, client, request=REQUEST):
    client.sendall(request)
    answer = client.answer()
    cluster.expect(answer.status == 200, "an answer")
    return answer


@EVERY_POLICY
def test_every_worker_is_replaced(start, policy):
    cluster = start_with(start, policy, 3)
    old = cluster.workers
    new = reload(cluster)
    cluster.expect(not set(old) & set(new), "other processes")
    cluster.expect(cluster.get().pid in new, "an answer of a new one")


def test_a_new_one_listens_before_an_old_one_leaves(start):
    cluster = start(workers=2)
    reload(cluster)
    cluster.wait_for(r"^worker 2 \(pid \d+\) disconnected\n")
    story = re.findall(r"^worker (\d+) .*(listening|disconnected)$", cluster.printed["stdout"], re.M)
    story = [entry for entry in story if entry not in (("1", "listening"), ("2", "listening"))]
    cluster.expect(story.index(("3", "listening")) < story.index(("1", "disconnected")) and
                   story.index(("4", "listening")) < story.index(("2", "disconnected")),
                   "each old one leaves after a new one has come")


@EVERY_POLICY
def test_connections_that_are_kept_alive_go_to_other_workers(start, policy):
    cluster = start_with(start, policy, 2)
    old = cluster.workers
    clients = [cluster.connect() for _ in range(20)]
    for client in clients:
        cluster.expect(ask(cluster, client).pid in old, "an answer of an old one")
    new = reload(cluster)
    for client in clients:
        cluster.expect(ask(cluster, client).pid in new, "on the same connection, one of a new one",
                       "an idle connection is closed, not handed back")
        client.close()


@EVERY_POLICY
def test_a_new_connection_that_has_sent_nothing_is_served(start, policy):
    cluster = start_with(start, policy, 2)
    with cluster.connect() as client:
        new = reload(cluster)
        cluster.expect(ask(cluster, client).pid in new, "an answer of a new one")


def test_with_reuseport_what_waits_for_one_that_leaves_is_dealt_to_others(start):
    """Its socket has a queue of its own, and must not be closed with it."""
    cluster = start_with(start, "reuseport", 2)
    old = cluster.workers
    for worker in old:
        cluster.send_signal(signal.SIGSTOP, worker)
    clients = [cluster.connect() for _ in range(40)]
    for client in clients:
        client.sendall(REQUEST)
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("worker 3 .* listening")
    for worker in old:
        cluster.send_signal(signal.SIGCONT, worker)
    for client in clients:
        cluster.expect(client.answer().status == 200, "an answer")
        client.close()
    cluster.wait_for("^reloaded")
    cluster.wait_until(lambda: len(cluster.workers) == 2, "the old ones are gone")
    cluster.extra_of_primary = {"listener": 3}


def test_a_request_that_has_begun_is_answered_first(start):
    cluster = start(workers=1)
    old = cluster.workers
    with cluster.connect() as half, cluster.connect() as busy:
        half.sendall(REQUEST[:20])
        busy.sendall(REQUEST.replace(b"/ ", b"/slow?ms=400 "))
        cluster.wait_until(lambda: cluster.get().status == 200, "they are read")
        cluster.send_signal(signal.SIGHUP)
        cluster.wait_for(r"^reloaded: ")
        cluster.expect(ask(cluster, half, REQUEST[20:]).pid in old, "the old one answers")
        cluster.expect(busy.answer().pid in old, "the old one answers")
        cluster.wait_until(lambda: cluster.workers and not set(old) & set(cluster.workers), "it leaves")
        for client in (half, busy):
            cluster.expect(ask(cluster, client).pid in cluster.workers, "then the new one does")


def test_a_second_reload_comes_after_the_first(start, tmp_path):
    """Neither lost, nor doubled: whoever asks during a reload wants workers that start after that."""
    slow = f"sleep 0.3; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 2, "--exec", "/bin/sh", "--", "-c", slow, ready=2)
    for _ in range(5):
        cluster.send_signal(signal.SIGHUP)
        cluster.watch(0.05)
    cluster.wait_for(r"^reloaded: 2 workers\n", count=2)
    cluster.wait_until(lambda: len(cluster.workers) == 2, "two workers")
    cluster.expect(cluster.printed["stdout"].count(" online") == 6, "three generations of two")


@pytest.fixture
def changeable(start, tmp_path):
    """A cluster whose program the test can change: with the function that does it."""
    program = tmp_path / "program"

    def change(text):
        program.write_text("#!/bin/sh\n" + text)
        program.chmod(0o755)

    change(f"exec {harness.IN_A_SHELL} --port 0\n")
    cluster = start("--workers", 2, "--start-timeout", 0.5, "--exec", program, ready=2)
    return cluster, change, program


@pytest.mark.parametrize("wrong", ["exit 1", "exec sleep 60", "missing"])
def test_if_the_new_program_fails_the_old_workers_stay(changeable, wrong):
    cluster, change, program = changeable
    cluster.deaths_are_normal = True
    old = cluster.workers
    program.unlink() if wrong == "missing" else change(wrong)
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for(r"the reload has failed: worker 3 ", stream="stderr")
    cluster.expect(cluster.workers == old, "the old ones are there")
    cluster.expect(cluster.get().pid in old, "and serve")
    change(f"exec {harness.IN_A_SHELL} --port 0\n")
    cluster.expect(not set(old) & set(reload(cluster)), "the next reload succeeds")


def test_a_worker_that_dies_during_a_reload_is_replaced(start):
    slow = f"sleep 0.2; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 3, "--exec", "/bin/sh", "--", "-c", slow, ready=3)
    old = cluster.workers
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("worker 4 .* online")
    cluster.send_signal(signal.SIGKILL, old[2])
    cluster.wait_for(r"^reloaded: 3 workers\n")
    cluster.wait_until(lambda: len(cluster.workers) == 3, "three workers")
    cluster.expect(not set(old) & set(cluster.workers), "all of them new")


def test_a_worker_that_does_not_leave_is_killed(start):
    cluster = start("--drain-timeout", 0.5, workers=1)
    cluster.deaths_are_normal = True
    old = cluster.workers
    with cluster.connect() as busy:
        busy.sendall(REQUEST.replace(b"/ ", b"/slow?ms=60000 "))
        cluster.wait_until(lambda: cluster.get().status == 200, "it is served")
        reload(cluster)
        cluster.wait_for(r"worker 1 \(pid \d+\) does not leave, so it is killed", stream="stderr")
        cluster.expect(cluster.get().pid not in old, "the new one serves")


def test_it_can_be_stopped_during_a_reload(start):
    slow = f"sleep 0.5; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 2, "--exec", "/bin/sh", "--", "-c", slow, ready=2)
    cluster.send_signal(signal.SIGHUP)
    cluster.stop()
