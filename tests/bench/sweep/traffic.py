"""What fills the links: TCP by iperf3, QUIC by Debian's ngtcp2."""

import json
import pathlib
import shutil
import signal
import subprocess
import threading
import time

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


class Tcp:
    """iperf3 between a client and a server, in one or both directions, from a cold start.

    Ends after figures.END seconds; finish() returns what the receiver saw.
    """

    def __init__(self, client, server, subject, direction, flows, folder, port=5201):
        self._direction = direction
        common = ("-J", "-i", figures.STEP, "-p", port)
        self._server = server.start(*subject.prefix, "iperf3", "-s", "-1", "-B", subject.hub_address, *common,
                                    label="iperf3-server")
        wait_until(lambda: listens(self._server.pid, port), 5, "the iperf3 server")
        reverse = {"down": ("-R",), "up": (), "both": ("--bidir",)}[direction]
        self._client = client.start(*subject.prefix, "iperf3", "-c", subject.hub_address, "-t", figures.END, "-P",
                                    flows, "-C", CONGESTION_CONTROL, "--connect-timeout", 8000, *reverse, *common,
                                    label="iperf3-client")
        self.processes = {f"iperf3 client {port}": self._client.pid, f"iperf3 server {port}": self._server.pid}

    def finish(self):
        """Waits for the end and returns {direction: {"series": Mbit/s per step, "retransmissions": count, …}}."""
        cut_short = not all([self._ends(self._client, GRACE), self._ends(self._server, 3)])
        client, server = _read_json(self._client), _read_json(self._server)
        if not client.get("intervals"):
            raise LabError(f"iperf3: {client.get('error', 'no intervals')}")
        result = {}
        for direction, receiver, sender in (("down", client, server), ("up", server, client)):
            if self._direction in (direction, "both"):
                intervals = [(part["start"], part["end"], part["bytes"]) for part in _sums(receiver, False)]
                series = figures.resample(intervals, figures.END)
                result[direction] = {"series": series, "error": client.get("error"), "cut_short": cut_short,
                                     "retransmissions": sum(part.get("retransmits", 0) for part in _sums(sender, True))}
        return result

    @staticmethod
    def _ends(process, patience):
        try:
            process.wait(patience)
            return True
        except LabError:
            process.signal(signal.SIGINT)  # prints what it has measured so far
            process.wait(3)
            return False


def _sums(report, sender):
    return [part for interval in report["intervals"] for key, part in interval.items()
            if key.startswith("sum") and part["sender"] == sender]


class Quic:
    """A download of a large file by ngtcp2's HTTP/3 client, or as many of them as there are flows.

    The receiver's programs print no rates, so the interface of the tunnel is read: it carries hardly anything else.
    """

    PORT = 4433
    # IPv4, UDP, short header with a connection id of 17 bytes and a number of 2, AEAD tag, head of a STREAM frame
    OVERHEAD = 20 + 8 + 20 + 16 + 8
    processes = {}

    def __init__(self, client, server, subject, direction, flows, folder):
        if not subject.device or direction != "down":
            raise LabError("QUIC is only measured through a tunnel, as a download")
        programs = [shutil.which("gtlsclient"), shutil.which("gtlsserver")]
        if not all(programs):
            raise LabError("no gtlsclient or gtlsserver: install ngtcp2-client and ngtcp2-server")
        self._device = subject.device
        key, certificate, site = self._make_site(pathlib.Path(folder))
        server.start(programs[1], "-q", "-d", site, subject.hub_address, self.PORT, key, certificate,
                     label="quic-server")
        time.sleep(0.3)  # it prints nothing when it is ready; a client's first packet would be repeated after a second
        url = f"https://{subject.hub_address}:{self.PORT}/large"
        self._clients = [client.start(programs[0], "-q", "--exit-on-all-streams-close", subject.hub_address, self.PORT,
                                      url, label="quic-client") for _ in range(flows)]
        with client.entered():  # an open file keeps showing the namespace in which it was opened
            self._table = open("/proc/thread-self/net/dev")
        self._points = []
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    @staticmethod
    def _make_site(folder):
        site = folder / "site"
        site.mkdir()
        with open(site / "large", "wb") as large:
            large.truncate(4 << 30)
        key, certificate = folder / "quic.key", folder / "quic.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=hub"], check=True,
                       capture_output=True)
        return key, certificate, site

    def _sample(self):
        begin = time.monotonic()
        for step in range(round(figures.END / figures.STEP) + 1):
            time.sleep(max(0.0, begin + step * figures.STEP - time.monotonic()))
            self._points.append((time.monotonic() - begin, *self._received()))

    def _received(self):
        """(bytes, packets) that the tunnel's interface has delivered in the namespace of the client."""
        self._table.seek(0)
        for line in self._table.read().splitlines():
            name, _, fields = line.strip().partition(":")
            if name == self._device:
                return tuple(map(int, fields.split()[:2]))
        raise LabError(f"no interface {self._device}")

    def finish(self):
        self._thread.join(figures.END + 2)
        self._table.close()
        if len(self._points) < 2:
            raise LabError(f"the counters of {self._device} could not be read")
        ended = [client.output() for client in self._clients if not client.running()]
        if ended:
            raise LabError(f"the QUIC client ended early: {ended[0][-300:]}")
        intervals = figures.goodput_of_counters(self._points, self.OVERHEAD)
        return {"down": {"series": figures.resample(intervals, figures.END), "error": None, "cut_short": False}}
