"""CONFORMANCE.md: what each row promises, and who keeps it."""
import pathlib
import re

from left_out import LEFT_OUT
from node_version import exceptions_of, node_version

FILE = pathlib.Path(__file__).parent.parent.parent / "CONFORMANCE.md"
GROUPS = "FELUMHDPWRSKX"

HEAD = """# Who keeps Node's promises

Each row is a promise of Node's cluster, or what its users may expect. The test beside it is written once, and is asked
of Node and of this step: both do the same commands (`tests/conformance/driver.js`, `driver.cpp`). `make conformance`
runs the tests and writes this page; `make check` fails if it would look different.

What is well-formed and means nothing is ignored, as Node does: an unknown command or act, a number that is none; a
query that makes no sense is answered with EINVAL. Ended is a peer after which nobody can know where a message begins, or
to which one a descriptor belongs: a line that is not JSON, a descriptor that no message announced, several with one
message, an acknowledgement of nothing. And one that exceeds a limit: nested more than 100 deep, longer than
`--max-message-size`, 64 MiB left unread.

{asked} promises are asked of both; this step keeps {ours}, Node {nodes}.

Node here: {version}

| row | promise | Node | ours | test |
|---|---|---|---|---|
"""


def order_of(row):
    return GROUPS.index(row[0]), int(row[1:])


def row_of(test):
    return re.match(r"test_([A-Z]\d+)_", test)[1]


def table(results, promises, reasons):
    """results: {test: {"ours" or "node": did all of its runs pass?}}; the other two by test, too."""
    lines = {}
    for test, by_system in results.items():
        node = "yes" if by_system["node"] else f"**no**: {reasons[test]}"
        ours = "yes" if by_system["ours"] else "**no**"
        lines[row_of(test)] = f"{promises[test]} | {node} | {ours} | `{test}`"
    for row, (promise, why) in LEFT_OUT.items():
        assert row not in lines, f"{row} is tested, and left out"
        lines[row] = f"{promise} | | | not asked: {why}"
    head = HEAD.format(asked=len(results), version=node_version(),
                       ours=sum(by["ours"] for by in results.values()),
                       nodes=sum(by["node"] for by in results.values()))
    return head + "".join(f"| {row} | {lines[row]} |\n" for row in sorted(lines, key=order_of))


def comparable(text, other):
    """The text without what may differ from the other one: they may be about two versions of Node. If these do not
    keep the same promises, the column of Node is not compared either, and not how many it keeps."""
    if exceptions_in(text) != exceptions_in(other):
        text = re.sub(r"^(\| \w+ \| [^|]+ \|)[^|]+\|", r"\1 |", text, flags=re.M)
        text = re.sub(r", Node \d+\.$", "", text, flags=re.M)
    return re.sub(r"^Node here: .*$", "", text, flags=re.M)


def exceptions_in(text):
    version = re.search(r"^Node here: (.*)$", text, re.M)
    return exceptions_of(version[1]) if version else {}
