"""Rows L, R and K: listening, sharing, serving."""
import os
import resource
import signal
import socket
import time

import pytest
from proc import descriptors_of, listening_ports_of
from systems import ask, connect, request

BOTH = pytest.mark.parametrize("policy", ["rr", "none"])


def busy_port():
    return socket.create_server(("127.0.0.1", 0))


# ---- L: listening

@BOTH
def test_L1_one_shared_port(start, policy):
    """Every worker's listen() succeeds, on one port."""
    system = start(policy)
    with busy_port() as free:
        port = free.getsockname()[1]
    system.fork(3)
    assert system.listen([1, 2, 3], port=port) == port
    assert {ask(port) for _ in range(30)} <= {1, 2, 3}


@BOTH
def test_L2_port_0_is_shared(start, policy):
    """All workers get the same port, and the primary learns which."""
    system = start(policy)
    system.fork(2)
    port = system.listen([1, 2], port=0)
    assert {system.wait_for("listening", id)["where"]["port"] for id in (1, 2)} == {port}


@BOTH
def test_L3_second_port_0_in_a_worker(start, policy):
    """A second listen(0) in a worker gets another port, and again the same for all workers."""
    system = start(policy)
    system.fork(2)
    assert system.listen([1, 2], name="a") != system.listen([1, 2], name="b")


@BOTH
def test_L4_numbers_are_not_confused(start, policy):
    """After a close port 0 can be asked for again, by all workers."""
    system = start(policy)
    system.fork(2)
    system.listen([1, 2], name="a")
    for id in (1, 2):
        system.task(id, "close", name="a")
        system.message(id, closed="a")
    assert ask(system.listen([1, 2], name="a")) in (1, 2)


@BOTH
def test_L5_port_in_use(start, policy):
    """A port in use is an error in the worker, with the right code, and nowhere else."""
    system = start(policy)
    system.fork(2)
    with busy_port() as other:
        system.task(1, "listen", name="a", port=other.getsockname()[1])
        assert system.message(1, failed="a")["code"] == "EADDRINUSE"
    assert ask(system.listen([2], name="a")) == 2
    assert system.workers() == [1, 2]


@BOTH
def test_L6_failure_is_not_kept(start, policy):
    """A failure is not kept: later the same port can be had."""
    system = start(policy)
    system.fork()
    with busy_port() as other:
        port = other.getsockname()[1]
        system.task(1, "listen", name="a", port=port)
        system.message(1, failed="a")
    assert ask(system.listen([1], name="a", port=port)) == 1


@BOTH
def test_L7_privileged_port(start, policy):
    """A privileged port is refused with EACCES, in the worker."""
    def drop_the_right():  # CAP_NET_BIND_SERVICE is 10: see capabilities(7), PR_CAPBSET_DROP is 24
        __import__("ctypes").CDLL(None).prctl(24, 10, 0, 0, 0)
    system = start(policy, preexec_fn=drop_the_right)
    system.fork()
    system.task(1, "listen", name="a", port=7)
    assert system.message(1, failed="a")["code"] == "EACCES"


@BOTH
def test_L10_ipv6(start, policy):
    """'::' takes IPv4 clients, too."""
    if not socket.has_ipv6 or not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    system = start(policy)
    system.fork()
    assert ask(system.listen([1], host="::")) == 1


@BOTH
def test_L16_closed_before_the_answer(start, policy):
    """A server that was closed before the answer leaves nothing open."""
    system = start(policy)
    system.fork()
    system.task(1, "listen", name="a")
    system.task(1, "close", name="a")
    system.message(1, closed="a")
    system.task(1, "echo", value=1)
    system.message(1, echo=1)
    system.wait_until(lambda: not listening_ports_of(system.process.pid), "no listening socket")
    system.do("leave", id=1)
    assert system.wait_for("exit")["code"] == 0


@BOTH
def test_L17_close_and_listen_again(start, policy):
    """A worker closes and listens again while another one keeps the port."""
    system = start(policy)
    system.fork(2)
    with busy_port() as free:
        port = free.getsockname()[1]
    system.listen([1, 2], port=port)
    system.task(1, "close", name="a")
    system.message(1, closed="a")
    assert {ask(port) for _ in range(6)} == {2}
    system.listen([1], port=port)
    if policy == "rr":
        assert {ask(port) for _ in range(6)} == {1, 2}


def test_L19_again_after_a_second_one_failed(system):
    """A worker listens on its port twice, which fails; later it closes, and can have the port again with the others."""
    system.fork(2)
    with busy_port() as free:
        port = free.getsockname()[1]
    system.listen([1, 2], port=port)
    system.task(1, "listen", name="b", port=port)
    assert system.message(1, failed="b")["code"] == "EADDRINUSE"
    system.task(1, "close", name="a")
    system.message(1, closed="a")
    system.task(1, "listen", name="b", port=port)
    assert "listens" in system.message(1)
    assert {ask(port) for _ in range(6)} == {1, 2}


# ---- R: scheduling

@BOTH
def test_R1_two_modes(start, policy):
    """There are two modes: the primary accepts, or the workers do."""
    system = start(policy)
    system.fork(2)
    port = system.listen([1, 2])
    pid = system.wait_for("fork", 1)["pid"]
    assert listening_ports_of(pid) == ([] if policy == "rr" else [port])


def test_R2_rotation(system):
    """One client after the other is served by each worker in turn."""
    system.fork(4)
    port = system.listen([1, 2, 3, 4])
    ids = [ask(port) for _ in range(16)]
    assert sorted(ids) == sorted([1, 2, 3, 4] * 4)
    assert all(len(set(ids[i:i + 4])) == 4 for i in range(0, 16, 4))


def test_R3_one_offer_at_a_time(system):
    """A worker gets the next connection when it has taken the last: a frozen one holds up one."""
    system.fork(2)
    port = system.listen([1, 2])
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    clients = [connect(port, request()) for _ in range(10)]
    answered = 0
    for one in clients:
        one.settimeout(0.5)
        try:
            answered += int(one.answer().body) == 2
        except TimeoutError:
            continue
    os.kill(pid, signal.SIGCONT)
    for one in clients:
        one.close()
    assert answered >= 9


def test_R4_refusal(system):
    """A worker that has closed its server refuses; another one serves."""
    system.fork(2)
    port = system.listen([1, 2])
    pid = system.wait_for("fork", 1)["pid"]
    os.kill(pid, signal.SIGSTOP)
    system.task(1, "close", name="a")  # it will read this before what it is offered now
    system.do("workers")
    system.wait_for("workers")
    clients = [connect(port, request()) for _ in range(4)]
    os.kill(pid, signal.SIGCONT)
    assert [int(one.answer().body) for one in clients] == [2] * 4
    for one in clients:
        one.close()


def test_R5_accept_fails(system):
    """Without descriptors nothing crashes, and later clients are served."""
    system.fork()
    port = system.listen([1])
    limit = resource.RLIMIT_NOFILE
    before = resource.prlimit(system.process.pid, limit)
    few = len(descriptors_of(system.process.pid))
    resource.prlimit(system.process.pid, limit, (few, before[1]))
    clients = [connect(port, request()) for _ in range(3)]
    time.sleep(0.2)  # in which it cannot accept
    resource.prlimit(system.process.pid, limit, before)
    assert ask(port) == 1
    for one in clients:
        one.close()


@BOTH
def test_R6_last_one_closes(start, policy):
    """The port is closed when the last worker has left it, and open again for the next."""
    system = start(policy)
    system.fork(2)
    with busy_port() as free:
        port = free.getsockname()[1]
    system.listen([1], port=port)
    system.task(1, "close", name="a")
    system.message(1, closed="a")
    system.wait_until(lambda: not listening_ports_of(system.process.pid), "no listening socket")
    with pytest.raises(ConnectionRefusedError):
        connect(port)
    system.listen([2], port=port)
    assert ask(port) == 2


def test_R7_listening_keeps_it_alive(system):
    """A worker that listens lives, although under round robin it has no socket."""
    system.fork()
    port = system.listen([1])
    time.sleep(0.3)
    assert ask(port) == 1


# ---- K: HTTP

def test_K1_keep_alive(system):
    """All requests of a keep-alive connection stay with one worker."""
    system.fork(3)
    port = system.listen([1, 2, 3])
    with connect(port) as one:
        ids = []
        for _ in range(6):
            one.sendall(request(keep=True))
            ids.append(int(one.answer().body))
    assert len(set(ids)) == 1


def test_K2_idle_connections_at_the_end(system):
    """Idle connections are closed at once, and do not hold up a worker that leaves."""
    system.fork()
    port = system.listen([1])
    with connect(port, request(keep=True)) as one:
        one.answer()
        begin = time.monotonic()
        system.do("leave", id=1)
        system.wait_for("exit")
        assert time.monotonic() - begin < 3, "a keep-alive connection times out after 5 s"
        assert one.recv(1) == b""
