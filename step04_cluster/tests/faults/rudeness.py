"""Faults 9 and 10: clients that are slow, and clients that go away."""
import contextlib
import pathlib
import select
import socket
import struct
import time

from load import Load
from measure import Result, kinds_of, memory_of, wait_until

HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
BODY = HEAD + b"Content-Length: 1000\r\n\r\nabc"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def connect(server, data=b""):
    client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    client.sendall(data)
    return client


def ends(clients, seconds):
    """How many of them the server has ended within that time; what it says is read."""
    open_ones, ended, deadline = {c.fileno(): c for c in clients}, 0, time.monotonic() + seconds
    poll = select.poll()
    for fd in open_ones:
        poll.register(fd, select.POLLIN)
    while open_ones and (left := deadline - time.monotonic()) > 0:
        for fd, _ in poll.poll(left * 1000):
            with contextlib.suppress(ConnectionError):
                if open_ones[fd].recv(65536):
                    continue
            poll.unregister(fd)
            open_ones.pop(fd)
            ended += 1
    return ended


def memory(server):
    return sum(map(memory_of, server.processes))


def be_slow(server, heads=1000, bodies=200, readers=200, timeouts=(2, 3, 2)):
    """They begin a request and do not go on, or do not read their answer."""
    readers = readers if server.can_bytes else 0
    before, result = memory(server), None
    with Load(server, clients=8) as load:
        result = Result(load)
        slow = {"heads": [connect(server, HEAD) for _ in range(heads)],
                "bodies": [connect(server, BODY) for _ in range(bodies)]}
        reading = []
        for _ in range(readers):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(f"GET {server.path_of_bytes(10 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            reading.append(client)
        grown = memory(server) - before
        for name, timeout in zip(slow, timeouts):
            ended = ends(slow[name], timeout + 2)
            result.counts[f"{name} not closed"] = len(slow[name]) - ended
            result.require(ended == len(slow[name]), f"{len(slow[name]) - ended} slow {name} are not closed")
        closed = wait_until(lambda: not count_held(server, reading), timeouts[2] + 2)
        left = count_held(server, reading) if closed is None else 0  # soon somebody else has their ports
        grown = max(grown, memory(server) - before)
        result.counts["readers not closed"] = left
        result.require(left == 0, f"{left} slow readers are not closed")
        load.wait_for_answers(100)
    for client in [*slow["heads"], *slow["bodies"], *reading]:
        client.close()
    result.counts["MiB"] = grown >> 20
    result.require(grown <= 64 << 20, f"memory grew by {grown >> 20} MiB")
    result.require(load.failures == 0, f"normal load: {dict(load.counts)}")
    return result


def count_held(server, clients):
    """How many of these connections does a process of the server still hold? What it has let go, the
    kernel may still be sending; then the table says that its inode is 0. See proc(5)."""
    ports = {client.getsockname()[1] for client in clients}
    held = 0
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ours, theirs = (int(address.rpartition(":")[2], 16) for address in fields[1:3])
        held += ours == server.port and theirs in ports and fields[9] != "0"
    return held


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def go_away(server, times=100, short=30000):
    """In each phase; and thousands of short connections."""
    result = Result()
    warm_up = [connect(server, GET) for _ in range(50)]
    for client in warm_up:
        client.recv(4096)
        client.close()
    processes = server.processes
    result.require(wait_until(lambda: sum(kinds_of(p)["connection"] for p in processes) == 0, 5) is not None,
                   "connections stay open")
    kinds = [kinds_of(pid) for pid in processes]
    before = [memory_of(pid) for pid in processes]
    large = f"GET {server.path_of_bytes(10 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    for _ in range(times):
        for data in (b"", HEAD, BODY, GET, large):
            reset(connect(server, data))
    unanswered = 0
    for _ in range(times):
        with connect(server, GET) as client:
            client.shutdown(socket.SHUT_WR)
            unanswered += not client.recv(4096).startswith(b"HTTP/1.1 200")
    result.counts["half-closed and not answered"] = unanswered
    result.require(unanswered == 0, f"{unanswered} half-closed clients are not answered")
    for number in range(short):
        (reset if number % 2 else socket.socket.close)(connect(server))
    after = wait_until(lambda: [kinds_of(pid) for pid in processes] == kinds, 10)
    result.require(after is not None, f"descriptors {kinds} before, {list(map(kinds_of, processes))} after")
    grown = max(memory_of(pid) - size for pid, size in zip(processes, before))
    result.counts["MiB"] = grown >> 20
    result.require(grown <= 10 << 20, f"a process grew by {grown >> 20} MiB")
    return result
