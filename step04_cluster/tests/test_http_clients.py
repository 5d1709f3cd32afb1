"""HTTP as clients speak it: browsers, tools, slow ones, broken ones, hostile ones."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import harness
import pytest
from needs import needs
from sanitized import not_sanitized
from short_path import short_path  # noqa: F401 (a fixture)

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def cluster(start):
    """One worker, so that whatever goes wrong would show at the next request."""
    return start(workers=1)


def url(cluster, path="/"):
    return f"http://127.0.0.1:{cluster.port}{path}"


def curl(*arguments, **options):
    return subprocess.run(["curl", "-q", "-sS", "--max-time", "20", *map(str, arguments)], check=True,
                          stdout=subprocess.PIPE, **options).stdout


def requests_so_far(cluster):
    return json.loads(cluster.exchange(LAST).body)["requests"]


# ---- Tools

def test_curl_gets_the_page(cluster):
    answer = curl("-i", url(cluster)).decode()
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    assert answer.endswith("\r\n\r\nHello world\n")
    assert f"\r\nX-Worker-Pid: {cluster.workers[0]}\r\n" in answer
    assert re.search(r"\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n", answer)


def test_curl_uses_one_connection_for_several_requests(cluster):
    told = curl("-w", "%{num_connects}\n", *["-o", "/dev/null", url(cluster)] * 3)
    assert told.split() == [b"1", b"0", b"0"]


def test_curl_posts_and_gets_it_back(cluster, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(range(256)) * 3000)
    for how in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"], ["-0"]):
        assert curl("--data-binary", f"@{body}", *how, url(cluster, "/echo")) == body.read_bytes(), how


def test_curl_can_read_why_its_upload_is_refused(cluster, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(bytes(20_000_000))
    for how in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]):
        told = curl("-w", "%{http_code}", "-o", "/dev/null", "--data-binary", f"@{body}", *how,
                    url(cluster, "/echo"))
        assert told == b"413", how


def test_a_client_that_reads_only_after_its_upload_learns_why_it_is_refused(cluster):
    """If the server closed at once, the kernel would answer the rest of the upload with a reset."""
    with cluster.connect() as client:
        client.sendall(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n")
        client.sendall(bytes(20_000_000))
        assert client.answer().status == 413


def test_curl_gets_a_head_without_a_body(cluster):
    assert b"Content-Length: 12\r\n" in curl("-I", url(cluster))


def test_curl_gets_ten_megabytes(cluster):
    assert curl(url(cluster, "/bytes?n=10000000")) == b"x" * 10_000_000
    assert curl("-0", url(cluster, "/bytes?n=10000000")) == b"x" * 10_000_000


@needs("wrk")
def test_wrk_finds_no_error(start):
    cluster = start(workers=2)
    for path in ("/", "/bytes?n=100000"):
        told = subprocess.run(["wrk", "-t1", "-c32", "-d1", url(cluster, path)], text=True, check=True,
                              stdout=subprocess.PIPE).stdout
        assert int(re.search(r"(\d+) requests in", told)[1]) > 100, told
        assert "Socket errors" not in told and "Non-2xx" not in told, told


@pytest.mark.parametrize("early", [b"", b"GET / HT"], ids=["idle", "half a request"])
def test_a_server_that_was_held_up_does_not_blame_its_clients(start, early):
    """When the worker goes on, the time is over; but all of the request is there."""
    cluster = start("--keep-alive-timeout", 1, "--headers-timeout", 1, workers=1)
    [worker] = cluster.workers
    with cluster.connect() as client:
        client.sendall(GET + early)
        cluster.expect(client.answer().status == 200, "an answer")
        cluster.send_signal(signal.SIGSTOP, worker)
        client.sendall(GET[len(early):])
        time.sleep(1.2)
        cluster.send_signal(signal.SIGCONT, worker)
        cluster.expect(client.answer().status == 200, "an answer, late",
                       "the times are looked at before what has arrived is read")


@needs("wrk")
def test_no_answer_is_cut_while_time_is_checked(start):
    """The times of connections are looked at four times in the shortest of them: here, every 25 ms."""
    cluster = start("--request-timeout", 0.1, workers=1)
    told = subprocess.run(["wrk", "-t1", "-c8", "-d1", url(cluster, "/bytes?n=10000000")], text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    assert int(re.search(r"(\d+) requests in", told)[1]) > 10 and "Socket errors" not in told, told


@needs("chromium")
def test_a_browser_shows_the_page(cluster, short_path):
    page = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={short_path}", "--dump-dom", url(cluster)],
        env={**os.environ, "HOME": str(short_path), "TMPDIR": str(short_path)},
        text=True, check=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    assert "Hello world" in page


# ---- Slow ones

def test_a_request_may_be_split_at_every_byte(cluster):
    request = (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
               b"Connection: close\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\n\r\n")
    for at in range(1, len(request)):
        with cluster.connect() as client:
            client.sendall(request[:at])
            time.sleep(0.001)
            client.sendall(request[at:])
            assert client.answer().body == b"hello world", at


def test_a_half_closed_client_is_answered(cluster):
    with cluster.connect() as client:
        client.sendall(GET)
        client.shutdown(1)
        assert client.read_to_end().endswith(b"Hello world\n")


def test_pipelined_requests_are_answered_in_order(cluster):
    with cluster.connect() as client:
        client.sendall(b"GET /slow?ms=100 HTTP/1.1\r\nHost: x\r\n\r\n" + GET * 50 + LAST)
        answers = client.read_to_end()
    assert answers.count(b"HTTP/1.1 200 OK") == 52
    assert answers.index(b"Hello world, later\n") < answers.index(b"Hello world\n")
    assert answers.endswith(b'"requests":52}\n')


def memory_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


@not_sanitized
def test_slow_readers_of_large_answers_cost_little_memory(cluster):
    assert curl(url(cluster, "/bytes?n=1000000"))
    before = memory_of(cluster.workers[0])
    clients = [cluster.connect() for _ in range(20)]
    for client in clients:
        client.sendall(b"GET /bytes?n=10000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    time.sleep(0.3)  # in which a server without limits would take 200 MB
    assert memory_of(cluster.workers[0]) - before < 16_000_000
    for client in clients:
        assert len(client.answer().body) == 10_000_000
        client.close()


@not_sanitized
def test_clients_that_ask_and_do_not_read_cost_little_memory(cluster):
    before = memory_of(cluster.workers[0])
    clients = [cluster.connect() for _ in range(10)]
    for client in clients:
        client.setblocking(False)
        try:
            for _ in range(1000):
                client.sendall(b"GET /bytes?n=10000 HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        except BlockingIOError:
            pass
    time.sleep(0.3)
    assert memory_of(cluster.workers[0]) - before < 16_000_000
    for client in clients:
        client.close()
    assert cluster.get().status == 200


# ---- Impatience

@pytest.mark.parametrize("option, sent, answer", [
    ("--headers-timeout", b"", b"HTTP/1.1 408 "), ("--headers-timeout", b"GET / HT", b"HTTP/1.1 408 "),
    ("--request-timeout", b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
     b"HTTP/1.1 408 "),
    ("--keep-alive-timeout", GET, b"HTTP/1.1 200 ")])
def test_a_client_is_not_waited_for_without_end(start, option, sent, answer):
    cluster = start(option, 0.4, workers=1)
    with cluster.connect() as client:
        began = time.monotonic()
        client.sendall(sent)
        assert client.read_to_end().startswith(answer)
        assert 0.3 < time.monotonic() - began < 3


def test_a_client_that_does_not_read_is_given_up(start):
    cluster = start("--send-timeout", 0.4, workers=1)
    with cluster.connect() as client:
        client.sendall(b"GET /bytes?n=100000000 HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(2)
        with pytest.raises(ConnectionResetError):
            while client.recv(65536):
                continue


# ---- Hostile ones: what follows on the connection must not be taken for a request

HIDDEN = b"GET /slow?ms=0 HTTP/1.1\r\nHost: x\r\n\r\n"
FRAMING = {
    "both lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "different lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\n",
    "length with a sign": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello",
    "negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "list of lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello",
    "length too large": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "bad chunk size": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "chunk size too large": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    "chunk without CRLF": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
    "obsolete folding": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
    "space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "chunked in 1.0": b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown encoding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    "chunked not last": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    "empty name": b"GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "HTTP/2": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "CONNECT": b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("name", FRAMING)
def test_what_could_be_smuggled_is_refused(cluster, name):
    before = requests_so_far(cluster)
    with cluster.connect() as client:
        client.sendall(FRAMING[name] + HIDDEN)
        answers = client.read_to_end()
    assert re.match(rb"HTTP/1.1 (400|501|505) ", answers), answers[:80]
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answers
    assert f"\r\nX-Worker-Pid: {cluster.workers[0]}\r\n".encode() in answers
    assert requests_so_far(cluster) == before + 1, "only the question itself was carried out since"


@pytest.mark.parametrize("status, request_", [
    (431, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20_000), (414, b"GET /" + b"x" * 20_000),
    (413, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"),
    (417, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\n")])
def test_limits_have_their_own_status(cluster, status, request_):
    with cluster.connect() as client:
        client.sendall(request_)
        assert client.answer().status == status


def test_an_upgrade_is_answered_as_an_ordinary_request(cluster):
    answer = cluster.exchange(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\n"
                              b"Upgrade: websocket\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"Hello world\n")


def test_the_timer_of_a_slow_answer_does_not_outlive_its_client(cluster):
    for _ in range(50):
        with cluster.connect() as client:
            client.sendall(b"GET /slow?ms=500 HTTP/1.1\r\nHost: x\r\n\r\n")
            client.reset()
    time.sleep(0.7)
    assert cluster.get().status == 200
