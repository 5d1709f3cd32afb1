"""Where processes wait: what one wants to know of a program that does not end. See proc(5)."""
import functools
import os
import pathlib
import re

from proc import children_of, descriptors_of, stat_of

# The first argument of these is the descriptor on which they wait.
_ON_A_DESCRIPTOR = ("read", "write", "accept", "accept4", "recvmsg", "recvfrom", "sendmsg", "sendto", "epoll_wait",
                    "epoll_pwait", "flock")


def table_of(pids):
    """A line for each of these processes, and for each of their descendants."""
    return "\n".join(f"{pid} {_name_of(pid)}: {where(pid)}" for pid in with_descendants(pids))


def where(pid):
    """Such as "waits in recvmsg on descriptor 3 (channel)"."""
    state = stat_of(pid)
    if state is None:
        return "has ended"
    if state[0] in "RTZ":
        return {"R": "is running", "T": "is stopped by a signal", "Z": "has ended, and nobody has waited for it"}[state[0]]
    call, arguments = _system_call_of(pid)
    on = ""
    if call in _ON_A_DESCRIPTOR:
        kind, _ = descriptors_of(pid).get(arguments[0], ("not open", ""))
        on = f" on descriptor {arguments[0]} ({kind})"
    return f"waits in {call}{on}"


def with_descendants(pids):
    """Each of these, followed by its children and theirs."""
    for pid in pids:
        yield pid
        yield from with_descendants(sorted(children_of(pid)))


def _name_of(pid):
    return _read(pid, "cmdline").replace("\0", " ").strip()[:70] or _read(pid, "comm").strip()


def _system_call_of(pid):
    """(name, arguments). The kernel does not tell everybody; then it may still name a place in itself."""
    fields = _read(pid, "syscall").split()
    if len(fields) < 2:
        return _read(pid, "wchan").replace("0", "") or "the kernel", [-1]
    number, *arguments = (int(field, 0) for field in fields)
    return _system_calls().get(number, f"system call {number}"), arguments


@functools.cache
def _system_calls():
    """{number: name}, from the C library's headers, which every compiler needs. (Those of other machines may lie
    beside them, and have other numbers.)"""
    machine = os.uname().machine
    headers = [f"/usr/include/{machine}-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"]
    headers += [] if machine == "x86_64" else ["/usr/include/asm-generic/unistd.h"]
    for header in filter(os.path.exists, headers):
        found = re.findall(r"#define __NR_(\w+)\s+(\d+)", pathlib.Path(header).read_text())
        return {int(number): name for name, number in found}
    return {}


def _read(pid, file):
    try:
        return pathlib.Path(f"/proc/{pid}/{file}").read_text(errors="replace")
    except OSError:
        return ""
