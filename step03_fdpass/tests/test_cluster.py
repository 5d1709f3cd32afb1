"""Step 3: every worker asks for the port, and every worker gets it."""
import resource
import signal

import client
from harness import not_in_steps
from proc import descriptors_of


def ledger(workers):
    """What each process holds besides the descriptors 0, 1 and 2."""
    return {"primary": {"listener": 1, "channel": workers, "signalfd": 1},
            "worker": {"listener": 1, "channel": 1}}


def listener_of(pid):
    return next(target for kind, target in descriptors_of(pid).values() if kind == "listener")


def test_all_workers_listen_on_the_port_that_was_asked_for(start):
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start(workers=4, port=port)
    line = cluster.wait_for(r"^listening on http://127.0.0.1:(\d+) \(.*4 workers, pid (\d+)\)\n$")
    cluster.expect(int(line[1]) == port, f"port {port}")
    cluster.expect(int(line[2]) == cluster.pid, "the process id of the primary")


@not_in_steps(4, reason="only the primary has it")
def test_all_processes_hold_one_listening_socket(start):
    cluster = start(workers=3)
    sockets = {listener_of(pid) for pid in [cluster.pid, *cluster.workers]}
    cluster.expect(len(sockets) == 1, f"the same socket everywhere: {sockets}",
                   "the primary binds for each worker, or a worker opens the port by itself")


def test_every_worker_serves(start):
    cluster = start(workers=4)
    # Four clients that have not asked yet keep four workers busy, however the kernel shares them
    # out; so each of the four is answered by another worker.
    clients = [cluster.connect() for _ in cluster.workers]
    cluster.wait_until(lambda: all("connection" in dict(descriptors_of(w).values())
                                   for w in cluster.workers), "each worker has accepted a client")
    pids = set()
    for one in clients:
        one.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        pids.add(one.answer().pid)
        one.close()
    cluster.expect(pids == set(cluster.workers), f"an answer from each worker, not from {pids}")


def test_a_dead_workers_channel_is_closed(start):
    cluster = start(workers=3)
    cluster.send_signal(signal.SIGKILL, cluster.workers[0])
    cluster.wait_for(r"died \(signal 9\)")
    cluster.check_ledger()


@not_in_steps(4, reason="the primary accepts, and the workers need it")
def test_a_stopped_primary_goes_on_where_it_was(start):
    cluster = start(workers=2)
    cluster.send_signal(signal.SIGSTOP)
    cluster.expect(cluster.get().status == 200, "an answer; the workers do not need the primary")
    cluster.send_signal(signal.SIGCONT)


def test_a_start_without_enough_descriptors_fails_as_a_whole(start):
    few = (8, 8)
    cluster = start(workers=50, ready=False,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few))
    cluster.wait_for_exit(1)
    cluster.expect(": Too many open files" in cluster.read_all()[1], "what, and the reason")
