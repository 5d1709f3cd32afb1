"""The worker's side of the protocol: how it starts, and how it ends. The test plays the primary."""
import os
import signal

import pytest
from fake_primary import REQUEST, connection, worker  # noqa: F401 (fixtures)
from proc import descriptors_of


def test_it_says_that_it_is_online_and_asks_for_its_port(worker):
    one = worker("--port", 8000)
    assert one.hear("online")["seq"] == 0
    query = one.hear("queryServer")
    del query["seq"]
    assert query == {"cmd": "NODE_CLUSTER", "act": "queryServer", "index": 0, "data": None,
                     "address": "127.0.0.1", "port": 8000, "addressType": 4, "flags": 0, "backlog": 0}


def test_any_address_is_null_as_in_node(worker):
    one = worker("--host", "any", "--port", 8000)
    one.hear("online")
    assert one.hear("queryServer")["address"] is None


def test_it_reports_the_real_port(worker):
    one = worker("--port", 0)
    one.hear("online")
    query = one.hear("queryServer")
    one.peer.say(errno=None, key="k", ack=query["seq"], data=None,
                 sockname={"address": "127.0.0.1", "family": "IPv4", "port": 4321})
    assert one.hear("listening")["port"] == 4321


def test_a_port_in_use_is_tried_again_and_then_reported(worker):
    one = worker("--port", 8000)
    one.hear("online")
    questions = 0
    while True:
        message, _ = one.peer.hear()
        if message is None:
            break
        assert message["act"] == "queryServer"
        questions += 1
        one.peer.say(errno=-98, key="k", ack=message["seq"], data=None)
    assert questions > 3
    status, errors = one.end()
    assert status == 1
    assert "listen 127.0.0.1:8000: Address already in use (another server? try --port 0)" in errors


def test_another_error_is_reported_at_once(worker):
    one = worker("--port", 80)
    one.hear("online")
    one.peer.say(errno=-13, key="k", ack=one.hear("queryServer")["seq"], data=None)
    status, errors = one.end()
    assert status == 1
    assert "listen 127.0.0.1:80: Permission denied" in errors


def test_asked_to_leave_it_closes_its_servers_and_exits_with_0(worker):
    one = worker().start()
    one.peer.say("disconnect")
    assert one.hear("close")["key"] == "k"
    assert one.peer.hear() == (None, None)
    assert one.end()[0] == 0


def test_it_finishes_a_request_before_it_leaves(worker, connection):
    ours, accepted = connection
    one = worker().start()
    one.offer(accepted)
    accepted.close()
    ours.sendall(REQUEST.replace(b"/", b"/slow?ms=300", 1))
    one.peer.receive_line(), one.peer.receive_line()
    one.peer.say("disconnect")
    one.hear("close")
    assert ours.answer().body == b"Hello world, later\n"
    assert one.peer.hear() == (None, None)
    assert one.end()[0] == 0


def test_asked_to_leave_before_its_question_is_answered_it_leaves(worker):
    one = worker()
    one.hear("online")
    one.hear("queryServer")
    one.peer.say("disconnect")
    assert one.peer.hear() == (None, None)
    assert one.end()[0] == 0


@pytest.mark.parametrize("busy", [False, True])
def test_it_ends_with_its_primary(worker, connection, busy):
    ours, accepted = connection
    one = worker().start()
    if busy:
        one.offer(accepted)
        ours.sendall(REQUEST.replace(b"/", b"/slow?ms=60000", 1))
        one.peer.receive_line(), one.peer.receive_line()
    one.peer.socket.close()
    assert one.end()[0] == 0


def test_it_ends_with_its_primary_even_while_it_is_leaving(worker, connection):
    ours, accepted = connection
    one = worker().start()
    one.offer(accepted)
    ours.sendall(REQUEST.replace(b"/", b"/slow?ms=60000", 1))
    one.peer.receive_line(), one.peer.receive_line()
    one.peer.say("disconnect")
    one.hear("close")
    one.peer.socket.close()
    assert one.end()[0] == 0


def test_unknown_messages_are_ignored(worker, connection):
    ours, accepted = connection
    one = worker().start()
    one.peer.say("dance")
    for ack in (12345, -1, 1.5, "x", None, [], {}):
        one.peer.say(ack=ack)
    one.peer.send_line({"cmd": "NODE_FOO"})
    one.peer.send_line({"any": ["thing", None]})
    one.peer.send_line(7)
    one.offer(accepted)
    one.peer.receive_line(), one.peer.receive_line()
    accepted.close()
    ours.sendall(REQUEST)
    assert ours.answer().status == 200


@pytest.mark.parametrize("line, reason", [
    (b"hello\n", "not JSON"), (b"\n", "not JSON"), (b"[" * 1000 + b"]" * 1000 + b"\n", "too deep"),
    (b'{"cmd":"NODE_HANDLE_ACK"}\n', "an acknowledgement of nothing")])
def test_a_primary_that_breaks_the_protocol_is_named(worker, line, reason):
    one = worker().start()
    one.peer.send_bytes(line)
    status, errors = one.end()
    assert status == 1
    assert reason in errors


def test_signals_of_the_terminal_are_the_primarys_affair(worker, connection):
    ours, accepted = connection
    one = worker().start()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU):
        one.process.send_signal(number)
    one.offer(accepted)
    accepted.close()
    ours.sendall(REQUEST)
    assert ours.answer().pid == one.process.pid


def test_its_channel_is_close_on_exec_and_its_only_socket(worker):
    one = worker().start()
    kinds = {number: kind for number, (kind, _) in descriptors_of(one.process.pid).items() if number > 2}
    channel, = [number for number, kind in kinds.items() if kind == "channel"]
    flags = open(f"/proc/{one.process.pid}/fdinfo/{channel}").read().split("flags:")[1].split()[0]
    assert int(flags, 8) & os.O_CLOEXEC


@pytest.mark.parametrize("environment, reason", [
    ({"NODE_CHANNEL_FD": None}, "NODE_UNIQUE_ID is set, but not NODE_CHANNEL_FD"),
    ({"NODE_CHANNEL_FD": "2147483647"}, "NODE_CHANNEL_FD is 2147483647, which is no socket"),
    ({"NODE_CHANNEL_FD": "three"}, "NODE_CHANNEL_FD 'three': expected a number"),
    ({"NODE_UNIQUE_ID": "0"}, "NODE_UNIQUE_ID '0': expected a number"),
    ({"NODE_CHANNEL_SERIALIZATION_MODE": "advanced"}, "'advanced', and this worker only knows json")])
def test_a_false_worker_is_refused(worker, environment, reason):
    status, errors = worker(**environment).end()
    assert status == 1
    assert reason in errors
