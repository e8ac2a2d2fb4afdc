"""Two network namespaces joined by a veth pair, and the processes that run in them.

The calling process moves into a namespace of its own (Hawser's side); a child process that ends with it holds the
peer's namespace. The namespaces have no names, so they cannot clash, and they vanish with the last process.
"""

import collections
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time

HERE = ["10.99.0.1", "10.99.0.2"]  # Hawser's uplinks
RELAY = "10.99.0.3"
THERE = ["10.99.0.10", "10.99.0.11"]  # the peer's addresses
HERE_V6, THERE_V6 = "fd99::1", "fd99::10"

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000


def enter_namespace():
    """Moves this process into a network namespace of its own; returns whether it is there and may configure it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0:
        return True
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    return True


def _net_namespace(pid):
    return os.readlink(f"/proc/{pid}/ns/net")


class Network:
    """The peer's namespace and the veth pair, with the addresses of both sides. Owns the process that holds the namespace."""

    def __init__(self):
        # cat ends when its standard input is closed: with this process, in any case.
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while _net_namespace(self._holder.pid) == _net_namespace("self"):
            if time.monotonic() > deadline:
                raise RuntimeError("the peer's network namespace does not appear")
            time.sleep(0.01)
        self.there = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]
        here = ["ip", "link", "add", "here0", "type", "veth", "peer", "name", "there0", "netns"]
        subprocess.run([*here, str(self._holder.pid)], check=True)
        self._configure([], "here0", [*HERE, RELAY], HERE_V6)
        self._configure(self.there, "there0", THERE, THERE_V6)

    @staticmethod
    def _configure(prefix, device, addresses, v6):
        def ip(*words):
            subprocess.run([*prefix, "ip", *words], check=True)

        ip("link", "set", "lo", "up")
        ip("link", "set", device, "up")
        for address in addresses:
            ip("address", "add", f"{address}/24", "dev", device)
        ip("address", "add", f"{v6}/64", "dev", device, "nodad")

    def prefer_source_there(self, address):
        """Makes the peer's kernel use `address` as the source wherever a program leaves the choice to it."""
        route = ["ip", "route", "replace", "10.99.0.0/24", "dev", "there0", "proto", "kernel", "scope", "link"]
        subprocess.run([*self.there, *route, "src", address], check=True)

    def limit_uplinks(self, rate):
        """Gives each of Hawser's two uplinks this rate towards the peer, in the words of tc, and its own queue."""
        here = ["dev", "here0"]

        def tc(kind, *words):
            subprocess.run(["tc", kind, "add", *here, *words], check=True)

        tc("qdisc", "root", "handle", "1:", "htb")
        for number, address in enumerate(HERE, start=1):
            tc("class", "parent", "1:", "classid", f"1:{number}", "htb", "rate", rate, "quantum", "3000")
            tc("qdisc", "parent", f"1:{number}", "bfifo", "limit", "500kb")
            matches = ["u32", "match", "ip", "src", address, "flowid", f"1:{number}"]
            tc("filter", "parent", "1:", "protocol", "ip", "prio", "1", *matches)

    def close(self):
        # Explicitly: the kernel removes a namespace without processes only some time later.
        subprocess.run(["ip", "link", "delete", "here0"], check=True)
        self._holder.stdin.close()
        self._holder.wait(10)


class Program:
    """A running program that prints one JSON object per line. Other lines are kept as text."""

    def __init__(self, command):
        self.name = os.path.basename(next(word for word in command if not word.startswith(("nsenter", "--net"))))
        self.command = command
        self.events = []
        self.lines = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                if line.startswith("{"):
                    self.events.append(json.loads(line))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, event, timeout=20, **fields):
        """Returns the first event of that name and with these fields; waits for it if necessary."""

        def found():
            for candidate in self.events:
                if candidate["event"] == event and all(candidate.get(k) == v for k, v in fields.items()):
                    return candidate
            return None

        with self._news:
            if not self._news.wait_for(found, timeout):
                raise AssertionError(f"{self.name}: no event '{event}' {fields or ''} within {timeout} s\n{self.log()}")
            return found()

    def wait_until_paths_are_up(self, timeout=20):
        """Waits until the last reported state of every path is up."""

        def up():
            last = {e["path"]: e["event"] for e in self.events if e["event"] in ("path_up", "path_down")}
            return "path_down" not in last.values()

        with self._news:
            if not self._news.wait_for(up, timeout):
                raise AssertionError(f"{self.name}: a path is still down after {timeout} s\n{self.log()}")

    def wait_for_text(self, text, timeout=20):
        """Returns the first line that begins with `text`; waits for it if necessary."""

        def found():
            return next((line for line in self.lines if line.startswith(text)), None)

        with self._news:
            if not self._news.wait_for(found, timeout):
                raise AssertionError(f"{self.name}: no line with '{text}' within {timeout} s\n{self.log()}")
            return found()

    def finish(self, timeout=60):
        """Waits until the program exits by itself; returns its exit code."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name}: still running after {timeout} s\n{self.log()}") from None
        self._reader.join(5)
        return code

    def terminate(self):
        self._process.send_signal(signal.SIGTERM)

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def log(self):
        return f"--- {' '.join(self.command)}\n" + "\n".join(self.lines)

    def count(self, event, **fields):
        names = collections.Counter(
            e["event"] for e in self.events if all(e.get(k) == v for k, v in fields.items())
        )
        return names[event]


def fail_or_skip(reason):
    """Exits with 77, which CTest counts as skipped."""
    print(f"skipped: {reason}", file=sys.stderr)
    sys.exit(77)
