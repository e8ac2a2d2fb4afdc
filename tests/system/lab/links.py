"""Emulated links: one linkem process each, in a namespace of its own."""

import dataclasses
import json
import socket

from .core import LabError, find_program, wait_until


@dataclasses.dataclass
class LinkSpec:
    """The properties of a link in each direction. Rate in Mbit/s, times in ms (one way), loss in percent, queue in
    bytes."""

    rate: float = 50
    delay: float = 20
    queue: int = 625_000
    loss: float = 0
    jitter: float = 0

    def words(self):
        return " ".join(f"{key} {value}" for key, value in dataclasses.asdict(self).items())


class Link:
    """A running linkem in a namespace of its own, between `side_a` (towards the edge) and `side_b` (the network)."""

    def __init__(self, lab, namespace, spec, seed=1):
        self.spec = spec
        self.namespace = namespace
        self._socket = str(lab.folder / f"{namespace.short_name}.sock")
        # No IPv6 on the interfaces: a link must not send packets of its own.
        namespace.sysctl(net__ipv6__conf__all__disable_ipv6=1)
        namespace.ip("link set side_a up", "link set side_b up")
        self.process = namespace.start(find_program("linkem"), "run", "--a", "side_a", "--b", "side_b", "--control",
                                       self._socket, "--seed", seed, "--set", spec.words())
        wait_until(self._answers, 5, f"linkem of {namespace.short_name}")

    def _answers(self):
        if not self.process.running():
            raise LabError(f"linkem ended: {self.process.output()}")
        try:
            return self.status()
        except OSError:
            return None

    def _send(self, command):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(10)
            client.connect(self._socket)
            client.send(command.encode())
            answer = json.loads(client.recv(65536))
        if "error" in answer:
            raise LabError(f"linkem refused {command!r}: {answer['error']}")
        return answer

    def set(self, direction="both", **parameters):
        """Changes parameters, e.g. set("b2a", rate=5, loss=1); on/off keys take booleans."""
        words = [f"{key} {('off', 'on')[value] if isinstance(value, bool) else value}"
                 for key, value in parameters.items()]
        self._send(f"set {direction} {' '.join(words)}")

    def status(self):
        return self._send("status")

    def blackhole(self, on):
        self.set(blackhole=on)
