"""Step 1: every worker serves, because every worker inherits the one listening socket."""
from harness import not_in_steps
from proc import descriptors_of


def ledger(workers):
    """What each process holds besides the descriptors 0, 1 and 2."""
    return {"primary": {"listener": 1}, "worker": {"listener": 1}}


def listener_of(pid):
    return next(target for kind, target in descriptors_of(pid).values() if kind == "listener")


@not_in_steps(2, reason="each worker prints its own port")
def test_it_says_where_it_listens(start):
    cluster = start(workers=3)
    line = cluster.wait_for(r"^listening on http://127.0.0.1:(\d+) \(.*3 workers, pid (\d+)\)\n$")
    cluster.expect(int(line[1]) == cluster.port, "the port on which it answers")
    cluster.expect(int(line[2]) == cluster.pid, "the process id of the primary")
    cluster.expect(len(cluster.workers) == 3, "3 workers")


@not_in_steps(2, 4, reason="in 2 each worker opens a socket of its own, in 4 only the primary has it")
def test_all_processes_hold_one_listening_socket(start):
    cluster = start(workers=3)
    sockets = {listener_of(pid) for pid in [cluster.pid, *cluster.workers]}
    cluster.expect(len(sockets) == 1, f"the same socket everywhere: {sockets}")


@not_in_steps(2, reason="each worker serves a port of its own")
def test_every_worker_serves(start):
    cluster = start(workers=4)
    # A client that has not asked yet keeps one worker busy, so four keep all of them busy; then
    # each of the four is answered by another worker, however the kernel has shared them out.
    clients = [cluster.connect() for _ in cluster.workers]
    cluster.wait_until(lambda: all("connection" in dict(descriptors_of(w).values())
                                   for w in cluster.workers), "each worker has accepted a client")
    pids = set()
    for client in clients:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        pids.add(client.answer().pid)
        client.close()
    cluster.expect(pids == set(cluster.workers), f"an answer from each worker, not from {pids}")
