"""When descriptors run out in the primary. (In a worker: see NODE_HANDLE_NACK in test_hand_over.py.)"""
import resource

from proc import descriptors_of
from scripted import start_scripts  # noqa: F401 (a fixture)
from test_hand_over import REQUEST, connections_of


def test_a_shortage_of_descriptors_delays_an_offer(start_scripts, tmp_path):
    """The channel is busy: an offer has to wait in it, with a duplicate. There is none for that."""
    go = tmp_path / "go"
    cluster = start_scripts(1, f"""
peer.say('online')
ports = [peer.ask(index=i)[0]['sockname']['port'] for i in (0, 1)]
peer.say('listening', address='127.0.0.1', port=ports[0], addressType=4, index=0, key='')
tell('other port', ports[1])
message, fd = peer.hear(acknowledge=False)
tell('busy')
while not os.path.exists('{go}'): time.sleep(0.01)
peer.send_line({{'cmd': 'NODE_HANDLE_ACK'}})
peer.accept(message['seq'])
peer.serve()
""")
    other_port = int(cluster.wait_for(r"worker 1 other port (\d+)")[1])
    cluster.extra_of_primary = {"listener": 2}
    limit = resource.RLIMIT_NOFILE
    before = resource.prlimit(cluster.pid, limit)
    with cluster.connect(other_port):
        cluster.wait_for("worker 1 busy")
        one_more = len(descriptors_of(cluster.pid)) + 1
        resource.prlimit(cluster.pid, limit, (one_more, before[1]))
        with cluster.connect() as early:
            early.sendall(REQUEST)
            cluster.wait_until(lambda: connections_of(cluster.pid) == 2, "the last descriptor is used")
            resource.prlimit(cluster.pid, limit, before)
            go.touch()
            cluster.expect(early.answer().status == 200, "an answer, late")
