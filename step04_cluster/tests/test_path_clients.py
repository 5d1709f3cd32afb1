"""Clients that come by a path in place of a port, and a worker that dies before it has answered: of such a
connection the kernel does not count who has read what."""
import signal
import socket

import client
from scripted import start_scripts  # noqa: F401 (a fixture)
from short_path import short_path  # noqa: F401 (a fixture)

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def one_request(start_scripts, folder, features):
    """What a client gets that was offered to a worker which is killed then; its replacement serves."""
    path = f"{folder}/socket"
    cluster = start_scripts(1, f"""
peer.listen(features={features}, address='{path}', port=-1, addressType=-1)
if me == 1:
    peer.hear_act('newconn')
    tell('was offered one')
    signal.pause()
peer.serve()
""")
    cluster.extra_of_primary = {"listener": 0, "channel": 2}
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(client.PATIENCE)
        one.connect(path)
        one.sendall(REQUEST)
        cluster.wait_for("worker 1 was offered one")
        cluster.send_signal(signal.SIGKILL, cluster.workers[0])
        cluster.wait_for(r"worker 1 \(pid \d+\) died")
        try:
            answer = one.recv(1000)
        except ConnectionResetError:
            answer = b""
    cluster.wait_for(r"worker 2 \(pid \d+\) listening")
    return answer


def test_what_a_worker_of_ours_has_not_answered_is_dealt_again(start_scripts, short_path):
    answer = one_request(start_scripts, short_path, ["handback"])
    assert answer.startswith(b"HTTP/1.1 200"), answer


def test_what_a_foreign_worker_may_have_read_is_not(start_scripts, short_path):
    assert one_request(start_scripts, short_path, []) == b""
