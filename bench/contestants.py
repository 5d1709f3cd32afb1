"""Our server, and those that people would use instead: each is started on a free port of loopback, with
all its files in a temporary directory, and leaves nothing behind.

    with NginX(workers=2) as server:
        print(server.port, server.pid, server.workers)
"""
import json
import os
import pathlib
import re
import signal
import subprocess

from contestant import HERE, Contestant

CLUSTER = pathlib.Path(os.environ.get("CLUSTER", HERE.parent / "step04_cluster" / "cluster"))


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


class Talker(RoundRobin):
    """Its worker says much to it: see talker.js."""
    needs = "node"
    mebibytes = 16

    def command(self):
        return [CLUSTER, "--workers", "1", "--port", str(self.port), "--exec", "node", "--", *self.talk()]

    def talk(self):
        return [HERE / "talker.js", str(self.port), str(self.mebibytes)]


class NodeTalker(Talker):
    name, version = Node.name, Node.version

    def command(self):
        return ["node", *self.talk()]

    def is_ready(self):
        return Contestant.is_ready(self)


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
