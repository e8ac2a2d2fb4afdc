"""Unauthenticated packets at the port of a hub in use: they do not disturb the tunnel, and are counted."""

import os
import random
import socket
import struct
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import Daemon, edge_config, hub_config, inner_v4
from lab.sniffer import SEALED, Sniffer
from lab.topology import HUB_V4, NatNetwork
from lab.traffic import TimedTransfer

PORT = 9899


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def sctp_packet(tag, chunks, checksum=None, ports=(PORT, PORT)):
    packet = struct.pack("!HHII", *ports, tag, 0) + chunks
    return packet[:8] + struct.pack("<I", crc32c(packet) if checksum is None else checksum) + packet[12:]


def chunk(kind, flags, value):
    return struct.pack("!BBH", kind, flags, 4 + len(value)) + value + bytes(-len(value) % 4)


def forged_packets(dice, count, tag=None, right_checksum=True):
    """Yields well-formed and malformed packets with random tags, or with `tag`, which an attacker on the path knows."""
    data = struct.pack("!IHHI", 1, 0, 0, 51) + b"x" * 100
    sack = struct.pack("!IIHH", 9, 9999, 0, 0)
    bodies = [chunk(kind, flags, value) for kind, flags, value in (
        (0, 3, data), (3, 0, sack), (4, 0, chunk(1, 0, b"")), (5, 0, bytes(20)), (6, 0, b""), (6, 1, b""), (7, 0, bytes(4)),
        (8, 0, b""), (10, 0, bytes(200)), (11, 0, b""), (14, 0, b""), (15, 0, bytes(24)), (0x80, 0, bytes(12)),
        (0xC1, 0, bytes(28)), (SEALED, 0, bytes(8)), (SEALED, 0, bytes(200)),
        (SEALED, 0, dice.randbytes(1200)), (SEALED, 0, struct.pack("!BBHI", 0, 0, 0, 1 << 30) + bytes(200)))] + [b"\x00\x00\x00\x00", b"\x00\x03\xff\xff"]
    for _ in range(count):
        body = dice.choice(bodies)
        yield sctp_packet(dice.getrandbits(32) if tag is None else tag, body,
                          checksum=None if right_checksum else dice.getrandbits(32))


class ForgedPackets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=120))
        cls.network = NatNetwork(cls.lab)
        cls.outside = cls.network.outside_host(cls.lab)
        cls.edge, cls.hub = cls.network.edge.namespace, cls.network.hub
        cls.hub_daemon = Daemon(cls.lab, cls.hub, hub_config())
        cls.sniffer = Sniffer(cls.edge, ["wan1", "wan2"])
        cls.addClassCleanup(cls.sniffer.stop)
        cls.answers = Sniffer(cls.outside, ["eth0"])
        cls.addClassCleanup(cls.answers.stop)
        cls.edge_daemon = Daemon(cls.lab, cls.edge, edge_config())
        cls.edge_daemon.wait_for_tunnel()
        wait_until(lambda: cls.states() == ["active", "active"], 5, "both paths to be active")
        cls.sniffer.stop()
        # The hub's verification tag, which only an attacker on the path can know: the one in the edge's packets.
        cls.sealed = [p for p in cls.sniffer.seen if p.outgoing and SEALED in p.chunks]
        cls.hub_tag = cls.sealed[0].tag
        cls.raw = cls.outside.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        cls.addClassCleanup(cls.raw.close)
        cls.dice = random.Random(20)

    @classmethod
    def states(cls):
        associations = cls.hub_daemon.status()["associations"]
        return [path["state"] for path in associations[0]["paths"]] if len(associations) == 1 else None

    def remotes(self):
        association, = self.hub_daemon.status()["associations"]
        return association["id"], sorted(path["remote"] for path in association["paths"])

    def drops(self):
        return sum(self.hub_daemon.status()["drops"]["engine"].values())

    def send(self, payload, source=("203.0.113.66", 4242)):
        """Sends a UDP datagram to the hub with any source."""
        udp = struct.pack("!HHHH", source[1], PORT, 8 + len(payload), 0) + payload
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), self.dice.getrandbits(16), 0, 64, 17, 0,
                             socket.inet_aton(source[0]), socket.inet_aton(HUB_V4))
        self.raw.sendto(header + udp, (HUB_V4, 0))

    def attack_during_transfer(self, datagrams):
        """Sends `datagrams`, (payload, source) each, during a transfer; asserts that it is unharmed. Returns new drops."""
        before, drops = self.remotes(), self.drops()
        transfer = TimedTransfer(self.hub, self.edge, inner_v4(1))
        time.sleep(1.5)
        begin = time.monotonic()
        for number, (payload, source) in enumerate(datagrams):
            self.send(payload, source)
            if number % 20 == 19:
                time.sleep(0.01)
        time.sleep(1)
        end = time.monotonic()
        transfer.stop()
        self.assertLess(transfer.longest_gap(begin, end), 1.5)
        self.assertGreater(transfer.mbps(begin, end), 20)
        self.assertEqual(self.remotes(), before, "a path changed")
        self.assertEqual([packet for packet in self.answers.seen if not packet.outgoing], [], "the hub answered")
        return self.drops() - drops

    def nat_source(self, path=0):
        address, _, port = self.remotes()[1][path].rpartition(":")
        return address, int(port)

    def test_wrong_tags_from_another_address_are_counted_and_harmless(self):
        packets = [(p, ("203.0.113.66", 4242)) for p in forged_packets(self.dice, 1500)]
        self.assertGreaterEqual(self.attack_during_transfer(packets), 1300)

    def test_wrong_tags_from_the_address_of_a_path_are_counted_and_harmless(self):
        source = self.nat_source()
        packets = [(p, source) for p in forged_packets(self.dice, 1500)]
        self.assertGreaterEqual(self.attack_during_transfer(packets), 1300)

    def test_the_right_tag_with_a_wrong_checksum_moves_no_path(self):
        forged = forged_packets(self.dice, 700, tag=self.hub_tag, right_checksum=False)
        packets = [(p, ("203.0.113.66", 4242)) for p in forged]
        self.assertGreaterEqual(self.attack_during_transfer(packets), 700)

    def test_the_right_tag_and_checksum_without_the_keys_are_counted_and_harmless(self):
        for source in (("203.0.113.66", 4242), self.nat_source()):
            with self.subTest(source=source):
                packets = [(p, source) for p in forged_packets(self.dice, 700, tag=self.hub_tag)]
                self.assertGreaterEqual(self.attack_during_transfer(packets), 700)
        reasons = self.hub_daemon.status()["drops"]["engine"]
        for reason in ("unprotected_chunk", "malformed_record", "bad_record"):
            self.assertGreater(reasons[reason], 0, reason)

    def test_replayed_packets_move_no_path_and_are_counted(self):
        count = self.hub_daemon.status()["drops"]["engine"]["replayed_record"]
        replays = (self.sealed * (500 // len(self.sealed) + 1))[:500]
        for source in (("203.0.113.66", 4242), self.nat_source(0), self.nat_source(1)):
            with self.subTest(source=source):
                self.assertGreaterEqual(self.attack_during_transfer([(p.payload, source) for p in replays]), 500)
        self.assertGreaterEqual(self.hub_daemon.status()["drops"]["engine"]["replayed_record"] - count, 1500)

    def test_noise_and_truncated_packets_are_counted_and_harmless(self):
        packets = [(self.dice.randbytes(self.dice.randrange(0, 1400)), ("203.0.113.66", 4242)) for _ in range(700)]
        whole = sctp_packet(self.hub_tag, chunk(4, 0, chunk(1, 0, bytes(40))), checksum=0)
        packets += [(whole[:size], self.nat_source()) for size in range(len(whole))]
        self.assertGreaterEqual(self.attack_during_transfer(packets), 600)

    def test_an_init_for_a_live_association_changes_nothing(self):
        init = chunk(1, 0, struct.pack("!IIHHI", 77, 1 << 20, 10, 10, 1))
        source = self.nat_source()
        self.attack_during_transfer([(sctp_packet(0, init), source)] * 50)

    def test_a_flood_of_inits_leaves_no_state_behind(self):
        init = chunk(1, 0, struct.pack("!IIHHI", 77, 1 << 20, 10, 10, 1))
        packets = [(sctp_packet(0, init, ports=(1024 + n, PORT)), (f"203.0.113.{120 + n % 100}", 1024 + n))
                   for n in range(2000)]
        before = self.memory()
        self.attack_during_transfer(packets)
        self.assertLess(self.memory() - before, 16 << 20)

    def memory(self):
        with open(f"/proc/{self.hub_daemon.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    unittest.main(verbosity=2)
