"""Figures that are no work: how long a start takes, what an idle connection costs, who gets how much."""
import collections
import os
import re
import signal
import socket
import time

from contestant import begun, wait_until
from measure import SERVER_CPUS, cpu_of, idle_connections, measure, memory_of

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def ask(port, patience=20):
    """An answer; None if nobody listens yet, or nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), patience) as client:
            client.sendall(REQUEST)
            return b"".join(iter(lambda: client.recv(4096), b"")) or None
    except OSError:
        return None


def start_to_answer(contestant, workers=4):
    """Milliseconds from the start of the program to its first answer."""
    with begun(contestant(workers=workers, cpus=SERVER_CPUS)) as server:
        while not ask(server.port):
            if time.monotonic() - server.started > 20:
                raise TimeoutError(f"{contestant.name} does not come")
            time.sleep(0.0005)
        return (time.monotonic() - server.started) * 1000


def kill_to_answer(contestant):
    """Milliseconds from the death of the only worker to the first answer of its replacement."""
    with contestant(workers=1, cpus=SERVER_CPUS) as server:
        time.sleep(1.5)  # it has lived
        os.kill(server.workers[0], signal.SIGKILL)
        began = time.monotonic()
        while not ask(server.port, 0.5):  # a client that is forgotten, as Node's may be, asks again
            if time.monotonic() - began > 20:
                raise TimeoutError(f"{contestant.name} does not come back")
        return (time.monotonic() - began) * 1000


def idle(contestant, count, seconds):
    """Bytes for each idle connection; and CPU for a busy request without and with them."""
    with contestant(workers=1, cpus=SERVER_CPUS, descriptors=count + 2000) as server:
        without = measure(server, "kept", 64, seconds)
        before = memory_of(server.processes)
        with idle_connections(server.port, count):
            size = (memory_of(server.processes) - before) / count
            beside = measure(server, "kept", 64, seconds)
    return {"bytes": size, "cpu": without["cpu"], "cpu beside": beside["cpu"],
            "failures": without["failures"] + beside["failures"]}


def messages(contestant):
    """CPU milliseconds of the primary for each MiB that a worker says to it: in messages of few members, and
    of many."""
    result = {}
    with contestant(cpus=SERVER_CPUS) as server:
        for number, kind in enumerate(("few", "many"), 1):
            before = cpu_of([server.pid])
            os.kill(server.workers[0], signal.SIGUSR2)
            wait_until(lambda: server.printed().count("has said it") == number, "it has said it")
            result[kind] = (cpu_of([server.pid]) - before) / 1000 / server.mebibytes
    return result


def shares(contestant, connections, workers=4):
    """The percentage of connections that each worker gets, the least first."""
    served = collections.Counter()
    with contestant(workers=workers) as server:
        for _ in range(connections):
            served[re.search(rb"X-Worker-Pid: (\d+)", ask(server.port))[1]] += 1
    counts = [*served.values(), *[0] * (workers - len(served))]
    return sorted(100 * count / connections for count in counts)
