"""Every command that `make` alone names runs; here those that no other test runs."""
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest
import surroundings

ROOT = pathlib.Path(__file__).parent.parent.parent
ELSEWHERE = {"check", "check-step02",  # CI begins with make check
             "check-more", "fuzz", "tidy",  # this is a part of it
             "bench", "drill", "slides", "diff"}  # test_bench_and_drill.py, test_deck.py, test_tools.py
HERE = {"run", "hello", "mixed", "interop", "format", "clean"}
PATIENCE = 60


def test_every_command_is_run_somewhere():
    text = subprocess.check_output(["make"], cwd=ROOT, text=True)
    lines = re.findall(r"^make ([\w-]+(?:, [\w-]+)*)", text, re.M)
    assert {target for line in lines for target in line.split(", ")} == HERE | ELSEWHERE


def heed_interrupts():
    """In the child. A shell has what it starts in the background ignore SIGINT, and so has all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def running(*command):
    """In a network of its own, where port 8000 is free."""
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {' '.join(command)}"], cwd=ROOT,
                               start_new_session=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               preexec_fn=heed_interrupts)
    try:
        yield process
        process.send_signal(signal.SIGINT)  # as Ctrl-C does: to each
        subprocess.run(["pkill", "-INT", "-s", str(process.pid)])
        print(process.communicate(timeout=PATIENCE)[0])
    finally:
        subprocess.run(["pkill", "-KILL", "-s", str(process.pid)])
        process.wait()


def answers_of(process, count):
    """Who answers, by its header X-Worker-Pid; all of them on port 8000."""
    command = ["nsenter", "-t", str(process.pid), "-n", "curl", "-qsi", "--max-time", "5", "http://127.0.0.1:8000/"]
    deadline = time.monotonic() + PATIENCE
    while subprocess.run(command, stdout=subprocess.PIPE).returncode != 0:
        assert time.monotonic() < deadline and process.poll() is None, "nobody listens"
        time.sleep(0.05)
    return [subprocess.check_output(command, text=True) for _ in range(count)]


@pytest.mark.parametrize("command, workers", [(("make", "run"), None), (("make", "run", "WORKERS=3"), 3),
                                              (("make", "hello"), 0), (("make", "mixed"), 4)])
def test_it_serves(command, workers):
    with running(*command) as process:
        if workers:
            for line in process.stdout:
                if line.startswith("listening on "):
                    break
        answers = answers_of(process, 12)
        assert all(answer.startswith("HTTP/1.1 200 OK\n") for answer in answers)
        who = set(re.findall(r"^X-Worker-Pid: (\d+)$", "".join(answers), re.M))
        assert workers is None or len(who) == workers
        if command != ("make", "mixed"):
            assert all(answer.endswith("\nHello world\n") for answer in answers)


def test_another_version_of_node():
    result = subprocess.run(["make", "interop", "NODES=22"], cwd=ROOT, text=True, env=surroundings.with_network(),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(result.stdout)
    assert result.returncode == 0 and "Node: v22." in result.stdout and re.search(r"^\d+ passed in ", result.stdout, re.M)


def test_format_and_clean(tmp_path):
    course = shutil.copytree(ROOT, tmp_path / "course", ignore=shutil.ignore_patterns(".git", "node-*", "node_modules", "address,*"))
    listener = course / "step01_fork" / "listener.cpp"
    right = listener.read_text()
    listener.write_text(right.replace("{\n", "{\n\n\n  ", 1))
    subprocess.run(["make", "format"], cwd=course, check=True)
    assert listener.read_text() == right
    assert (course / "step01_fork" / "cluster").exists()
    subprocess.run(["make", "clean"], cwd=course, check=True)
    assert not (course / "step01_fork" / "cluster").exists() and not list(course.glob("**/build"))
