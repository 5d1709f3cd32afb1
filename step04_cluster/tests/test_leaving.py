"""Workers that leave while others stay, or come: the port is for those."""
import signal

import client
import pytest
from scripted import start_scripts  # noqa: F401 (a fixture)


@pytest.mark.parametrize("farewell", ["peer.say('close', key='127.0.0.1:0:4:undefined:0')", "pass"])
def test_a_port_that_waits_for_a_replacement_stays_open_whoever_leaves(
        start_scripts, tmp_path, farewell):
    """Worker 1 leaves slowly. Worker 2 dies, so that nobody listens; its replacement comes late. What
    worker 1 has to say in the meantime is no reason to close the port."""
    go, bye = tmp_path / "go", tmp_path / "bye"
    cluster = start_scripts(2, f"""
while me > 2 and not os.path.exists('{go}'): time.sleep(0.01)
peer.listen()
if me == 1:
    peer.say('exitedAfterDisconnect')
    peer.hear()
    tell('leaving')
    while not os.path.exists('{bye}'): time.sleep(0.01)
    {farewell}
    sys.exit(0)
peer.serve()
""")
    port = cluster.port
    cluster.wait_for("worker 1 leaving")
    victim = int(cluster.wait_for(r"worker 2 \(pid (\d+)\) listening")[1])
    cluster.send_signal(signal.SIGKILL, victim)
    cluster.wait_for(r"worker 3 \(pid \d+\) online|worker 2 \(pid \d+\) died")
    bye.touch()
    cluster.wait_for(r"worker 1 \(pid \d+\) disconnected")
    with cluster.connect(port) as early:
        early.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        go.touch()
        cluster.expect(early.answer().status == 200, "an answer of the replacement")


def test_with_reuseport_nobody_waits_for_a_worker_that_has_left(start_scripts, tmp_path):
    """As long as its socket is open, the kernel gives it its share of the connections."""
    bye = tmp_path / "bye"
    cluster = start_scripts(2, f"""
if me > 2: signal.pause()  # no replacement
peer.say('online')
told, fd = peer.ask()
listener = socket.socket(fileno=fd)
listener.setblocking(True)
listener.listen()
port = listener.getsockname()[1]
peer.say('listening', address='127.0.0.1', port=port, addressType=4, index=0, key=told['key'])
while me == 2: answer(listener.accept()[0])
while not os.path.exists('{bye}'): time.sleep(0.01)
listener.close()
peer.say('exitedAfterDisconnect')
peer.hear()
""", "--policy", "reuseport")
    bye.touch()
    cluster.wait_for(r"worker 1 \(pid \d+\) disconnected")
    for _ in range(40):
        cluster.expect(cluster.get().status == 200, "an answer of worker 2")


@pytest.mark.parametrize("policy", ["rr", "shared", "reuseport"])
def test_a_port_can_be_had_again_after_a_second_attempt_has_failed(start_scripts, policy):
    """Another index is no other port. The port stays that of the others, and whoever comes back shares it."""
    with client.reserved_port() as reserved:
        port = reserved.getsockname()[1]
        cluster = start_scripts(2, f"""
listened = dict(address='127.0.0.1', port={port}, addressType=4, index=0)
peer.say('online')
first, fd = peer.ask(port={port}, index=0)
peer.say('listening', **listened)
if me == 1:
    tell('second', peer.ask(port={port}, index=1)[0]['errno'])
    if fd is not None: os.close(fd)
    peer.say('close', key=first['key'])
    third, fd = peer.ask(port={port}, index=2)
    tell('third', third['key'] == first['key'] and third['errno'] == 0)
signal.pause()
""", "--policy", policy)
        cluster.wait_for(r"^worker 1 second -98\n", hint="a second server of a worker shares the port of the first")
        cluster.wait_for(r"^worker 1 third True\n", hint="the index makes it another port, which is in use")
        cluster.stop()


def test_a_place_without_workers_is_given_up_for_another(start_scripts):
    """There are 64 places at most. Of those whose workers have died, the oldest is closed."""
    cluster = start_scripts(1, """
if me == 1:
    told, _ = peer.listen(index=63)
    tell('first', told['sockname']['port'])
    for i in range(63): assert peer.ask(index=i)[0]['errno'] == 0
    told, _ = peer.ask(index=64)
    tell('errno', told['errno'])
    sys.exit(1)
told, _ = peer.listen(index=64)
tell('errno', told['errno'])
peer.serve()
""")
    first = cluster.wait_for(r"worker 1 first (\d+)")[1]
    cluster.wait_for("worker 1 errno -24")
    cluster.wait_for("worker 2 errno 0")
    cluster.wait_for(rf"^cluster: 127\.0\.0\.1:{first} is closed: its workers are gone", "stderr")
    cluster.extra_of_primary = {"listener": 64}
