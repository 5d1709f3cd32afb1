"""What /proc knows of processes, their descriptors and their sockets. See proc(5)."""
import os
import pathlib
import re
import resource


def stat_of(pid):
    """Returns (state, parent) of a process, or None if there is none. See proc(5)."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return fields[0], int(fields[1])


def children_of(parent):
    """Returns {pid: state}; the state of a zombie is Z."""
    stats = {int(p): stat_of(p) for p in os.listdir("/proc") if p.isdigit()}
    return {pid: stat[0] for pid, stat in stats.items() if stat and stat[1] == parent}


def is_gone(pid):
    """True once nothing but perhaps our own zombie is left of the process."""
    stat = stat_of(pid)
    return stat is None or stat == ("Z", os.getpid())


def has_blocked_signals(pid):
    """A new worker has, until it is set up: it inherits the mask, and clears it as its last act."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return "SigBlk:\t0000000000000000" not in status


def descriptors_of(pid):
    """Returns {number: (kind, target)} of the open descriptors; for a socket: what kind it is. A
    process that has ended has none."""
    try:
        sockets, numbers = _sockets_of(pid), os.listdir(f"/proc/{pid}/fd")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    result = {}
    for number in numbers:
        try:
            target = os.readlink(f"/proc/{pid}/fd/{number}")
        except (FileNotFoundError, ProcessLookupError):
            continue  # closed since
        kind = re.sub(r"anon_inode:\[(\w+)\]|(pipe):\[\d+\]", r"\1\2", target)
        if target.startswith("socket:"):
            kind = sockets.get(target, ("socket", 0))[0]
        result[int(number)] = (kind, target)
    return result


def _sockets_of(pid):
    """Returns {"socket:[inode]": (kind, port)} of the sockets in the process's network."""
    sockets = {}
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            kind = "listener" if fields[3] == "0A" else "connection"
            sockets[f"socket:[{fields[9]}]"] = (kind, int(fields[1].rpartition(":")[2], 16))
    for line in pathlib.Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        sockets[f"socket:[{line.split()[6]}]"] = ("channel", 0)
    return sockets


def listening_ports_of(pid):
    sockets = _sockets_of(pid)
    found = [sockets.get(target) for _, target in descriptors_of(pid).values()]
    return [entry[1] for entry in found if entry and entry[0] == "listener"]


def fill(pipe):
    """Fills a pipe to the last byte, so that the next write(2) into it would wait."""
    os.set_blocking(pipe, False)
    for size in (65536, 1):
        try:
            while True:
                os.write(pipe, b"x" * size)
        except BlockingIOError:
            pass
    os.set_blocking(pipe, True)


def leave_no_free_descriptor(pid):
    """From now on the process cannot open anything: its limit is the lowest number that is free."""
    used = descriptors_of(pid)
    lowest = next(number for number in range(len(used) + 1) if number not in used)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, lowest))
