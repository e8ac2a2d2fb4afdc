"""ECN of the daemons' datagrams: an uplink whose queue marks, and one that clears the field."""

import json
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config
from lab.topology import NatNetwork
from lab.traffic import goodput_mbps, iperf3


class OuterEcn(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=60))
        self.network = NatNetwork(self.lab)
        self.edge, self.hub = self.network.edge.namespace, self.network.hub

    def start(self, **interface):
        self.hub_daemon = Daemon(self.lab, self.hub, hub_config(**interface))
        self.edge_daemon = Daemon(self.lab, self.edge, edge_config(**interface))

    def paths(self, daemon):
        """The daemon's paths, in the order of the uplinks' numbers."""
        (association,) = daemon.status()["associations"]
        return sorted(association["paths"], key=lambda path: path["label"] or path["remote"])

    def test_a_marked_path_backs_off_without_loss_and_a_path_that_clears_the_field_is_found(self):
        marking, bleaching = self.network.edge.links
        marking.set(rate=20, codel=True)
        bleaching.set(rate=20, bleach=True)
        self.start(congestion='"cubic"')
        self.edge_daemon.wait_for_tunnel()
        wait_until(lambda: [path["state"] for path in self.paths(self.edge_daemon)] == ["active"] * 2, 5, "both paths")
        for reverse, sender, receiver, direction in ((False, self.edge_daemon, self.hub_daemon, "a2b"),
                                                     (True, self.hub_daemon, self.edge_daemon, "b2a")):
            with self.subTest(reverse=reverse):
                # More than the links carry, so that only the congestion control keeps their queues short.
                mbps = goodput_mbps(iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=4, udp_mbps=60, reverse=reverse))
                wait_until(lambda: self.paths(sender)[0]["flight"] == 0, 5, "all data to be acknowledged")
                (marked, cleared), (arrived, _) = self.paths(sender), self.paths(receiver)
                reported = marked["counters"]["ecn_marks_reported"]
                print(f"reverse {reverse}: {mbps:.1f} Mbit/s, {reported} marks reported, "
                      f"{marked['counters']['ect_sent']} packets with ECT, "
                      f"{marked['counters']['data_chunks_lost']} lost, {marked['rtt_ms']:.1f} ms")
                self.assertEqual((marked["ecn"], cleared["ecn"]), ("capable", "cleared"))
                self.assertGreater(reported, 0)
                self.assertEqual(reported, arrived["counters"]["ecn_marks_received"])
                self.assertGreaterEqual(marking.status()[direction]["marked"], reported)
                self.assertLess(cleared["counters"]["ect_sent"], 100)
                self.assertGreater(mbps, 25)
                self.assertEqual(marked["counters"]["data_chunks_lost"], 0)
                self.assertEqual(marking.status()[direction]["dropped_queue"], 0)

    def test_datagrams_have_the_dscp_of_the_packets_in_them_only_if_configured(self):
        rules = "udp dport 9899 ip dscp ef counter;"
        table = f"table ip count {{ chain c {{ type filter hook prerouting priority 0; {rules} }}; }}"
        self.hub.run("nft", "-f", "-", input=table)
        for copied in (False, True):
            with self.subTest(copied=copied):
                self.start(copy_dscp=str(copied).lower())
                self.edge_daemon.wait_for_tunnel()
                self.edge.run("ping", "-c", "5", "-i", "0.05", "-Q", "0xb8", HUB_INNER_V4)
                rules = self.hub.run("nft", "-j", "list", "table", "ip", "count").stdout
                packets = next(word["counter"]["packets"] for entry in json.loads(rules)["nftables"] if "rule" in entry
                               for word in entry["rule"]["expr"] if "counter" in word)
                self.assertEqual(packets, 5 if copied else 0)
                self.edge_daemon.stop()
                self.hub_daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
