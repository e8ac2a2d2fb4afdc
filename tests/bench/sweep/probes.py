"""What is sensitive to latency: pings, and a flow of small datagrams, like telephony."""

import re
import signal
import socket
import struct
import threading
import time

from lab.core import LabError

SO_TIMESTAMPNS = 35


class Pings:
    """Ten pings a second from a namespace, until stop()."""

    INTERVAL = 0.1

    def __init__(self, namespace, target, interface=None):
        argv = ["ping", "-n", "-D", "-i", self.INTERVAL, *(("-I", interface) if interface else ()), target]
        self._process = namespace.start(*argv, label="ping")

    def stop(self):
        """Returns (seconds since the first one was sent, round trip in ms or None) for each ping."""
        self._process.signal(signal.SIGINT)
        self._process.wait(5)
        return parse_pings(self._process.output(), self.INTERVAL)


def parse_pings(output, interval):
    """Returns (time, round trip in ms or None) for each line of `ping -D`; time is that of sending, from the first ping
    on. Pings after the last answered one are left out: their answers may be on the way."""
    answers = {}
    for at, number, trip in re.findall(r"^\[([\d.]+)\] .*icmp_seq=(\d+) .*time=([\d.]+) ms$", output, re.MULTILINE):
        answers.setdefault(int(number), (float(at) - float(trip) / 1000, float(trip)))
    if not answers:
        transmitted = re.search(r"(\d+) packets transmitted", output)
        if not transmitted:
            raise LabError(f"ping: {output[-500:]}")
        return [((number - 1) * interval, None) for number in range(1, int(transmitted[1]) + 1)]
    first = min(sent - (number - 1) * interval for number, (sent, _) in answers.items())
    return [(round(sent - first, 4), trip) for number in range(1, max(answers) + 1)
            for sent, trip in [answers.get(number, ((number - 1) * interval + first, None))]]


class Telephony:
    """200 datagrams of 200 bytes a second from one namespace to another, until stop(). Runs in two threads."""

    INTERVAL, SIZE, PORT = 0.005, 200, 7
    HEAD = struct.Struct("!Qd")

    def __init__(self, sender, receiver, address):
        self._sink = receiver.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sink.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._sink.bind((address, self.PORT))
        self._sink.settimeout(0.2)
        self._source = sender.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._target = (address, self.PORT)
        self._sent, self._arrivals, self._stopping = [], {}, threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self):
        begin, padding = time.monotonic(), bytes(self.SIZE - self.HEAD.size)
        while not self._stopping.wait(max(0.0, begin + len(self._sent) * self.INTERVAL - time.monotonic())):
            now = time.time()
            try:
                self._source.sendto(self.HEAD.pack(len(self._sent), now) + padding, self._target)
            except OSError:
                pass  # no route, no buffer: it counts as lost
            self._sent.append(now)

    def _receive(self):
        while not self._stopping.is_set():
            try:
                data, extra, _, _ = self._sink.recvmsg(2048, 64)
            except TimeoutError:
                continue
            number, _ = self.HEAD.unpack(data[:self.HEAD.size])
            seconds, nanoseconds = struct.unpack("qq", extra[0][2][:16])
            self._arrivals.setdefault(number, seconds + nanoseconds / 1e9)

    def stop(self, patience=0.0):
        """Returns (seconds since the first one, latency in ms or None) for each datagram. Waits `patience` seconds for
        the last ones; those that may still be on their way are left out."""
        end = time.time()
        time.sleep(patience)
        self._stopping.set()
        for thread in self._threads:
            thread.join(2)
        self._source.close()
        self._sink.close()
        last = max(self._arrivals, default=-1)
        return [(sent - self._sent[0], (self._arrivals[number] - sent) * 1000 if number in self._arrivals else None)
                for number, sent in enumerate(self._sent) if sent <= end and (number <= last or sent < end - 1)]


def longest_gap(samples, begin, end):
    """The longest time in ms without an arrival within [begin, end]; the ends count as arrivals."""
    times = sorted(sent + latency / 1000 for sent, latency in samples if latency is not None)
    times = [begin, *(at for at in times if begin <= at <= end), end]
    return max(later - earlier for earlier, later in zip(times, times[1:])) * 1000


def first_answer(samples, after):
    """The time in ms from `after` until a packet that was sent later is answered; None when none is."""
    return min(((sent - after) * 1000 + latency for sent, latency in samples if latency is not None and sent >= after),
               default=None)
