"""The bench: what is committed is what a result says, and a quick run works."""
import json
import pathlib
import re
import sys

import pytest
from needs import needs

ROOT = pathlib.Path(__file__).parent.parent
BENCH = ROOT / "bench"
sys.path.append(str(BENCH))
import report  # noqa: E402

RESULTS = sorted(BENCH.glob("results/20*.json"))


def newest():
    return json.loads(RESULTS[-1].read_text())


def without_ids(text):
    """matplotlib names its elements by chance, in some versions."""
    return re.sub(r'(id|href)="#?[mp][0-9a-f]{9,}"|url\(#p[0-9a-f]+\)', "", text)


@needs("python:matplotlib")
@pytest.mark.parametrize("name", ["RESULTS.md", "report.html", "part3_cluster.md"])
def test_what_is_committed_is_what_the_newest_result_says(name):
    [(path, text)] = [(p, t) for p, t in report.outputs(newest()).items() if p.name == name]
    assert without_ids(path.read_text()) == without_ids(text), f"bench/report.py {RESULTS[-1].name}"


def test_the_report_needs_no_network():
    page = (BENCH / "report.html").read_text()
    assert "<svg" in page and not re.search(r'(src|href)="https?:|@import|<script', page)


def test_a_result_is_a_whole_one():
    result = newest()
    assert not result["quick"] and len(result["rounds"]) >= 3
    assert {"cpu", "cpus", "kernel"} <= result["machine"].keys()


def test_older_results_have_no_figure_of_messages():
    result = newest()
    result["figures"].pop("messages", None)
    without = report.figures_of(result)
    result["figures"]["messages"] = {report.OURS: [{"few": 1.5, "many": 12}]}
    few, many = report.figures_of(result)[len(without):]
    assert {"1.50", "-"} <= set(few) and {"12.0", "-"} <= set(many)


def test_ratios_are_taken_within_a_round():
    def table(a, b):
        return {"w": {"a": {"cpu": a}, "b": {"cpu": b}}}
    result = {"rounds": [table(1, 2), table(10, 20), table(3, 9)]}
    assert report.ratio(result, "w", "a", "b") == [0.5, 0.5, 1 / 3]


def test_a_missed_target_is_said_to_be_missed():
    low, high = report.TARGETS[0], report.TARGETS[2]
    assert report.is_met(low, low.limit[1]) and not report.is_met(low, low.limit[1] + 0.01)
    assert report.is_met(high, high.limit[1]) and not report.is_met(high, high.limit[1] - 0.01)
