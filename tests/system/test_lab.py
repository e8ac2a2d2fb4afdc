"""Tests of the laboratory with plain traffic: when they fail, the figures of the other system tests are meaningless."""

import socket
import struct
import time
import unittest

from lab.core import Lab
from lab.links import LinkSpec
from lab.sniffer import INIT, SEALED, Sniffer, joining_of_second_path
from lab.topology import HUB_V4, HUB_V6, DirectNetwork, NatNetwork
from lab.traffic import TimedTransfer, UdpSink, UdpSource, goodput_mbps, iperf3, ping


class EmulatedLinks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=100))
        cls.network = NatNetwork(cls.lab)
        cls.edge = cls.network.edge.namespace

    def test_each_uplink_has_its_round_trip_time(self):
        for interface, target in (("wan1", HUB_V4), ("wan2", HUB_V4), ("wan1", HUB_V6), ("wan2", HUB_V6)):
            ping(self.edge, target, count=1, interface=interface)  # resolves addresses
            received, rtt = ping(self.edge, target, count=10, interface=interface)
            self.assertEqual(received, 10)
            self.assertGreater(rtt, 40)
            self.assertLess(rtt, 60)

    def test_one_tcp_flow_fills_an_uplink_in_both_directions_and_not_more(self):
        for reverse in (False, True):
            result = iperf3(self.edge, self.network.hub, HUB_V4, seconds=4, omit=1, reverse=reverse,
                            extra=("--bind-dev", "wan1"))
            self.assertGreater(goodput_mbps(result), 25)
            self.assertLess(goodput_mbps(result), 50)
        status = self.network.edge.links[0].status()
        for direction in (status["a2b"], status["b2a"]):
            self.assertEqual(direction["dropped_oversize"], 0, "frames above the MTU: an offload is still on")
            self.assertEqual(direction["overrun"], 0)
            self.assertEqual(direction["dropped_send"], 0)

    def test_the_nats_rewrite_ports_and_block_other_senders(self):
        listener = self.network.hub.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((HUB_V4, 9899))
        listener.settimeout(3)
        preserved = 0
        for attempt in range(8):
            client = self.edge.socket(socket.AF_INET, socket.SOCK_DGRAM)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wan%d" % (1 + attempt % 2))
            client.bind(("", 40000 + attempt))
            client.settimeout(3)
            client.sendto(b"hello", (HUB_V4, 9899))
            _, seen = listener.recvfrom(100)
            self.assertEqual(seen[0], f"203.0.113.{101 + attempt % 2}")
            preserved += seen[1] == 40000 + attempt
            listener.sendto(b"welcome", seen)
            self.assertEqual(client.recv(100), b"welcome")
            other = self.network.hub.socket(socket.AF_INET, socket.SOCK_DGRAM)
            other.sendto(b"from a port it never sent to", seen)
            client.settimeout(0.2)
            self.assertRaises(TimeoutError, client.recv, 100)
            other.close()
            client.close()
        listener.close()
        self.assertLessEqual(preserved, 1, "the NAT keeps source ports")

    def test_a_blackhole_is_silent_and_ends_when_lifted(self):
        link = self.network.edge.links[1]
        link.blackhole(True)
        self.assertEqual(ping(self.edge, HUB_V4, interface="wan2", wait=1)[0], 0)
        self.assertEqual(ping(self.edge, HUB_V4, interface="wan1")[0], 3)
        link.blackhole(False)
        self.assertEqual(ping(self.edge, HUB_V4, interface="wan2")[0], 3)
        self.assertGreater(link.status()["a2b"]["dropped_blackhole"], 0)

    def test_parameters_change_while_traffic_runs(self):
        link = self.network.edge.links[0]
        link.set("b2a", rate=5)
        try:
            slow = goodput_mbps(iperf3(self.edge, self.network.hub, HUB_V4, seconds=3, omit=1, reverse=True))
        finally:
            link.set("b2a", rate=50)
        self.assertLess(slow, 5.1)
        self.assertGreater(slow, 2)

    def test_a_managed_queue_marks_what_is_ecn_capable_and_drops_the_rest(self):
        link = self.network.edge.links[0]
        link.set("a2b", rate=5, codel=True)
        try:
            for tos, mark, other in ((2, "marked", "dropped_codel"), (0, "dropped_codel", "marked")):
                before = link.status()["a2b"]
                seen = self._send_for_a_second(tos)
                after = link.status()["a2b"]
                self.assertGreater(after[mark] - before[mark], 0)
                self.assertEqual(after[other] - before[other], 0)
                self.assertEqual(3 in seen, tos == 2, "congestion marks of valid packets")
        finally:
            link.set("a2b", rate=50, codel=False)

    def _send_for_a_second(self, tos):
        """Sends 8 Mbit/s over the first uplink; returns the set of TOS values that arrive."""
        sink = self.network.hub.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sink.bind((HUB_V4, 7))
        source = self.edge.socket(socket.AF_INET, socket.SOCK_DGRAM)
        source.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
        begin = time.monotonic()
        for number in range(1000):
            time.sleep(max(0, begin + number / 1000 - time.monotonic()))
            source.sendto(bytes(1000), (HUB_V4, 7))
        sink.settimeout(0.5)
        seen = set()
        try:
            while True:
                _, extra, _, _ = sink.recvmsg(2000, 100)
                seen.add(extra[0][2][0])
        except TimeoutError:
            pass
        source.close()
        sink.close()
        return seen

    def test_a_link_counts_how_late_it_delivers(self):
        before = self.network.edge.links[0].status()["a2b"]
        ping(self.edge, HUB_V4, count=5, interface="wan1")
        after = self.network.edge.links[0].status()["a2b"]
        self.assertEqual(sum(after["late"]) - sum(before["late"]), after["sent"] - before["sent"])
        self.assertGreaterEqual(sum(after["late"]), 5)

    def test_commands_are_obeyed_while_the_link_is_busy(self):
        transfer = TimedTransfer(self.edge, self.network.hub, HUB_V4)
        time.sleep(1)
        waits = []
        for _ in range(20):
            begin = time.monotonic()
            self.network.edge.links[0].status()
            waits.append(time.monotonic() - begin)
            time.sleep(0.05)
        transfer.stop()
        self.assertLess(sorted(waits)[10], 0.05, waits)

    def test_an_idle_link_costs_no_processor_time(self):
        process = self.network.edge.links[0].process
        before = process.cpu_seconds()
        time.sleep(2)
        self.assertLess(process.cpu_seconds() - before, 0.1)


class Instruments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.network = NatNetwork(cls.lab)
        cls.edge, cls.hub = cls.network.edge.namespace, cls.network.hub

    def test_a_timed_transfer_notices_a_gap_and_nothing_else(self):
        transfer = TimedTransfer(self.edge, self.hub, HUB_V4)  # an upload, as the NAT blocks connections to the edge
        begin = time.monotonic() + 1
        time.sleep(3)
        cut = time.monotonic()
        self.network.edge.links[0].blackhole(True)
        time.sleep(0.8)
        self.network.edge.links[0].blackhole(False)
        time.sleep(3)
        end = time.monotonic()
        transfer.stop()
        self.assertGreater(transfer.mbps(begin, cut), 25)
        self.assertLess(transfer.longest_gap(begin, cut), 0.2)
        self.assertGreater(transfer.longest_gap(cut, end), 0.7)
        self.assertLess(transfer.longest_gap(cut, end), 3)

    def test_the_sniffer_times_what_joins_on_which_interface(self):
        def sctp(kind, size):
            return bytes(12) + struct.pack("!BBH", kind, 0, size) + bytes(size - 4)

        for interface in ("wan1", "wan2"):
            ping(self.edge, HUB_V4, count=1, interface=interface)  # resolves addresses
        sniffer = Sniffer(self.edge, ["wan1", "wan2"])
        sockets = {}
        for interface in ("wan1", "wan2"):
            sockets[interface] = self.edge.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets[interface].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        begin = time.monotonic()
        sockets["wan1"].sendto(sctp(INIT, 600), (HUB_V4, 9899))
        sockets["wan1"].sendto(sctp(SEALED, 1400), (HUB_V4, 9899))
        sockets["wan2"].sendto(sctp(SEALED, 100), (HUB_V4, 9899))
        time.sleep(0.05)
        sockets["wan2"].sendto(sctp(SEALED, 120), (HUB_V4, 9899))
        sockets["wan1"].sendto(sctp(SEALED, 1400), (HUB_V4, 9899))
        time.sleep(0.05)
        sockets["wan2"].sendto(sctp(SEALED, 1400), (HUB_V4, 9899))  # like a PMTU probe
        time.sleep(0.05)
        sockets["wan2"].sendto(sctp(SEALED, 1200), (HUB_V4, 9899))
        asconf, data = joining_of_second_path(sniffer, timeout=3)
        seen = sniffer.stop()
        for end in sockets.values():
            end.close()
        self.assertEqual([packet.chunks for packet in seen], [(INIT,)] + [(SEALED,)] * 6)
        self.assertEqual((asconf.interface, data.interface, data.outgoing), ("wan2", "wan2", True))
        self.assertAlmostEqual(asconf.time, begin, delta=0.02)
        self.assertAlmostEqual(data.time - asconf.time, 0.15, delta=0.03)

    def test_a_source_of_datagrams_keeps_its_rate_and_its_sink_sees_what_passes(self):
        sink = UdpSink(self.hub, HUB_V4, 7)
        source = UdpSource(self.edge, HUB_V4, 7, mbps=20)
        time.sleep(2)
        source.stop()
        time.sleep(0.3)
        sink.stop()
        self.assertAlmostEqual(source.sent * 1300 * 8e-6 / 2, 20, delta=3)
        self.assertGreater(len(sink.numbers), source.sent * 0.98)


class FastLink(unittest.TestCase):
    def test_a_link_of_300_megabits_carries_more_than_half_of_it_on_any_machine(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab, [LinkSpec(rate=300, delay=5, queue=3_750_000)])
            result = iperf3(network.edge.namespace, network.hub, HUB_V4, seconds=4, omit=1, reverse=True)
            self.assertGreater(goodput_mbps(result), 150)
            status = network.edge.links[0].status()
            self.assertEqual(status["b2a"]["overrun"], 0)


class Direct(unittest.TestCase):
    def test_the_direct_network_carries_both_families(self):
        with Lab(time_limit=30) as lab:
            network = DirectNetwork(lab)
            self.assertEqual(ping(network.edge, HUB_V4)[0], 3)
            self.assertEqual(ping(network.edge, HUB_V6)[0], 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
