"""Handing back: a worker that leaves gives its idle connections to the primary, which deals them."""
import re
import resource
import signal
import socket

from fake_primary import Worker, connection, worker  # noqa: F401 (fixtures)
from scripted import start_scripts  # noqa: F401 (a fixture)

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


# ---- The worker's side; the test is the primary

def start_and_ask(worker, connection):
    """A worker that has answered a request, and keeps the connection."""
    client, accepted = connection
    one = worker().start()
    one.offer(accepted)
    accepted.close()
    client.sendall(REQUEST)
    assert client.answer().pid == one.process.pid
    assert one.peer.receive_line() == {"cmd": "NODE_HANDLE_ACK"}
    assert one.peer.receive_line()["accepted"]
    return one, client


def test_an_idle_connection_is_handed_back(worker, connection):
    one, client = start_and_ask(worker, connection)
    one.peer.say("disconnect", features=["handback"])
    one.hear("close")
    message, fd = one.peer.hear()
    assert (message["act"], message["key"]) == ("handback", "k")
    assert one.end() == (0, "")
    with socket.socket(fileno=fd) as returned:
        client.sendall(b"hello")
        returned.setblocking(True)
        assert returned.recv(5) == b"hello"  # whole, and open


def test_whoever_does_not_know_of_it_gets_none(worker, connection):
    one, client = start_and_ask(worker, connection)
    one.peer.say("disconnect")
    one.hear("close")
    assert client.recv(1) == b""
    assert one.end() == (0, "")


def test_a_connection_that_did_not_arrive_is_served_on(worker, connection):
    one, client = start_and_ask(worker, connection)
    one.peer.say("disconnect", features=["handback"])
    one.hear("close")
    message, fd = one.peer.hear(acknowledge=False)
    socket.socket(fileno=fd).close()
    one.peer.send_line({"cmd": "NODE_HANDLE_NACK"})
    client.sendall(REQUEST)
    assert client.answer().pid == one.process.pid
    message, fd = one.peer.hear()  # once more
    assert message["act"] == "handback"
    socket.socket(fileno=fd).close()
    assert one.end() == (0, "")


def test_a_request_that_has_begun_is_answered_before(worker, connection):
    one, client = start_and_ask(worker, connection)
    client.sendall(REQUEST[:9])
    client.sendall(REQUEST[9:12])
    one.process.send_signal(signal.SIGSTOP)
    one.peer.say("disconnect", features=["handback"])
    one.process.send_signal(signal.SIGCONT)
    one.hear("close")
    client.sendall(REQUEST[12:])
    # Which came first, the bytes or the message, is the kernel's affair: so either it has answered,
    # or the bytes are where the next one finds them.
    message, fd = one.peer.hear()
    assert message["act"] == "handback"
    with socket.socket(fileno=fd) as returned:
        returned.setblocking(False)
        try:
            unread = returned.recv(100)
        except BlockingIOError:
            assert client.answer().headers["connection"] == "keep-alive"
        else:
            assert unread == REQUEST
    assert one.end() == (0, "")


def test_a_returned_connection_has_the_time_of_one_that_is_kept_alive(worker, connection):
    client, accepted = connection
    one = worker("--keep-alive-timeout", 0.2, "--headers-timeout", 60).start()
    one.peer.say("newconn", accepted.fileno(), key="k", handback=True)
    accepted.close()
    assert client.recv(1000) == b""  # not 408, as for one who connects and says nothing


# ---- The primary's side; the workers are scripts

LEAVER = """
def leave(key='127.0.0.1:0:4:undefined:0', count=1):
    connections = []
    for _ in range(count):
        offer, c = peer.offered()
        peer.accept(offer)
        connections.append(c)
    tell('has', count)
    peer.hear_act('disconnect')
    for c in connections:
        peer.say('handback', c.fileno(), key=key)
        while peer.receive_line() != {'cmd': 'NODE_HANDLE_ACK'}: pass
    sys.exit(0)
"""


def test_it_is_dealt_to_another_worker_and_marked(start_scripts):
    cluster = start_scripts(1, LEAVER + """
peer.listen(features=['handback'])
if me == 1: leave()
message, fd = peer.hear_act('newconn')
tell('handback', message.get('handback'))
peer.accept(message['seq'])
answer(socket.socket(fileno=fd))
peer.serve()
""")
    with cluster.connect() as client:
        cluster.wait_for("worker 1 has 1")
        cluster.send_signal(signal.SIGHUP)
        client.sendall(REQUEST)
        cluster.expect(client.answer().status == 200, "an answer on the same connection")
        cluster.wait_for("worker 2 handback True")


def test_a_node_is_told_nothing_of_it(start_scripts):
    """Worker 2 has not said that it knows of handing back: to it, this is a connection like others."""
    cluster = start_scripts(1, LEAVER + """
peer.listen(features=['handback'] if me == 1 else [])
if me == 1: leave()
message, fd = peer.hear_act('newconn')
tell('members', *sorted(message))
peer.accept(message['seq'])
answer(socket.socket(fileno=fd))
peer.serve()
""")
    with cluster.connect() as client:
        cluster.wait_for("worker 1 has 1")
        cluster.send_signal(signal.SIGHUP)
        client.sendall(REQUEST)
        cluster.expect(client.answer().status == 200, "an answer on the same connection")
        cluster.wait_for("worker 2 members act cmd key seq")


def test_one_that_nobody_could_serve_is_closed(start_scripts):
    cluster = start_scripts(1, LEAVER + """
peer.listen(features=['handback'])
if me == 1: leave(key='127.0.0.1:1:4:undefined')
peer.serve()
""")
    with cluster.connect() as client:
        cluster.wait_for("worker 1 has 1")
        cluster.send_signal(signal.SIGHUP)
        cluster.expect(client.recv(1) == b"", "the end")


def test_what_a_dead_worker_has_not_read_is_dealt_again(start_scripts):
    """A connection that was handed back has been read from, by others: that does not count."""
    cluster = start_scripts(2, LEAVER + """
peer.listen(features=['handback'])
if me == 1:
    offer, c = peer.offered()
    peer.accept(offer)
    c.recv(65536), c.sendall(ANSWER % os.getpid())
    tell('has 1')
    peer.hear_act('disconnect')
    peer.say('handback', c.fileno(), key='127.0.0.1:0:4:undefined:0')
    while peer.receive_line() != {'cmd': 'NODE_HANDLE_ACK'}: pass
    sys.exit(0)
if me == 2:
    message, fd = peer.hear_act('newconn')
    os.kill(os.getpid(), signal.SIGKILL)
peer.serve()
""")
    with cluster.connect() as client:
        client.sendall(REQUEST)
        client.recv(65536)
        cluster.wait_for("worker 1 has 1")
        cluster.send_signal(signal.SIGHUP)
        client.sendall(REQUEST)
        cluster.expect(client.answer().status == 200, "an answer, in spite of that death")


def test_the_primary_does_not_adopt_without_end(start_scripts):
    """Each worker hands back until it may not. Nobody serves what comes back."""
    cluster = start_scripts(6, """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
peer.listen(features=['handback'])
kept, said = [], None
signal.sigwait([signal.SIGUSR1])
while said != 'NODE_HANDLE_NACK':
    kept.append(socket.socketpair())
    peer.say('handback', kept[-1][0].fileno(), key='127.0.0.1:0:4:undefined:0')
    while (said := peer.receive_line()['cmd']) not in ('NODE_HANDLE_ACK', 'NODE_HANDLE_NACK'):
        if said == 'NODE_HANDLE': peer.send_line({'cmd': 'NODE_HANDLE_ACK'})
tell('has handed back', len(kept) - 1)
peer.hear_act('disconnect')
""")
    limit = min(400, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.prlimit(cluster.pid, resource.RLIMIT_NOFILE, (limit, limit))
    for number, worker in enumerate(cluster.workers, 1):
        cluster.send_signal(signal.SIGUSR1, worker)
        cluster.wait_for(r"has handed back (\d+)", count=number)
    counts = [int(n) for n in re.findall(r"has handed back (\d+)", cluster.printed["stdout"])]
    offered = len(counts)  # one to each
    cluster.expect(max(counts) <= limit / 16 + offered, f"not so many of one worker: {counts}")
    cluster.expect(sum(counts) <= limit / 4 + offered, f"not so many of all: {counts}")
    cluster.stop()
