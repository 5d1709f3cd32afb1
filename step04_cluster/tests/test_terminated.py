"""SIGTERM for workers: they leave as if they had been asked to. Whoever sends it to all processes at once (systemd,
timeout, a terminal multiplexer) cuts nobody."""
import contextlib
import os
import signal

import client
import pytest
from fake_primary import connection, worker  # noqa: F401 (fixtures)
from policies import EVERY_POLICY, start_with
from proc import children_of, is_gone

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW = REQUEST.replace(b"/ ", b"/slow?ms=700 ", 1)
LATER = b"Hello world, later\n"


def begin(one, slow=SLOW):
    """Has a slow request under way: it came in one piece with another one that has been answered."""
    one.sendall(REQUEST + slow)
    while not one.pending.endswith(b"Hello world\n"):
        one.pending += one.recv(1)
    return client.parse_answer(one.pending).pid


class Patient(client.Client):
    pending = b""


# ---- Everybody gets it

@EVERY_POLICY
@pytest.mark.parametrize("first", ["all at once", "workers", "primary"])
def test_all_processes_are_told_to_end(start, policy, first):
    cluster = start_with(start, policy, 2, start_new_session=True)
    clients = [Patient(cluster.port) for _ in range(6)]
    for one in clients:
        begin(one)
    cluster.tell(f"sent SIGTERM to everybody, {first}")
    if first == "all at once":
        os.killpg(cluster.pid, signal.SIGTERM)
    else:
        for pid in sorted([cluster.pid, *cluster.workers], key=lambda p: (p == cluster.pid) == (first == "workers")):
            with contextlib.suppress(ProcessLookupError):  # with shared, a worker may have nobody to serve, and be gone
                os.kill(pid, signal.SIGTERM)
    for one in clients:
        cluster.expect(one.answer().body == LATER, "the answer that was due",
                       "a worker dies by the signal, or ends with its primary")
        one.close()
    cluster.wait_for_exit(0)
    cluster.expect("died" not in cluster.printed["stdout"].partition("listening on")[2], "nobody died")


# ---- One gets it

@EVERY_POLICY
def test_one_alone_is_replaced(start, policy):
    cluster = start_with(start, policy, 2)
    busy, idle = Patient(cluster.port), cluster.connect()
    victim = begin(busy)
    while True:  # a client of the same worker
        idle.sendall(REQUEST)
        if idle.answer().pid == victim:
            break
        idle.close()
        idle = cluster.connect()
    cluster.send_signal(signal.SIGTERM, victim)
    new = int(cluster.wait_for(r"^worker 3 \(pid (\d+)\) listening\n")[1])
    cluster.expect(busy.answer().body == LATER, "the answer that was due")
    idle.sendall(REQUEST)
    cluster.expect(idle.answer().pid != victim, "an answer of somebody else, on the same connection")
    busy.close(), idle.close()
    cluster.wait_for(rf"^worker \d \(pid {victim}\) disconnected\n")
    cluster.wait_until(lambda: victim not in children_of(cluster.pid), "it is gone")
    cluster.expect(new in cluster.workers and len(cluster.workers) == 2, "two workers again")
    cluster.expect("died" not in cluster.printed["stdout"], "nobody died")


@EVERY_POLICY
def test_the_only_one_is_replaced_and_clients_wait(start, policy):
    """The port stays open, although nobody listens for a moment."""
    cluster = start_with(start, policy, 1)
    port, victim = cluster.port, cluster.workers[0]
    busy, idle = Patient(port), cluster.connect(port)
    begin(busy)
    idle.sendall(REQUEST)
    idle.answer()
    cluster.send_signal(signal.SIGTERM, victim)
    while True:
        with cluster.connect(port) as one:
            one.sendall(REQUEST)
            pid = one.answer().pid
        if pid != victim:
            break
    cluster.expect(busy.answer().body == LATER, "the answer that was due")
    idle.sendall(REQUEST)
    cluster.expect(idle.answer().pid in cluster.workers, "its idle connection goes to the new one")
    busy.close(), idle.close()
    cluster.wait_until(lambda: cluster.workers == [pid], "the old one is gone")


def test_whoever_does_not_come_to_an_end_is_killed(start):
    cluster = start("--drain-timeout", 0.2, workers=1)
    cluster.deaths_are_normal = True
    with Patient(cluster.port) as busy:
        victim = begin(busy, SLOW.replace(b"700", b"60000"))
        cluster.send_signal(signal.SIGTERM, victim)
        cluster.wait_for(rf"worker 1 \(pid {victim}\) does not leave, so it is killed", "stderr")
        cluster.wait_for(r"^worker 2 \(pid \d+\) listening\n")


# ---- Its primary is gone as well. The test is the primary

def start_and_begin(worker, connection):
    ours, accepted = connection
    one = worker().start()
    one.offer(accepted)
    accepted.close()
    ours.sendall(REQUEST + SLOW)
    data = b""
    while not data.endswith(b"Hello world\n"):
        data += ours.recv(1)
    one.peer.receive_line(), one.peer.receive_line()
    return one, ours


@pytest.mark.parametrize("order", ["before", "after"])
def test_a_request_is_answered_although_the_primary_is_gone(worker, connection, order):
    one, ours = start_and_begin(worker, connection)
    one.process.send_signal(signal.SIGSTOP)  # so that it sees both at once
    if order == "before":
        one.peer.socket.close()
    one.process.send_signal(signal.SIGTERM)
    one.peer.socket.close()
    one.process.send_signal(signal.SIGCONT)
    assert ours.answer().body == LATER
    assert one.end() == (0, "")


def test_the_primary_goes_while_a_connection_is_handed_back(worker, connection):
    one, ours = start_and_begin(worker, connection)
    one.process.send_signal(signal.SIGTERM)
    question = one.hear("exitedAfterDisconnect")
    assert question["signalled"] is True
    assert ours.answer().body == LATER  # until the primary says that it knows, all is as it was
    one.peer.say(ack=question["seq"], features=["handback"])
    one.hear("close")
    message, fd = one.peer.hear(acknowledge=False)
    os.close(fd)
    assert message["act"] == "handback"
    one.peer.socket.close()
    assert ours.recv(1) == b""
    assert one.end() == (0, "")


def test_alone_it_does_not_live_for_ever(worker, connection):
    """10 seconds."""
    ours, accepted = connection
    one = worker().start()
    one.offer(accepted)
    accepted.close()
    ours.sendall(REQUEST + SLOW.replace(b"700", b"60000"))
    assert ours.recv(1)
    one.process.send_signal(signal.SIGTERM)
    one.peer.hear_act("exitedAfterDisconnect")
    one.peer.socket.close()
    assert one.end() == (-signal.SIGALRM, "")
    assert is_gone(one.process.pid)
