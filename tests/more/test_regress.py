"""What an earlier step promises, a later one still keeps; exceptions are marked, with a reason, in
the earlier step's test_cluster.py. (All other tests of a step are carried, and run there anyway.)"""
import itertools
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))


@pytest.mark.parametrize("earlier, later", itertools.combinations(STEPS, 2),
                         ids=lambda step: step.name)
def test_a_later_step_keeps_the_promises_of_an_earlier_one(earlier, later):
    subprocess.run(["make", "-s", "-C", later], check=True)
    result = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
         earlier / "tests" / "test_cluster.py"],
        env={**os.environ, "CLUSTER": str(later / "cluster")}, text=True, stdout=subprocess.PIPE)
    print(result.stdout)  # the reasons for what was skipped
    assert result.returncode == 0, result.stdout
