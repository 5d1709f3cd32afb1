"""A real worker, and we are its primary: what it asks, and what it makes of bad answers."""
import os
import signal
import socket

import client
import harness
import pytest
from peer import Peer
from proc import descriptors_of, leave_no_free_descriptor


@pytest.fixture
def worker(start):
    """Starts the program as worker 1 of a primary that is us. It has `cluster` and `peer`."""
    ours, theirs = socket.socketpair()

    def start_worker(port=0, **variables):
        fd = theirs.fileno()
        variables |= {"NODE_WORKER_ID": "1", "NODE_CHANNEL_FD": str(fd)}
        cluster = start(port=port, pass_fds=[fd], env={**os.environ, **variables})
        theirs.close()
        ours.settimeout(harness.PATIENCE)
        return cluster, Peer(ours)
    yield start_worker
    theirs.close()
    ours.close()


def end_of_worker(cluster, complaint):
    cluster.wait_for_exit(1)
    err = cluster.read_all()[1]
    cluster.expect(complaint in err and err.startswith("worker 1: "), f"the reason: {complaint}")


def test_a_worker_asks_for_its_server_and_serves_on_it(worker):
    with client.reserved_port() as bound:
        port = bound.getsockname()[1]
        cluster, peer = worker(port)
        query, _ = peer.receive()
        assert query == {"cmd": "queryServer", "address": "127.0.0.1", "port": port,
                         "addressType": 4, "_queryId": 1, "_workerId": 1}
        peer.send({"_queryId": 1, "fd": True}, bound.fileno())
        assert peer.receive()[0] == {"cmd": "listening", "address": "127.0.0.1", "port": port,
                                     "addressType": 4, "_workerId": 1}
        assert cluster.get(port).pid == cluster.pid
    cluster.wait_until(lambda: sorted(kind for number, (kind, _) in descriptors_of(cluster.pid).items()
                                      if number > 2) == ["channel", "listener"],
                       "it holds the channel and the listener")
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)


def test_a_worker_reports_the_error_it_is_told(worker):
    cluster, peer = worker(8000)
    peer.receive()
    peer.send({"_queryId": 1, "errno": 98})
    end_of_worker(cluster, "listen 127.0.0.1:8000: Address already in use (another server? "
                           "try --port 0)")


BAD_ANSWERS = {
    "garbage": (b"garbage\n", (), "a line that is no JSON object"),
    "no object": (b"[1,2]\n", (), "a line that is no JSON object"),
    "no end": (b"x" * 70000, (), "a line of more than 64 KiB"),
    "another query": (b'{"_queryId":2}\n', (), "answered something else"),
    "no query": (b'{"cmd":"what?"}\n', (), "'_queryId' is no integer"),
    "no descriptor": (b'{"_queryId":1}\n', (), "without the socket"),
    "a missing descriptor": (b'{"_queryId":1,"fd":true}\n', (), "without its descriptor"),
    "unannounced": (b'{"_queryId":1}\n{"x":1', ("null",), "without the socket"),
    "unannounced alone": (b"{", ("null", "null"), "several descriptors with one message"),
    "two": (b'{"_queryId":1,"fd":true}\n', ("null", "null"), "several descriptors"),
    "eight": (b'{"_queryId":1,"fd":true}\n', ("null",) * 8, "several descriptors"),
    "a file": (b'{"_queryId":1,"fd":true}\n', ("null",), "without the socket"),
    "a UDP socket": (b'{"_queryId":1,"fd":true}\n', ("udp",), "without the socket"),
    "an unbound socket": (b'{"_queryId":1,"fd":true}\n', ("tcp",), "without the socket"),
    "another port": (b'{"_queryId":1,"fd":true}\n', ("bound",), "without the socket"),
    "an errno that is none": (b'{"_queryId":1,"errno":"x"}\n', (), "'errno' is no integer"),
    "a nested query id": (b'{"_queryId":' + b"[" * 32000 + b"]" * 32000 + b"}\n", (),
                          "'_queryId' is no integer"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_worker_refuses_a_bad_answer(worker, name):
    data, kinds, complaint = BAD_ANSWERS[name]
    cluster, peer = worker(8000)
    peer.receive()
    with open("/dev/null") as null, socket.socket(type=socket.SOCK_DGRAM) as udp, \
            socket.socket() as tcp, client.reserved_port() as bound:
        fds = [{"null": null, "udp": udp, "tcp": tcp, "bound": bound}[kind].fileno()
               for kind in kinds]
        try:
            peer.send_bytes(data, *fds)
        except BrokenPipeError:
            pass  # it has seen enough
    end_of_worker(cluster, complaint)


def test_a_worker_without_a_free_descriptor_says_so(worker):
    # Sanitized, it would look for leaks at its end, and need descriptors to do that.
    cluster, peer = worker(ASAN_OPTIONS="detect_leaks=0")
    peer.receive()
    leave_no_free_descriptor(cluster.pid)
    with client.reserved_port() as bound:
        peer.send({"_queryId": 1, "fd": True}, bound.fileno())
    end_of_worker(cluster, "a descriptor was lost on arrival: Too many open files")


def test_a_worker_whose_channel_closes_says_so(worker):
    cluster, peer = worker()
    peer.receive()
    peer.socket.close()
    end_of_worker(cluster, "the primary has closed the channel")


@pytest.mark.parametrize("value, complaint", [
    (None, "NODE_WORKER_ID is set, but NODE_CHANNEL_FD is not"),
    ("99", "NODE_CHANNEL_FD is 99: that is no channel"),
    ("0", "NODE_CHANNEL_FD '0': expected a number"),
    ("1", "NODE_CHANNEL_FD is 1: that is no channel"),
    ("x", "NODE_CHANNEL_FD 'x': expected a number"),
])
def test_a_marker_without_a_channel_is_refused(start, value, complaint):
    environment = {**os.environ, "NODE_WORKER_ID": "1"}
    if value is not None:
        environment["NODE_CHANNEL_FD"] = value
    end_of_worker(start(env=environment), complaint)
