"""In the background of a terminal that lets nobody write from there: see tostop in termios(3)."""
import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time

import client
import harness
from proc import children_of, stat_of

# What a shell with job control does: a job gets a group of its own, and fg makes it the foreground.
SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.close(os.open(os.ttyname(0), os.O_RDWR))  # this terminal becomes the controlling one
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
signal.sigwait([signal.SIGUSR1])
os.tcsetpgrp(0, job)
os.killpg(job, signal.SIGCONT)
os.waitpid(job, 0)
"""


def wait_until(condition, expected):
    deadline = time.monotonic() + client.PATIENCE
    while not (result := condition()):
        assert time.monotonic() < deadline, expected
        time.sleep(0.01)
    return result


def read_until(terminal, pattern):
    text = ""
    while not (match := re.search(pattern, text)):
        assert select.select([terminal], [], [], client.PATIENCE)[0], f"{pattern} is not in {text}"
        text += os.read(terminal, 65536).decode()
    return match


def test_a_background_job_that_may_not_write_stops_until_fg():
    terminal, inside = pty.openpty()
    attributes = termios.tcgetattr(inside)
    attributes[3] |= termios.TOSTOP
    termios.tcsetattr(inside, termios.TCSANOW, attributes)
    command = ["/usr/bin/python3", "-c", SHELL, harness.PROGRAM, "--port", "0", "--workers", "2"]
    blocked = {signal.SIGUSR1}
    shell = subprocess.Popen(command, stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
                             preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, blocked))
    os.close(inside)
    try:
        job = wait_until(lambda: list(children_of(shell.pid)), "the job begins")[0]
        wait_until(lambda: stat_of(job)[0] == "T", "it stops; one that does not, tries again and again")
        shell.send_signal(signal.SIGUSR1)
        port = int(read_until(terminal, r"listening on http://127.0.0.1:(\d+)")[1])
        with client.Client(port) as one:
            one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert one.answer().status == 200
        assert len(children_of(job)) == 2, "SIGTTOU was no order to have fewer workers"
        os.kill(job, signal.SIGTERM)
        wait_until(lambda: shell.poll() is not None, "it ends")
    finally:
        os.close(terminal)
        for pid in [*children_of(shell.pid), shell.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shell.wait()
        harness.reap_and_list_leftovers()
