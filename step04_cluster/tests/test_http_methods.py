"""What a request may ask, and of whom: methods, targets, hosts, and what their answers have to say."""
import pytest

FIELDS = b"\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture
def cluster(start):
    """One worker, so that whatever goes wrong would show at the next request."""
    return start(workers=1)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE"])
def test_who_uses_the_wrong_method_learns_the_right_one(cluster, method):
    answer = cluster.exchange(method + b" /echo HTTP/1.1" + FIELDS)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_options_of_the_whole_server_are_answered(cluster):
    for version in (b"1.0", b"1.1"):
        answer = cluster.exchange(b"OPTIONS * HTTP/" + version + FIELDS)
        assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("line, status", [
    (b"QUERY / HTTP/1.1", 501), (b"FOO /echo HTTP/1.1", 501), (b"CONNECT x:80 HTTP/1.1", 501),
    (b"GET / HTTP/3.0", 505), (b"GET / HTTP/1", 400), (b"GET / HTTP/01.01", 400), (b"GET / HTTP/ 1.1", 400),
    (b"GET / HTTP/1.1\r", 400), (b"GET * HTTP/1.1", 400), (b"GET x:80 HTTP/1.1", 400), (b"GET /a#b HTTP/1.1", 400),
    (b"GET http://x:99999/ HTTP/1.1", 400), (b"GET http://u@x/ HTTP/1.1", 400)])
def test_a_first_line_that_is_wrong_is_told_how(cluster, line, status):
    assert cluster.exchange(line + FIELDS).status == status
    assert cluster.exchange(b"GET http://x:80/?a[]=1 HTTP/1.1" + FIELDS).status == 200


@pytest.mark.parametrize("host", [b"a\"b", b"x:abc", b"x:99999", b"[::1", b"a%zz"])
def test_a_host_that_is_none_is_refused(cluster, host):
    assert cluster.exchange(b"GET / HTTP/1.1\r\nHost: " + host + b"\r\n\r\n").status == 400


def test_what_stands_beside_the_size_of_a_chunk_is_ignored(cluster):
    head = b"POST /echo HTTP/1.1\r\nTransfer-Encoding:\tchunked\t" + FIELDS
    for extensions in (b";a=b;c=d", b' ; a = "\\"x"', b';a="\\\\"', b";a"):
        answer = cluster.exchange(head + b"2" + extensions + b"\r\nhi\r\n0" + extensions + b"\r\n\r\n")
        assert (answer.status, answer.body) == (200, b"hi"), extensions
