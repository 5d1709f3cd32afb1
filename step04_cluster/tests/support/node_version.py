"""Which Node.js is here, and what only some versions do: the one place that knows."""
import functools
import os
import re
import shutil
import subprocess

NODE = os.environ.get("NODE", "node")


@functools.cache
def node_version():
    """As "v20.1.2"; None if there is no Node here."""
    if not shutil.which(NODE):
        return None
    return subprocess.check_output([NODE, "--version"], text=True).strip()


def _numbers(version):
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


# Promises that some versions do not keep: the test, the policy ("" for each), in which versions, and what they do
# instead. (Found by asking them: NODE=/path/to/node make conformance.)
EXCEPTIONS = [
    ("test_K2_idle_connections_at_the_end", "", lambda v: v < (19,), "an idle connection holds the worker up"),
    ("test_L16_closed_before_the_answer", "", lambda v: v < (20, 12) or (21,) <= v < (21, 7),
     "the socket that comes late stays open"),
    ("test_L19_again_after_a_second_one_failed", "", lambda v: v < (22,), "the port is in use, for ever"),
    ("test_L6_failure_is_not_kept", "none", lambda v: (22, 22, 1) <= v < (23,) or v >= (24, 13, 1),
     "the second try ends the worker"),
]


def exceptions_of(version):
    """{(test, policy): what this version does instead}."""
    return {(test, policy): instead for test, policy, is_so, instead in EXCEPTIONS if is_so(_numbers(version))}


def instead_of(test, policy):
    """What the Node that is here does instead of what the test expects; "" if it does that."""
    exceptions = exceptions_of(node_version())
    return exceptions.get((test, policy)) or exceptions.get((test, "")) or ""
