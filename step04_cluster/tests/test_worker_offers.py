"""The worker's side of the protocol: connections and sockets that it is given. The test plays the
primary."""
import array
import fcntl
import os
import socket
import termios
import time

import client
import pytest
from fake_primary import REQUEST, connection, worker  # noqa: F401 (fixtures)
from proc import descriptors_of


def unread(connection):
    """How many bytes have arrived that nobody has read. See FIONREAD in ioctl(2)."""
    count = array.array("i", [0])
    fcntl.ioctl(connection, termios.FIONREAD, count)
    return count[0]


def wait_until(condition, what):
    deadline = time.monotonic() + client.PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def test_it_answers_an_offer_before_it_serves(worker, connection):
    """Two answers, on two layers: the descriptor is here; I take the connection."""
    ours, accepted = connection
    one = worker().start()
    offer = one.offer(accepted)
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
    answer = one.peer.receive_line()
    assert (answer["ack"], answer["accepted"]) == (offer, True)
    accepted.close()
    ours.sendall(REQUEST)
    assert ours.answer().pid == one.process.pid


def test_it_does_not_read_before_its_answer_is_in_the_kernel(worker, connection):
    """While the channel is full, the primary cannot know that the worker has taken a connection. If
    the worker died now, somebody else would get it: so nothing may have been read from it."""
    ours, accepted = connection
    one = worker().start()
    # Each of these lines gets an answer, and we read none: in the end the channel is full.
    for _ in range(5000):
        one.offer(accepted, key="none")
    one.offer(accepted)
    wait_until(lambda: "connection" in dict(descriptors_of(one.process.pid).values()),
               "the worker has the connection")
    ours.sendall(REQUEST)
    wait_until(lambda: unread(accepted) == len(REQUEST), "the request has arrived")
    time.sleep(0.2)  # in which it does not read
    assert unread(accepted) == len(REQUEST)

    while one.peer.receive_line().get("accepted") is not True:
        continue
    accepted.close()
    assert ours.answer().pid == one.process.pid


def test_it_serves_what_it_has_taken_even_if_it_is_asked_to_leave_meanwhile(worker, connection):
    """It said that it takes the connection, and the primary has closed its copy."""
    ours, accepted = connection
    one = worker().start()
    for _ in range(5000):
        one.offer(accepted, key="none")
    one.offer(accepted)
    one.peer.say("disconnect")
    ours.sendall(REQUEST)
    wait_until(lambda: unread(accepted) == len(REQUEST), "the request has arrived")
    while (message := one.peer.receive_line()) is not None and message.get("accepted") is not True:
        continue
    accepted.close()
    assert ours.answer().pid == one.process.pid
    while one.peer.receive_line() is not None:
        continue
    assert one.end() == (0, "")


def test_it_refuses_a_connection_for_a_key_that_it_does_not_have(worker, connection):
    ours, accepted = connection
    one = worker().start()
    offer = one.offer(accepted, key="another")
    accepted.close()
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
    answer = one.peer.receive_line()
    assert (answer["ack"], answer["accepted"]) == (offer, False)
    assert ours.recv(1) == b""  # nobody has kept it


def test_it_refuses_what_is_no_connection(worker):
    one = worker().start()
    with open("/dev/null") as file, socket.create_server(("127.0.0.1", 0)) as listener, \
            socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        for wrong in (file, listener, datagrams):
            offer = one.offer(wrong)
            assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
            assert one.peer.receive_line()["accepted"] is False


def test_an_offer_without_its_descriptor_is_refused_on_both_layers(worker):
    one = worker().start()
    one.peer.send_line({"cmd": "NODE_HANDLE", "type": "net.Native", "msg": {
        "cmd": "NODE_CLUSTER", "act": "newconn", "key": "k", "seq": 99}})
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_NACK"}
    answer = one.peer.receive_line()
    assert (answer["ack"], answer["accepted"]) == (99, False)


def shared_answer(one, listener):
    one.hear("online")
    query = one.hear("queryServer")
    one.peer.seq += 1
    one.peer.send_line({"cmd": "NODE_HANDLE", "type": "net.Native", "msg": {
        "cmd": "NODE_CLUSTER", "errno": 0, "key": "k", "ack": query["seq"], "data": None,
        "seq": one.peer.seq}}, listener.fileno())
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}


def test_with_a_socket_in_the_answer_it_accepts_by_itself(worker):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        one = worker("--port", 0)
        shared_answer(one, bound)
        port = bound.getsockname()[1]
        assert one.hear("listening")["port"] == port
        with client.Client(port) as ours:
            ours.sendall(REQUEST)
            assert ours.answer().pid == one.process.pid


def test_a_blocking_socket_does_not_freeze_it(worker):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        one = worker("--port", 0)
        shared_answer(one, bound)
        one.hear("listening")
        assert not os.get_blocking(bound.fileno())


def test_an_unbound_socket_means_that_the_port_is_in_use(worker):
    """libuv learns only in listen() that a port is taken; a Node primary sends what it has."""
    with socket.socket() as unbound:
        one = worker("--port", 8000)
        shared_answer(one, unbound)
        assert one.hear("close")["key"] == "k"
        assert one.hear("queryServer")  # it tries again for a second


@pytest.mark.parametrize("wrong", ["file", "datagrams", "connected"])
def test_a_descriptor_that_cannot_listen_is_refused(worker, connection, wrong):
    with open("/dev/null") as file, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        one = worker("--port", 0)
        shared_answer(one, {"file": file, "datagrams": datagrams, "connected": connection[1]}[wrong])
        assert one.hear("close")["key"] == "k"
