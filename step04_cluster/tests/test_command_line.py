"""The command line of ./cluster: a clear message, and the right exit status."""
import os
import pathlib

import client
import pytest

WRONG = [("--workers", "0"), ("--workers", "-1"), ("--workers", "many"), ("--workers", "513"),
         ("--workers", ""), ("--port", "-1"), ("--port", "65536"), ("--port", "http"),
         ("--port", "99999999999999999999"), ("--policy", "fair"), ("--start-timeout", "-1"),
         ("--drain-timeout", "soon"), ("--keep-alive-timeout", "-1"), ("--max-header-size", "1"),
         ("--max-body-size", "much"), ("--host", "localhost"), ("--host", "1.2.3"), ("--host", ""),
         ("--host", "unix:"), ("--drain-grace", "-1"), ("--liveness-timeout", "never"),
         ("--max-message-size", "63"), ("--max-requests", "-1"), ("--max-requests", "99999999999999999999"),
         ("--port", "0x1f90"), ("--workers", "0b1"), ("--workers", "1e0"), ("--max-requests", "+1"),
         ("--max-header-size", "0x4000"), ("--allow-fd", "3.5"), ("--drain-timeout", "0x1p3"),
         ("--drain-timeout", "1e99"), ("--drain-timeout", "1.5.2"), ("--drain-timeout", "10m")]
SECONDS = ("start-timeout", "drain-timeout", "drain-grace", "liveness-timeout", "keep-alive-timeout",
           "headers-timeout", "request-timeout", "send-timeout")
WRONG += [(f"--{option}", value) for option in SECONDS for value in ("nan", "-nan", "inf")]


@pytest.mark.parametrize("option, value", WRONG)
def test_a_wrong_value_is_refused(start, option, value):
    cluster = start(option, value)
    cluster.wait_for_exit(2)
    out, err = cluster.read_all()
    cluster.expect(out == "", "nothing on standard output")
    cluster.expect(err.startswith("cluster: ") and option in err and "(try --help)" in err,
                   "the option, and where to look")


@pytest.mark.parametrize("arguments", ["--frobnicate", "-x", "stray", "-- stray", "--workers"])
def test_a_wrong_option_is_refused(start, arguments):
    cluster = start(*arguments.split())
    cluster.wait_for_exit(2)
    out, err = cluster.read_all()
    cluster.expect(out == "", "nothing on standard output")
    cluster.expect(arguments.split()[-1] in err and "(try --help)" in err, "what is wrong")


def test_help_names_every_option(start):
    cluster = start("--help")
    cluster.wait_for_exit(0)
    out, _ = cluster.read_all()
    for option in ("host", "port", "workers", "policy", "exec", "start-timeout", "drain-timeout",
                   "keep-alive-timeout", "headers-timeout", "request-timeout", "send-timeout",
                   "max-header-size", "max-body-size", "drain-grace", "liveness-timeout",
                   "max-message-size", "max-requests", "user", "pid-file", "control", "allow-fd"):
        cluster.expect(f"--{option} " in out, f"--{option} is explained")


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


def test_host_and_port_may_come_from_the_environment(start):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start(port=None, ready=False,
                        env={**os.environ, "HOST": "any", "PORT": str(port)})
        cluster.wait_for(rf"^listening on http://\[::\]:{port} ")


@pytest.mark.parametrize("variable, value", [("HOST", "x86_64-conda-linux-gnu"), ("HOST", "localhost"), ("HOST", ""),
                                             ("PORT", "tcp://10.0.0.1:8000"), ("PORT", "65536"), ("PORT", "")])
def test_a_wrong_value_from_the_environment_is_blamed_on_the_variable(start, variable, value):
    """Nobody typed --host; conda sets HOST, and containers set PORT."""
    cluster = start(port=None, ready=False, env={**os.environ, variable: value})
    cluster.wait_for_exit(2)
    out, err = cluster.read_all()
    cluster.expect(out == "" and err.startswith(f"cluster: {variable}='{value}' in the environment: "), "the variable")
    cluster.expect("(unset it, or give --" in err, "what to do")


def test_an_option_counts_more_than_the_environment(start):
    cluster = start("--host", "127.0.0.1", workers=1, env={**os.environ, "PORT": "nonsense", "HOST": "nonsense"})
    cluster.expect(cluster.get().status == 200, "an answer")


def test_an_address_that_is_none_of_ours_is_named(start):
    cluster = start("--host", "192.0.2.1", workers=1, ready=False)
    cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect("listen 192.0.2.1:0: Cannot assign requested address" in err, "why")


def test_sizes_may_have_units(start):
    cluster = start("--max-header-size", "1KiB", workers=1)
    request = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 1100 + b"\r\n\r\n"
    cluster.expect(cluster.exchange(request).status == 431, "431 for a head of more than 1 KiB")


def test_a_privileged_port_is_refused_to_an_ordinary_user(start):
    if int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80:
        pytest.skip("this machine lets everybody use port 80 (ip_unprivileged_port_start)")

    def become_ordinary():
        import ctypes
        pr_capbset_drop, cap_net_bind_service = 24, 10  # see capabilities(7)
        if os.geteuid() == 0:
            ctypes.CDLL(None).prctl(pr_capbset_drop, cap_net_bind_service, 0, 0, 0)

    cluster = start(workers=2, port=80, ready=False, preexec_fn=become_ordinary)
    cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect("listen 127.0.0.1:80: Permission denied (ports below 1024 may be for root alone"
                   in err, "the address, the reason and a way out")


def test_a_leading_zero_changes_nothing(start):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start("--drain-timeout", "010.0", "--max-header-size", "02000", workers="01", port=f"0{port}", ready=1)
        cluster.expect(cluster.port == port, f"port {port}, not an octal number")
        cluster.expect(cluster.get().status == 200, "an answer")
        request = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 1100 + b"\r\n\r\n"
        cluster.expect(cluster.exchange(request).status == 200, "a head of 2000 bytes may come")


@pytest.mark.parametrize("question", ["status", "reload", "stop"])
def test_a_question_needs_to_know_whom(start, question):
    cluster = start(question, port=None)
    cluster.wait_for_exit(2)
    cluster.expect("--control is required" in cluster.read_all()[1], "the option")


def test_a_question_is_not_misunderstood(start):
    cluster = start("status", "--control", "/nowhere", "--format", "poem", port=None)
    cluster.wait_for_exit(2)
    cluster.expect("--format" in cluster.read_all()[1], "the option")
