"""Which descriptors an event loop opens for itself: that depends on the version of libuv, and on what the
kernel allows. So we ask a bare one, of the library that the program uses. Run as a program, it tells them."""
import collections
import ctypes
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys

from proc import descriptors_of


@functools.cache
def descriptors_of_a_loop():
    """{kind: count}, as in the ledger."""
    return json.loads(subprocess.check_output(["/usr/bin/python3", pathlib.Path(__file__)]))


def _open_a_loop():
    """A loop that watches for a signal, as ours does. (Nothing is ever closed: this process ends.)"""
    uv = ctypes.CDLL("libuv.so.1")
    uv.uv_default_loop.restype = ctypes.c_void_p
    loop = ctypes.c_void_p(uv.uv_default_loop())
    watcher = ctypes.create_string_buffer(1024)  # a uv_signal_t is smaller
    uv.uv_signal_init(loop, watcher)
    uv.uv_signal_start(watcher, None, signal.SIGUSR2)
    run_without_waiting = 2  # UV_RUN_NOWAIT
    uv.uv_run(loop, run_without_waiting)


if __name__ == "__main__":
    before = descriptors_of(os.getpid())
    _open_a_loop()
    opened = [kind for number, (kind, _) in descriptors_of(os.getpid()).items() if number not in before]
    json.dump(collections.Counter(kind for kind in opened if kind != "/dev/null"), sys.stdout)
