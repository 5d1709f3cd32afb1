"""The drill: it runs, it leaves nothing behind, and it fails when our server does."""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import time

import pytest
from needs import needs

ROOT = pathlib.Path(__file__).parent.parent
DRILL = ROOT / "drill" / "drill.py"


def drill(*arguments, **environment):
    return subprocess.run(["/usr/bin/python3", DRILL, "--quick", *arguments], text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environment})


def leftovers():
    """Processes that work in a contestant's folder, and such folders."""
    links = (p / "cwd" for p in pathlib.Path("/proc").iterdir() if p.name.isdigit())
    return [str(link) for link in links if "contestant-" in where(link)]


def where(link):
    try:
        return os.readlink(link)
    except OSError:
        return ""


@needs("nginx")
@needs("haproxy")
def test_it_shows_the_servers_side_by_side():
    result = drill("--rows", "5a,2b")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"fault +ours +nginx +HAProxy +Node +allowed +kept", result.stdout)
    assert result.stdout.count(" yes\n") == 4
    assert "all of ours as allowed" in result.stdout
    assert not leftovers()


def test_it_fails_if_our_server_does(tmp_path):
    """The program under test closes what is idle for a moment, without a word."""
    wrong = tmp_path / "cluster"
    right = shlex.quote(str(ROOT / "step04_cluster" / "cluster"))
    wrong.write_text(f'#!/bin/sh\nexec {right} "$1" "$2" "$3" "$4" "$5" "$6" --keep-alive-timeout 0.001\n')
    wrong.chmod(0o755)
    result = drill("--rows", "2b", CLUSTER=str(wrong))
    assert result.returncode == 1, result.stdout
    assert "cut: " in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_interrupted(number):
    command = ["env", "--default-signal=INT",  # which a shell ignores for what runs in the background
               "/usr/bin/python3", DRILL, "--quick", "--rows", "3"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while not leftovers() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(20) == 130
    assert not leftovers()
