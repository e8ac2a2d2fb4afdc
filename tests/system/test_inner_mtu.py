"""The MTU inside the tunnel, fixed or following the paths, for packets of the edge and of a LAN behind it."""

import contextlib
import re
import socket
import struct
import threading
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, HUB_INNER_V6, Daemon, edge_config, hub_config, inner_v4, inner_v6
from lab.links import LinkSpec
from lab.topology import NatNetwork
from lab.traffic import family_of, goodput_mbps, iperf3

LAN_V4, LAN_V6 = "192.168.77.2", "fd77::2"
DEFAULT_MTU = 1392
IPV4_PING, IPV6_PING = 28, 48  # IP and ICMP header
TCP_MSS = {socket.AF_INET: 40, socket.AF_INET6: 60}  # the difference between MTU and MSS


def ping_whole(namespace, target, packet_size, count=1):
    """Returns the output of ping for packets of that size, IP header included, that must not be fragmented."""
    header = IPV6_PING if family_of(target) == socket.AF_INET6 else IPV4_PING
    done = namespace.run("ping", "-n", "-c", count, "-i", 0.2, "-W", 2, "-M", "do", "-s", packet_size - header, target,
                         check=False)
    return done.stdout + done.stderr


def answered(text):
    return int(re.search(r"(\d+) received", text)[1])


def reported_mtu(text):
    """The MTU that ping received in an ICMP error, or None."""
    match = re.search(r"mtu ?= ?(\d+)", text)
    return int(match[1]) if match else None


def mss_of_syn(packet, acknowledges):
    """The MSS that an IP packet announces if it is a SYN (or a SYN-ACK), else None."""
    at, protocol = ((packet[0] & 15) * 4, packet[9]) if packet[0] >> 4 == 4 else (40, packet[6])
    if protocol != socket.IPPROTO_TCP or packet[at + 13] & 0x12 != (0x12 if acknowledges else 0x02):
        return None
    options = packet[at + 20:at + (packet[at + 12] >> 4) * 4]
    while options and options[0] != 0:
        if options[0] == 2:
            return struct.unpack_from("!H", options, 2)[0]
        options = options[1:] if options[0] == 1 else options[options[1]:]
    return None


SO_RCVBUFFORCE = 33


class MssWatch:
    """Reads the MSS that SYNs and SYN-ACKs on an interface announce. Owns a packet socket."""

    def __init__(self, namespace, interface="hawser0"):
        with namespace.entered():
            self._tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        # Packets that a previous iperf3 left in the tunnel's queue must not displace a SYN.
        self._tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._tap.bind((interface, 3))
        self._tap.settimeout(5)

    def next(self, acknowledges):
        while True:
            mss = mss_of_syn(self._tap.recv(65536), acknowledges)
            if mss is not None:
                return mss

    def close(self):
        self._tap.close()


@contextlib.contextmanager
def tcp_server(namespace, address, port=7777):
    """Accepts one connection and closes it."""
    with namespace.socket(family_of(address), socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1)
        thread = threading.Thread(target=lambda: listener.accept()[0].close(), daemon=True)
        thread.start()
        yield port
        thread.join(5)


class MtuCase(unittest.TestCase):
    """An edge with two uplinks, a LAN host behind it, and the hub."""

    uplink_mtu = 1500
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.network = NatNetwork(cls.lab, specs=(LinkSpec(delay=5), LinkSpec(delay=5)))
        cls.edge, cls.hub = cls.network.edge.namespace, cls.network.hub
        for interface, nat in zip(cls.network.edge.interfaces, cls.network.edge.nats):
            cls.edge.ip(f"link set {interface} mtu {cls.uplink_mtu}")
            nat.ip(f"link set lan mtu {cls.uplink_mtu}")
        cls.add_lan()
        hub = hub_config(**cls.settings).replace(f'"{inner_v6(1)}/128"',
                                                 f'"{inner_v6(1)}/128", "192.168.77.0/24", "fd77::/64"')
        cls.hub_daemon = Daemon(cls.lab, cls.hub, hub)
        cls.edge_daemon = Daemon(cls.lab, cls.edge, edge_config(**cls.settings))
        cls.edge_daemon.wait_for_tunnel()
        wait_until(cls.paths_ready, 15, "both ends to have their paths")

    @classmethod
    def add_lan(cls):
        cls.lan = cls.lab.namespace("lan")
        cls.edge.ip(f"link add lan0 type veth peer name eth0 netns {cls.lan.name}",
                    "addr add 192.168.77.1/24 dev lan0", "addr add fd77::1/64 dev lan0 nodad", "link set lan0 up")
        cls.lan.ip(f"addr add {LAN_V4}/24 dev eth0", f"addr add {LAN_V6}/64 dev eth0 nodad", "link set eth0 up",
                   "route add default via 192.168.77.1", "route add ::/0 via fd77::1")
        cls.edge.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)

    @classmethod
    def paths_ready(cls):
        paths = cls.edge_daemon.status()["associations"][0]["paths"]
        return [path["state"] for path in paths] == ["active"] * 2

    def mtu_of(self, daemon):
        return daemon.status()["peers"][0]["mtu"]

    def exchange_syns(self, client, server, address):
        """Returns (MSS of the SYN, MSS of the SYN-ACK), each as it leaves the tunnel."""
        server_side = self.edge if server is self.lan else server
        client_side = self.edge if client is self.lan else client
        at_server, at_client = MssWatch(server_side), MssWatch(client_side)
        try:
            with tcp_server(server, address) as port:
                with client.socket(family_of(address), socket.SOCK_STREAM) as connection:
                    connection.settimeout(5)
                    connection.connect((address, port))
            return at_server.next(False), at_client.next(True)
        finally:
            at_server.close()
            at_client.close()

    def assert_a_packet_of_that_size_passes(self, size):
        for namespace, target in ((self.edge, HUB_INNER_V4), (self.edge, HUB_INNER_V6), (self.hub, inner_v4(1)),
                                  (self.hub, inner_v6(1)), (self.lan, HUB_INNER_V4), (self.lan, HUB_INNER_V6)):
            with self.subTest(sender=namespace.short_name, target=target):
                text = ping_whole(namespace, target, size)
                self.assertEqual(answered(text), 1, text)

    def assert_tcp_flows_both_ways(self):
        for client, server, address in ((self.lan, self.hub, HUB_INNER_V4), (self.lan, self.hub, HUB_INNER_V6),
                                        (self.hub, self.lan, LAN_V4)):
            with self.subTest(client=client.short_name, address=address):
                self.assertGreater(goodput_mbps(iperf3(client, server, address, seconds=1)), 3)


class FixedInnerMtu(MtuCase):
    """An inner MTU as large as that of the uplinks: every full packet is carried in several chunks."""

    settings = {"mtu": 1500}

    def test_packets_of_1500_bytes_pass_both_ways_in_both_families(self):
        self.assert_a_packet_of_that_size_passes(1500)
        self.assertEqual(self.mtu_of(self.edge_daemon), 1500)
        self.assertEqual(self.edge_daemon.status()["drops"]["tunnel"]["packet_too_big"], 0)

    def test_tcp_flows_both_ways(self):
        self.assert_tcp_flows_both_ways()

    def test_the_mss_is_that_of_1500_bytes(self):
        self.assertEqual(self.exchange_syns(self.lan, self.hub, HUB_INNER_V4), (1460, 1460))
        self.assertEqual(self.exchange_syns(self.lan, self.hub, HUB_INNER_V6), (1440, 1440))


class FixedInnerMtuOnNarrowPaths(FixedInnerMtu):
    uplink_mtu = 1400


class FollowingPaths(MtuCase):
    """Uplinks of 1400 bytes: the inner MTU is below the interface's 1392."""

    uplink_mtu = 1400

    @classmethod
    def paths_ready(cls):
        return super().paths_ready() and all(1280 <= daemon.status()["peers"][0]["mtu"] < DEFAULT_MTU
                                         for daemon in (cls.edge_daemon, cls.hub_daemon))

    def test_the_sender_of_a_larger_packet_gets_the_mtu_that_fits(self):
        for sender, daemon, target in ((self.edge, self.edge_daemon, HUB_INNER_V4),
                                       (self.edge, self.edge_daemon, HUB_INNER_V6),
                                       (self.lan, self.edge_daemon, HUB_INNER_V4),
                                       (self.lan, self.edge_daemon, HUB_INNER_V6),
                                       (self.hub, self.hub_daemon, inner_v4(1)),
                                       (self.hub, self.hub_daemon, inner_v6(1))):
            with self.subTest(sender=sender.short_name, target=target):
                fits = self.mtu_of(daemon)
                text = ping_whole(sender, target, DEFAULT_MTU - 2, count=2)
                self.assertEqual((answered(text), reported_mtu(text)), (0, fits), text)
                self.assertEqual(answered(ping_whole(sender, target, fits)), 1)
        for daemon in (self.edge_daemon, self.hub_daemon):
            self.assertGreater(daemon.status()["drops"]["tunnel"]["packet_too_big"], 0)

    def test_what_may_be_fragmented_is_carried(self):
        done = self.edge.run("ping", "-n", "-c", 1, "-W", 2, "-M", "dont", "-s", 1350, HUB_INNER_V4, check=False)
        self.assertEqual(answered(done.stdout), 1, done.stdout)

    def test_the_mss_is_lowered_to_what_fits_both_ways(self):
        for client, server, address in ((self.lan, self.hub, HUB_INNER_V4), (self.lan, self.hub, HUB_INNER_V6),
                                        (self.hub, self.lan, LAN_V4), (self.hub, self.lan, LAN_V6)):
            with self.subTest(client=client.short_name, address=address):
                fits = self.mtu_of(self.edge_daemon) - TCP_MSS[family_of(address)]
                self.assertEqual(self.exchange_syns(client, server, address), (fits, fits))
        self.assertGreater(self.edge_daemon.status()["peers"][0]["counters"]["mss_clamped"], 3)

    def test_tcp_flows_both_ways(self):
        self.assert_tcp_flows_both_ways()


class DefaultPaths(MtuCase):
    """Uplinks of 1500 bytes, and the interface's default MTU."""

    def test_a_lan_host_of_1500_bytes_gets_icmp_errors_and_a_clamped_mss(self):
        self.assertEqual(self.mtu_of(self.edge_daemon), DEFAULT_MTU)
        for target in (HUB_INNER_V4, HUB_INNER_V6):
            text = ping_whole(self.lan, target, 1500, count=2)
            self.assertEqual((answered(text), reported_mtu(text)), (0, DEFAULT_MTU), text)
        self.assert_a_packet_of_that_size_passes(DEFAULT_MTU)
        self.assertEqual(self.exchange_syns(self.hub, self.lan, LAN_V4), (1352, 1352))
        self.assertEqual(self.exchange_syns(self.lan, self.hub, HUB_INNER_V6), (1332, 1332))


if __name__ == "__main__":
    unittest.main(verbosity=2)
