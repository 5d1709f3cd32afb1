"""The worst day, in short. Each fault happens under load, and every client's outcome is counted; the
long form, beside other servers, is the drill at the top of the repository, where there is one."""
import contextlib
import os
import pathlib
import signal
import sys
import time

import harness
import pytest
from other_users import for_all  # noqa: F401 (a fixture)
from policies import EVERY_POLICY, start_with
from proc import children_of

sys.path.append(str(pathlib.Path(__file__).parent))
import deaths  # noqa: E402
import freezes  # noqa: E402
import reloads  # noqa: E402
import rudeness  # noqa: E402
from measure import kinds_of, memory_of  # noqa: E402

pytestmark = pytest.mark.skipif("address" in str(harness.PROGRAM), reason="sanitizers need other limits")


class Server:
    """A cluster of the harness, as the faults want to see it."""
    can_bytes = True

    def __init__(self, cluster):
        self.cluster, self.pid, self.port = cluster, cluster.pid, cluster.port

    @property
    def workers(self):
        return self.cluster.workers

    @property
    def processes(self):
        return [self.pid, *self.workers]

    def reload(self):
        self.cluster.send_signal(signal.SIGHUP)

    def path_of_bytes(self, size):
        return f"/bytes?n={size}"


@pytest.fixture
def served(start):
    def start_it(workers=4, policy="rr", *options, **popen):
        cluster = start_with(start, policy, workers, *options, **popen)
        cluster.deaths_are_normal = True
        return Server(cluster)
    return start_it


def check(server, result):
    server.cluster.tell(f"outcomes: {result.summary()}")
    if "listener" in server.cluster.extra_of_primary:  # reuseport: as many as there were workers at once
        server.cluster.extra_of_primary = {"listener": kinds_of(server.pid)["listener"]}
    server.cluster.expect(not result.problems, f"no problem, such as: {result.problems}")


@pytest.mark.parametrize("keep_alive", [False, True], ids=["new", "kept"])
def test_1_killed_workers_break_their_own_connections_and_no_others(served, keep_alive):
    server = served()
    check(server, deaths.kill_workers(server, keep_alive, kills=12, pause=0.05))


@EVERY_POLICY
@pytest.mark.parametrize("keep_alive", [False, True], ids=["new", "kept"])
def test_2_a_reload_is_not_noticed(served, policy, keep_alive):
    server = served(3, policy)
    check(server, reloads.reload(server, keep_alive, reloads=4))


def test_2_the_primary_does_not_grow(served):
    """Neither in memory, nor in descriptors."""
    server = served(2)
    reloads.reload(server, reloads=3)
    before, kinds = memory_of(server.pid), kinds_of(server.pid)
    check(server, reloads.reload(server, reloads=15))
    server.cluster.wait_until(lambda: kinds_of(server.pid) == kinds, f"descriptors: {kinds}")
    grown = memory_of(server.pid) / before
    server.cluster.expect(grown < 1.1, f"as much memory as before, not {grown:.2f} times")


@pytest.mark.parametrize("who", ["a worker", "the primary", "all"])
@pytest.mark.parametrize("policy", ["rr", "shared"])
def test_3_whoever_is_frozen_holds_up_only_what_is_on_it(served, policy, who):
    server = served(4, policy)
    check(server, freezes.freeze(server, who, seconds=1, timeout=0.7))


def test_4_a_killed_primary_can_be_started_anew_at_once(served, start):
    server = served()

    def start_again():
        served_again = start("--workers", 4, port=server.port, ready=4)
        served_again.expect(served_again.get().status == 200, "an answer")
    check(server, deaths.kill_primary(server, start_again))
    server.cluster.wait_for_exit(-9)


def test_5a_all_workers_can_be_killed_at_once(served):
    server = served()
    check(server, deaths.kill_all_workers(server))


def test_5b_workers_that_are_killed_on_sight_are_not_started_for_ever(served):
    server = served()
    check(server, deaths.kill_on_sight(server, seconds=3))


def test_5c_then_it_can_be_ended_at_once(served):
    server = served()
    began = time.monotonic()
    while time.monotonic() - began < 1:
        for worker in server.workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    began = time.monotonic()
    server.cluster.stop()
    server.cluster.expect(time.monotonic() - began < 1, "TERM acts within a second")


@pytest.mark.parametrize("wrong", ["exit 1", "exec sleep 60", None], ids=["exits", "hangs", "is missing"])
def test_6_a_reload_to_a_broken_program(start, tmp_path, wrong):
    program = tmp_path / "program"
    right = f'exec {harness.IN_A_SHELL} "$@"'

    def become(text):
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    become(right)
    cluster = start("--workers", 3, "--start-timeout", 1, "--exec", program, "--", "--port", 0, ready=3)
    cluster.deaths_are_normal = True

    def error_is_printed():
        cluster.watch(0.01)
        return "the reload has failed" in cluster.printed["stderr"]

    def break_it():
        become(wrong) if wrong else program.unlink()
    check(Server(cluster), reloads.reload_to_a_broken_program(
        Server(cluster), break_it, lambda: become(right), error_is_printed))


@pytest.mark.parametrize("who", ["a worker", "the primary"])
def test_7_without_descriptors_nobody_dies_and_nobody_spins(served, who):
    server = served()
    check(server, freezes.run_out_of_descriptors(server, who, seconds=1))


def test_8_fifty_signals_in_a_second(served):
    server = served(2)
    check(server, reloads.reload_too_often(server))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTTIN,
                                    signal.SIGTTOU, signal.SIGCHLD])
def test_8_a_signal_at_any_moment_of_its_start(start, number):
    for moment in range(10):
        cluster = start("--workers", 2)
        time.sleep(moment / 100)
        os.kill(cluster.pid, number)
        time.sleep(0.01)
        if cluster.process.poll() is None and number not in (signal.SIGTERM, signal.SIGINT):
            os.kill(cluster.pid, signal.SIGTERM)
            os.kill(cluster.pid, signal.SIGCONT)  # TTIN and TTOU stop a program that does not know them yet
        cluster.wait_until(lambda: cluster.process.poll() is not None, "it ends")
        cluster.wait_for_exit(0, -number, -signal.SIGTERM)


@pytest.mark.skipif(os.geteuid() != 0, reason="a process namespace needs root")
def test_8_as_process_1_it_waits_for_everybody(start):
    """Whoever loses his parent in a container becomes a child of process 1."""
    orphan = f"(sleep 0.1 & sleep 0.1 &); exec {harness.IN_A_SHELL} --port 0"
    unshare = ["/usr/bin/unshare", "--pid", "--fork", "--kill-child", "--mount-proc", harness.PROGRAM]
    outer = start(*unshare[1:], "--workers", 2, "--port", 0, "--exec", "/bin/sh", "--", "-c", orphan,
                  program=unshare[0], port=None)
    outer.wait_for("^listening on ")
    outer._ports = {}
    [first] = children_of(outer.pid)
    time.sleep(0.3)
    outer.expect("Z" not in children_of(first).values() and len(children_of(first)) == 2, "two workers, no zombie")
    os.kill(first, signal.SIGTERM)
    outer.wait_for_exit(0)


def test_9_slow_clients_are_closed_and_do_not_slow_down_others(served):
    server = served(2, "rr", "--headers-timeout", 1, "--request-timeout", 1.5, "--send-timeout", 1)
    check(server, rudeness.be_slow(server, heads=100, bodies=20, readers=20, timeouts=(1, 1.5, 1)))


def test_10_clients_that_go_away_leave_nothing_behind(served):
    server = served(2)
    check(server, rudeness.go_away(server, times=20, short=2000))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@EVERY_POLICY
def test_an_ordinary_user_has_other_limits(served, for_all, policy):
    """Descriptors in flight are counted for each user, but not for root: see ETOOMANYREFS in unix(7)."""
    def prepare():
        import resource
        usual = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, usual))
        os.setgroups([]), os.setgid(65534), os.setuid(65534)
    server = served(3, policy, program=for_all / "cluster", preexec_fn=prepare)
    check(server, reloads.reload(server, keep_alive=True, reloads=3))
    check(server, deaths.kill_workers(server, kills=3, pause=0.05))
