"""Part 1: one loop serves many clients. What is slow is slow for itself."""
import harness
import pytest
from client import Client
from proc import descriptors_of

PROGRAM = harness.PROGRAM.parent / "part1_loop"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def start_part(start):
    """start_part(patience=1000) starts it on a port of the kernel's choice: it loses patience with a
    client that says nothing after so many milliseconds."""
    def start_program(patience=None):
        server = start(0, *([patience] if patience else []), program=PROGRAM, port=None)
        server.own_port = int(server.wait_for(r"^listening on http://127\.0\.0\.1:(\d+)\n")[1])
        return server
    return start_program


def has_been_told_nothing(client):
    client.setblocking(False)
    try:
        client.recv(1)
    except BlockingIOError:
        return True
    finally:
        client.settimeout(20)
    return False


def is_answered(client):
    answer = client.read_to_end()
    return answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nHello world\n")


def test_three_slow_clients_hold_up_nobody(start_part):
    port = start_part(patience=60000).own_port
    with Client(port) as silent, Client(port) as slow, Client(port) as late, Client(port) as fast:
        slow.sendall(b"G")
        late.sendall(b"GET /slow?ms=600000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        fast.sendall(GET)
        assert is_answered(fast)
        assert all(map(has_been_told_nothing, (silent, slow, late)))
        for byte in GET[1:]:
            slow.sendall(bytes([byte]))
        assert is_answered(slow)
        silent.sendall(GET)
        assert is_answered(silent)
        assert has_been_told_nothing(late)


def test_an_answer_comes_as_late_as_it_was_asked_for(start_part):
    with Client(start_part(patience=500).own_port) as late:  # patience is for those that have not asked
        late.sendall(b"GET /slow?ms=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert is_answered(late)


def test_a_client_that_has_closed_its_end_is_answered(start_part):
    with Client(start_part().own_port) as client:
        client.sendall(GET)
        client.shutdown(1)
        assert is_answered(client)


@pytest.mark.parametrize("said", [b"", b"GET / HT"])
def test_a_client_that_does_not_go_on_is_closed(start_part, said):
    with Client(start_part(patience=100).own_port) as client:
        client.sendall(said)
        assert client.read_to_end() == b""


def test_a_client_that_was_answered_and_stays_is_closed(start_part):
    server = start_part(patience=100)
    before = descriptors_of(server.pid).keys()
    with Client(server.own_port) as client:
        client.sendall(GET)
        assert is_answered(client)
        server.wait_until(lambda: descriptors_of(server.pid).keys() == before, "its socket is closed")


def test_a_head_without_end_is_refused(start_part):
    with Client(start_part().own_port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 20000)
        assert client.read_to_end().startswith(b"HTTP/1.1 431 ")


def test_every_socket_is_closed_in_the_end(start_part):
    server = start_part()
    before = descriptors_of(server.pid).keys()
    clients = [Client(server.own_port) for _ in range(4)]
    asked, _, late, rude = clients
    asked.sendall(GET)
    assert is_answered(asked)
    late.sendall(b"GET /slow?ms=600000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    rude.sendall(b"GET")
    server.wait_until(lambda: len(descriptors_of(server.pid)) == len(before) + 4, "all are connected")
    rude.reset()
    for client in clients:
        client.close()
    server.wait_until(lambda: descriptors_of(server.pid).keys() == before, "every socket is closed")


def test_told_to_end_it_answers_first(start_part):
    server = start_part()
    with Client(server.own_port) as client:
        client.sendall(b"GET /slow?ms=300 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.wait_until(lambda: "connection" in [kind for kind, _ in descriptors_of(server.pid).values()],
                          "it is connected")
        server.send_signal(15)
        assert is_answered(client)
    server.wait_for_exit(0)


def test_on_a_used_port_it_says_so_and_fails(start_part, start):
    port = start_part(patience=60000).own_port
    second = start(port, program=PROGRAM, port=None)
    second.wait_for(rf"^part1_loop: listen 127\.0\.0\.1:{port}: Address already in use\n", "stderr")
    second.wait_for_exit(1)
