"""The parts of the lesson, each a program: what it is made of, and what it does without."""
import re
import subprocess

import harness
import pytest

# Each is linked without these folders of lib/, which are namespaces, too.
DOES_WITHOUT = {
    "part1_loop": {"http", "ipc", "cluster", "supervisor"},
    "part2_http": {"ipc", "cluster", "supervisor"},
    "hello": {"supervisor"},
}


def namespaces_in(program):
    symbols = subprocess.check_output(["nm", "-C", harness.PROGRAM.parent / program], text=True)
    return set(re.findall(r"\b(\w+)::", symbols))


@pytest.mark.parametrize("program", DOES_WITHOUT)
def test_a_part_is_made_of_what_was_taught_so_far(program):
    assert namespaces_in(program) >= {"loop", "net"}
    assert not namespaces_in(program) & DOES_WITHOUT[program]


def test_the_whole_has_all_of_them():
    assert namespaces_in("cluster") > set().union(*DOES_WITHOUT.values())
