"""The ten lines that it all began with. Their port is 8000, and they have no options."""
import contextlib
import os
import socket

import harness

HELLO = harness.PROGRAM.parent / "hello"


def test_on_a_used_port_it_says_so_and_fails(start):
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # somebody else has it: just as well
            stack.enter_context(socket.create_server(("127.0.0.1", 8000)))
        cluster = start(program=HELLO, port=None, preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}))
        cluster.deaths_are_normal = True
        cluster.wait_for_exit(1, hint="all its workers have died, and it says that all is well")
    out, err = cluster.read_all()
    cluster.expect("listen 127.0.0.1:8000: Address already in use (another server?)\n" in err,
                   "why, and no advice that is for another program")
    cluster.expect(out.count("died") == 1, "a line for each worker")
