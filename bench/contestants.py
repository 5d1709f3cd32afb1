"""Our server, and those that people would use instead: each is started on a free port of loopback, with
all its files in a temporary directory, and leaves nothing behind.

    with NginX(workers=2) as server:
        print(server.port, server.pid, server.workers)
"""
import contextlib
import ctypes
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "step04_cluster" / "tests"))
import proc  # noqa: E402

CLUSTER = pathlib.Path(os.environ.get("CLUSTER", HERE.parent / "step04_cluster" / "cluster"))
PATIENCE = 20  # seconds for a server to come, or to go


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def children_of(parent):
    return sorted(pid for pid, state in proc.children_of(parent).items() if state != "Z")


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {PATIENCE} s in vain: {what}")
        time.sleep(0.005)
    return result


def end_in_order():
    """SIGTERM shall unwind the stack, as Ctrl-C does, so that everything is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextlib.contextmanager
def uninterrupted():
    """What is half started could not be stopped; and what is half stopped would stay."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Contestant:
    """One way to serve. `timeouts`: seconds for "headers", "request" and "send", where they matter."""

    name = ""
    needs = None  # a program that has to be installed
    can_bytes = True  # answers /bytes?n= (see path_of_bytes)
    can_post = True
    can_keep_alive = True
    reload_signal = signal.SIGHUP

    def __init__(self, workers=1, timeouts=None, port=None, cpus=None, closes=False, descriptors=None):
        self.port = port or free_port()
        self.count, self.timeouts, self.closes = workers, timeouts or {}, closes
        self.cpus, self.descriptors = cpus, descriptors
        self.process = None

    def _start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="contestant-"))
        self.folder.chmod(0o755)
        self.log = open(self.folder / "output", "w+")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, env={**os.environ, **self.environment()}, preexec_fn=self._prepare)
        self.pid = self.process.pid

    def _prepare(self):
        """In the child. It is told to end if this program is killed: see PR_SET_PDEATHSIG in prctl(2)."""
        ctypes.CDLL(None).prctl(1, signal.SIGTERM, 0, 0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        if self.cpus:
            os.sched_setaffinity(0, self.cpus)
        if self.descriptors:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.descriptors, self.descriptors))

    def __enter__(self):
        try:
            with uninterrupted():
                self._start()
            wait_until(self.is_ready, f"{self.name} is ready")
        except BaseException as error:
            error.add_note(self.printed())
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # What the others override

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {}

    @classmethod
    def version(cls):
        return ""

    @classmethod
    def is_there(cls):
        return cls.needs is None or shutil.which(cls.needs) is not None

    @property
    def workers(self):
        """The process ids of the living workers."""
        return children_of(self.pid)

    def path_of_bytes(self, size):
        return f"/bytes?n={size}"

    # For all

    @property
    def processes(self):
        return [self.pid, *(pid for child in children_of(self.pid) for pid in [child, *children_of(child)])]

    def printed(self):
        return (self.folder / "output").read_text(errors="replace")

    def errors(self):
        """What it has complained of."""
        log = self.folder / "error.log"
        return self.printed() + (log.read_text(errors="replace") if log.exists() else "")

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(4096).startswith(b"HTTP/1.1 200")

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} has ended: {self.printed()}")
        return len(self.workers) >= self.count and self.answers()

    def reload(self):
        os.kill(self.pid, self.reload_signal)

    def stop(self):
        """As politely as possible; then by force. Nothing is left."""
        with uninterrupted():
            if self.process:
                self._stop_process()
            self.log.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop_process(self):
        processes = self.processes
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(3)
        processes = {*processes, *self.processes}
        for pid in processes:
            if proc.stat_of(pid) and (pid == self.pid or self.owns(pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(map(self.owns, processes)), f"{self.name} is gone")

    def owns(self, pid):
        """Process ids are used again: this one works in our folder."""
        with contextlib.suppress(OSError):
            return os.readlink(f"/proc/{pid}/cwd").startswith(str(self.folder))
        return False

    def fill(self, template, **timeouts):
        """A configuration from its template."""
        text = (HERE / template).read_text()
        lines = "\n  ".join(line for name, line in timeouts.items() if name in self.timeouts)
        for name, value in {"WORKERS": self.count, "PORT": self.port, "DIRECTORY": self.folder,
                            "TIMEOUTS": lines}.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.folder / template.removesuffix(".in")
        path.write_text(text)
        return path


class Ours(Contestant):
    policy = "rr"

    def command(self):
        names = {"headers": "--headers-timeout", "request": "--request-timeout", "send": "--send-timeout"}
        timeouts = [word for name, value in self.timeouts.items() for word in (names[name], str(value))]
        return [CLUSTER, "--workers", str(self.count), "--port", str(self.port), "--policy", self.policy,
                "--keep-alive-timeout", "65", "--max-body-size", "16MiB", *timeouts]

    def is_ready(self):
        return super().is_ready() and "listening on " in self.printed()


class RoundRobin(Ours):
    name = "ours, rr"


class Shared(Ours):
    name, policy = "ours, shared", "shared"


class ReusePort(Ours):
    name, policy = "ours, reuseport", "reuseport"


class NginX(Contestant):
    name, needs = "nginx", "nginx"

    def command(self):
        files = self.folder / "files"
        files.mkdir()
        for name, size in {"64k": 64 << 10, "10m": 10 << 20}.items():
            (files / name).write_bytes(b"x" * size)
        wait = self.timeouts
        path = self.fill("nginx.conf.in", headers=f"client_header_timeout {wait.get('headers')}s;",
                         request=f"client_body_timeout {wait.get('request')}s;",
                         send=f"send_timeout {wait.get('send')}s;")
        return ["nginx", "-p", self.folder, "-c", path, "-e", self.folder / "error.log",
                *(["-g", "user root;"] if os.geteuid() == 0 else [])]

    @classmethod
    def version(cls):
        said = subprocess.run(["nginx", "-v"], stderr=subprocess.PIPE, text=True).stderr
        return re.search(r"nginx/([\d.]+)", said)[1]

    def path_of_bytes(self, size):
        return {64 << 10: "/64k", 10 << 20: "/10m"}[size]


class HAProxy(Contestant):
    name, needs = "HAProxy", "haproxy"
    can_bytes = can_post = False  # it answers by itself, and before it has read a body
    reload_signal = signal.SIGUSR2

    def command(self):
        wait = self.timeouts
        path = self.fill("haproxy.cfg.in", headers=f"timeout http-request {wait.get('headers')}s",
                         send=f"timeout client {wait.get('send')}s")
        return ["haproxy", "-W", "-f", path]

    def is_ready(self):
        return bool(self.workers) and self.answers()

    @classmethod
    def version(cls):
        said = subprocess.run(["haproxy", "-v"], stdout=subprocess.PIPE, text=True).stdout
        return re.search(r"version ([\d.]+)", said)[1]


class Node(Contestant):
    name, needs, policy = "Node, rr", "node", "rr"

    def command(self):
        return ["node", HERE / "server.js", str(self.port), str(self.count)]

    def environment(self):
        names = {"headers": "headersTimeout", "request": "requestTimeout", "send": "timeout"}
        timeouts = {names[name]: int(value * 1000) for name, value in self.timeouts.items()}
        timeouts |= {"connectionsCheckingInterval": 500} if timeouts else {}
        return {"NODE_CLUSTER_SCHED_POLICY": self.policy, "TIMEOUTS": json.dumps(timeouts)}

    @classmethod
    def version(cls):
        return subprocess.check_output(["node", "--version"], text=True).strip().removeprefix("v")


class NodeShared(Node):
    name, policy = "Node, none", "none"


class Step(Contestant):
    """Steps 1 and 3, which serve one client at a time, and close each connection after its answer."""
    can_bytes = can_post = can_keep_alive = False

    def command(self):
        folder = next(HERE.parent.glob(f"step{self.number}_*"))
        return [folder / "cluster", "--workers", str(self.count), "--port", str(self.port)]


class Step1(Step):
    name, number = "step 1", "01"


class Step3(Step):
    name, number = "step 3", "03"


class Floor(Contestant):
    """See floor.cpp. One process, and no workers."""
    name = "floor"
    can_bytes = can_post = False

    def command(self):
        return [HERE / "build" / "floor", str(self.port), *(["close"] if self.closes else [])]

    def is_ready(self):
        return self.answers()

    @property
    def workers(self):
        return [self.pid]


ALL = [Floor, Step1, Step3, RoundRobin, Shared, ReusePort, Node, NodeShared, NginX, HAProxy]
