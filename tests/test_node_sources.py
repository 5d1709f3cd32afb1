"""What the lessons say about Node's sources: each function that they name is there, in the Node that
is installed, and so is its twin in ours."""
import collections
import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))

Row = collections.namedtuple("Row", "file name twin where")

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js here (tools/setup installs it)")
each_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)


def rows(step):
    sections = [page.read_text().partition("\n## How Node does this\n")[2] for page in sorted(step.glob("*.md"))]
    section, = filter(None, sections)
    assert "\n## " not in section, "it is the last section"
    pattern = r"^\| `lib/(\S+)\.js`, `(\w+)\(\)` \| [^|]+ \| `(\w+)\(\)` in `(\S+)` \|$"
    return [Row(*found) for found in re.findall(pattern, section, re.M)]


@pytest.fixture(scope="module")
def sources_of_node():
    """Returns {"internal/cluster/child": text}."""
    program = "console.log(JSON.stringify(process.binding('natives')))"
    return json.loads(subprocess.check_output(["node", "--no-warnings", "--expose-internals", "-e", program]))


@each_step
def test_functions_of_node_are_there(step, sources_of_node):
    assert len(rows(step)) >= 4
    for row in rows(step):
        definition = rf"^(async )?function {row.name}\(|[.\w]\.{row.name} = function|^const {row.name} ="
        nested = rf"^  function {row.name}\("
        assert re.search(f"{definition}|{nested}", sources_of_node[row.file], re.M), f"{row.file}: {row.name}()"


@each_step
def test_their_twins_are_there(step):
    for row in rows(step):
        definition = rf"^[\w:<>*& ]+\b{row.twin}\("
        assert re.search(definition, (step / row.where).read_text(), re.M), f"{row.where}: {row.twin}()"
