#!/usr/bin/python3
"""What each way of sharing a port costs, beside others, and beside the floor.

    bench.py [--quick] [--output FILE]

Measures, shows a table, and writes all rounds into FILE: by default results/latest.json. See README.md.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import resource
import subprocess
import sys
import time

import figures
import report
from contestant import end_in_order
from contestants import (ALL, Floor, HAProxy, NginX, Node, NodeShared, NodeTalker, ReusePort, RoundRobin,
                         Shared, Talker)
from measure import LOAD_CPUS, SERVER_CPUS, measure

HERE = pathlib.Path(__file__).resolve().parent

# name: (work, connections, options)
WORKS = {
    "keep-alive, 1 connection": ("kept", 1, {}),
    "keep-alive, 64 connections": ("kept", 64, {}),
    "keep-alive, 1,000 connections": ("kept", 1000, {}),
    "pipelined, 16 deep": ("piped", 64, {}),
    "a new connection for each request": ("new", 64, {}),
    "answers of 64 KiB": ("kept", 64, {"bytes": 64 << 10}),
    "answers of 10 MiB": ("kept", 8, {"bytes": 10 << 20}),
    "requests of 1 MiB": ("post", 8, {"size": 1 << 20}),
}
TWO_WORKERS = ("keep-alive, 64 connections", "a new connection for each request")
QUICK = (*TWO_WORKERS, "pipelined, 16 deep", "answers of 64 KiB")
OURS = (RoundRobin, Shared, ReusePort)
TALKERS = (Talker, NodeTalker)
COMPLETE = (*OURS, Node, NodeShared, NginX, HAProxy)  # which one could use as they are


class Progress:
    """A line that says how far it is."""

    def __init__(self):
        self.began = time.monotonic()

    def __call__(self, text):
        line = f"{time.monotonic() - self.began:5.0f} s  {text}"
        end = "" if sys.stderr.isatty() else "\n"
        print(f"\r\033[K{line}" if sys.stderr.isatty() else line, end=end, file=sys.stderr, flush=True)


progress = Progress()


def can_do(contestant, work, options):
    if "bytes" in options:
        return contestant.can_bytes
    if work == "post":
        return contestant.can_post
    return contestant.can_keep_alive or work == "new"


def one(contestant, name, seconds, workers=1):
    """One contestant at one work."""
    work, connections, options = WORKS[name]
    with contestant(workers=workers, cpus=SERVER_CPUS, closes=work == "new") as server:
        path = server.path_of_bytes(options["bytes"]) if "bytes" in options else "/"
        return measure(server, work, connections, seconds, path, options.get("size", 0))


def work_rounds(there, quick, rounds, seconds):
    """[{work: {contestant: figures}}], a dictionary for each round: within a round, things are equal."""
    result = []
    for number in range(1, rounds + 1):
        table = {}
        for workers, names in ((1, QUICK if quick else WORKS), (2, () if quick else TWO_WORKERS)):
            for name in names:
                title = name if workers == 1 else f"{name}, {workers} workers"
                table[title] = {}
                for contestant in there:
                    if not can_do(contestant, *WORKS[name][::2]) or (workers == 2 and contestant is Floor):
                        continue
                    progress(f"round {number} of {rounds}: {title}: {contestant.name}")
                    table[title][contestant.name] = one(contestant, name, seconds, workers)
        result.append(table)
    return result


def idle(contestant, times, quick):
    """[] if it cannot have so many: HAProxy takes half as many as it may open descriptors."""
    try:
        return [figures.idle(contestant, 1000 if quick else 10000, 1 if quick else 2) for _ in range(times)]
    except (OSError, RuntimeError) as error:
        print(f"\nidle connections: {contestant.name}: {error}", file=sys.stderr)
        return []


def single_figures(there, quick):
    result = {"start": {}, "replacement": {}, "idle": {}, "shares": {}, "messages": {}}
    times = 1 if quick else 3
    for contestant in [c for c in there if c in COMPLETE]:
        name = contestant.name
        progress(f"start: {name}")
        result["start"][name] = [figures.start_to_answer(contestant) for _ in range(3 * times)]
        if contestant is not HAProxy:  # its only worker is the service
            progress(f"replacement: {name}")
            result["replacement"][name] = [figures.kill_to_answer(contestant) for _ in range(times)]
        progress(f"idle connections: {name}")
        result["idle"][name] = idle(contestant, times, quick)
    for contestant in OURS:
        progress(f"shares: {contestant.name}")
        result["shares"][contestant.name] = figures.shares(contestant, 2000 if quick else 20000)
    for contestant in [c for c in TALKERS if c.is_there()]:
        progress(f"messages: {contestant.name}")
        result["messages"][contestant.name] = [figures.messages(contestant) for _ in range(times)]
    return result


def growth(there, quick, seconds):
    """How cost grows with the work: {curve: {contestant: [[x, figures], …]}}."""
    connections = (1, 64, 1000) if quick else (1, 4, 16, 64, 256, 1000, 4000, 10000)
    workers = (1, 4) if quick else (1, 2, 4, 8, 16)
    sizes = (0, 65536) if quick else (0, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 10 << 20)
    curves = {"connections": {}, "workers": {}, "workers, new connections": {}, "answer size": {}}
    for contestant in [c for c in (Floor, RoundRobin, NginX, Node) if c in there]:
        curve = curves["connections"][contestant.name] = []
        with contestant(workers=1, cpus=SERVER_CPUS, descriptors=12000) as server:
            for count in connections:
                progress(f"growth: {count} connections: {contestant.name}")
                curve.append([count, measure(server, "kept", count, seconds)])
    for contestant in [c for c in (*OURS, Node, NginX) if c in there]:
        for name, work in (("workers", "kept"), ("workers, new connections", "new")):
            curve = curves[name][contestant.name] = []
            for count in workers:
                progress(f"growth: {count} workers: {contestant.name}")
                with contestant(workers=count, cpus=SERVER_CPUS) as server:
                    curve.append([count, measure(server, work, 64, seconds)])
    for contestant in (RoundRobin,):
        curve = curves["answer size"][contestant.name] = []
        with contestant(workers=1, cpus=SERVER_CPUS) as server:
            for size in sizes:
                progress(f"growth: answers of {size} bytes")
                path = f"/bytes?n={size}"
                curve.append([size, measure(server, "kept", 16, seconds, path)])
    return curves


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal: +(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])
    return {"cpu": model[1] if model else platform.machine(), "cpus": len(os.sched_getaffinity(0)),
            "memory_gib": round(memory / (1 << 20)), "kernel": platform.release(),
            "server_cpus": SERVER_CPUS, "load_cpus": LOAD_CPUS}


def versions(there):
    wrk = subprocess.run(["wrk", "-v"], text=True, stdout=subprocess.PIPE).stdout.split()[1]
    return {"wrk": wrk, **{c.name.split(",")[0]: c.version() for c in there if c.version()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round of everything")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results" / "latest.json")
    arguments = parser.parse_args()
    limit = resource.RLIMIT_NOFILE
    resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)
    there = [contestant for contestant in ALL if contestant.is_there()]
    rounds, seconds = (1, 1) if arguments.quick else (3, 2)
    result = {"date": datetime.date.today().isoformat(), "quick": arguments.quick, "machine": machine(),
              "versions": versions(there), "seconds": seconds}
    result["rounds"] = work_rounds(there, arguments.quick, rounds, seconds)
    result["figures"] = single_figures(there, arguments.quick)
    result["growth"] = growth(there, arguments.quick, seconds)
    progress("done")
    print(file=sys.stderr)
    arguments.output.parent.mkdir(exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(report.as_text(result))
    print(f"\nall rounds: {arguments.output}")


if __name__ == "__main__":
    end_in_order()
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
