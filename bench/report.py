#!/usr/bin/python3
"""From a result of bench.py to what people read.

    report.py RESULT.json     writes RESULTS.md, report.html, and the table in step 4's lesson
"""
import collections
import html
import json
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent

KEPT, NEW, PIPED = "keep-alive, 64 connections", "a new connection for each request", "pipelined, 16 deep"
OURS, SHARED, NGINX, NODE, FLOOR = "ours, rr", "ours, shared", "nginx", "Node, rr", "floor"

Target = collections.namedtuple("Target", "figure limit reach value")


# ---- Figures

def spread(values):
    """The median, the least and the most."""
    return statistics.median(values), min(values), max(values)


def of(result, work, contestant, key="cpu"):
    """This figure in every round."""
    return [table[work][contestant][key] for table in result["rounds"] if contestant in table.get(work, {})]


def ratio(result, work, one, other, key="cpu"):
    """Of two contestants, taken within each round."""
    pairs = zip(of(result, work, one, key), of(result, work, other, key))
    return [a / b for a, b in pairs if b]


def idle_ratio(result):
    figures = result["figures"]["idle"]
    return [a["bytes"] / b["bytes"] for a, b in zip(figures[OURS], figures.get(NGINX, []))]


def start_ratio(result):
    start = result["figures"]["start"]
    return [statistics.median(start[NODE]) / statistics.median(start[OURS])] if NODE in start else []


TARGETS = [
    Target("CPU for a request, kept alive: step 4 / floor", ("<=", 1.08), 1.02,
           lambda r: ratio(r, KEPT, OURS, FLOOR)),
    Target("CPU for a request, kept alive: step 4 / nginx", ("<=", 0.88), 0.80,
           lambda r: ratio(r, KEPT, OURS, NGINX)),
    Target("CPU for a request, kept alive: Node / step 4", (">=", 2.5), 2.8,
           lambda r: ratio(r, KEPT, NODE, OURS)),
    Target("requests per second, 16 deep: step 4 / nginx", (">=", 7), 10,
           lambda r: ratio(r, PIPED, OURS, NGINX, "rate")),
    Target("CPU, a connection for each request: shared / nginx", ("<=", 1.02), 0.97,
           lambda r: ratio(r, NEW, SHARED, NGINX)),
    Target("CPU, a connection for each request: rr / shared", ("<=", 1.85), 1.5,
           lambda r: ratio(r, NEW, OURS, SHARED)),
    Target("CPU, a connection for each request: Node rr / rr", (">=", 5), 6.5,
           lambda r: ratio(r, NEW, NODE, OURS)),
    Target("memory for an idle connection: step 4 / nginx", ("<=", 1.0), 0.7, idle_ratio),
    Target("CPU for a request beside many idle connections / without", ("<=", 1.05), 1.02,
           lambda r: [f["cpu beside"] / f["cpu"] for f in r["figures"]["idle"][OURS]]),
    Target("start to first answer, 4 workers: Node / step 4", (">=", 20), 50, start_ratio),
    Target("share of the connections of the worker that has most, in %", ("<=", 26), 25.2,
           lambda r: [r["figures"]["shares"][OURS][-1]]),
]


def is_met(target, value):
    sign, limit = target.limit
    return value <= limit if sign == "<=" else value >= limit


# ---- Tables, as lists of rows of strings; the first is the head

def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def contestants_of(result):
    names = {}
    for table in result["rounds"]:
        for by_name in table.values():
            names.update(dict.fromkeys(by_name))
    return list(names)


def table_of(result, key, scale=1):
    """Works by contestants: medians."""
    names = contestants_of(result)
    rows = [["", *names]]
    for work in result["rounds"][0]:
        cells = [of(result, work, name, key) for name in names]
        # wrk has no latency of requests that are pipelined, nor one for 0.1 % of very few.
        rows.append([work, *(number(scale * statistics.median(c)) if c and all(c) else "-" for c in cells)])
    return rows


def failures_of(result):
    """Every figure has its failures beside it: here, all that there were."""
    rows = [["work", "contestant", "failures", "of requests"]]
    for work in result["rounds"][0]:
        for name in contestants_of(result):
            if total := sum(of(result, work, name, "failures")):
                rows.append([work, name, f"{total:,}", f"{sum(of(result, work, name, 'requests')):,}"])
    return rows if len(rows) > 1 else [*rows, ["none", "", "", ""]]


def targets_of(result):
    rows = [["ratio, within a round", "median", "least to most", "target", "reach for", ""]]
    for target in TARGETS:
        values = target.value(result)
        if not values:
            continue
        median, least, most = spread(values)
        sign, limit = target.limit
        rows.append([target.figure, number(median), f"{number(least)} to {number(most)}", f"{sign} {limit}",
                     str(target.reach), "met" if is_met(target, median) else "missed"])
    return rows


def figures_of(result):
    figures = result["figures"]
    rows = [["", *figures["start"]]]

    def add(title, get):
        rows.append([title, *(get(name) for name in figures["start"])])

    def median(values):
        return number(statistics.median(values)) if values else "-"
    add("start of 4 workers to the first answer, ms", lambda n: median(figures["start"][n]))
    add("death of the worker to the next answer, ms", lambda n: median(figures["replacement"].get(n)))
    add("memory for an idle connection, bytes", lambda n: median([f["bytes"] for f in figures["idle"][n]]))
    add("CPU for a request beside them / without",
        lambda n: median([f["cpu beside"] / f["cpu"] for f in figures["idle"][n]]))
    messages = figures.get("messages", {})  # older results have none
    for kind in ("few", "many") if messages else ():
        add(f"CPU of the primary for each MiB of message, {kind} members, ms",
            lambda n: median([f[kind] for f in messages.get(n, [])]))
    return rows


def shares_of(result):
    rows = [["", "least", "", "", "most"]]
    for name, shares in result["figures"]["shares"].items():
        rows.append([name, *(f"{share:.1f} %" for share in shares)])
    return rows


def hand_over_of(result):
    """What accepting in the primary and passing costs more than accepting in the worker."""
    values = [a - b for a, b in zip(of(result, NEW, OURS), of(result, NEW, SHARED))]
    median, least, most = spread(values)
    return f"{number(median)} us ({number(least)} to {number(most)})"


SECTIONS = [
    ("Targets", targets_of,
     "Ratios are taken within a round, where the machine is the same for both; the median of the rounds counts."),
    ("CPU microseconds for a request", lambda r: table_of(r, "cpu"),
     "Over all processes of the server, from the kernel's accounting: the figure to trust on a shared machine."),
    ("Requests per second", lambda r: table_of(r, "rate"), "With one core for the server, and one for the load."),
    ("Latency, p50, ms", lambda r: table_of(r, "p50", 1e-3), "What wrk sees, at full load."),
    ("Latency, p99, ms", lambda r: table_of(r, "p99", 1e-3), ""),
    ("Latency, p99.9, ms", lambda r: table_of(r, "p99.9", 1e-3), ""),
    ("Failures", failures_of, "A fast wrong answer is no answer. Work that is not listed had none."),
    ("Starts, deaths, idle connections", figures_of, ""),
    ("Shares of four workers", shares_of, "Connections one after the other: who gets them?"),
]


# ---- As text, as Markdown

def as_columns(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) if not i else cell.rjust(w)
                               for i, (cell, w) in enumerate(zip(row, widths))).rstrip() for row in rows)


def as_text(result):
    return "\n\n".join(f"{title}\n{as_columns(table(result))}" for title, table, _ in SECTIONS)


def as_markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def about(result):
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rounds = f"{len(result['rounds'])} rounds of {result['seconds']} s"
    return (f"{result['date']}, on {machine['cpu']}, {machine['cpus']} CPUs, {machine['memory_gib']} GiB, Linux "
            f"{machine['kernel']}; {versions}; {rounds}" + ("; a quick run" if result["quick"] else ""))


def as_markdown(result):
    parts = ["# What it costs\n\nWritten by `report.py` from a result of `make bench`; do not edit.\n\n"
             f"Measured {about(result)}.\n"]
    for title, table, remark in SECTIONS:
        parts.append(f"## {title}\n\n" + (f"{remark}\n\n" if remark else "")
                     + f"{as_markdown_table(table(result))}\n")
        if title == "Targets":
            parts.append(f"A hand-over, which is what `rr` does more than `shared`: {hand_over_of(result)} of CPU.\n")
    return "\n".join(parts)


# ---- As a page that can be projected

def plot(curve, title, x_label, y_label, key, logarithmic):
    """A picture of a curve, as SVG. `logarithmic` names the axes that are: "", "x", or "xy"."""
    import io
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": title, "font.size": 13, "svg.fonttype": "none"})
    from matplotlib import pyplot
    figure, axes = pyplot.subplots(figsize=(9, 5))
    for name, points in curve.items():
        axes.plot([max(x, 1) for x, _ in points], [y[key] for _, y in points], marker="o", label=name)
    axes.set(xlabel=x_label, ylabel=y_label, title=title)
    if "x" in logarithmic:
        axes.set_xscale("log")
    if "y" in logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    pyplot.close(figure)
    return file.getvalue().partition("<svg")[1] + file.getvalue().partition("<svg")[2]


PLOTS = [
    ("connections", "Many connections", "open connections, all of them busy", "CPU us for a request", "cpu", "x",
     "With few connections a server falls asleep and wakes up for each request; with many, one call of epoll "
     "brings the next hundred. Beyond a thousand a request costs more again, that of the floor, too."),
    ("workers", "Many workers on one core, kept alive", "workers", "CPU us for a request", "cpu", "",
     "More workers than cores do not make a request cheaper: the kernel has to switch between them."),
    ("workers, new connections", "Hand-overs", "workers", "connections per second", "rate", "",
     "One primary accepts for all: more workers than cores bring no more connections, they share the core with it."),
    ("answer size", "Large answers", "bytes in the answer", "CPU us for a request", "cpu", "xy",
     "Up to some kilobytes the size costs next to nothing; from there on, a request costs what copying costs."),
]

STYLE = """body { font: 18px/1.5 sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } td, th { padding: .2rem .8rem; border-bottom: 1px solid #ddd }
td:not(:first-child), th:not(:first-child) { text-align: right } svg { max-width: 100%; height: auto }
.met { color: #176a2c } .missed { color: #a0141e; font-weight: bold }"""


def as_html_table(rows):
    def line(row, tag):
        cells = "".join(f'<{tag} class="{html.escape(c)}">{html.escape(c)}</{tag}>' if c in ("met", "missed")
                        else f"<{tag}>{html.escape(c)}</{tag}>" for c in row)
        return f"<tr>{cells}</tr>"
    return "<table>" + line(rows[0], "th") + "".join(line(row, "td") for row in rows[1:]) + "</table>"


def as_html(result):
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>What it costs</title><style>{STYLE}</style>"
             f"<h1>What it costs</h1><p>Measured {html.escape(about(result))}."]
    for curve, title, x_label, y_label, key, logarithmic, sentence in PLOTS:
        parts.append(f"<h2>{title}</h2>" + plot(result["growth"][curve], title, x_label, y_label, key, logarithmic)
                     + f"<p>{sentence}")
    for title, table, remark in SECTIONS:
        parts.append(f"<h2>{title}</h2><p>{remark}{as_html_table(table(result))}")
    return "\n".join(parts) + "\n"


# ---- In the lesson

LESSON = HERE.parent / "step04_cluster" / "part3_cluster.md"
BEGIN, END = "<!-- measured: bench/report.py writes this -->\n", "<!-- end -->"


def as_lesson(result):
    """The table of the three policies: balance against cost."""
    rows = [["policy", "CPU for a request, kept alive", "CPU for a connection and a request",
             "share of the least and the busiest of four workers"]]
    for name, shares in result["figures"]["shares"].items():
        kept, new = (number(statistics.median(of(result, work, name))) for work in (KEPT, NEW))
        rows.append([f"`{name.split()[-1]}`", f"{kept} us", f"{new} us", f"{shares[0]:.1f} %, {shares[-1]:.1f} %"])
    return as_markdown_table(rows) + "\n"


def in_lesson(result):
    head, _, rest = LESSON.read_text(encoding="utf-8").partition(BEGIN)
    return head + BEGIN + "\n" + as_lesson(result) + "\n" + END + rest.partition(END)[2]


def outputs(result):
    return {HERE / "RESULTS.md": as_markdown(result), HERE / "report.html": as_html(result),
            LESSON: in_lesson(result)}


def main():
    for path, text in outputs(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
