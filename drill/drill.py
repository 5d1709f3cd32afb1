#!/usr/bin/python3
"""The worst day of a server, acted out: ours, and beside it nginx, HAProxy and Node's cluster.

    drill.py [--rows 1,2a] [--quick]

Prints what became of the clients' requests, fault by fault. The status is 1 if our server did not keep
to what is allowed. See README.md.
"""
import argparse
import collections
import pathlib
import shlex
import sys
import textwrap
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TESTS = ROOT / "step04_cluster" / "tests"
sys.path[:0] = [str(TESTS / "faults"), str(TESTS / "support"), str(ROOT / "bench")]
import contestants  # noqa: E402
import deaths  # noqa: E402
import freezes  # noqa: E402
import reloads  # noqa: E402
import rudeness  # noqa: E402
from contestant import begun, end_in_order  # noqa: E402
from contestants import HAProxy, NginX, Node, ReusePort, RoundRobin, Shared  # noqa: E402

Row = collections.namedtuple("Row", "number fault allowed act others ours", defaults=(RoundRobin,))
WORKERS = 4
TIMEOUTS = {"headers": 2, "request": 3, "send": 2}


class Times:
    """How often, and how long."""
    quick = False

    def __call__(self, long, short):
        return short if self.quick else long


times = Times()


# ---- What a fault needs to be acted out on a contestant

def on(fault, **options):
    """Starts a contestant, and lets the fault happen to it."""
    def act(contestant):
        with contestant(workers=WORKERS, **options) as server:
            return fault(server)
    return act


def kill_primary(contestant):
    with contestant(workers=WORKERS) as server, Successors() as successors:
        return deaths.kill_primary(
            server, lambda: successors.append(contestant(workers=WORKERS, port=server.port).__enter__()))


def signal_starts(contestant):
    return reloads.signal_at_its_start(lambda: begun(contestant(workers=WORKERS)), times(200, 20))


class Successors(list):
    """Contestants that are stopped in the end."""
    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self:
            one.stop()


class Changeable(RoundRobin):
    """Our server, with a program for the workers that can be changed."""

    def command(self):
        self.program = self.folder / "program"
        self.become(f'exec {shlex.quote(str(contestants.CLUSTER))} "$@"')
        return [contestants.CLUSTER, "--workers", str(self.count), "--port", str(self.port),
                "--start-timeout", "1", "--exec", self.program, "--", "--port", str(self.port)]

    def become(self, text):
        self.program.write_text(f"#!/bin/sh\n{text}\n")
        self.program.chmod(0o755)


def reload_to(wrong):
    """To a program, or for the others a configuration, that is broken; or missing, if it is None."""
    def act(contestant):
        kind = Changeable if contestant is RoundRobin else contestant
        with kind(workers=WORKERS) as server:
            file = server.program if kind is Changeable else next(server.folder.glob("*.c*f*g"), None) \
                or server.folder / "nginx.conf"
            right, already = file.read_text(), server.errors()

            def break_it():
                if wrong is None:
                    file.unlink()
                else:
                    file.write_text(f"#!/bin/sh\n{wrong}\n" if kind is Changeable else "nonsense;\n")

            def mend_it():
                file.write_text(right)
                file.chmod(0o755)
            return reloads.reload_to_a_broken_program(
                server, break_it, mend_it, lambda: server.errors() != already)
    return act


ROWS = [
    Row("1", "12 workers killed; new connections", "no time-out, none refused; broken: those on the killed",
        on(lambda s: deaths.kill_workers(s, False, times(12, 4), times(0.8, 0.1))), [NginX, HAProxy, Node]),
    Row("1", "the same, connections kept alive", "the same",
        on(lambda s: deaths.kill_workers(s, True, times(12, 4), times(0.8, 0.1))), [NginX, HAProxy, Node]),
    *[Row("2a", f"12 reloads; new connections ({policy.policy})", "0", on(
        lambda s: reloads.reload(s, False, times(12, 4))), others, policy)
      for policy, others in ((RoundRobin, [NginX, HAProxy, Node]), (Shared, []), (ReusePort, []))],
    *[Row("2b", f"12 reloads; kept alive ({policy.policy})", "0, none cut", on(
        lambda s: reloads.reload(s, True, times(12, 4))), others, policy)
      for policy, others in ((RoundRobin, [NginX, HAProxy, Node]), (Shared, []), (ReusePort, []))],
    *[Row("3", f"{who} frozen for 8 s ({policy.policy})", "time-outs: what is on it + 2", on(
        lambda s, who=who: freezes.freeze(s, who, times(8, 1.5), times(5, 1))), others, policy)
      for who in ("a worker", "the primary", "all")
      for policy, others in ((RoundRobin, [NginX, Node]), (Shared, []))],
    Row("4", "the primary killed, started anew", "no orphan; serves within 2 s", kill_primary, [Node]),
    Row("5a", "all workers killed at once", "no time-out, none refused; all back in 2 s",
        on(deaths.kill_all_workers), [NginX, Node]),
    Row("5b", "new workers killed on sight, for 10 s", "40 starts, 5 % CPU; back in 35 s",
        on(lambda s: deaths.kill_on_sight(s, times(10, 3))), [NginX, Node]),
    *[Row("6", f"reload to a program that {what}", "0; the old ones serve on", reload_to(wrong), others)
      for what, wrong, others in (("exits", "exit 1", [NginX, HAProxy]), ("hangs", "exec sleep 60", []),
                                  ("is missing", None, [NginX, HAProxy]))],
    *[Row("7", f"no descriptors left in {who}", "no time-out, under 10 % CPU", on(
        lambda s, who=who: freezes.run_out_of_descriptors(s, who, times(4, 1))), [NginX, Node])
      for who in ("a worker", "the primary")],
    Row("8", "50 reloads in a second", "0; one generation", on(reloads.reload_too_often), [NginX]),
    Row("8", "200 starts, each with a signal in its first 100 ms", "each can be ended", signal_starts, [NginX]),
    Row("9", "1,000 slow heads, 200 bodies, 200 readers", "all closed; 64 MiB", on(
        lambda s: rudeness.be_slow(s, times(1000, 100), times(200, 20), times(200, 20)),
        timeouts=TIMEOUTS, descriptors=8192), [NginX, HAProxy]),
    Row("10", "clients that go away, in each phase", "none unanswered; 10 MiB",
        on(lambda s: rudeness.go_away(s, times(100, 20), times(30000, 2000))), [NginX, Node]),
]


# ---- The table

def rivals():
    return [rival for rival in (NginX, HAProxy, Node) if rival.is_there()]


def maker_of(contestant):
    return contestant.name.split(",")[0]


def attempt(row, contestant):
    """What is in the table, and whether it is within the allowed."""
    try:
        result = row.act(contestant)
        return result.summary(), result.problems
    except (TimeoutError, RuntimeError, OSError) as error:
        return f"gave up: {error}", [str(error)]


def tell(number, row, contestant, total):
    text = f"{number} of {total}: {row.fault}: {contestant.name}"
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def act_all(rows):
    """Returns the table, and the problems of our server."""
    others = rivals()
    total = sum(1 + len(set(row.others) & set(others)) for row in rows)
    table, problems, number = [], [], 0
    for row in rows:
        cells = {}
        for contestant in [row.ours, *(rival for rival in row.others if rival in others)]:
            number += 1
            tell(number, row, contestant, total)
            cells[contestant], found = attempt(row, contestant)
            if contestant is row.ours:
                problems += [f"{row.number}, {row.fault}: {problem}" for problem in found]
                cells["kept"] = "no" if found else "yes"
        table.append([row.number, row.fault, cells[row.ours], *(cells.get(r, "-") for r in others),
                      row.allowed, cells["kept"]])
    return ["", "fault", "ours", *map(maker_of, others), "allowed", "kept"], table, problems


def print_table(head, table):
    widths = [3, 24, *[22] * (len(head) - 4), 24, 4]
    for row in [head, *table]:
        cells = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths)]
        for line in range(max(map(len, cells))):
            print("  ".join((cell[line] if line < len(cell) else "").ljust(width)
                            for cell, width in zip(cells, widths)).rstrip())
        print("  ".join("-" * width for width in widths) if row is head else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", help="only these, such as 1,2a")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter")
    arguments = parser.parse_args()
    times.quick = arguments.quick
    wanted = arguments.rows.split(",") if arguments.rows else [row.number for row in ROWS]
    began = time.monotonic()
    print("beside us: " + ", ".join(f"{maker_of(r)} {r.version()}" for r in rivals()))
    head, table, problems = act_all([row for row in ROWS if row.number in wanted])
    print(file=sys.stderr)
    print_table(head, table)
    print(f"{len(table)} rows in {time.monotonic() - began:.0f} s; "
          f"{'all of ours as allowed' if not problems else 'ours was not as allowed:'}")
    for problem in problems:
        print(f"  {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    end_in_order()
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
