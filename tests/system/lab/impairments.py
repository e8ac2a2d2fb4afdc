"""Impairments of a path: NAT routers that lose mappings, links that lose, stall or flap, and a tunnel that measures the
effects."""

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
    """Makes the NAT router lose every mapping, as after a reboot: later packets get another port."""
    with nat.entered():
        channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
    with channel:
        channel.settimeout(5)
        channel.send(_FLUSH)
        (error,) = struct.unpack("=16xi", channel.recv(4096)[:20])
        if error:
            raise OSError(-error, "the NAT router did not drop its mappings")


def expire_mappings_after(nat, seconds):
    """Makes a UDP mapping expire after this time without traffic."""
    nat.sysctl(net__netfilter__nf_conntrack_udp_timeout=seconds, net__netfilter__nf_conntrack_udp_timeout_stream=seconds)


@contextlib.contextmanager
def repeatedly(period, *actions):
    """Runs the actions in turn, one every `period` seconds, in a thread, until the block ends."""
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
    """Stops the link for a while; then all waiting packets move."""
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

    def telephony(self, port=7):
        """Starts a flow of 100 datagrams of 200 bytes a second to the edge, like telephony; returns (source, sink)."""
        sink = UdpSink(self.edge, inner_v4(1), port)
        return UdpSource(self.hub, inner_v4(1), port, mbps=100 * 200 * 8e-6, size=200), sink
