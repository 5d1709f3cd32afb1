"""However it ends, nothing is left: no process, no zombie, no port; and no request is lost."""
import contextlib
import os
import pty
import signal
import socket
import time

import pytest
from policies import EVERY_POLICY, start_with
from proc import children_of, descriptors_of, fill, is_gone, listening_ports_of

SLOW = b"GET /slow?ms=500 HTTP/1.1\r\nHost: x\r\n\r\n"


def assert_port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        probe.bind(("127.0.0.1", port))
        probe.listen()


@EVERY_POLICY
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_gracefully(start, number, policy):
    cluster = start_with(start, policy, 3)
    workers, port = cluster.workers, cluster.port
    with cluster.connect() as busy, cluster.connect() as idle:
        idle.sendall(SLOW.replace(b"500", b"0"))
        cluster.expect(idle.answer().status == 200, "an answer")
        busy.sendall(SLOW)
        cluster.wait_until(lambda: sum(kind == "connection" for w in workers
                                       for kind, _ in descriptors_of(w).values()) >= 2, "it is served")
        time.sleep(0.1)  # the request is read
        began = time.monotonic()
        cluster.send_signal(number)
        cluster.expect(idle.read_to_end() == b"", "the end of the idle connection")
        cluster.expect(busy.answer().body == b"Hello world, later\n", "the answer that was due")
        cluster.wait_for_exit(0)
        cluster.expect(time.monotonic() - began < 4, "nobody waits for a client that does not close")
    cluster.expect(all(map(is_gone, workers)), "the workers ended before the primary")
    assert_port_is_free(port)


def test_a_second_signal_ends_it_at_once(start):
    cluster = start(workers=2)
    with cluster.connect() as busy:
        busy.sendall(SLOW.replace(b"500", b"60000"))
        time.sleep(0.2)
        cluster.send_signal(signal.SIGTERM)
        cluster.wait_for("disconnected")
        cluster.stop(signal.SIGINT)


@pytest.fixture
def in_a_terminal(start):
    """in_a_terminal(): a cluster that is the foreground of a terminal, and a function that closes this."""
    with contextlib.ExitStack() as stack:
        def start_there(prepare=lambda: None):
            terminal, inside = pty.openpty()
            open_ = stack.enter_context(open(terminal, "rb", buffering=0))

            def take_it():
                prepare()
                os.close(os.open(os.ttyname(0), os.O_RDWR))  # now it is the controlling one
            cluster = start(workers=2, stdin=inside, start_new_session=True, preexec_fn=take_it)
            os.close(inside)
            return cluster, open_.close
        yield start_there


def test_it_ends_with_its_terminal_gracefully(in_a_terminal):
    cluster, close_terminal = in_a_terminal()
    with cluster.connect() as busy:
        busy.sendall(SLOW.replace(b"500", b"1500"))
        cluster.wait_until(lambda: any(kind == "connection" for w in cluster.workers
                                       for kind, _ in descriptors_of(w).values()), "it is served")
        time.sleep(0.1)  # the request is read
        close_terminal()
        cluster.wait_for("disconnected", hint="SIGHUP is taken for a reload")
        cluster.send_signal(signal.SIGHUP)  # the shell says so, too: that is no second order
        cluster.expect(busy.answer().body == b"Hello world, later\n", "the answer that was due")
    cluster.wait_for_exit(0)
    cluster.expect("died" not in cluster.read_all()[0], "nobody is killed")


def test_while_its_terminal_is_there_sighup_is_a_reload(in_a_terminal):
    cluster, _ = in_a_terminal()
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("^reloaded: 2 workers")
    cluster.stop()  # before the terminal goes


def test_it_outlives_its_terminal_if_it_was_told_to(in_a_terminal):
    """As nohup(1) does."""
    cluster, close_terminal = in_a_terminal(lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    close_terminal()
    cluster.wait_for("^reloaded: 2 workers")
    cluster.expect(cluster.get().status == 200, "an answer")


def test_ctrl_c_in_a_terminal_ends_it_gracefully(start):
    """The whole foreground group gets the signal; the workers leave it to the primary."""
    terminal, inside = pty.openpty()
    cluster = start(workers=2, stdin=inside, start_new_session=True,
                    preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)))
    os.close(inside)
    with cluster.connect() as busy:
        busy.sendall(SLOW)
        time.sleep(0.1)
        cluster.tell("pressed Ctrl-C")
        os.write(terminal, b"\x03")
        cluster.expect(busy.answer().body == b"Hello world, later\n", "the answer that was due")
    cluster.wait_for_exit(0)
    os.close(terminal)


@EVERY_POLICY
def test_a_killed_primary_takes_its_workers_along(start, policy):
    cluster = start_with(start, policy, 3)
    workers, port = cluster.workers, cluster.port
    cluster.send_signal(signal.SIGSTOP, workers[0])
    with cluster.connect() as busy:
        busy.sendall(SLOW.replace(b"500", b"60000"))
        cluster.send_signal(signal.SIGKILL)
        cluster.wait_for_exit(-signal.SIGKILL)
        cluster.wait_until(lambda: all(map(is_gone, workers)), "all workers are gone",
                           "a worker does not follow its channel, nor PR_SET_PDEATHSIG", seconds=1)
    assert_port_is_free(port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_can_be_ended_at_any_moment_of_its_start(start, number):
    """Signals between fork(2) and execve(2), too."""
    for milliseconds in range(15):
        cluster = start(workers=4, ready=False)
        time.sleep(milliseconds / 1000)
        cluster.send_signal(number)
        # Before it has asked for the signal, SIGTERM does what it does to any process.
        cluster.wait_for_exit(0, -number)
        cluster.finish()


def test_signals_blocked_by_the_parent_work(start):
    every = signal.valid_signals()
    cluster = start(workers=2,
                    preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_SETMASK, every))
    victim = cluster.workers[0]
    cluster.send_signal(signal.SIGTERM, victim)
    cluster.wait_for(rf"worker \d+ \(pid {victim}\) disconnected", hint="the mask is inherited")
    cluster.wait_for("worker 3 .* listening")
    cluster.stop()


def test_signals_ignored_by_the_parent_work(start):
    held = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
    cluster = start(workers=2,
                    preexec_fn=lambda: [signal.signal(s, signal.SIG_IGN) for s in held])
    victim = cluster.workers[0]
    cluster.send_signal(signal.SIGTERM, victim)
    cluster.wait_for(rf"worker \d+ \(pid {victim}\) disconnected", hint="SIGCHLD or SIGTERM is ignored")
    cluster.wait_for("worker 3 .* listening")
    cluster.stop(signal.SIGINT)


def test_it_runs_without_descriptors_0_to_2(start):
    cluster = start(workers=2, ready=False, stdin=None, stdout=None, stderr=None,
                    preexec_fn=lambda: os.closerange(0, 3))
    port = cluster.wait_until(lambda: listening_ports_of(cluster.pid), "it listens")[0]
    for pid in cluster.wait_until(
            lambda: len(cluster.workers) == 2 and [cluster.pid, *cluster.workers], "2 workers"):
        standard = [descriptors_of(pid).get(fd) for fd in range(3)]
        cluster.expect(standard == [("/dev/null", "/dev/null")] * 3, "0 to 2 are /dev/null",
                       "a socket has taken the number of standard output")
    cluster.expect(cluster.get(port).status == 200, "an answer")


@pytest.mark.parametrize("state", ["full", "broken"])
def test_nobody_has_to_read_what_it_prints(start, state):
    reader, writer = os.pipe()
    if state == "full":
        fill(writer)
    else:
        os.close(reader)
    cluster = start(workers=2, ready=False, stdout=writer, stderr=writer)
    os.close(writer)
    port = cluster.wait_until(lambda: listening_ports_of(cluster.pid), "it listens")[0]
    cluster.expect(cluster.get(port).status == 200, "an answer",
                   "a process waits until somebody reads what it wants to print")
    victim = cluster.workers[0]
    cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_until(lambda: victim not in children_of(cluster.pid) and len(cluster.workers) == 2,
                       "the worker is replaced")
    cluster.stop()
    if state == "full":
        os.close(reader)
