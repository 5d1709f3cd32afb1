"""Step 4: a cluster. Every worker serves, in its turn; and it goes on serving."""
import collections
import errno
import json
import os
import resource
import socket
import time

import client
import event_loop
import pytest
from policies import EVERY_POLICY, start_with
from proc import descriptors_of
from refusing import refusing


def ledger(workers):
    """What each process holds besides the descriptors 0, 1 and 2."""
    loop = event_loop.descriptors_of_a_loop()
    return {"primary": {"listener": 1, "channel": workers, **loop},
            "worker": {"channel": 1, **loop}}


def test_it_says_what_happens(start):
    cluster = start(workers=2)
    for worker, pid in enumerate(sorted(cluster.workers), 1):
        for state in ("online", "listening"):
            cluster.wait_for(rf"^worker {worker} \(pid {pid}\) {state}\n")
    cluster.wait_for(rf"^listening on http://127\.0\.0\.1:{cluster.port} "
                     rf"\(policy rr, 2 workers, pid {cluster.pid}\)\n")


def test_it_listens_on_the_port_that_was_asked_for(start):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start(workers=2, port=port)
        cluster.expect(cluster.port == port, f"port {port}")
        cluster.expect(cluster.get().status == 200, "an answer")


def test_workers_take_turns(start):
    """One client after the other: each of the four is served by the worker whose turn it is."""
    cluster = start(workers=4)
    served = [cluster.get().pid for _ in range(400)]
    cluster.expect(collections.Counter(served) == {pid: 100 for pid in cluster.workers},
                   "100 requests for each worker")
    cluster.expect(served[:4] == served[4:8], "always in the same order")


@EVERY_POLICY
def test_every_policy_serves(start, policy):
    cluster = start_with(start, policy, 3)
    for _ in range(30):
        answer = cluster.get()
        cluster.expect(answer.status == 200 and answer.pid in cluster.workers, "a worker answers")


def listeners_of(pid):
    return [target for kind, target in descriptors_of(pid).values() if kind == "listener"]


def test_with_the_shared_policy_all_hold_one_socket(start):
    cluster = start_with(start, "shared", 3)
    sockets = [listeners_of(pid) for pid in [cluster.pid, *cluster.workers]]
    cluster.expect(all(len(s) == 1 for s in sockets) and len({s[0] for s in sockets}) == 1,
                   f"one listening socket, the same in all processes: {sockets}")


def test_with_reuseport_each_worker_has_a_socket_of_its_own(start):
    cluster = start_with(start, "reuseport", 3)
    own = [listeners_of(pid) for pid in cluster.workers]
    cluster.expect(all(len(s) == 1 for s in own) and len({s[0] for s in own}) == 3,
                   f"three different sockets: {own}")
    cluster.expect(sorted(listeners_of(cluster.pid)) == sorted(s[0] for s in own),
                   "the primary holds all of them, so that no queue is lost")


@pytest.mark.parametrize("environment, policy", [("rr", "rr"), ("none", "shared")])
def test_the_policy_can_come_from_the_environment(start, environment, policy):
    cluster = start(workers=2, env={**os.environ, "NODE_CLUSTER_SCHED_POLICY": environment})
    cluster.extra_of_worker = {"listener": 1} if policy == "shared" else {}
    cluster.wait_for(rf"policy {policy},")
    cluster.expect(bool(listeners_of(cluster.workers[0])) == (policy == "shared"),
                   "the workers hold the socket only if they share it")


def test_any_address_means_ipv6_and_ipv4(start):
    cluster = start("--host", "any", ready=False, workers=1)
    port = int(cluster.wait_for(r"^listening on http://\[::\]:(\d+) ")[1])
    cluster.expect(cluster.get(port).status == 200, "an answer over IPv4")


@pytest.mark.parametrize("call, error, where", [("socket", errno.EAFNOSUPPORT, (0, socket.AF_INET6)),
                                                ("socket", errno.EPERM, (0, socket.AF_INET6)),
                                                ("bind", errno.EADDRNOTAVAIL, (2, 28))],
                         ids=["no IPv6 in the kernel", "a filter", "switched off"])
@pytest.mark.parametrize("policy", ["rr", "shared", "reuseport"])
def test_any_address_means_ipv4_where_there_is_no_ipv6(start, policy, call, error, where):
    cluster = start("--host", "any", "--policy", policy, ready=False, workers=1,
                    preexec_fn=refusing(call, error, where))  # 28: the size of an IPv6 address
    port = int(cluster.wait_for(r"^listening on http://0\.0\.0\.0:(\d+) ")[1])
    cluster.extra_of_worker = {"listener": 1} if policy != "rr" else {}
    cluster.expect(cluster.get(port).status == 200, "an answer")


def test_whoami_tells_who_answers(start):
    cluster = start(workers=2)
    told = [json.loads(cluster.exchange(b"GET /whoami HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                       .body) for _ in range(4)]
    cluster.expect({t["pid"] for t in told} == set(cluster.workers), "each worker's pid")
    cluster.expect({t["id"] for t in told} == {1, 2}, "each worker's number")
    cluster.expect([t["requests"] for t in told] == [1, 1, 2, 2], "how many requests it has had")
    cluster.expect({t["language"] for t in told} == {"c++"}, "the language")


def test_it_raises_its_limit_of_descriptors(start):
    def usual():  # but smaller than 1024, so that few clients will do
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    cluster = start(workers=1, preexec_fn=usual)
    clients = [cluster.connect() for _ in range(150)]
    for one in clients:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    for one in clients:
        cluster.expect(one.answer().status == 200, "an answer for each of 150 clients")
        one.close()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_primary_without_free_descriptors_lets_clients_wait(start):
    """They wait in the kernel's queue, and it does not burn the CPU meanwhile."""
    cluster = start(workers=2)
    limit = resource.RLIMIT_NOFILE
    before_shortage = resource.prlimit(cluster.pid, limit)
    few = len(descriptors_of(cluster.pid))
    resource.prlimit(cluster.pid, limit, (few, before_shortage[1]))
    before = cpu_seconds(cluster.pid)
    clients = [cluster.connect() for _ in range(8)]
    for one in clients:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    time.sleep(1)
    cluster.expect(cpu_seconds(cluster.pid) - before < 0.2, "little work in the second of shortage")
    resource.prlimit(cluster.pid, limit, before_shortage)
    for one in clients:
        cluster.expect(one.answer().status == 200, "an answer, late")
        one.close()
