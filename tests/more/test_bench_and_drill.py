"""The bench and the drill, in their short form: each figure and each row comes out."""
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import bench  # noqa: E402
import contestants  # noqa: E402
import report  # noqa: E402


def run(target):
    result = subprocess.run(["make", "-s", target, "QUICK=1"], cwd=ROOT, text=True, timeout=580,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(result.stdout)
    assert result.returncode == 0
    return result.stdout


def can_do(contestant, work):
    return bench.can_do(contestant, *bench.WORKS[work][::2])


def test_every_figure_comes_out():
    text = run("bench")
    result = json.loads((ROOT / "bench" / "results" / "latest.json").read_text(encoding="utf-8"))
    [table] = result["rounds"]
    assert set(table) == set(bench.QUICK)
    for work, figures in table.items():
        assert set(figures) == {c.name for c in contestants.ALL if can_do(c, work)}, work
        assert all(figure["requests"] > 0 and figure["cpu"] > 0 for figure in figures.values()), work
    single = result["figures"]
    names = {c.name for c in bench.COMPLETE}
    assert set(single["start"]) == set(single["idle"]) == names
    assert set(single["replacement"]) == names - {"HAProxy"}
    assert set(single["shares"]) == {c.name for c in bench.OURS}
    assert set(single["messages"]) == {c.name for c in bench.TALKERS}
    assert all(values for figure in single.values() for values in figure.values())
    for curve, by_name in result["growth"].items():
        assert by_name and all(len(points) >= 2 for points in by_name.values()), curve
    for title, _, _ in report.SECTIONS:
        assert f"{title}\n" in text


def numbers_of_rows():
    """Asked of another process: the drill and the bench have modules of the same name."""
    program = "import drill; print(*(row.number for row in drill.ROWS))"
    return subprocess.check_output(["/usr/bin/python3", "-c", program], cwd=ROOT / "drill", text=True).split()


def test_every_row_comes_out():
    text, numbers = run("drill"), numbers_of_rows()
    assert re.search(rf"^{len(numbers)} rows in \d+ s; all of ours as allowed$", text, re.M)
    lines = text.splitlines()
    [header] = [line for line in lines if re.search(r" fault .* HAProxy ", line)]
    for line in [line for line in lines if "gave up" in line]:  # HAProxy may end with a worker that is killed
        assert line.startswith("1 ") and line.index("gave up") == header.index("HAProxy"), line
    assert len(re.findall(r"^\d+[ab]? .* (?:yes|no)$", text, re.M)) == len(numbers)
    assert set(numbers) == set(re.findall(r"^(\d+[ab]?) (?!of \d+: |rows in )", text, re.M))  # not "2 of 63: ..."
