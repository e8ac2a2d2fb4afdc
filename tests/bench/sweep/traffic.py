"""The instruments of one measurement: iperf3 with the receiver's series, and pings with the time of each."""

import json
import re
import signal

import figures
from lab.core import LabError, wait_until
from lab.traffic import CONGESTION_CONTROL, listens

GRACE = 12  # seconds that a flow may take to end


def _read_json(process):
    text = process.output()
    try:
        return json.loads(text[text.index("{"):])
    except ValueError:
        raise LabError(f"{process.label}: no result: {text[:500]!r}") from None


class Flow:
    """iperf3 from the edge to `address` at the hub, in one or both directions, from a cold start.

    `prefix`: the words of a command that runs iperf3. Ends after `seconds`; finish() returns its figures.
    """

    def __init__(self, edge, hub, address, direction, flows=1, seconds=figures.END, port=5201, prefix=()):
        self.direction, self.seconds = direction, seconds
        self._server = hub.start(*prefix, "iperf3", "-s", "-1", "-J", "-i", figures.STEP, "-B", address, "-p", port,
                                 label="iperf3-server")
        wait_until(lambda: listens(self._server.pid, port), 5, "the iperf3 server")
        reverse = {"down": ("-R",), "up": (), "both": ("--bidir",)}[direction]
        self._client = edge.start(*prefix, "iperf3", "-J", "-i", figures.STEP, "-c", address, "-p", port, "-t", seconds,
                                  "-P", flows, "-C", CONGESTION_CONTROL, "--connect-timeout", 8000, *reverse,
                                  label="iperf3-client")

    @property
    def processes(self):
        return {"iperf3 client": self._client.pid, "iperf3 server": self._server.pid}

    def finish(self):
        """Waits for the end and returns {direction: {"series": Mbit/s per step, "retransmissions": count}}."""
        cut_short = False
        for process in (self._client, self._server):
            try:
                process.wait(self.seconds + GRACE if process is self._client else 3)
            except LabError:
                process.signal(signal.SIGINT)  # prints what it has measured so far
                process.wait(3)
                cut_short = True
        client, server = _read_json(self._client), _read_json(self._server)
        if not client.get("intervals"):
            raise LabError(f"iperf3: {client.get('error', 'no intervals')}")
        result = {}
        for direction, receiver, sender in (("down", client, server), ("up", server, client)):
            if self.direction in (direction, "both"):
                result[direction] = {"series": self._series(receiver), "retransmissions": _retransmissions(sender),
                                     "error": client.get("error"), "cut_short": cut_short}
        return result

    def _series(self, report):
        sums = [part for interval in report["intervals"] for key, part in interval.items()
                if key.startswith("sum") and not part["sender"]]
        return figures.resample([(part["start"], part["end"], part["bytes"]) for part in sums], self.seconds)


def _retransmissions(report):
    return sum(part.get("retransmits", 0) for interval in report["intervals"] for key, part in interval.items()
               if key.startswith("sum") and part["sender"])


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
    """Returns (time, round trip in ms or None) for each line of `ping -D`; time is that of sending, from the first ping on.
    Pings after the last answered one are left out: their answers may be on the way."""
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
