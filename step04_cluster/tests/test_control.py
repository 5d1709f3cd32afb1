"""The control socket: its owner asks how the server is, reloads it, stops it."""
import os
import re
import shlex
import signal
import socket
import stat
import subprocess

import client
import harness
import pytest
from proc import stat_of
from short_path import short_path  # noqa: F401 (a fixture)

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs another user, and so root")


@pytest.fixture
def controlled(start, short_path):
    """controlled(workers): a cluster with a control socket, and the path of that."""
    def start_it(*options, workers=2):
        path = short_path / "control"
        cluster = start("--control", path, *options, workers=workers)
        cluster.extra_of_primary = {"channel": workers + 1}  # one Unix-domain socket more
        return cluster, path
    return start_it


def ask(path, *question):
    return subprocess.run([harness.PROGRAM, *question, "--control", path], text=True,
                          timeout=client.PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def rows(text):
    """The lines of the table, each as {column: value}."""
    lines = text.splitlines()
    head = next(n for n, line in enumerate(lines) if line.startswith("worker"))
    return [dict(zip(lines[head].split(), line.split())) for line in lines[head + 1:]]


def test_status_shows_the_workers(controlled):
    cluster, path = controlled()
    for _ in range(6):
        cluster.get()
    with cluster.connect() as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        idle.answer()
        answer = ask(path, "status")
    cluster.expect(answer.returncode == 0 and not answer.stderr, f"success, not {answer}")
    table = rows(answer.stdout)
    cluster.expect(sorted(int(row["pid"]) for row in table) == cluster.workers, "each worker")
    cluster.expect(all(row["state"] == "listening" for row in table), "they listen")
    cluster.expect(sum(int(row["requests"]) for row in table) == 7, "seven requests")
    cluster.expect(sum(int(row["connections"]) for row in table) == 7, "seven connections")
    cluster.expect(sum(int(row["open"]) for row in table) == 1, "one of them open")
    cluster.expect(f"primary {cluster.pid}, policy rr, 2 workers wanted" in answer.stdout, "the whole")


def test_status_does_not_wait_for_a_worker_that_hangs(controlled):
    cluster, path = controlled()
    hung = cluster.workers[0]
    cluster.send_signal(signal.SIGSTOP, hung)
    table = {int(row["pid"]): row for row in rows(ask(path, "status").stdout)}
    cluster.send_signal(signal.SIGCONT, hung)
    cluster.expect(table[hung]["requests"] == "?", "a question mark for the one that says nothing")


def test_status_shows_what_waits(controlled):
    """The primary has accepted as many connections as it keeps; the others wait in the kernel."""
    cluster, path = controlled(workers=1)
    cluster.send_signal(signal.SIGSTOP, cluster.workers[0])
    clients = [cluster.connect() for _ in range(140)]
    cluster.wait_until(lambda: re.search(r": 11 in the kernel's queue, 128 waiting, 1 offered",
                                         ask(path, "status").stdout), "it counts 140 connections")
    for one in clients:
        one.close()
    cluster.send_signal(signal.SIGCONT, cluster.workers[0])


def test_status_for_prometheus(controlled):
    cluster, path = controlled()
    cluster.get()
    text = ask(path, "status", "--format", "prometheus").stdout
    sample = re.compile(r'cluster_\w+(\{\w+="[^"]*"\})? \d+')
    comment = re.compile(r"# (HELP cluster_\w+ .+|TYPE cluster_\w+ (gauge|counter))")
    for line in text.splitlines():
        cluster.expect((comment if line.startswith("#") else sample).fullmatch(line), f"no {line!r}")
    cluster.expect("cluster_workers_wanted 2\n" in text, "how many there should be")
    cluster.expect(re.search(r'^cluster_worker_requests_total\{worker="\d"\} 1$', text, re.M), "a request")


def test_reload_answers_when_it_is_done(controlled):
    cluster, path = controlled()
    old = cluster.workers
    cluster.expect(ask(path, "reload").stdout == "reloaded\n", "success")
    cluster.wait_until(lambda: len(cluster.workers) == 2, "the old ones are gone")
    cluster.expect(not set(old) & set(cluster.workers), "others")


def test_reload_tells_of_its_failure(start, short_path):
    broken, path = short_path / "broken", short_path / "control"
    script = f"test ! -e {shlex.quote(str(broken))} || exit 3; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 1, "--control", path, "--exec", "/bin/sh", "--", "-c", script, ready=1)
    cluster.deaths_are_normal = True
    cluster.extra_of_primary = {"channel": 2}
    broken.touch()
    answer = ask(path, "reload")
    cluster.expect(answer.returncode == 1 and "ended before it listened" in answer.stderr,
                   f"the reason, not {answer}")


@pytest.fixture
def held(start, short_path):
    """held(): a cluster whose new workers do not begin as long as there is a file, then that file, and
    a client that waits for a reload. It tolerates 1.5 s of silence."""
    hold, path = short_path / "hold", short_path / "control"
    script = f"while test -e {shlex.quote(str(hold))}; do sleep 0.02; done; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 1, "--control", path, "--exec", "/bin/sh", "--", "-c", script, ready=1)
    cluster.extra_of_primary = {"channel": 2}
    hold.touch()
    with subprocess.Popen([harness.PROGRAM, "reload", "--control", path, "--patience", "1.5"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as client_:
        cluster.wait_until(lambda: len(cluster.workers) == 2, "the reload has begun")
        yield cluster, hold, client_
        client_.kill()


def check_that_it_ends_well(cluster, hold, client_):
    hold.unlink()
    out, err = client_.communicate(timeout=client.PATIENCE)
    cluster.expect((out, err, client_.returncode) == ("reloaded\n", "", 0), f"success, not {out + err}")
    cluster.wait_until(lambda: len(cluster.workers) == 1, "the old one is gone")


def test_a_reload_may_take_longer_than_the_server_may_be_silent(held):
    cluster, hold, client_ = held
    with pytest.raises(subprocess.TimeoutExpired):
        client_.wait(4)
    check_that_it_ends_well(cluster, hold, client_)


def test_a_reload_is_waited_for_after_ctrl_z_and_fg(held):
    cluster, hold, client_ = held
    cluster.wait_until(lambda: stat_of(client_.pid)[0] == "S", "it waits")
    cluster.send_signal(signal.SIGSTOP, client_.pid)
    cluster.send_signal(signal.SIGCONT, client_.pid)
    cluster.wait_until(lambda: stat_of(client_.pid)[0] in "SZ", "it goes on")
    check_that_it_ends_well(cluster, hold, client_)


def test_a_server_that_hangs_is_not_waited_for(controlled):
    cluster, path = controlled()
    cluster.send_signal(signal.SIGSTOP)
    answer = ask(path, "status", "--patience", "0.1")
    cluster.send_signal(signal.SIGCONT)
    cluster.expect(answer.returncode == 1 and f"cluster: --control {path}: the server does not answer" in answer.stderr,
                   f"what is the matter, not {answer}")


def test_a_server_that_ends_meanwhile_is_told(held):
    cluster, _, client_ = held
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)
    err = client_.communicate(timeout=client.PATIENCE)[1]
    cluster.expect(client_.returncode == 1 and err == "cluster: the server has ended, or is too busy to answer\n",
                   f"why, not {err}")


@pytest.mark.parametrize("more", [(), ("--format", "prometheus")])
def test_an_answer_that_cannot_be_written_is_an_error(controlled, more):
    cluster, path = controlled()
    with open("/dev/full", "w") as full:
        answer = subprocess.run([harness.PROGRAM, "status", *more, "--control", path], text=True,
                                timeout=client.PATIENCE, stdout=full, stderr=subprocess.PIPE)
    cluster.expect(answer.returncode == 1, "status 1, for whoever redirects it to a file")
    cluster.expect(answer.stderr == "cluster: write to standard output: No space left on device\n", "the reason")


def test_stop(controlled):
    cluster, path = controlled()
    cluster.expect(ask(path, "stop").stdout == "stopping\n", "an answer")
    cluster.wait_for_exit(0)
    cluster.expect(not path.exists(), "the socket is removed")


def test_stop_while_no_worker_runs(start, short_path):
    """In a pause between two starts."""
    broken, path = short_path / "broken", short_path / "control"
    script = f"test ! -e {shlex.quote(str(broken))} || exit 3; exec {harness.IN_A_SHELL} --port 0"
    cluster = start("--workers", 1, "--control", path, "--exec", "/bin/sh", "--", "-c", script, ready=1)
    cluster.deaths_are_normal = True
    broken.touch()
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    cluster.wait_for(r"died \(exit 3\)", count=5)
    cluster.expect(ask(path, "stop").returncode == 0, "an answer")
    cluster.wait_for_exit(0)


def test_nobody_there(short_path):
    answer = ask(short_path / "nobody", "status")
    assert answer.returncode == 1
    assert "No such file or directory" in answer.stderr and "is the server running" in answer.stderr


def test_only_the_owner_may(controlled):
    cluster, path = controlled()
    cluster.expect(stat.S_IMODE(path.stat().st_mode) == 0o600, "mode 0600")


@root_only
def test_the_kernel_is_asked_who_it_is(controlled):
    """The file is open to all, by mistake; another user is turned away all the same."""
    cluster, path = controlled()
    path.parent.chmod(0o711)
    path.chmod(0o666)
    script = f"""
import os, socket
os.setuid(65534)
c = socket.socket(socket.AF_UNIX)
c.connect({str(path)!r})
try:
    c.sendall(b"POST /stop HTTP/1.0\\r\\n\\r\\n")
    print(c.recv(100))
except ConnectionError:  # it is closed so soon
    print(b"")
"""
    said = subprocess.run(["/usr/bin/python3", "-c", script], text=True, stdout=subprocess.PIPE,
                          timeout=client.PATIENCE).stdout
    cluster.expect(said == "b''\n", f"no answer, not {said!r}")
    cluster.expect(ask(path, "status").returncode == 0, "it runs on")


def test_abuse_is_harmless(controlled):
    """More clients than it takes, who say nothing, or nonsense."""
    cluster, path = controlled()
    idle = [socket.socket(socket.AF_UNIX) for _ in range(40)]
    for one in idle:
        one.connect(str(path))
    cluster.wait_until(lambda: sum(is_closed(one) for one in idle) == 24, "16 are served")
    for one in idle:
        one.close()
    cluster.wait_until(lambda: ask(path, "status").returncode == 0, "there is room again")
    with socket.socket(socket.AF_UNIX) as noise:
        noise.connect(str(path))
        noise.sendall(os.urandom(100) + b"\r\n\r\n")
        cluster.expect(b" 400 " in noise.recv(1000), "400")
    cluster.expect(cluster.get().status == 200, "and all the time it serves")


def is_closed(one):
    one.setblocking(False)
    try:
        return one.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_a_stale_socket_is_taken_over_and_a_live_one_is_not(controlled, start):
    cluster, path = controlled()
    second = start("--control", path, "--port", 0, "--workers", 1, port=None)
    second.wait_for_exit(1)
    second.expect("Address already in use" in second.read_all()[1], "the reason")
    cluster.expect(ask(path, "status").returncode == 0, "the first one answers")
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-9)
    third, _ = controlled()
    third.expect(ask(path, "status").returncode == 0, "the third one answers")
