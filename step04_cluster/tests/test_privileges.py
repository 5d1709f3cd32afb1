"""Other users, other names: --user, --pid-file, and a path for an address."""
import os
import pathlib
import shutil
import signal
import socket
import stat

import harness
import pytest
from other_users import for_all, open_to_all  # noqa: F401 (for_all is a fixture)
from scripted import PEER
from short_path import short_path  # noqa: F401 (a fixture)

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


# ---- --user

def status_of(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1:]


@root_only
def test_workers_run_as_that_user(start, for_all):
    cluster = start("--user", "nobody", program=for_all / "cluster", workers=2)
    cluster.expect(status_of(cluster.pid, "Uid") == ["0"] * 4, "the primary stays root")
    for worker in cluster.workers:
        cluster.expect(status_of(worker, "Uid") == [str(NOBODY)] * 4, "all four of its user ids")
        cluster.expect(set(status_of(worker, "Gid")) == {"65534"}, "and its group ids")
        cluster.expect(status_of(worker, "Groups") == [], "and no other groups")
    cluster.expect(cluster.get().status == 200, "an answer")


@root_only
def test_they_still_die_with_their_primary(start, for_all):
    """Changing the user makes the kernel forget PR_SET_PDEATHSIG. A stopped one does not read."""
    cluster = start("--user", "nobody", program=for_all / "cluster", workers=2)
    for worker in cluster.workers:
        cluster.send_signal(signal.SIGSTOP, worker)
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-9)


ASK = """
peer.listen(port={port})
for what in ({{'port': 1}}, {{'address': '0.0.0.0', 'port': {port}}}, {{'fd': 0, 'port': -1}},
             {{'port': {port}, 'addressType': 'udp4'}}, {{'address': '{path}', 'port': -1, 'addressType': -1}}):
    answer, fd = peer.ask(index=1, **what)
    tell('told', answer['errno'])
peer.serve()
"""


@root_only
def test_the_primary_binds_for_them_what_its_command_line_allows(start, for_all):
    place = pathlib.Path(shutil.copytree(PEER.parent, for_all / "scripts"))
    open_to_all(place)
    path = for_all / "stolen"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster = start("--user", "nobody", "--workers", 1, "--exec", "/usr/bin/python3", "--",
                    place / "node_peer.py", ASK.format(port=port, path=path), port=port, ready=0)
    cluster.workers_are_foreign = cluster.deaths_are_normal = True
    cluster.wait_for("worker 1 told -13", count=5)
    cluster.expect(not path.exists(), "nothing bound")


@root_only
def test_they_do_not_say_who_may_connect(start, for_all):
    place = pathlib.Path(shutil.copytree(PEER.parent, for_all / "scripts"))
    open_to_all(place)
    path = for_all / "socket"
    script = f"peer.listen(address={str(path)!r}, port=-1, addressType=-1, readableAll=True, writableAll=True)"
    cluster = start("--user", "nobody", "--workers", 1, "--host", "unix:./socket", "--exec", "/usr/bin/python3",
                    "--", place / "node_peer.py", script + "; peer.serve()", cwd=for_all, umask=0o077)
    cluster.workers_are_foreign = True
    cluster.extra_of_primary = {"listener": 0, "channel": 2}
    cluster.wait_for("^worker 1 .* listening")
    cluster.expect(stat.S_IMODE(path.stat().st_mode) == 0o700, "the mode that the primary's umask leaves")


@pytest.mark.parametrize("user", ["nosuchuser", "4294967295", "-1", ""])
def test_a_user_that_is_none_is_refused(start, user):
    cluster = start("--user", user)
    cluster.wait_for_exit(2)
    cluster.expect("--user" in cluster.read_all()[1], "the option")


# ---- --pid-file

def test_a_pid_file_holds_the_pid_and_goes_in_the_end(start, tmp_path):
    path = tmp_path / "pid"
    cluster = start("--pid-file", path, workers=1)
    cluster.extra_of_primary = {str(path): 1}
    cluster.expect(path.read_text() == f"{cluster.pid}\n", "its pid")
    cluster.stop()
    cluster.expect(not path.exists(), "no file")


def test_a_second_server_does_not_start(start, tmp_path):
    path = tmp_path / "pid"
    first = start("--pid-file", path, workers=1)
    first.extra_of_primary = {str(path): 1}
    second = start("--pid-file", path, "--workers", 1)
    second.wait_for_exit(1)
    second.expect("is locked: another server is running" in second.read_all()[1], "the reason")
    first.expect(path.read_text() == f"{first.pid}\n", "the first one's pid")


def test_the_file_of_a_killed_server_is_taken_over(start, tmp_path):
    """The number in it may belong to somebody else by now; the lock is gone."""
    path = tmp_path / "pid"
    path.write_text("1\n")
    first = start("--pid-file", path, workers=1)
    first.send_signal(signal.SIGKILL)
    first.wait_for_exit(-9)
    second = start("--pid-file", path, workers=1)
    second.extra_of_primary = {str(path): 1}
    second.expect(path.read_text() == f"{second.pid}\n", "the new pid")


@pytest.mark.parametrize("text", ["precious\n", "4711 4712\n", "\n", "4" * 30])
def test_what_is_no_pid_is_not_overwritten(start, tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text)
    cluster = start("--pid-file", path, "--workers", 1)
    cluster.wait_for_exit(1)
    cluster.expect(f"--pid-file {path} holds something else than" in cluster.read_all()[1], "the reason")
    cluster.expect(path.read_text() == text, "it is still there")


def test_a_pid_file_is_a_regular_file(start, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    cluster = start("--pid-file", path, "--workers", 1)
    cluster.wait_for_exit(1)
    cluster.expect(f"--pid-file {path} is no regular file" in cluster.read_all()[1], "the reason")
    cluster.expect(stat.S_ISFIFO(path.stat().st_mode), "it is still there")


@pytest.mark.parametrize("before", ["", "4711\n"])
def test_a_pid_file_without_room_is_an_error_and_goes(start, tmp_path, before):
    """No file may become longer than nothing: as if the disk were full. See RLIMIT_FSIZE in getrlimit(2)."""
    path = tmp_path / "pid"
    if before:
        path.write_text(before)
    limit = ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh"]
    cluster = start(*limit[1:], harness.PROGRAM, "--pid-file", path, "--workers", 1, program=limit[0], port=None)
    cluster.wait_for_exit(1)
    cluster.expect(f"--pid-file {path}: File too large" in cluster.read_all()[1], "the file and the reason")
    cluster.expect(not path.exists(), "no file is left")


def test_a_pid_file_that_cannot_be_is_an_error(start, tmp_path):
    cluster = start("--pid-file", tmp_path / "no" / "pid", "--workers", 1)
    cluster.wait_for_exit(1)
    cluster.expect("No such file or directory" in cluster.read_all()[1], "the reason")


# ---- A path for an address

def ask_path(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: client.recv(4096), b""))


def start_at(start, path, *options):
    cluster = start("--host", f"unix:{path}", "--workers", 2, *options)
    cluster.wait_for(rf"^listening on unix:{path} ")
    cluster.extra_of_primary = {"listener": 0, "channel": 3}
    return cluster


@pytest.mark.parametrize("policy", ["rr", "shared"])
def test_it_listens_on_a_path(start, short_path, policy):
    path = short_path / "socket"
    cluster = start_at(start, path, "--policy", policy)
    if policy == "shared":
        cluster.extra_of_worker = {"channel": 2}
    cluster.expect(ask_path(path).endswith(b"Hello world\n"), "an answer")
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("^reloaded")
    cluster.expect(ask_path(path).endswith(b"Hello world\n"), "an answer after a reload")
    cluster.wait_until(lambda: len(cluster.workers) == 2, "the old ones are gone")
    cluster.stop()
    cluster.expect(not path.exists(), "the file is removed")


def test_a_path_in_use_is_refused_and_a_stale_one_is_taken_over(start, short_path):
    path = short_path / "socket"
    first = start_at(start, path)
    second = start("--host", f"unix:{path}", "--workers", 1)
    second.wait_for_exit(1)
    second.expect(f"listen unix:{path}: Address already in use" in second.read_all()[1], "the reason")
    first.expect(ask_path(path).endswith(b"Hello world\n"), "the first one serves")
    first.send_signal(signal.SIGKILL)
    first.wait_for_exit(-9)
    first.expect(stat.S_ISSOCK(path.stat().st_mode), "the file is left")
    third = start_at(start, path)
    third.expect(ask_path(path).endswith(b"Hello world\n"), "the third one serves")
