"""HTTP as this step speaks it: what a client sees, whatever it sends."""
import contextlib
import email.utils
import os
import socket
import time

import pytest

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def cluster(start):
    """One worker, so that whatever goes wrong would show at the next request."""
    return start(workers=1)


def test_a_request_is_answered(cluster):
    answer = cluster.get()
    assert answer.status == 200
    assert answer.body == b"Hello world\n"
    assert answer.headers["content-length"] == "12"
    assert answer.headers["connection"] == "close"
    sent = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
    assert abs(sent - time.time()) < 60
    assert answer.pid in cluster.workers


def test_a_head_request_has_no_body(cluster):
    answer = cluster.exchange(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "12", b"")


def test_http_1_0_is_answered(cluster):
    assert cluster.exchange(b"GET / HTTP/1.0\r\n\r\n").status == 200


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"], ids=["none", "two"])
def test_a_request_of_http_1_1_names_one_host(cluster, hosts):
    assert cluster.exchange(b"GET / HTTP/1.1\r\n" + hosts + b"\r\n").status == 400


def test_empty_lines_in_front_of_a_request_are_skipped(cluster):
    assert cluster.exchange(b"\r\n" + REQUEST).status == 200


def test_the_body_of_a_post_does_not_reset_the_answer(cluster):
    size = 4 * 1024 * 1024
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
    for _ in range(5):
        answer = cluster.exchange(head + b"x" * size)
        assert (answer.status, answer.body) == (200, b"Hello world\n")


def test_bytes_behind_the_request_are_ignored(cluster):
    assert cluster.exchange(REQUEST + b"\0\0\0").body == b"Hello world\n"


def test_a_request_may_arrive_byte_by_byte(cluster):
    with cluster.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(REQUEST)):
            client.sendall(REQUEST[i:i + 1])
        assert client.answer().status == 200


def test_a_request_may_be_split_anywhere(cluster):
    for i in range(1, len(REQUEST)):
        with cluster.connect() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(REQUEST[:i])
            client.sendall(REQUEST[i:])
            assert client.answer().status == 200


def test_a_half_closed_client_is_answered(cluster):
    with cluster.connect() as client:
        client.sendall(REQUEST)
        client.shutdown(socket.SHUT_WR)
        assert client.answer().status == 200


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # how TLS begins
    b"GET\r\nHost: a\r\n\r\n",
    b"GET /\r\nHost: a\r\n\r\n",
    b"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    b" / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\nHost: a\n\n",
    b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
    b"hello?\r\n",
    bytes(range(256)) * 16,
], ids=lambda garbage: repr(garbage[:16]))
def test_what_is_not_http_gets_400(cluster, garbage):
    assert cluster.exchange(garbage).status == 400
    assert cluster.get().status == 200


def test_a_request_that_ends_in_the_middle_gets_400(cluster):
    with cluster.connect() as client:
        client.sendall(REQUEST[:-2])
        client.shutdown(socket.SHUT_WR)
        assert client.answer().status == 400


def request_of_size(size):
    return REQUEST[:-2] + b"X: " + b"x" * (size - len(REQUEST) - 5) + b"\r\n\r\n"


def test_a_head_of_16_KiB_is_read(cluster):
    assert len(request_of_size(16384)) == 16384
    assert cluster.exchange(request_of_size(16384)).status == 200


@pytest.mark.parametrize("size", [16385, 64 * 1024, 4 * 1024 * 1024])
def test_a_longer_head_gets_431(cluster, size):
    assert cluster.exchange(request_of_size(size)).status == 431
    assert cluster.get().status == 200


def test_a_line_without_end_gets_431(cluster):
    assert cluster.exchange(b"GET /" + b"x" * 100_000).status == 431


def test_clients_may_go_away_at_any_time(cluster):
    for sent in (b"", b"GET", REQUEST[:-1], REQUEST, request_of_size(100_000)):
        cluster.connect().close()
        for leave in ("close", "reset"):
            client = cluster.connect()
            client.sendall(sent)
            getattr(client, leave)()
    assert cluster.get().status == 200


def be_punctual():
    """A process with a real-time policy is woken on the dot; any other up to 5 ms late, which can
    hide that it has slept too short. Needs a privilege (sched(7)); the test is milder without."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def test_no_client_is_waited_for_longer_than_5_seconds(start):
    """Three workers, and a client each: one says nothing, one stops in the middle, and one does
    not close after the answer. Each worker is free again after 5 s, or 10 for the two 408."""
    cluster = start(workers=3, preexec_fn=be_punctual)
    silent, unfinished, clinging = [cluster.connect(cluster.port_of(w)) for w in cluster.workers]
    started = time.monotonic()
    unfinished.sendall(b"GET / HTTP/1.1\r\nHost: ")
    clinging.sendall(REQUEST)
    assert clinging.answer().status == 200  # reads to the end of what the server sends
    for client in (silent, unfinished):
        assert client.answer().status == 408
        assert 4.5 < time.monotonic() - started < 15
    for worker in cluster.workers:
        assert cluster.get(cluster.port_of(worker)).status == 200
    assert time.monotonic() - started < 20
    for client in (silent, unfinished, clinging):
        client.close()
