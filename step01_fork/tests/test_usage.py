"""The command line, and starts that fail: a clear message, and the right exit status."""
import ctypes
import errno
import os
import pathlib
import socket

import client
import pytest
from refusing import refusing

WRONG = [("--workers", "0"), ("--workers", "-1"), ("--workers", "many"), ("--workers", "99999"),
         ("--workers", ""), ("--workers", "2 "), ("--workers", "1e1"),
         ("--workers", "99999999999999999999"), ("--port", "-1"), ("--port", "65536"),
         ("--port", "http"), ("--port", ""), ("--port", "0x1f90"), ("--port", "nan"), ("--port", "inf")]


@pytest.mark.parametrize("option, value", WRONG)
def test_a_wrong_value_is_refused(start, option, value):
    cluster = start(option, value)
    cluster.wait_for_exit(2)
    out, err = cluster.read_all()
    cluster.expect(out == "", "nothing on standard output")
    cluster.expect(f"{option} '{value}': expected a number from" in err, "the reason")


@pytest.mark.parametrize("arguments, named", [
    ("--frobnicate", "--frobnicate"), ("-x", "-x"), ("-xy", "-x"), ("--workers", "--workers"),
    ("stray", "stray"), ("--help=yes", "--help=yes"), ("-- stray", "stray")])
def test_a_wrong_option_is_refused(start, arguments, named):
    cluster = start(*arguments.split())
    cluster.wait_for_exit(2)
    out, err = cluster.read_all()
    cluster.expect(out == "", "nothing on standard output")
    cluster.expect(f"'{named}': " in err and "try --help" in err, "what is wrong, and where to look")


def test_help_names_every_option(start):
    cluster = start("--help")
    cluster.wait_for_exit(0)
    out, _ = cluster.read_all()
    cluster.expect(out.startswith("usage: ./cluster"), "a usage line")
    cluster.expect("--workers" in out and "--port" in out, "both options")


def test_help_that_cannot_be_written_is_an_error(start):
    with open("/dev/full", "w") as full:
        cluster = start("--help", stdout=full)
    cluster.wait_for_exit(1)
    cluster.expect("cluster: write to standard output: No space left on device\n" ==
                   cluster.read_all()[1], "the reason")


def test_there_is_a_worker_for_each_usable_cpu(start):
    one_cpu = {min(os.sched_getaffinity(0))}
    cluster = start(ready=1, preexec_fn=lambda: os.sched_setaffinity(0, one_cpu))
    cluster.expect(len(cluster.workers) == 1, "1 worker, since the process may use 1 CPU")


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EPERM])
@pytest.mark.parametrize("workers", [None, 2])
def test_it_starts_where_the_usable_cpus_cannot_be_counted(start, workers, error):
    """On a machine with more than 1024 CPUs, or under a filter."""
    cluster = start(workers=workers, ready=False, preexec_fn=refusing("sched_getaffinity", error))
    count = workers or min(os.cpu_count(), 512)
    cluster.wait_until_ready(count)
    cluster.expect(len(cluster.workers) == count, f"{count} workers")


def test_the_last_of_several_values_counts(start):
    cluster = start("--workers", 3, "--workers", 1, ready=1)
    cluster.expect(len(cluster.workers) == 1, "1 worker")


def test_a_port_in_use_is_named(start):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        cluster = start(workers=2, port=port, ready=False)
        cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect(f"listen 127.0.0.1:{port}: Address already in use (another server? "
                   "try --port 0)" in err, "the address, the reason and a way out")


def test_a_privileged_port_is_refused_to_an_ordinary_user(start):
    if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("this machine lets everybody use port 80 (ip_unprivileged_port_start)")
    cluster = start(workers=2, port=80, ready=False, preexec_fn=become_ordinary)
    cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect("listen 127.0.0.1:80: Permission denied (ports below 1024 may be for root alone"
                   in err, "the address, the reason and a way out")


def become_ordinary():
    """Root gives up the one privilege that matters here, for itself and what it starts; another
    user id might not be able to read the program. See capabilities(7)."""
    pr_capbset_drop, cap_net_bind_service = 24, 10
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(pr_capbset_drop, cap_net_bind_service, 0, 0, 0)


@pytest.mark.parametrize("zero", ["", "0"])  # which makes a number octal in C, and nowhere else
def test_a_reserved_port_can_be_used(start, zero):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start(workers=1, port=f"{zero}{port}")
        cluster.expect(cluster.port == port, f"port {port}, as asked")
        cluster.expect(cluster.get().status == 200, "an answer")
