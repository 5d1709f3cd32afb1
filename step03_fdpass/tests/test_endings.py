"""However it ends, nothing is left: no process, no zombie, no port."""
import os
import pty
import signal
import socket
import time

import client
import pytest
from proc import children_of, descriptors_of, fill, is_gone, listening_ports_of

HELD = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}


def assert_port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        probe.bind(("127.0.0.1", port))
        probe.listen()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(start, number):
    cluster = start(workers=3)
    workers, port = cluster.workers, cluster.port
    cluster.get()
    cluster.stop(number)
    cluster.expect(all(map(is_gone, workers)), "the workers ended before the primary")
    assert_port_is_free(port)


def test_ctrl_c_in_a_terminal_ends_everything(start):
    terminal, inside = pty.openpty()
    cluster = start(workers=3, stdin=inside, start_new_session=True,
                    preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
    os.close(inside)
    workers, port = cluster.workers, cluster.port
    cluster.tell("pressed Ctrl-C")
    os.write(terminal, b"\x03")
    cluster.wait_for_exit(0)
    cluster.wait_until(lambda: all(map(is_gone, workers)), "all workers are gone")
    os.close(terminal)
    assert_port_is_free(port)


def test_a_killed_primary_takes_its_workers_along(start):
    cluster = start(workers=3)
    workers, port = cluster.workers, cluster.port
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)
    cluster.wait_until(lambda: all(map(is_gone, workers)), "all workers are gone",
                       hint="a worker has not asked for PR_SET_PDEATHSIG", seconds=1)
    assert_port_is_free(port)


def test_a_killed_primary_takes_stopped_workers_along(start):
    cluster = start(workers=2)
    workers = cluster.workers
    cluster.send_signal(signal.SIGSTOP, workers[0])
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)
    cluster.wait_until(lambda: all(map(is_gone, workers)), "all workers are gone", seconds=1)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGABRT])
def test_a_killed_worker_is_reported_and_the_others_serve_on(start, number):
    cluster = start(workers=3)
    victim, *others = cluster.workers
    cluster.send_signal(number, victim)
    cluster.wait_for(rf"^worker {victim} died \(signal {int(number)}\)\n",
                     hint="nobody calls waitpid(2), or the worker does not take the signal")
    cluster.expect(victim not in children_of(cluster.pid), "the worker is reaped",
                   "nobody calls waitpid(2)")
    for worker in others:
        answer = cluster.get(cluster.port_of(worker))
        cluster.expect(answer.status == 200 and answer.pid in others, "another worker answers")


def test_workers_that_die_together_are_all_reported(start):
    cluster = start(workers=8)
    *victims, survivor = cluster.workers
    cluster.send_signal(signal.SIGSTOP)  # so that their SIGCHLDs merge into one
    for victim in victims:
        cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_until(lambda: list(children_of(cluster.pid).values()).count("Z") == 7, "7 zombies")
    cluster.send_signal(signal.SIGCONT)
    cluster.wait_for(r"died \(signal 9\)", count=7,
                     hint="several SIGCHLD arrive as one; waitpid(2) has to be called in a loop")
    cluster.expect(cluster.workers == [survivor], "one worker is left")
    cluster.expect(cluster.get().pid == survivor, "it serves on")


def test_a_primary_without_workers_ends_with_status_1(start):
    cluster = start(workers=2)
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGKILL, worker)
    cluster.wait_for_exit(1)
    cluster.expect("all workers died" in cluster.read_all()[1], "the reason on standard error")


def test_a_stopped_worker_does_not_hold_up_the_end(start):
    cluster = start(workers=2)
    worker = cluster.workers[0]
    cluster.send_signal(signal.SIGSTOP, worker)
    cluster.wait_until(lambda: children_of(cluster.pid)[worker] == "T", "the worker is stopped")
    cluster.stop()


def test_a_worker_that_serves_does_not_hold_up_the_end(start):
    cluster = start(workers=1)
    with cluster.connect():
        worker = cluster.workers[0]
        cluster.wait_until(lambda: "connection" in dict(descriptors_of(worker).values()),
                           "the worker has accepted the client")
        cluster.stop()


def test_it_can_be_ended_at_any_moment_of_its_start(start):
    for milliseconds in range(12):
        cluster = start(workers=4, ready=False)
        time.sleep(milliseconds / 1000)
        cluster.send_signal(signal.SIGTERM)
        # Before it has asked for the signals, SIGTERM does what it does to any process.
        cluster.wait_for_exit(0, -signal.SIGTERM)
        cluster.finish()


def test_it_can_be_killed_at_any_moment_of_its_start(start):
    """A worker may be so new that it has not asked yet to be killed with its primary."""
    for milliseconds in range(12):
        cluster = start(workers=4, ready=False)
        time.sleep(milliseconds / 1000)
        cluster.send_signal(signal.SIGKILL)
        cluster.wait_for_exit(-signal.SIGKILL)
        cluster.finish()


def test_signals_blocked_by_the_parent_work(start):
    every = signal.valid_signals()
    cluster = start(workers=2,
                    preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, every))
    victim, other = cluster.workers
    cluster.send_signal(signal.SIGTERM, victim)
    cluster.wait_for(rf"worker {victim} died \(signal 15\)", hint="the mask is inherited")
    cluster.send_signal(signal.SIGSTOP, other)
    cluster.stop()


def test_signals_ignored_by_the_parent_work(start):
    cluster = start(workers=2,
                    preexec_fn=lambda: [signal.signal(s, signal.SIG_IGN) for s in HELD])
    victim, _ = cluster.workers
    cluster.send_signal(signal.SIGTERM, victim)
    cluster.wait_for(rf"worker {victim} died \(signal 15\)", hint="SIGCHLD or SIGTERM is ignored")
    cluster.stop(signal.SIGINT)


def test_it_runs_without_descriptors_0_to_2(start):
    cluster = start(workers=2, ready=False, stdin=None, stdout=None, stderr=None,
                    preexec_fn=lambda: os.closerange(0, 3))
    processes = cluster.wait_until(
        lambda: len(cluster.workers) == 2 and [cluster.pid, *cluster.workers], "2 workers")
    ports = cluster.wait_until(
        lambda: [port for pid in processes for port in listening_ports_of(pid)], "they listen")
    for pid in processes:
        standard = [descriptors_of(pid).get(fd) for fd in range(3)]
        cluster.expect(standard == [("/dev/null", "/dev/null")] * 3, "0 to 2 are /dev/null",
                       "a socket has taken the number of standard output")
    cluster.expect(cluster.get(ports[0]).status == 200, "an answer")


@pytest.mark.parametrize("streams", [("stdout",), ("stderr",), ("stdout", "stderr")])
@pytest.mark.parametrize("state", ["full", "broken"])
def test_nobody_has_to_read_what_it_prints(start, state, streams):
    reader, writer = os.pipe()
    if state == "full":
        fill(writer)
    else:
        os.close(reader)
    cluster = start(workers=2, ready=False, **{stream: writer for stream in streams})
    os.close(writer)
    workers = cluster.wait_until(lambda: len(cluster.workers) == 2 and cluster.workers, "2 workers")
    port = cluster.wait_until(
        lambda: [port for pid in workers for port in listening_ports_of(pid)], "they listen")[0]
    cluster.expect(cluster.get(port).status == 200, "an answer",
                   "a process waits until somebody reads what it wants to print")
    cluster.send_signal(signal.SIGKILL, workers[0])
    cluster.wait_until(lambda: workers[0] not in children_of(cluster.pid), "the worker is reaped")
    cluster.stop()
    if state == "full":
        os.close(reader)


def test_the_port_is_free_again_after_connections(start):
    """The server closes first, so its side of each connection stays in TIME_WAIT."""
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        for _ in range(2):
            cluster = start(workers=1, port=port)
            for _ in range(5):
                cluster.get()
            cluster.stop()
