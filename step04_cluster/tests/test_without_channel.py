"""Workers that live, and have closed their channel: nothing can be said to them any more, nor by them."""
import time

import pytest
from scripted import start_scripts  # noqa: F401 (a fixture)

CLOSE = "peer.socket.close()"


def test_it_is_asked_to_go_and_killed_and_replaced(start_scripts):
    cluster = start_scripts(2, f"""
signal.signal(signal.SIGTERM, lambda *_: tell('was asked to go'))
peer.listen()
if me > 1: peer.serve()
{CLOSE}
while True: signal.pause()
""")
    cluster.wait_for("^worker 1 was asked to go")
    cluster.wait_for(r"^worker 3 \(pid \d+\) listening")
    cluster.wait_for(r"worker 1 \(pid \d+\) does not leave, so it is killed \(--drain-timeout\)", "stderr")
    cluster.wait_for(r"^worker 1 \(pid \d+\) died \(signal 9\)")
    for _ in range(4):
        cluster.expect(cluster.get().status == 200, "an answer of the others")


def test_it_may_take_its_time_if_it_has_said_that_it_leaves(start_scripts):
    cluster = start_scripts(2, f"""
peer.listen()
if me > 1: peer.serve()
peer.say('exitedAfterDisconnect')
peer.hear()
{CLOSE}
time.sleep(0.3)
sys.exit(0)
""", drain_timeout=10)
    cluster.wait_for(r"^worker 1 \(pid \d+\) disconnected")
    cluster.wait_for(r"^worker 3 \(pid \d+\) listening")
    first = int(cluster.wait_for(r"^worker 1 \(pid (\d+)\) online")[1])
    cluster.wait_until(lambda: first not in cluster.workers, "it ends")
    cluster.watch(0.1)
    cluster.expect("died" not in cluster.printed["stdout"], "an end of its own, and in good order")


@pytest.mark.parametrize("online", ["", "peer.say('online')"])
def test_if_none_listens_it_is_the_end(start_scripts, online):
    cluster = start_scripts(2, f"{online}\n{CLOSE}\nsignal.pause()", ready=0)
    cluster.wait_for_exit(1)
    _, err = cluster.read_all()
    cluster.expect("no worker came to listen" in err, "the reason")


def test_the_pauses_grow(start_scripts):
    """As with workers that die young: 0, 0.1, 0.2, 0.4 and 0.8 s, at least."""
    begin = time.monotonic()
    cluster = start_scripts(1, f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
peer.listen()
{CLOSE}
while True: signal.pause()
""", drain_timeout=0.5)
    cluster.wait_for("online", count=6)
    seconds = time.monotonic() - begin
    cluster.expect(seconds >= 1.5, f"growing pauses, not six starts in {seconds:.2f} s")
