"""Names in the file system: --host unix:PATH and --control PATH. What else has that name is not touched."""
import fcntl
import os
import socket
import stat
import subprocess

import client
import harness
import pytest
from short_path import long_path, short_path  # noqa: F401 (fixtures)

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
BOTH = pytest.mark.parametrize("user", ["--host", "--control"])


def start_with(start, user, path, *options):
    if user == "--host":
        return start("--host", f"unix:{path}", "--workers", 1, *options)
    return start("--control", path, "--port", 0, "--workers", 1, *options, port=None)


def serving(start, user, path, *options, policy="rr"):
    cluster = start_with(start, user, path, "--policy", policy, *options)
    cluster.wait_for("^listening on ")
    cluster.extra_of_primary = {"channel": 2, **({"listener": 0} if user == "--host" else {})}
    return cluster


def ask(path):
    """What whoever listens there says, whatever it is."""
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(client.PATIENCE)
        one.connect(str(path))
        one.sendall(REQUEST)
        return b"".join(iter(lambda: one.recv(4096), b""))


def identity(path):
    status = os.lstat(path)
    return stat.S_IFMT(status.st_mode), status.st_ino, status.st_size


def refused(start, user, path, kind=""):
    before = identity(path)
    cluster = start_with(start, user, path)
    cluster.wait_for_exit(1)
    cluster.expect(f"listen unix:{path}{kind}: Address already in use" in cluster.read_all()[1], "the reason")
    cluster.expect(identity(path) == before, "what is there stays")


def test_a_path_begins_where_the_server_does(start, short_path):
    """Wherever the one is who looks at its name."""
    cluster = start("--host", "unix:./name", "--workers", 1, cwd=short_path)
    cluster.wait_for(f"^listening on unix:{short_path}/name ")
    cluster.extra_of_primary = {"channel": 2, "listener": 0}
    cluster.expect(ask(short_path / "name").endswith(b"Hello world\n"), "an answer")


# ---- What is there before

def a_dead_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


def a_link(path):
    target = path.with_name("target")
    a_dead_socket(target)
    path.symlink_to(target)


WHAT = {"a regular file": lambda path: path.write_text("precious\n"), "a folder": lambda path: path.mkdir(),
        "a FIFO": os.mkfifo, "a symbolic link": a_link}


@BOTH
@pytest.mark.parametrize("kind", WHAT)
def test_what_is_no_socket_stays(start, short_path, user, kind):
    path = short_path / "name"
    WHAT[kind](path)
    names = sorted(os.listdir(short_path))
    refused(start, user, path, f" ({kind})")
    assert sorted(os.listdir(short_path)) == names, "nothing else is there, either"


@BOTH
@pytest.mark.parametrize("type", [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET])
def test_a_socket_that_does_not_listen_yet_lives(start, short_path, user, type):
    path = short_path / "name"
    with socket.socket(socket.AF_UNIX, type) as other:
        other.bind(str(path))
        refused(start, user, path)


@BOTH
def test_what_a_dead_server_has_left_is_replaced(start, short_path, user):
    path = short_path / "name"
    a_dead_socket(path)
    cluster = serving(start, user, path)
    cluster.expect(ask(path).startswith(b"HTTP/1.1 "), "an answer")
    cluster.stop()
    cluster.expect(not os.listdir(short_path), "nothing is left")


@BOTH
def test_only_one_of_those_that_start_replaces_it(start, short_path, user):
    path, lock = short_path / "name", short_path / "name.starting"
    a_dead_socket(path)
    with open(lock, "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        refused(start, user, path)


# ---- What is there in the end

@BOTH
def test_the_name_of_a_successor_stays(start, short_path, user):
    path = short_path / "name"
    first = serving(start, user, path)
    path.unlink()
    second = serving(start, user, path)
    first.stop()
    second.expect(ask(path).startswith(b"HTTP/1.1 "), "the second one answers")


# ---- A long path

@pytest.mark.parametrize("policy", ["rr", "shared"])
def test_a_long_path_is_written_as_it_is_seen_from_here(start, long_path, policy):
    cluster = serving(start, "--host", long_path / "name", policy=policy)
    cluster.expect(ask("name").endswith(b"Hello world\n"), "an answer")
    cluster.stop()
    cluster.expect(not os.listdir(long_path), "the file is removed")


def test_a_long_path_for_control(start, long_path):
    path = long_path / "name"
    serving(start, "--control", path)
    said = subprocess.run([harness.PROGRAM, "status", "--control", path], text=True, timeout=client.PATIENCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert said.returncode == 0 and said.stdout.startswith("primary "), said.stdout


@BOTH
def test_a_path_that_is_too_long_from_here_is_refused(start, long_path, user, monkeypatch):
    monkeypatch.chdir("/")
    cluster = start_with(start, user, long_path / "name")
    cluster.wait_for_exit(1)
    cluster.expect(f"listen unix:{long_path}/name: File name too long" in cluster.read_all()[1], "the reason")
    cluster.expect(not os.listdir(long_path), "nothing is there")
