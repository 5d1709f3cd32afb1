"""The idea alone: a child gets a port that its parent has opened after the fork."""
import re
import subprocess

import harness

PASS_ONE = harness.PROGRAM.parent / "pass_one"


def test_a_child_gets_the_port_that_its_parent_has_opened():
    result = subprocess.run([PASS_ONE], stdout=subprocess.PIPE, text=True, timeout=harness.PATIENCE)
    assert result.returncode == 0
    lines = re.findall(r"^(\w+) (\d+): descriptor (\d+) is (127\.0\.0\.1:\d+)$", result.stdout, re.M)
    assert [who for who, *_ in lines] == ["parent", "child"], "in this order: it is told before it is sent"
    (_, parent, sent, opened), (_, child, received, got) = lines
    assert opened == got, "the same port, so the same socket"
    assert parent != child and sent != received, "in each process it has another number"
