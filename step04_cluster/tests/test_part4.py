"""Part 4: the supervisor in a few lines. Workers come and go, and no client notices."""
import re
import signal

import harness
import pytest
from client import Client

PROGRAM = harness.PROGRAM.parent / "part4_kept"
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
WORKERS = 4


@pytest.fixture
def server(start):
    return start(0, program=PROGRAM, port=None, ready=WORKERS)


def is_answered(client):
    client.sendall(REQUEST)
    answer = b""
    while not answer.endswith(b"\r\n\r\nHello world\n") and (received := client.recv(4096)):
        answer += received
    return answer.startswith(b"HTTP/1.1 200 OK\r\n")


def reload_begins(server):
    server.send_signal(signal.SIGHUP)


def has_reloaded(server, old):
    server._read(0)  # takes what it has printed so far
    return f"reloaded: {WORKERS} workers\n" in server.printed["stdout"] and not set(server.workers) & set(old)


def test_a_killed_worker_is_replaced(server):
    killed = server.workers[0]
    server.send_signal(signal.SIGKILL, killed)
    server.wait_for(rf"^worker {WORKERS + 1} \(pid \d+\) listening\n")
    server.wait_until(lambda: len(server.workers) == WORKERS and killed not in server.workers, "as many as before")
    for _ in range(2 * WORKERS):
        with Client(server.port) as client:
            server.expect(is_answered(client), "each worker answers")


def test_a_reload_replaces_every_worker(server):
    old = server.workers
    reload_begins(server)
    server.wait_until(lambda: has_reloaded(server, old), "other processes")
    server.expect(len(server.workers) == WORKERS, "as many as before")


def test_a_reload_cuts_no_idle_connection(server):
    old = server.workers
    clients = [Client(server.port) for _ in range(12)]
    server.expect(all(map(is_answered, clients)), "they are answered, and stay")
    reload_begins(server)
    server.wait_until(lambda: has_reloaded(server, old), "other processes")
    server.expect(all(map(is_answered, clients)), "on the same connections, the new workers answer",
                  "an idle connection is closed, and not handed back")
    for client in clients:
        client.close()


def test_a_reload_cuts_nobody_who_asks_meanwhile(server):
    old = server.workers
    clients = [Client(server.port) for _ in range(6)]
    reload_begins(server)
    while not has_reloaded(server, old):
        server.expect(all(map(is_answered, clients)), "an answer to each request during a reload")
        with Client(server.port) as newcomer:
            server.expect(is_answered(newcomer), "an answer on a new connection")
    server.expect(not re.search(r"died", server.printed["stdout"]), "every worker leaves in peace")
    for client in clients:
        client.close()


def test_what_is_no_port_it_says(start):
    server = start("http", program=PROGRAM, port=None)
    server.wait_for(r"^part4_kept: PORT 'http': expected a number from 0 to 65535\n", "stderr")
    server.wait_for_exit(1)
