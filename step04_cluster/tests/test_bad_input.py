"""A worker that is not what it seems: whatever it puts on its channel, the primary says what is wrong,
keeps nothing of it, and the others serve on."""
import pytest
from scripted import start_scripts  # noqa: F401 (a fixture)

ENDS_IT = {
    "garbage": ("peer.send_bytes(b'hello\\n')", "a line that is not JSON"),
    "an empty line": ("peer.send_bytes(b'\\n')", "a line that is not JSON"),
    "10 MB": ("peer.send_bytes(b'x' * 10_000_000 + b'\\n')", "a line of more than 1048576 bytes"),
    "too deep": ("peer.send_bytes(b'[' * 1000 + b']' * 1000 + b'\\n')", "a message nested too deep"),
    "an acknowledgement of nothing": ("peer.send_line({'cmd': 'NODE_HANDLE_ACK'})", "an acknowledgement of nothing"),
    "a descriptor that nobody announced": ("peer.send_line({}, 0)", "a descriptor that no message announced"),
    "two descriptors with one message": (
        "peer.send_line({'cmd': 'NODE_HANDLE', 'type': 'net.Native', 'msg': {}}, 0, 0)",
        "recvmsg: several descriptors with one message"),
}

HARMLESS = {
    "a list": "peer.send_line([1, [2]])",
    "a number": "peer.send_line(17)",
    "a port that is none": "assert peer.ask(port='http', index=1)[0]['errno'] == -errno.EINVAL",
    "an answer whose number is none": "for ack in (-1, 1.5, 'x', None, [], {}): peer.say(ack=ack, accepted=True)",
    "an act that is none": "peer.say(7), peer.say('close', key={})",
    "an unknown act": "peer.say('dance')",
    "an unknown command": "peer.send_line({'cmd': 'NODE_DANCE'})",
    "an answer that nobody waits for": "peer.say(ack=4711, accepted=True)",
    "a key that nobody has": "peer.say('close', key='none')",
    "a handle without its descriptor": "peer.send_line({'cmd': 'NODE_HANDLE', 'msg': {}})\n"
                                       "assert peer.receive_line() == {'cmd': 'NODE_HANDLE_NACK'}",
    "a descriptor with a message of ours": "peer.send_line({'cmd': 'NODE_HANDLE', 'msg': {}}, 0)\n"
                                           "assert peer.receive_line() == {'cmd': 'NODE_HANDLE_ACK'}",
}


@pytest.mark.parametrize("name", ENDS_IT)
def test_a_worker_that_breaks_the_protocol_is_ended(start_scripts, name):
    bad, reason = ENDS_IT[name]
    cluster = start_scripts(2, f"""
peer.listen()
if me != 1: peer.serve()
{bad}
while True: peer.receive_line() or sys.exit(0)
""")
    cluster.wait_for(f"cluster: worker 1 is killed: its channel: {reason}", "stderr")
    cluster.wait_for(r"worker 3 \(pid \d+\) listening")
    for _ in range(4):
        cluster.expect(cluster.get().status == 200, "an answer of the others")


@pytest.mark.parametrize("name", HARMLESS)
def test_what_means_nothing_is_ignored(start_scripts, name):
    cluster = start_scripts(1, f"""
peer.listen()
{HARMLESS[name]}
tell('goes on')
peer.serve()
""")
    cluster.wait_for("worker 1 goes on")
    cluster.expect(cluster.get().status == 200, "an answer")


def test_how_much_a_worker_may_say_at_once_is_an_option(start_scripts):
    cluster = start_scripts(1, """
peer.listen()
peer.send_line('x' * 3_000_000)
tell('has said it')
peer.serve()
""", "--max-message-size", "4MiB")
    cluster.wait_for("worker 1 has said it")
    cluster.expect(cluster.get().status == 200, "an answer")


def test_a_worker_that_reads_nothing_does_not_hold_up_the_others(start_scripts):
    cluster = start_scripts(2, """
peer.listen()
while me == 1: time.sleep(1)
peer.serve()
""")
    cluster.extra_of_primary = {"connection": 1}  # until that worker has answered, or is dead
    answered = 0
    for _ in range(5):
        with cluster.connect() as one:
            one.settimeout(0.5)
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                answered += one.answer().status == 200
            except TimeoutError:
                continue
    cluster.expect(answered == 4, f"four answers of worker 2, not {answered}: one waits for worker 1")


def test_the_primary_does_not_wait_for_what_a_worker_has_left_to_be_sent(start_scripts):
    """It sets SO_LINGER, leaves much to be sent, closes, and says that it has taken the connection: the last
    descriptor is the primary's, and close(2) of that would wait. See socket(7)."""
    cluster = start_scripts(1, """
peer.listen()
offer, connection = peer.offered()
connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 1000))
connection.setblocking(False)
try:
    while True: connection.send(bytes(1 << 20))
except BlockingIOError: pass
connection.close()
peer.accept(offer)
tell('has left')
peer.serve()
""")
    with cluster.connect():
        cluster.wait_for("worker 1 has left")
        cluster.expect(cluster.get().status == 200, "an answer to the next client")
