"""Everything after the set-up is for an ordinary user; here for one who has not even a name."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
STEPS = sorted(ROOT.glob("step[0-9][0-9]_*"))
USER = 54321


def become_ordinary():
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("step", reversed(STEPS), ids=lambda step: step.name)
def test_an_ordinary_user_can_check_a_step(step):
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        # What is built stays, so that only the tests are tried.
        copy = shutil.copytree(step, pathlib.Path(folder) / step.name, ignore=shutil.ignore_patterns("address,*", "node-*"))
        for path in [pathlib.Path(folder), copy, *copy.rglob("*")]:
            os.chown(path, USER, USER)
        environment = {name: value for name, value in os.environ.items() if name not in ("HOME", "USER", "STRICT")}
        result = subprocess.run(["make", "-s", "-j2", "check"], cwd=copy, env=environment, preexec_fn=become_ordinary, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(result.stdout)
    assert result.returncode == 0
    assert re.search(rf"^{step.name}: \d+ unit tests, \d+ tests, \d+ s: passed$", result.stdout, re.M)
