"""A kernel that lacks a system call, or a container whose filter refuses it. See seccomp(2)."""
import ctypes
import os
import struct

import pytest

_NUMBERS = {"x86_64": {"sched_getaffinity": 204, "socket": 41, "bind": 49, "close_range": 436},
            "aarch64": {"sched_getaffinity": 123, "socket": 198, "bind": 200, "close_range": 436}}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_void_p)]


def refusing(call, error, where=None):
    """Returns a preexec_fn: this call fails with `error` in the program, and in all that it starts;
    if where=(n, value), only with that value as the argument n, counted from 0."""
    machine = os.uname().machine
    if machine not in _NUMBERS:
        pytest.skip(f"no numbers of system calls for {machine}")
    load, if_equal, give = 0x20, 0x15, 0x06  # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ, BPF_RET
    lines = [(give, 0, 0, 0x50000 | error), (give, 0, 0, 0x7fff0000)]  # SECCOMP_RET_ERRNO and _ALLOW
    for offset, value in ([(16 + 8 * where[0], where[1])] if where else []) + [(0, _NUMBERS[machine][call])]:
        lines = [(load, 0, 0, offset), (if_equal, 0, len(lines) - 1, value), *lines]
    text = b"".join(struct.pack("HBBI", *line) for line in lines)

    def apply():
        libc = ctypes.CDLL(None, use_errno=True)
        program = _Program(len(lines), ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p))
        pr_set_no_new_privs, pr_set_seccomp, seccomp_mode_filter = 38, 22, 2
        for arguments in ((pr_set_no_new_privs, 1, 0), (pr_set_seccomp, seccomp_mode_filter, ctypes.byref(program))):
            if libc.prctl(*arguments, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")
    return apply
