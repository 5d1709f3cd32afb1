"""Part 2: http::Server in one process, and what HTTP/1.1 allows a client."""
import re
import subprocess

import harness
import pytest
from client import Client
from proc import descriptors_of
from sanitized import not_sanitized

PROGRAM = harness.PROGRAM.parent / "part2_http"
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
A_LOT = 100 * 1024 * 1024  # more than all the buffers on the way can hold


@pytest.fixture
def server(start):
    server = start(0, program=PROGRAM, port=None)
    server.own_port = int(server.wait_for(r"^listening on http://127\.0\.0\.1:(\d+)\n")[1])
    return server


def most_memory_of(pid):
    with open(f"/proc/{pid}/status") as status:
        return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)[1])


def read_answer(client):
    """One answer with a Content-Length, and not a byte more."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += client.recv(1)
    length = int(re.search(rb"(?i)^content-length: (\d+)", data, re.M)[1])
    return data + client.recv(length, 0x100)  # MSG_WAITALL


def test_a_connection_is_kept_for_the_next_request(server):
    with Client(server.own_port) as client:
        for _ in range(3):
            client.sendall(GET)
            answer = read_answer(client)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(b"\r\n\r\nHello world\n")
        client.sendall(LAST)
        assert re.search(rb"(?im)^connection: close\r$", client.read_to_end())


def test_two_requests_may_come_at_once(server):
    with Client(server.own_port) as client:
        client.sendall(GET.replace(b" / ", b" /nowhere ") + LAST)
        answers = client.read_to_end()
    assert re.findall(rb"^HTTP/1\.1 (\d+)", answers, re.M) == [b"404", b"200"]


@not_sanitized
def test_a_slow_reader_gets_everything_and_costs_no_memory(server):
    before = most_memory_of(server.pid)
    with Client(server.own_port) as slow:
        slow.sendall(b"GET /bytes?n=%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % A_LOT)
        assert slow.recv(12) == b"HTTP/1.1 200"  # it has begun to send; now nobody reads
        with Client(server.own_port) as other:
            other.sendall(LAST)
            assert other.read_to_end().endswith(b"Hello world\n")
        head, _, body = slow.read_to_end().partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body.count(b"x") == A_LOT and body.endswith(b"\r\n0\r\n\r\n")
    assert most_memory_of(server.pid) - before < A_LOT / 4


def test_curl_puts_the_chunks_together(server):
    url = f"http://127.0.0.1:{server.own_port}/bytes?n=1000000"
    assert subprocess.check_output(["curl", "-qsS", "--max-time", "20", url]) == b"x" * 1000000


def test_what_it_does_not_understand_it_says(server):
    for page, status in (("/bytes?n=many", b"400"), ("/bytes", b"400"), ("/none", b"404")):
        with Client(server.own_port) as client:
            client.sendall(LAST.replace(b" / ", f" {page} ".encode()))
            assert client.read_to_end().startswith(b"HTTP/1.1 " + status), page


def test_every_socket_is_closed_in_the_end(server):
    def connections():
        return [number for number, (kind, _) in descriptors_of(server.pid).items() if kind == "connection"]
    with Client(server.own_port) as asked, Client(server.own_port):
        asked.sendall(GET)
        read_answer(asked)
        server.wait_until(lambda: len(connections()) == 2, "both are connected")
    server.wait_until(lambda: not connections(), "every socket is closed")


def test_told_to_end_it_answers_first(server):
    with Client(server.own_port) as client, Client(server.own_port) as idle:
        client.sendall(b"GET /bytes?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % A_LOT)
        assert client.recv(12) == b"HTTP/1.1 200"
        server.send_signal(15)
        assert idle.read_to_end() == b""  # closed, for it had asked for nothing
        assert client.read_to_end().endswith(b"\r\n0\r\n\r\n")
    server.wait_for_exit(0)


def test_on_a_used_port_it_says_so_and_fails(server, start):
    second = start(server.own_port, program=PROGRAM, port=None)
    second.wait_for(rf"^part2_http: listen 127\.0\.0\.1:{server.own_port}: Address already in use", "stderr")
    second.wait_for_exit(1)
