"""Real Node.js workers, under our primary: they cannot tell the difference."""
import signal
import socket
import ssl
import subprocess

import client
import pytest
from node_primary import SCRIPTS
from node_version import NODE, node_version
from short_path import long_path, short_path  # noqa: F401 (fixtures)

REQUEST = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
EVERY_NODE_POLICY = pytest.mark.parametrize("policy", ["rr", "shared"])


@pytest.fixture
def start_node(start):
    """start_node(N, "http"): our primary with N workers that execute node/worker.js."""
    def start_them(workers, *arguments, policy="rr", ready=None, options=(), **popen):
        if not node_version():
            pytest.skip("no Node.js here (tools/setup installs it)")
        cluster = start("--workers", workers, "--policy", policy, *options, "--exec", NODE, "--",
                        SCRIPTS / "worker.js", *arguments,
                        ready=workers if ready is None else ready, **popen)
        cluster.workers_are_foreign = cluster.deaths_are_normal = True
        return cluster
    return start_them


def ask(cluster, port, path=b"/"):
    return cluster.exchange(REQUEST % path, port)


@EVERY_NODE_POLICY
def test_http_servers_share_a_port(start_node, policy):
    cluster = start_node(2, "http", policy=policy)
    ports = {cluster.wait_for(rf"node {id} listens on (\d+)")[1] for id in (1, 2)}
    port = int(*ports)
    pids = [ask(cluster, port).pid for _ in range(20)]
    cluster.expect(set(pids) <= set(cluster.workers), "answers of the workers")
    if policy == "rr":
        cluster.expect(all(pids.count(pid) == 10 for pid in cluster.workers), "ten of each")


@EVERY_NODE_POLICY
def test_node_workers_are_reloaded(start_node, policy):
    """They close their idle connections, as they do under Node: nobody tells them of handing back."""
    cluster = start_node(2, "http", policy=policy)
    old, port = cluster.workers, int(cluster.wait_for(r"node 1 listens on (\d+)")[1])
    cluster.send_signal(signal.SIGHUP)
    cluster.wait_for("^reloaded: 2 workers")
    cluster.wait_until(lambda: len(cluster.workers) == 2, "the old ones are gone")
    cluster.expect(not set(old) & set(cluster.workers), "others")
    cluster.expect(ask(cluster, port).pid in cluster.workers, "an answer of one of them")


@EVERY_NODE_POLICY
def test_two_servers_of_a_worker_have_two_ports_and_all_workers_the_same(start_node, policy):
    cluster = start_node(2, "twice", policy=policy)
    cluster.extra_of_primary = {"listener": 2}
    found = {(id, name): cluster.wait_for(rf"node {id} {name} on (\d+)")[1]
             for id in (1, 2) for name in ("first", "second")}
    cluster.expect(found[1, "first"] == found[2, "first"] != found[1, "second"] == found[2, "second"],
                   "two ports, in both workers")


@EVERY_NODE_POLICY
def test_a_server_closes_and_listens_again(start_node, policy):
    cluster = start_node(2, "again", policy=policy)
    ports = {id: int(cluster.wait_for(rf"node {id} again on (\d+)")[1]) for id in (1, 2)}
    for port in set(ports.values()):
        cluster.expect(ask(cluster, port).status == 200, "an answer")


@EVERY_NODE_POLICY
@pytest.mark.parametrize("path, ending", [
    (b"/leave", None), (b"/drop", None), (b"/throw", "exit 1")])
def test_a_worker_leaves_and_is_replaced(start_node, policy, path, ending):
    """cluster.worker.disconnect(), process.disconnect(), and an exception."""
    cluster = start_node(1, "leaves", policy=policy)
    port = int(cluster.wait_for(r"listening on http://[\d.]+:(\d+)")[1])
    before = ask(cluster, port, path).pid
    if ending:
        cluster.wait_for(rf"worker 1 \(pid {before}\) died \({ending}\)")
    cluster.wait_for(r"worker 2 \(pid \d+\) listening")


@EVERY_NODE_POLICY
def test_a_port_in_use_is_an_error_in_the_worker(start_node, policy):
    with socket.create_server(("127.0.0.1", 0)) as other:
        cluster = start_node(2, "busy", other.getsockname()[1], policy=policy, ready=0)
        for id in (1, 2):
            cluster.wait_for(rf"node {id} failed with EADDRINUSE")
        cluster.wait_for_exit(1)


def test_they_end_with_us(start_node):
    cluster = start_node(2, "http")
    cluster.send_signal(signal.SIGKILL)
    cluster.wait_for_exit(-signal.SIGKILL)


def test_they_leave_when_they_are_asked_to(start_node):
    cluster = start_node(2, "http")
    cluster.send_signal(signal.SIGTERM)
    cluster.wait_for_exit(0)


@pytest.fixture
def certificate(tmp_path):
    """Two files: a key, and a certificate that it has signed itself."""
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
                   check=True, stderr=subprocess.DEVNULL)
    return key, cert


@EVERY_NODE_POLICY
def test_tls_servers_share_their_ticket_keys(start_node, policy, certificate):
    """They come as `data` with the first query, and go back to every worker. So a session that was
    begun with one worker goes on with another."""
    cluster = start_node(2, "tls", 0, *certificate, policy=policy)
    port = int(cluster.wait_for(r"node 2 listens on (\d+)")[1])
    context = ssl.create_default_context(cafile=certificate[1])
    session, pids, reused = None, set(), 0
    for _ in range(12):
        with socket.create_connection(("127.0.0.1", port)) as plain, \
                context.wrap_socket(plain, server_hostname="localhost", session=session) as one:
            one.sendall(REQUEST % b"/")
            answer = b"".join(iter(lambda: one.recv(65536), b""))
            reused += one.session_reused
            session = one.session
        pids.add(client.parse_answer(answer).pid)
    cluster.expect(reused == 11, f"11 sessions of 12 go on, not {reused}")
    cluster.expect(policy != "rr" or len(pids) == 2, "answers of both workers")


class UnixClient(socket.socket):
    def __init__(self, path):
        super().__init__(socket.AF_UNIX)
        self.settimeout(client.PATIENCE)
        self.connect(str(path))

    def ask(self):
        self.sendall(REQUEST % b"/")
        return client.parse_answer(b"".join(iter(lambda: self.recv(65536), b"")))


@EVERY_NODE_POLICY
def test_a_path_is_shared_and_its_file_goes_with_the_last_worker(start_node, policy, short_path):
    path = short_path / "socket"
    cluster = start_node(2, "unix", path, policy=policy, ready=0)
    cluster.wait_for(f"listening on unix:{path} ")
    cluster.extra_of_primary = {"channel": 3, "listener": 0}  # a Unix-domain socket, as channels are
    pids = []
    for _ in range(12):
        with UnixClient(path) as one:
            pids.append(one.ask().pid)
    if policy == "rr":
        cluster.expect(all(pids.count(pid) == 6 for pid in cluster.workers), "six of each")
    cluster.stop()
    cluster.expect(not path.exists(), "no file is left")


@EVERY_NODE_POLICY
def test_a_long_path_is_reached_from_its_folder(start_node, policy, long_path):
    cluster = start_node(2, "unix", long_path / "socket", policy=policy, ready=0)
    cluster.wait_for(f"listening on unix:{long_path}/socket ")
    with UnixClient("socket") as one:
        cluster.expect(one.ask().status == 200, "an answer")
    cluster.stop()
    cluster.expect(not list(long_path.iterdir()), "no file is left")


def test_a_path_where_somebody_listens_is_refused(start_node, short_path):
    path = short_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        cluster = start_node(1, "unix", path, ready=0)
        cluster.wait_for("node 1 failed with EADDRINUSE")
        cluster.stop()
    assert path.exists(), "it is not ours"


def test_a_path_that_a_dead_server_has_left_is_taken_over(start_node, short_path):
    path = short_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
    cluster = start_node(1, "unix", path, ready=0)
    cluster.wait_for(f"listening on unix:{path} ")
    cluster.extra_of_primary = {"channel": 2, "listener": 0}
    with UnixClient(path) as one:
        cluster.expect(one.ask().status == 200, "an answer")


@EVERY_NODE_POLICY
def test_datagrams_arrive_at_a_shared_socket(start_node, policy):
    cluster = start_node(2, "udp", policy=policy)
    cluster.extra_of_primary = {"socket": 1, "listener": 0}
    ports = {cluster.wait_for(rf"node {id} bound to (\d+)")[1] for id in (1, 2)}
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.settimeout(client.PATIENCE)
        one.connect(("127.0.0.1", int(*ports)))
        for number in range(20):
            one.send(b"%d" % number)
            cluster.expect(one.recv(100).split()[1] == b"%d" % number, "it comes back")


@EVERY_NODE_POLICY
def test_a_descriptor_that_is_allowed_is_shared(start_node, policy):
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        fd = inherited.fileno()
        cluster = start_node(2, "fd", fd, policy=policy, ready=0, options=["--allow-fd", fd], pass_fds=[fd])
        cluster.extra_of_primary = {"listener": 2}  # what it has inherited, and its duplicate
        cluster.wait_for(r"worker \d \(pid \d+\) listening", count=2)
        for _ in range(6):
            cluster.expect(ask(cluster, inherited.getsockname()[1]).status == 200, "an answer")


def test_any_other_descriptor_is_refused(start_node):
    with socket.create_server(("127.0.0.1", 0)) as inherited:
        fd = inherited.fileno()
        cluster = start_node(1, "fd", fd, ready=0, pass_fds=[fd])
        cluster.extra_of_primary = {"listener": 1}
        cluster.wait_for("node 1 failed with EACCES")
        cluster.stop()
