"""How a server takes part, whichever it is: it is started on a free port of loopback, with all its files
in a temporary directory, and leaves nothing behind. contestants.py has the servers."""
import contextlib
import ctypes
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "step04_cluster" / "tests" / "support"))
import proc  # noqa: E402

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


@contextlib.contextmanager
def begun(contestant):
    """The process is there, but it need not serve yet."""
    try:
        with uninterrupted():
            contestant.start()
        yield contestant
    finally:
        contestant.stop()


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

    def start(self):
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
                self.start()
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
        text = (HERE / template).read_text(encoding="utf-8")
        lines = "\n  ".join(line for name, line in timeouts.items() if name in self.timeouts)
        for name, value in {"WORKERS": self.count, "PORT": self.port, "DIRECTORY": self.folder,
                            "TIMEOUTS": lines}.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.folder / template.removesuffix(".in")
        path.write_text(text)
        return path
