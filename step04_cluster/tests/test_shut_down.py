"""A socket that several processes hold can be shut down by any of them, and then nobody can accept on it
any more, although it is readable all the time. The place is closed, and can be had again."""
import os
import shlex
import signal
import socket
import time

import harness
import pytest
from client import reserved_port
from scripted import PEER, start_scripts  # noqa: F401 (a fixture)

# Worker 1 shuts down what it has got as soon as it is told to. The others are ours.
WORKER_1 = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
told, fd = peer.listen(port={port})
listener = socket.socket(fileno=fd)
listener.listen()
tell('holds it')
signal.sigwait([signal.SIGUSR1])
listener.shutdown(socket.SHUT_RD)
tell('has shut it down')
{then}
"""
CANNOT = r"^cluster: accept 127\.0\.0\.1:{port}: Invalid argument"


@pytest.fixture
def place():
    with reserved_port() as reserved:
        yield reserved.getsockname()[1]


def start_two(start, policy, port, then):
    script = shlex.quote(WORKER_1.format(port=port, then=then))
    choose = (f"test $NODE_UNIQUE_ID = 1 && exec /usr/bin/python3 {shlex.quote(str(PEER))} {script}; "
              f"exec {harness.IN_A_SHELL} --port {port}")
    cluster = start("--policy", policy, "--drain-timeout", 0.1, "--workers", 2, "--exec", "/bin/sh", "--",
                    "-c", choose, port=port, ready=2)
    cluster.workers_are_foreign = cluster.deaths_are_normal = True
    cluster.wait_for("worker 1 holds it")
    return cluster


def shut_down(cluster, port):
    victim = int(cluster.wait_for(r"worker 1 \(pid (\d+)\) listening")[1])
    cluster.send_signal(signal.SIGUSR1, victim)
    cluster.wait_for("worker 1 has shut it down")
    cluster.wait_for(CANNOT.format(port=port), "stderr")


def seconds_of(pid):
    """The processor time that it has used. See proc(5)."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def expect_rest(cluster):
    processes = [cluster.pid, *cluster.workers]
    before = sum(map(seconds_of, processes))
    cluster.watch(0.5)
    used = sum(map(seconds_of, processes)) - before
    cluster.expect(used < 0.1, f"half a second of rest, not {used:.2f} s of work",
                   "a socket that is readable for ever is watched for ever")


def test_a_shared_socket(start, place):
    cluster = start_two(start, "shared", place, "peer.serve()")
    shut_down(cluster, place)
    expect_rest(cluster)
    cluster.expect(cluster.printed["stderr"].count("Invalid argument") == 1, "it is said once")
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("reloaded")
    cluster.expect(cluster.get(place).status == 200, "an answer of those that listen there now")


@pytest.mark.parametrize("then", ["sys.exit(0)", "peer.say('exitedAfterDisconnect'); peer.hear(); sys.exit(0)"])
def test_a_socket_of_ones_own(start, place, then):
    cluster = start_two(start, "reuseport", place, then)
    cluster.extra_of_primary = {"listener": 2}
    shut_down(cluster, place)
    cluster.wait_for(r"worker 3 \(pid \d+\) listening")
    expect_rest(cluster)
    for _ in range(10):
        cluster.expect(cluster.get(place).status == 200, "an answer")


def test_a_socket_of_the_primary(start_scripts, place):
    with socket.create_server(("127.0.0.1", place)) as ours:
        fd = ours.fileno()
        cluster = start_scripts(1, f"""
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
there = {{'address': None, 'port': None, 'addressType': None, 'fd': {fd}}}
peer.listen(**there)
tell('listens')
signal.sigwait([signal.SIGUSR1])
told, _ = peer.ask(**there)
tell('errno', told.get('errno'))
peer.serve()
""", "--allow-fd", fd, pass_fds=[fd])
        cluster.extra_of_primary = {"listener": 2}  # the one that it was given, and a duplicate
        cluster.wait_for("worker 1 listens")
        ours.shutdown(socket.SHUT_RD)
        cluster.wait_for(CANNOT.format(port=place), "stderr")
        expect_rest(cluster)
        cluster.send_signal(signal.SIGUSR1, cluster.workers[0])
        cluster.wait_for("worker 1 errno 0")
        cluster.expect(cluster.get(place).status == 200, "an answer")


def test_an_error_of_a_socket_for_datagrams_closes_nothing(start_scripts):
    """The network has told its worker that nobody was there: the primary, which shares it, sees that, too."""
    cluster = start_scripts(1, """
_, fd = peer.ask(addressType='udp4')
peer.listen()
peer.ask(addressType='udp4')  # now the primary has heard that we listen
shared = socket.socket(fileno=fd)
nobody = socket.socket(type=socket.SOCK_DGRAM)
nobody.bind(('127.0.0.1', 0))
shared.connect(nobody.getsockname())
nobody.close()
shared.send(b'hello')
errors = [peer.ask(addressType='udp4')[0]['errno'] for _ in range(5)]
tell('errors', *errors)
peer.serve()
""")
    cluster.extra_of_primary = {"socket": 1}
    # It has that place already. (The primary has seen the error by the time it answers the last one.)
    cluster.wait_for("worker 1 errors" + 5 * " -98")
