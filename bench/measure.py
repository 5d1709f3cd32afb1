"""One measurement: so much work for one server, and what it has cost."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def halves():
    """The CPUs for the server, and those for the load: they do not disturb each other."""
    cpus = sorted(os.sched_getaffinity(0))
    middle = max(1, len(cpus) // 2)
    return cpus[:middle], cpus[middle:] or cpus


SERVER_CPUS, LOAD_CPUS = halves()


def cpu_of(pids):
    """Microseconds of CPU that the processes have had, in all their threads; from the kernel's
    accounting, which counts nanoseconds. See proc(5), schedstat."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in os.listdir(f"/proc/{pid}/task"):
                total += int(pathlib.Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return total / 1000


def memory_of(pids):
    """Bytes of memory: what is theirs alone, and their share of what is not."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) * 1024
    return total


def wrk(port, work, connections, seconds, path="/", size=0):
    """Returns what work.lua prints."""
    command = ["taskset", "-c", ",".join(map(str, LOAD_CPUS)), "wrk", "-t1", f"-c{connections}",
               f"-d{seconds}s", "--timeout", "5s", "-s", HERE / "work.lua",
               f"http://127.0.0.1:{port}{path}", "--", work, str(size)]
    said = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    found = re.search(r"^RESULT (.*)$", said, re.M)
    if not found:
        raise RuntimeError(f"wrk: {said}")
    return json.loads(found[1].replace("nan", "0").replace("inf", "0"))


def measure(server, work, connections, seconds, path="/", size=0):
    """What one request costs the server, and how it goes."""
    pids = server.processes
    before = cpu_of(pids)
    result = wrk(server.port, work, connections, seconds, path, size)
    cpu, requests = cpu_of(pids) - before, max(1, result["requests"])
    return {"cpu": cpu / requests, "rate": result["requests"] / result["seconds"],
            **{name: result[name] for name in ("requests", "failures", "p50", "p99", "p99.9")}}


@contextlib.contextmanager
def idle_connections(port, count):
    """So many clients that have had an answer, and stay. (Half of them would be too many for the default
    limit of descriptors: see ulimit(1p).)"""
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    clients = []
    try:
        for _ in range(count):
            clients.append(client := socket.create_connection(("127.0.0.1", port), 5))
            client.sendall(request)
            if not client.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("no answer for one of many connections")
        yield
    finally:
        for client in clients:
            client.close()
