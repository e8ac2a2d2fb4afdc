"""Lab, Namespace and Process: the resources of a running laboratory, and their removal."""

import contextlib
import ctypes
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The laboratory could not be built, or an instrument failed. Not a verdict on the programs under test."""


def find_program(name):
    """Returns the path of a program of this build, below HAWSER_BUILD_DIR (set by ctest and demo.sh)."""
    build = os.environ.get("HAWSER_BUILD_DIR", "")
    for folder in ("src/daemon", "src/cli", "tests/system/linkem", ""):
        path = pathlib.Path(build, folder, name)
        if build and path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise LabError(f"no program {name} below HAWSER_BUILD_DIR={build!r}")


def wait_until(condition, timeout, what, interval=0.02):
    """Polls condition() and returns its first true value; raises LabError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout} s for {what}, without success")
        time.sleep(interval)


class Process:
    """A background process with its output in a file. stop() may be called again."""

    def __init__(self, argv, log_path, label):
        self.label = label
        self.log_path = log_path
        with open(log_path, "wb") as log:
            self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.pid = self._popen.pid

    def running(self):
        return self._popen.poll() is None

    def wait(self, timeout):
        """Returns the exit code (negative: the signal that ended it); raises LabError when the process does not end in
        time."""
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.label} did not end within {timeout} s; its output:\n{self.output()}") from None

    def signal(self, number):
        if self.running():
            self._popen.send_signal(number)

    def stop(self, timeout=5):
        """Sends SIGTERM, then SIGKILL; returns the exit code."""
        self.signal(signal.SIGTERM)
        try:
            return self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def output(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def cpu_seconds(self):
        """Returns the processor time of the main thread so far (schedstat has nanoseconds, unlike the clock ticks in
        stat)."""
        return int(pathlib.Path(f"/proc/{self.pid}/schedstat").read_text().split()[0]) / 1e9


class Namespace:
    """One network namespace of a laboratory. Owns it until delete()."""

    def __init__(self, lab, short_name):
        self.lab = lab
        self.short_name = short_name
        self.name = f"hawser{os.getpid()}-{lab.number}-{short_name}"
        subprocess.run(["ip", "netns", "add", self.name], check=True)

    def command(self, argv):
        # The death of the parent ends the children even when the parent cannot clean up (SIGKILL at a time limit).
        return ["ip", "netns", "exec", self.name, "setpriv", "--pdeathsig", "KILL", *map(str, argv)]

    def run(self, *argv, check=True, timeout=60, input=None):
        done = subprocess.run(self.command(argv), input=input, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(map(str, argv))} in {self.short_name}: {done.stderr}{done.stdout}")
        return done

    def start(self, *argv, label=None):
        return self.lab.start(self.command(argv), label or f"{self.short_name}-{os.path.basename(str(argv[0]))}")

    def ip(self, *commands):
        """Runs `ip` commands, one string each, in one process."""
        done = subprocess.run(["ip", "-n", self.name, "-batch", "-"], input="\n".join(commands) + "\n",
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"ip in {self.short_name}: {done.stderr} in\n" + "\n".join(commands))

    def sysctl(self, **settings):
        """Sets kernel parameters: sysctl(net__ipv4__ip_forward=1); '__' stands for the dot."""
        for key, value in settings.items():
            self.run("sysctl", "-qw", f"{key.replace('__', '.')}={value}")

    @contextlib.contextmanager
    def entered(self):
        """Moves the calling thread into this namespace for the block. Sockets created in the block stay in the
        namespace."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as there:
            if _libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                if _libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns back")

    def socket(self, family, kind, protocol=0):
        with self.entered():
            return socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)

    def interfaces(self):
        with self.entered():
            return [name for _, name in socket.if_nameindex()]

    def delete(self):
        subprocess.run(["ip", "netns", "del", self.name], check=False, capture_output=True)
        shutil.rmtree(f"/etc/netns/{self.name}", ignore_errors=True)


class Lab:
    """Owns every namespace, process and file of one experiment. Use it as a context manager."""

    _numbers = itertools.count(1)

    def __init__(self, time_limit=None):
        self.number = next(Lab._numbers)  # unique in this process, which may have several laboratories
        self.namespaces = {}
        self.processes = []
        self._time_limit = time_limit
        self._threads = []

    def __enter__(self):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root")
        remove_stale_namespaces()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hawser-lab-"))
        self.folder.chmod(0o1777)  # the daemons' user makes files here, as in /tmp
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
            if self._time_limit:
                signal.signal(signal.SIGALRM, self._out_of_time)
                signal.alarm(self._time_limit)
        return self

    def __exit__(self, kind, *_):
        signal.alarm(0)
        for process in reversed(self.processes):
            process.stop(timeout=3)
        if kind is not None and kind is not SystemExit:
            self.print_logs()
        for namespace in self.namespaces.values():
            namespace.delete()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _out_of_time(self, *_):
        raise LabError(f"the experiment exceeded its limit of {self._time_limit} s")

    def namespace(self, short_name):
        self.namespaces[short_name] = Namespace(self, short_name)
        self.namespaces[short_name].ip("link set lo up")
        return self.namespaces[short_name]

    def start(self, argv, label):
        process = Process(argv, self.folder / f"{len(self.processes):02d}-{label}.log", label)
        self.processes.append(process)
        return process

    def print_logs(self, lines=40):
        for process in self.processes:
            if process.label == "iperf3-server":
                continue
            tail = process.output().splitlines()[-lines:]
            if tail:
                print(f"--- output of {process.label}", *tail, sep="\n", file=sys.stderr)


def remove_stale_namespaces():
    """Removes the namespaces of laboratories whose process was killed before it could clean up, and the processes in them:
    a daemon that has become another user no longer ends with its parent."""
    for path in pathlib.Path("/run/netns").glob("hawser*-*"):
        owner = re.fullmatch(r"hawser(\d+)-.*", path.name)
        if owner and not pathlib.Path(f"/proc/{owner[1]}").exists():
            pids = subprocess.run(["ip", "netns", "pids", path.name], check=False, capture_output=True, text=True).stdout
            for pid in pids.split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", path.name], check=False, capture_output=True)
            shutil.rmtree(f"/etc/netns/{path.name}", ignore_errors=True)
