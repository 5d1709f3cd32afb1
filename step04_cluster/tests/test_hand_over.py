"""Who owns a connection, and when; what becomes of it if somebody dies. The workers are scripts, so
that they can die at the worst moment."""
import pathlib
import re
import signal
import tempfile
import time

import pytest
from policies import EVERY_POLICY
from proc import descriptors_of
from scripted import start_scripts  # noqa: F401 (a fixture)

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connections_of(pid):
    return sum(kind == "connection" for kind, _ in descriptors_of(pid).values())


def is_pending(number, pid):
    """Was this signal sent to the process, and waits there? See ShdPnd in proc(5)."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"ShdPnd:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


def port_of(client):
    return client.getsockname()[1]


def test_an_offered_connection_is_in_both_processes(start_scripts):
    """The second offer is the sign that the primary is done with the first."""
    cluster = start_scripts(2, """
peer.listen()
if me <= 2:
    offer, c = peer.offered()
    signal.pause()
peer.serve()
""")
    with cluster.connect(), cluster.connect():
        cluster.wait_for("worker 1 offered")
        cluster.wait_for("worker 2 offered")
        cluster.expect(connections_of(cluster.pid) == 2, "the primary keeps its descriptors")
        for worker in cluster.workers:
            cluster.expect(connections_of(worker) == 1, "the worker has its own")
            cluster.send_signal(signal.SIGKILL, worker)
            cluster.wait_for(r"worker \d .*died")


def test_a_taken_connection_is_the_workers_alone(start_scripts):
    cluster = start_scripts(1, "peer.listen(); offer, c = peer.offered(); peer.accept(offer); peer.serve()")
    with cluster.connect():
        cluster.wait_for("worker 1 offered")
        cluster.wait_until(lambda: connections_of(cluster.pid) == 0,
                           "the primary closes its descriptor when the worker has answered")
        cluster.expect(connections_of(cluster.workers[0]) == 1, "the worker keeps its own")


def test_connections_are_offered_in_order_to_the_worker_that_is_free_the_longest(start_scripts):
    """Worker 2 answers before worker 1, so it is its turn first."""
    script = """
peer.listen()
offer, c = peer.offered()
if me == 1: c.recv(1)  # it answers when its client says so
peer.accept(offer)
tell('accepted')
peer.offered()
signal.pause()
"""
    cluster = start_scripts(2, script)
    first = cluster.connect()
    cluster.wait_for(r"worker \d offered " + str(port_of(first)))
    second = cluster.connect()
    cluster.wait_for(r"worker \d offered " + str(port_of(second)))
    cluster.wait_for("worker 2 accepted")
    for client in (first, second):
        client.sendall(b"x")
    cluster.wait_for("worker 1 accepted")
    third, fourth = cluster.connect(), cluster.connect()
    cluster.wait_for(f"worker 2 offered {port_of(third)}")
    cluster.wait_for(f"worker 1 offered {port_of(fourth)}")
    for client in (first, second, third, fourth):
        client.close()
    cluster.stop(signal.SIGTERM)


def test_a_refused_connection_is_offered_to_the_next(start_scripts):
    cluster = start_scripts(2, """
peer.listen()
while me == 1:
    offer, c = peer.offered()
    c.close()
    peer.refuse(offer)
peer.serve()
""")
    for _ in range(10):
        cluster.expect(cluster.get().status == 200, "an answer of worker 2")
    cluster.expect(connections_of(cluster.pid) == 0, "no connection stays in the primary")


def test_a_worker_that_refuses_is_given_time(start_scripts):
    """Alone, it would be offered the same connection thousands of times a second."""
    cluster = start_scripts(1, """
peer.listen()
began, count = time.monotonic(), 0
while time.monotonic() - began < 0.5:
    offer, c = peer.offered()
    count += 1
    c.close()
    peer.refuse(offer)
tell('refused', count, 'times')
peer.serve()
""")
    with cluster.connect() as client:
        client.sendall(REQUEST)
        cluster.expect(client.answer().status == 200, "an answer in the end")
    count = int(cluster.wait_for(r"refused (\d+) times")[1])
    cluster.expect(2 <= count <= 50, f"a few offers in half a second, not {count}")


# Worker 1 does something before it dies unanswered; worker 2 would serve.
def unanswered(before):
    return f"""
if me == 1:
    offer, c = peer.offered()
    {before}
    tell('ready')
    signal.pause()
peer.serve()
"""


def one_request(cluster, data=REQUEST, half_closed=False):
    """A client whose connection was offered to worker 1, which then dies."""
    client = cluster.connect()
    client.sendall(data)
    if half_closed:
        client.shutdown(1)
    cluster.wait_for("worker 1 ready")
    victim = int(cluster.wait_for(r"worker 1 \(pid (\d+)\) listening")[1])
    cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_for(r"worker 1 \(pid \d+\) died")
    return client


def start_with_worker_1_first(start_scripts, script):
    """Whoever listens first is offered the first connection; so worker 2 waits until 1 listens."""
    with tempfile.TemporaryDirectory() as folder:
        wait = (f"while me == 2 and not os.path.exists('{folder}/listening'): time.sleep(0.01)\n")
        tell = (f"peer.listen()\nif me == 1: open('{folder}/listening', 'w').close()\n")
        return start_scripts(2, wait + tell + script)


@pytest.mark.parametrize("half_closed", [False, True])
def test_an_unread_connection_of_a_dead_worker_is_dealt_again(start_scripts, half_closed):
    cluster = start_with_worker_1_first(start_scripts, unanswered("pass"))
    with one_request(cluster, half_closed=half_closed) as client:
        cluster.expect(client.answer().status == 200, "the answer of another worker",
                       "the connection is dropped, or forgotten in the primary")


def test_a_connection_that_has_been_read_from_is_not_dealt_again(start_scripts):
    """The request might be carried out twice."""
    cluster = start_with_worker_1_first(start_scripts, unanswered("c.recv(1)"))
    with one_request(cluster) as client:
        try:
            data = client.read_to_end()
        except ConnectionResetError:
            data = b""
        cluster.expect(data == b"", f"the end of the connection, and not {data!r}")
    cluster.expect(connections_of(cluster.pid) == 0, "the primary has closed it")


def test_a_connection_that_has_been_written_to_is_not_dealt_again(start_scripts):
    cluster = start_with_worker_1_first(start_scripts, unanswered("c.sendall(b'half an ans')"))
    with one_request(cluster, b"") as client:
        cluster.expect(client.read_to_end() == b"half an ans", "what worker 1 sent, and the end")


def test_an_answer_that_was_in_the_channel_counts(start_scripts):
    """The primary hears of the death before it has read all that the worker had said: it has to read
    to the end, however much that is. (It takes several reads: news of the death arrive after the first
    or the second.)"""
    cluster = start_with_worker_1_first(start_scripts, unanswered("""
    os.kill(os.getppid(), signal.SIGSTOP)
    while stat_of(os.getppid())[0] != 'T': pass
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)  # the kernel doubles it
    peer.send_line('x' * 300000)
    peer.accept(offer)"""))
    client = cluster.connect()
    cluster.wait_for("worker 1 ready")
    victim = int(cluster.wait_for(r"worker 1 \(pid (\d+)\) listening")[1])
    cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_until(lambda: is_pending(signal.SIGCHLD, cluster.pid),
                       "news of the death wait for the primary")
    cluster.send_signal(signal.SIGCONT)
    client.sendall(b"")
    cluster.wait_for(r"worker 1 \(pid \d+\) died")
    cluster.expect(client.read_to_end() == b"", "the end of the connection: worker 1 had taken it")
    client.close()


def test_a_connection_that_kills_workers_is_closed_in_the_end(start_scripts):
    cluster = start_scripts(2, """
peer.listen()
peer.offered()
os.kill(os.getpid(), signal.SIGKILL)
""")
    with cluster.connect() as client:
        client.sendall(REQUEST)
        try:
            data = client.read_to_end()
        except ConnectionResetError:
            data = b""
        cluster.expect(data == b"", "the end of the connection")
    cluster.wait_until(lambda: cluster.printed["stdout"].count("offered") >= 2, "it was offered twice")
    cluster.expect(cluster.printed["stdout"].count("offered") <= 3,
                   "at most as many offers as there are workers")


def test_a_connection_that_did_not_arrive_is_offered_to_the_next(start_scripts):
    """The worker has no free descriptor: it says NODE_HANDLE_NACK, and nothing else."""
    cluster = start_scripts(2, """
peer.listen()
while me == 1:
    message, fd = peer.hear(acknowledge=False)
    if message is None or message.get('act') == 'disconnect': sys.exit(0)
    os.close(fd)
    peer.send_line({'cmd': 'NODE_HANDLE_NACK'})
peer.serve()
""")
    for _ in range(10):
        cluster.expect(cluster.get().status == 200, "an answer of worker 2")


def test_at_most_one_connection_waits_for_a_frozen_worker(start):
    cluster = start(workers=2)
    frozen, other = cluster.workers
    cluster.send_signal(signal.SIGSTOP, frozen)
    clients = [cluster.connect() for _ in range(20)]
    for client in clients:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    answered = 0
    deadline = time.monotonic() + 10
    for client in clients:
        client.settimeout(max(0.2, min(2, deadline - time.monotonic())))
        try:
            answered += client.answer().pid == other
        except TimeoutError:
            pass
    cluster.expect(answered >= 19, f"at least 19 answers, not {answered}")
    cluster.send_signal(signal.SIGCONT, frozen)
    for client in clients:
        client.close()


@EVERY_POLICY
def test_a_worker_that_asks_twice_is_told_so(start_scripts, policy):
    """Else it would be in the list of free workers twice, and a connection could get lost."""
    cluster = start_scripts(1, """
_, fd = peer.listen(features=['handback'])
if fd is not None: listener = socket.socket(fileno=fd); listener.listen()
told, _ = peer.ask()
tell('errno', told['errno'])
peer.serve()
""", "--policy", policy)
    cluster.wait_for("worker 1 errno -98")
    if policy == "rr":
        cluster.expect(cluster.get().status == 200, "an answer")


def test_a_worker_that_listens_again_answers_its_old_offer_first(start_scripts):
    cluster = start_with_worker_1_first(start_scripts, """
if me == 1:
    offer, c = peer.offered()
    peer.say('close', key='127.0.0.1:0:4:undefined:0')
    peer.listen()
    tell('listens again')
    c.recv(1)
    tell('answers')
    peer.accept(offer)
peer.serve()
""")
    with cluster.connect() as early:
        cluster.wait_for("worker 1 listens again")
        for _ in range(4):
            cluster.expect(cluster.get().status == 200, "an answer of worker 2")
        early.sendall(b"x")
        cluster.wait_for("worker 1 answers")
    for _ in range(4):
        cluster.expect(cluster.get().status == 200, "an answer of both")
