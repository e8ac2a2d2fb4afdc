"""What goes wrong on the way: NAT routers that forget, links that swallow, stall or flap, and what of it a user feels."""

import contextlib
import os
import signal
import socket
import struct
import threading
import time

from .core import wait_until
from .daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from .traffic import TimedTransfer, UdpSink, UdpSource

NETLINK_NETFILTER = 12
# linux/netfilter/nfnetlink_conntrack.h: subsystem 1 (ctnetlink), message 2 (delete); without attributes: all entries.
_FLUSH = struct.pack("=IHHII", 20, 1 << 8 | 2, 0x5, 1, 0) + struct.pack("=BBH", 0, 0, 0)


def forget_mappings(nat):
    """The NAT router loses every mapping, as after a reboot: what leaves next gets another port."""
    with nat.entered():
        channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
    with channel:
        channel.settimeout(5)
        channel.send(_FLUSH)
        (error,) = struct.unpack("=16xi", channel.recv(4096)[:20])
        if error:
            raise OSError(-error, "the NAT router did not forget its mappings")


def expire_mappings_after(nat, seconds):
    """Without traffic for so long, a UDP mapping is gone."""
    nat.sysctl(net__netfilter__nf_conntrack_udp_timeout=seconds, net__netfilter__nf_conntrack_udp_timeout_stream=seconds)


@contextlib.contextmanager
def repeatedly(period, *actions):
    """Runs the actions in turn, one every `period` seconds, from a thread, until the block ends."""
    stop = threading.Event()

    def work():
        step = 0
        while not stop.wait(period):
            actions[step % len(actions)]()
            step += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def freeze(link, seconds):
    """Nothing moves on the link for a while; then everything that waited does."""
    os.kill(link.process.pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(link.process.pid, signal.SIGCONT)


class Tunnel:
    """A hub and an edge on a network, with the tunnel up and every uplink of the edge in use."""

    def __init__(self, lab, network, uplinks=("wan1", "wan2")):
        self.network = network
        self.edge, self.hub = network.edge.namespace, network.hub
        self.uplinks = uplinks
        self.hub_daemon = Daemon(lab, self.hub, hub_config())
        self.edge_daemon = Daemon(lab, self.edge, edge_config(uplinks))
        self.edge_daemon.wait_for_tunnel()
        self.wait_until_active()

    def paths(self, daemon):
        return [path for association in daemon.status()["associations"] for path in association["paths"]]

    def wait_until_active(self, timeout=20):
        wait_until(lambda: all([path["state"] for path in self.paths(daemon)] == ["active"] * len(self.uplinks)
                               for daemon in (self.edge_daemon, self.hub_daemon)), timeout, "every path to be active")

    def identity(self):
        return [association["id"] for association in self.edge_daemon.status()["associations"]]

    def transfer(self, download=True):
        if download:
            return TimedTransfer(self.hub, self.edge, inner_v4(1))
        return TimedTransfer(self.edge, self.hub, HUB_INNER_V4)

    def calls(self, port=7):
        """A flow of 100 datagrams of 200 bytes a second towards the edge, as telephony is: (source, sink)."""
        sink = UdpSink(self.edge, inner_v4(1), port)
        return UdpSource(self.hub, inner_v4(1), port, mbps=100 * 200 * 8e-6, size=200), sink
