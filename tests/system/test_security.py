"""The security of the tunnel, on the wire and in the daemon's messages: no answer to unauthenticated senders, nothing
readable, no connection without the right keys, a quick return after a restart, and rekeys that do not disturb
traffic."""

import os
import pathlib
import re
import socket
import struct
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hawser, hub_config, inner_v4
from lab.sniffer import SEALED, Sniffer
from lab.topology import HUB_V4, HUB_V6, NatNetwork
from lab.traffic import goodput_mbps, iperf3, ping

from test_hostile import PORT, chunk, sctp_packet

REKEY_AFTER_SECONDS = 2
# Both ends limit rekeys: three in a row, then one every 10 seconds.
RENEWALS_IN_A_ROW, LEAST_REKEY_INTERVAL = 3, 10
REKEY_RUN_SECONDS = int(os.environ.get("HAWSER_REKEY_SECONDS", "20"))


class Silence(unittest.TestCase):
    def test_a_hub_never_answers_an_unauthenticated_sender(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            outside = network.outside_host(lab)
            hub = Daemon(lab, network.hub, hub_config())
            sniffer = Sniffer(outside, ["eth0"])
            for address in (HUB_V4, HUB_V6):
                self._scan(outside, address)
            time.sleep(2)  # for an answer that is delayed or repeated
            seen = sniffer.stop()
            self.assertGreater(sum(packet.outgoing for packet in seen), 2 * len(self._probes()) - 10)
            self.assertEqual([packet for packet in seen if not packet.outgoing], [])
            drops = hub.status()["drops"]["engine"]
            self.assertGreaterEqual(drops["no_access"], 2 * 2)
            # The same sniffer sees the answers to an edge that knows the hub's key.
            edge_sniffer = Sniffer(network.edge.namespace, ["wan1"])
            Daemon(lab, network.edge.namespace, edge_config(["wan1"])).wait_for_tunnel()
            self.assertTrue(any(not packet.outgoing for packet in edge_sniffer.stop()))

    def _scan(self, outside, address):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with outside.socket(family, socket.SOCK_DGRAM) as probe:
            for payload in self._probes():
                probe.sendto(payload, (address, PORT))

    @staticmethod
    def _probes():
        init = struct.pack("!IIHHI", 0x12345678, 1 << 20, 10, 10, 1)
        supported = chunk(0x80, 0x08, bytes([0xC1, 0x80]))  # parameter 0x8008: Supported Extensions
        return [b"", b"\0", bytes(12), bytes(1400), b"GET / HTTP/1.0\r\n\r\n",
                sctp_packet(0, chunk(1, 0, init)),
                sctp_packet(0, chunk(1, 0, init + supported)),
                sctp_packet(0, chunk(1, 0, init) + bytes(1000)),
                sctp_packet(7, chunk(1, 0, init)),
                *(sctp_packet(7, chunk(kind, 0, bytes(40))) for kind in (0, 3, 4, 6, 7, 8, 9, 10, 11, 14, 0x0F, 0xC1, SEALED)),
                sctp_packet(7, chunk(6, 1, b"")), sctp_packet(7, chunk(14, 1, b""))]


class Secrecy(unittest.TestCase):
    def test_no_byte_of_a_packet_inside_is_seen_outside(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            hub, edge = network.hub, network.edge.namespace
            Daemon(lab, hub, hub_config())
            Daemon(lab, edge, edge_config()).wait_for_tunnel()
            pattern = os.urandom(8).hex()
            captures = {name: self._capture(lab, hub, name) for name in ("hawser0", "eth0")}
            for source, target in ((edge, HUB_INNER_V4), (hub, inner_v4(1))):
                done = source.run("ping", "-n", "-q", "-c", 5, "-i", 0.05, "-s", 1200, "-p", pattern, target)
                self.assertIn(" 5 received", done.stdout)
            time.sleep(0.5)
            content = {}
            for name, (process, path) in captures.items():
                process.signal(2)
                process.wait(5)
                content[name] = path.read_bytes()
            self.assertGreater(content["hawser0"].count(bytes.fromhex(pattern)), 1000, "tcpdump does not see the pattern")
            self.assertGreater(len(content["eth0"]), 20 * 1200)
            self.assertNotIn(bytes.fromhex(pattern)[:4], content["eth0"])

    @staticmethod
    def _capture(lab, namespace, interface):
        path = lab.folder / f"{interface}.pcap"
        process = namespace.start("tcpdump", "-i", interface, "-U", "-Z", "root", "-w", path, label=f"tcpdump-{interface}")
        wait_until(lambda: "listening on" in process.output(), 10, f"tcpdump on {interface}")
        return process, path


class WrongKeys(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=60))
        self.network = NatNetwork(self.lab)
        self.edge, self.hub = self.network.edge.namespace, self.network.hub

    def assert_stays_down(self, edge_daemon, words):
        """Asserts that `words` appear in the edge's log, that it does not come up, and that no ping passes."""
        wait_until(lambda: words in edge_daemon.process.output(), 15, f"the edge to log: {words}")
        self.assertEqual(ping(self.edge, HUB_INNER_V4, wait=1)[0], 0)
        self.assertNotEqual(edge_daemon.status()["peers"][0]["state"], "up")

    def test_an_edge_that_the_hub_does_not_know_is_refused_and_both_log_it(self):
        hub_daemon = Daemon(self.lab, self.hub, hub_config(edges=1))
        edge_daemon = Daemon(self.lab, self.edge, edge_config(index=2))
        self.assert_stays_down(edge_daemon, "the peer rejected the handshake")
        self.assertIn("initiator refused: the peer's public key is not accepted", hub_daemon.process.output())
        status = hub_daemon.status()
        self.assertEqual(status["associations"], [])
        self.assertGreater(status["drops"]["engine"]["handshake_failed"], 0)

    def test_an_edge_that_does_not_know_the_hub_gets_no_answer(self):
        hub_daemon = Daemon(self.lab, self.hub, hub_config())
        sniffer = Sniffer(self.edge, ["wan1", "wan2"])
        edge_daemon = Daemon(self.lab, self.edge, edge_config(hub="edge2"))
        self.assert_stays_down(edge_daemon, f"peer hub: {HUB_V4}:9899: ")
        seen = sniffer.stop()
        self.assertTrue(any(packet.outgoing for packet in seen))
        self.assertEqual([packet for packet in seen if not packet.outgoing], [])
        self.assertGreater(hub_daemon.status()["drops"]["engine"]["no_access"], 0)

    def test_preshared_keys_must_be_there_on_both_ends_and_the_same(self):
        ours, theirs = self._preshared("ours"), self._preshared("theirs")
        hub_daemon = Daemon(self.lab, self.hub, hub_config().replace("allowed_ips", f"{ours}allowed_ips"))
        for wrong in ("", theirs):
            with self.subTest(wrong=wrong):
                edge_daemon = Daemon(self.lab, self.edge, edge_config().replace("allowed_ips", f"{wrong}allowed_ips"))
                self.assert_stays_down(edge_daemon, f"peer hub: {HUB_V4}:9899: ")
                edge_daemon.stop()
        Daemon(self.lab, self.edge, edge_config().replace("allowed_ips", f"{ours}allowed_ips")).wait_for_tunnel()
        self.assertEqual(hub_daemon.status()["peers"][0]["state"], "up")

    def _preshared(self, name):
        path = pathlib.Path(self.lab.folder, f"{name}.psk")
        path.touch(mode=0o600)
        path.write_text(hawser("genpsk"))
        return f'preshared_key_file = "{path}"\n'


class Restart(unittest.TestCase):
    LIMIT = 5

    def test_an_edge_is_back_within_five_seconds_of_the_return_of_its_hub(self):
        with Lab(time_limit=150) as lab:
            network = NatNetwork(lab)
            hub = Daemon(lab, network.hub, hub_config())
            edge = Daemon(lab, network.edge.namespace, edge_config())
            edge.wait_for_tunnel()
            for away in (0, 0.7, 2, 4, 7):
                with self.subTest(away=away):
                    pings = network.edge.namespace.start("ping", "-n", "-D", "-O", "-i", 0.1, HUB_INNER_V4)
                    time.sleep(1)
                    hub.process.signal(9)
                    hub.process.wait(5)
                    killed = time.time()
                    time.sleep(away)
                    begin = time.time()
                    hub = Daemon(lab, network.hub, hub_config())
                    wait_until(lambda: any(at > killed + 0.05 for at in self._answers(pings)), 20, "an answer of the new hub")
                    pings.signal(2)
                    pings.wait(5)
                    answers = self._answers(pings)
                    self.assertLess(answers[0], killed, "no answer before the hub was killed")
                    back = next(at for at in answers if at > killed + 0.05) - begin
                    print(f"hub away for {away} s: answers again {back:.2f} s after it was started", flush=True)
                    self.assertLess(back, self.LIMIT)
                    wait_until(lambda: self._both_paths_active(edge, hub), 10, "one association with both paths active")

    def test_an_idle_edge_is_back_within_five_seconds_of_the_return_of_its_hub(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            hub = Daemon(lab, network.hub, hub_config())
            edge = Daemon(lab, network.edge.namespace, edge_config())
            wait_until(lambda: self._both_paths_active(edge, hub), 10, "both paths")
            time.sleep(7)  # until both ends have nothing left to send, and the hub has written its file
            hub.process.signal(9)
            hub.process.wait(5)
            time.sleep(1)
            begin = time.monotonic()
            hub = Daemon(lab, network.hub, hub_config())
            wait_until(lambda: self._both_paths_active(edge, hub), self.LIMIT, "the edge to be back, with both paths")
            print(f"idle edge: back {time.monotonic() - begin:.2f} s after the hub was started", flush=True)

    @staticmethod
    def _answers(pings):
        return [float(at) for at in re.findall(r"^\[([\d.]+)\] \d+ bytes from", pings.output(), re.MULTILINE)]

    @staticmethod
    def _both_paths_active(edge, hub):
        for daemon in (edge, hub):
            associations = daemon.status()["associations"]
            if len(associations) != 1 or [path["state"] for path in associations[0]["paths"]] != ["active"] * 2:
                return False
        return True


class Rekeying(unittest.TestCase):
    def test_neither_tcp_nor_udp_notices_that_keys_are_renewed(self):
        with Lab(time_limit=4 * REKEY_RUN_SECONDS + 120) as lab:
            self.network = NatNetwork(lab)
            self.edge, self.hub = self.network.edge.namespace, self.network.hub
            hub_daemon = Daemon(lab, self.hub, hub_config())
            plain = Daemon(lab, self.edge, edge_config())
            plain.wait_for_tunnel()
            without = self._tcp()
            self.assertEqual(self._handshakes(plain), 1)
            plain.stop()

            renewing = Daemon(lab, self.edge, edge_config(rekey_after_seconds=REKEY_AFTER_SECONDS))
            renewing.wait_for_tunnel()
            renewed = self._tcp()
            handshakes = self._handshakes(renewing)
            print(f"{REKEY_RUN_SECONDS} s of TCP: {without:.1f} Mbit/s with one pair of keys, {renewed:.1f} with {handshakes}",
                  flush=True)
            self.assertGreater(handshakes, 1 + RENEWALS_IN_A_ROW + REKEY_RUN_SECONDS / LEAST_REKEY_INTERVAL / 2)
            self.assertGreater(renewed, 0.9 * without)

            lost, packets = self._udp()
            more = self._handshakes(renewing) - handshakes
            print(f"{REKEY_RUN_SECONDS} s of UDP in both directions: {lost} of {packets} packets lost, {more} handshakes",
                  flush=True)
            self.assertGreater(more, REKEY_RUN_SECONDS / LEAST_REKEY_INTERVAL / 2)
            self.assertGreater(packets, 1000)
            self.assertEqual(lost, 0)
            for daemon in (renewing, hub_daemon):
                drops = daemon.status()["drops"]["engine"]
                self.assertEqual((drops["unknown_epoch"], drops["bad_record"], drops["rekey_too_soon"]), (0, 0, 0))

    def _tcp(self):
        return goodput_mbps(iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=REKEY_RUN_SECONDS, omit=3, reverse=True))

    def _udp(self):
        """Returns (lost, sent) of both directions, 10 Mbit/s each."""
        end = iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=REKEY_RUN_SECONDS, udp_mbps=10, extra=("--bidir",))["end"]
        sums = [end["sum"], end["sum_bidir_reverse"]]
        return sum(each["lost_packets"] for each in sums), sum(each["packets"] for each in sums)

    @staticmethod
    def _handshakes(daemon):
        association, = daemon.status()["associations"]
        return association["protection"]["handshakes"]


if __name__ == "__main__":
    unittest.main(verbosity=2)
