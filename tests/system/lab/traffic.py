"""Traffic and its measurement: ping, iperf3, a TCP transfer with timed gaps, a paced UDP source."""

import json
import os
import re
import socket
import struct
import threading
import time

from .core import LabError, wait_until


# The congestion control of measured TCP connections. The default is Linux's own, as a machine may have another one with
# other results.
CONGESTION_CONTROL = os.environ.get("HAWSER_TCP", "cubic")


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ping(namespace, target, count=3, interval=0.2, interface=None, wait=2, size=56):
    """Returns (received answers, mean RTT in ms or None)."""
    argv = ["ping", "-n", "-q", "-c", count, "-i", interval, "-W", wait, "-s", size]
    if interface:
        argv += ["-I", interface]
    done = namespace.run(*argv, target, check=False, timeout=count * interval + wait + 20)
    received = re.search(r"(\d+) received", done.stdout)
    times = re.search(r"= [\d.]+/([\d.]+)/", done.stdout)
    if not received:
        raise LabError(f"ping: {done.stderr}{done.stdout}")
    return int(received[1]), float(times[1]) if times else None


def listens(pid, port):
    """Whether the namespace of process `pid` has a TCP socket that listens on `port`."""
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}") as lines:
            for line in lines:
                fields = line.split()
                if fields[3] == "0A" and fields[1].endswith(f":{port:04X}"):
                    return True
    return False


def iperf3(client, server, address, seconds=5, flows=1, reverse=False, omit=0, udp_mbps=None, port=5201, extra=()):
    """Runs iperf3 from namespace `client` to `address` in `server`; returns its JSON. `reverse`: the server sends."""
    daemon = server.start("iperf3", "-s", "-1", "-B", address, "-p", port, "--forceflush", label="iperf3-server")
    try:
        def ready():
            if not daemon.running():
                raise LabError(f"iperf3 server: {daemon.output()}")
            return listens(daemon.pid, port)

        wait_until(ready, 5, "the iperf3 server")
        argv = ["iperf3", "-J", "-c", address, "-p", port, "-t", seconds, "-O", omit, "-P", flows,
                "--connect-timeout", 5000, *extra]
        if reverse:
            argv.append("-R")
        if udp_mbps:
            argv += ["-u", "-b", f"{udp_mbps}M", "-l", "1300"]
        else:
            argv += ["-C", CONGESTION_CONTROL]
        done = client.run(*argv, check=False, timeout=seconds + omit + 30)
        try:
            result = json.loads(done.stdout)
        except ValueError:
            raise LabError(f"iperf3: {done.stderr}{done.stdout}") from None
        if "error" in result:
            raise LabError(f"iperf3: {result['error']}")
        return result
    finally:
        daemon.stop()


def goodput_mbps(result):
    """The received rate in Mbit/s, without the omitted start."""
    end = result["end"]
    total = end.get("sum_received") or end["sum"]
    return total["bits_per_second"] / 1e6


class TimedTransfer:
    """One bulk TCP connection from `sender` to `receiver`; records the time of every recv().

    Runs in two threads of this process until stop(). Times are time.monotonic().
    """

    def __init__(self, sender, receiver, address, port=5300):
        self.arrivals = []  # (time, bytes)
        self.error = None
        self._stopping = False
        family = family_of(address)
        self._listener = receiver.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(1)
        self._source = sender.socket(family, socket.SOCK_STREAM)
        self._source.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, CONGESTION_CONTROL.encode())
        self._source.settimeout(10)
        self._source.connect((address, port))
        self._source.settimeout(None)
        self._sink, _ = self._listener.accept()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        block = bytes(65536)
        try:
            while not self._stopping:
                self._source.sendall(block)
        except OSError as error:
            if not self._stopping:
                self.error = error

    def _receive(self):
        buffer = bytearray(1 << 18)
        try:
            while not self._stopping:
                size = self._sink.recv_into(buffer)
                if size == 0:
                    if not self._stopping:
                        self.error = ConnectionError("the connection ended early")
                    return
                self.arrivals.append((time.monotonic(), size))
        except OSError as error:
            if not self._stopping:
                self.error = error

    def stop(self):
        """Ends the transfer; raises the error that broke it, if there was one."""
        self._stopping = True
        for end in (self._source, self._sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(5)
        for end in (self._source, self._sink, self._listener):
            end.close()
        if self.error:
            raise self.error

    def received(self):
        return sum(size for _, size in list(self.arrivals))

    def mbps(self, begin, end):
        return sum(size for at, size in list(self.arrivals) if begin <= at < end) * 8 / 1e6 / (end - begin)

    def longest_gap(self, begin, end):
        """The longest time in seconds without a byte within [begin, end]; both ends count as arrivals."""
        times = [begin, *(at for at, _ in list(self.arrivals) if begin <= at <= end), end]
        return max(later - earlier for earlier, later in zip(times, times[1:]))


class UdpSource:
    """Sends numbered datagrams at a constant rate from a thread of this process; expects no answers."""

    def __init__(self, sender, address, port, mbps, size=1300):
        self._socket = sender.socket(family_of(address), socket.SOCK_DGRAM)
        self._target = (address, port)
        self._per_second = mbps * 1e6 / 8 / size
        self._padding = bytes(size - 8)
        self.sent = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        begin = time.monotonic()
        while not self._stopping:
            due = min((time.monotonic() - begin) * self._per_second, self.sent + 200)
            while self.sent < due:
                try:
                    self._socket.sendto(struct.pack("!Q", self.sent) + self._padding, self._target)
                except OSError:
                    pass  # no route, no buffer: datagrams may be lost
                self.sent += 1
            time.sleep(0.002)

    def stop(self):
        self._stopping = True
        self._thread.join(5)
        self._socket.close()


class UdpSink:
    """Counts the datagrams of a UdpSource and records their numbers."""

    def __init__(self, receiver, address, port):
        self._socket = receiver.socket(family_of(address), socket.SOCK_DGRAM)
        self._socket.bind((address, port))
        self._socket.settimeout(0.2)
        self.numbers = []  # (time, number)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stopping:
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            self.numbers.append((time.monotonic(), struct.unpack("!Q", data[:8])[0]))

    def stop(self):
        self._stopping = True
        self._thread.join(5)
        self._socket.close()
