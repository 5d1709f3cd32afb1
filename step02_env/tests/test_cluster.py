"""Step 2: one program in two roles. Workers start fresh, and get into each other's way."""
import os
import pathlib
import re
import signal

import client
import harness
import pytest
from harness import not_in_steps
from proc import children_of


def ledger(workers):
    """What each process holds besides the descriptors 0, 1 and 2."""
    return {"primary": {}, "worker": {"listener": 1}}


def environment_of(pid):
    """The environment as it was when the program was started. See proc(5)."""
    entries = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(entry.decode().split("=", 1) for entry in entries if entry)


def start_on_one_port(start, workers):
    """Starts workers that want the same port, and waits until those that cannot have it are dead.
    Returns the cluster and the port. It may happen that nobody gets it: all of them may bind(2)
    before the first one calls listen(2)."""
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start(workers=workers, port=port, ready=False)
        cluster.deaths_are_normal = True
        cluster.wait_for(r"^worker \d+ died \(exit 1\)\n", count=workers - 1)
    return cluster, port


@not_in_steps(3, 4, reason="the workers share the port")
def test_at_most_one_worker_gets_the_port(start):
    for _ in range(5):
        cluster, port = start_on_one_port(start, workers=4)
        def winners():
            return re.findall(r"^worker (\d): listening on http://127\.0\.0\.1:(\d+) \(pid \d+\)$",
                              cluster.printed["stdout"], re.M)

        def losers():
            return re.findall(rf"^worker (\d): listen 127\.0\.0\.1:{port}: Address already in use",
                              cluster.printed["stderr"], re.M)

        cluster.wait_until(lambda: sorted(losers() + [number for number, _ in winners()])
                           == list("1234"), "each worker, by its number, listens or reports")
        cluster.expect(len(winners()) <= 1, f"at most one winner, not {winners()}")
        if winners():
            cluster.expect(winners()[0][1] == str(port), f"the port that was asked for, {port}")
            answers = {cluster.get(port).pid for _ in range(5)}
            cluster.expect(answers == set(cluster.workers), "every answer from the winner")
        else:
            cluster.wait_for_exit(1)
        cluster.finish()


@not_in_steps(3, 4, reason="the primary reports the common port")
def test_with_port_0_each_worker_gets_another_port(start):
    cluster = start(workers=3)
    ports = {worker: cluster.port_of(worker) for worker in cluster.workers}
    cluster.expect(len(set(ports.values())) == 3, f"three ports: {ports}")
    for worker, port in ports.items():
        cluster.expect(cluster.get(port).pid == worker, f"worker {worker} answers on {port}")


@not_in_steps(4, reason="the variable has the name of today's Node")
def test_the_environment_tells_the_workers_apart(start):
    cluster = start(workers=3, env={**os.environ, "KEPT": "kept = kept"})
    environments = [environment_of(worker) for worker in cluster.workers]
    ids = sorted(environment["NODE_WORKER_ID"] for environment in environments)
    cluster.expect(ids == ["1", "2", "3"], f"ids from 1 on, not {ids}")
    cluster.expect({e["KEPT"] for e in environments} == {"kept = kept"}, "the rest as it was")


def test_primary_and_workers_run_the_same_program(start):
    cluster = start(workers=2)
    everybody = [cluster.pid, *cluster.workers]
    programs = {os.readlink(f"/proc/{pid}/exe") for pid in everybody}
    arguments = {pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() for pid in everybody}
    cluster.expect(len(programs) == 1 and len(arguments) == 1,
                   f"one program with one command line: {programs}, {arguments}")


def test_it_finds_itself_wherever_it_is_started(start, tmp_path):
    link = tmp_path / "another name"
    link.symlink_to(harness.PROGRAM.resolve())
    cluster = start(workers=1, program=link, cwd="/")
    cluster.expect(cluster.get().status == 200, "an answer")


@not_in_steps(4, reason="the variable has the name of today's Node")
@pytest.mark.parametrize("value", ["", "0", "-1", "one", "1 "])
def test_a_marker_that_is_no_number_is_refused(start, value):
    cluster = start(env={**os.environ, "NODE_WORKER_ID": value})
    cluster.wait_for_exit(1)
    cluster.expect(f"NODE_WORKER_ID '{value}': expected a number" in cluster.read_all()[1],
                   "the name and the value of the variable")


@not_in_steps(3, 4, reason="the marker alone does not make a worker")
def test_the_marker_makes_a_worker(start):
    cluster = start(ready=1, env={**os.environ, "NODE_WORKER_ID": "7"})
    cluster.expect("worker 7: listening on" in cluster.printed["stdout"], "worker 7 listens")
    cluster.expect(not children_of(cluster.pid), "it starts no workers")
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)
