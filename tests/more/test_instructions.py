"""How many instructions a request takes: a figure of speed that does not depend on what else the machine
does. If it has changed, and should have, say why, and write the new one:

    WRITE_INSTRUCTIONS=1 make check-more
"""
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
CLUSTER = ROOT / "step04_cluster" / "cluster"
KNOWN = ROOT / "bench" / "instructions.json"
REQUESTS = 2000
PATIENCE = 60

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CLOSING = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def ask_kept(port, count):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        for _ in range(count):
            client.sendall(REQUEST)
            assert b"Hello" in client.recv(4096)


def ask_anew(port, count):
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
            client.sendall(CLOSING)
            assert b"Hello" in client.recv(4096)


def instructions_of(ask, count, folder):
    """Of the worker, from its start to its end."""
    out = folder / f"out.{ask.__name__}.{count}"
    grind = ["--exec", "/usr/bin/valgrind", "--", "--tool=callgrind", f"--callgrind-out-file={out}",
             "--log-file=/dev/null", CLUSTER, "--port", "0"]
    server = subprocess.Popen([CLUSTER, "--workers", "1", "--port", "0", "--start-timeout", "60", *grind],
                              text=True, stdout=subprocess.PIPE)
    try:
        for line in server.stdout:
            if found := re.search(r"^listening on .*:(\d+) ", line):
                break
        ask(int(found[1]), count)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"^(?:totals|summary): (\d+)", out.read_text(), re.M)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(found[1])


@pytest.mark.parametrize("ask", [ask_kept, ask_anew])
def test_a_request_takes_as_many_instructions_as_before(ask, tmp_path):
    """The difference of two runs is without start and end."""
    few, many = (instructions_of(ask, count, tmp_path) for count in (REQUESTS, 2 * REQUESTS))
    now = round((many - few) / REQUESTS)
    figures = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    known = figures.get(ask.__name__)
    if "WRITE_INSTRUCTIONS" in os.environ:
        KNOWN.write_text(json.dumps({**figures, ask.__name__: now}, indent=1) + "\n")
        known = now
    assert known, "no figure to compare with: WRITE_INSTRUCTIONS=1"
    assert abs(now - known) <= 0.05 * known, f"{now} instructions for a request, and {known} before"
