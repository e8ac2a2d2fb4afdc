"""The real daemons over two NATed, emulated uplinks: its traffic, its status and its failures."""

import json
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import (HUB_INNER_V4, HUB_INNER_V6, Daemon, edge_config, hub_config, inner_v4, inner_v6,
                        public_key)
from lab.sniffer import Sniffer, joining_of_second_path
from lab.topology import HUB_V4, HUB_V6, NatNetwork
from lab.traffic import TimedTransfer, UdpSource, goodput_mbps, iperf3, ping


def total(counters):
    return sum(counters.values())


class TunnelCase(unittest.TestCase):
    """One network, one hub and one edge for all tests of a class."""

    endpoint = f"{HUB_V4}:9899"

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=150))
        cls.network = NatNetwork(cls.lab)
        cls.edge, cls.hub = cls.network.edge.namespace, cls.network.hub
        cls.hub_daemon = Daemon(cls.lab, cls.hub, hub_config())
        cls.edge_daemon = Daemon(cls.lab, cls.edge, edge_config(endpoint=cls.endpoint))
        cls.edge_daemon.wait_for_tunnel()
        wait_until(cls.both_paths_active, 5, "both paths to be active")

    @classmethod
    def association(cls, daemon):
        associations = daemon.status()["associations"]
        assert len(associations) == 1, associations
        return associations[0]

    @classmethod
    def both_paths_active(cls):
        return all([path["state"] for path in cls.association(daemon)["paths"]] == ["active"] * 2
                   for daemon in (cls.edge_daemon, cls.hub_daemon))


class Traffic(TunnelCase):
    def test_ping_of_both_families_and_many_sizes_is_answered_both_ways(self):
        for size in (0, 56, 1000, 1300, 1400, 3000):
            for namespace, target in ((self.edge, HUB_INNER_V4), (self.edge, HUB_INNER_V6),
                                      (self.hub, inner_v4(1)), (self.hub, inner_v6(1))):
                with self.subTest(target=target, size=size):
                    self.assertEqual(ping(namespace, target, count=2, size=size)[0], 2)

    def test_tcp_of_both_families_flows_both_ways(self):
        for address in (HUB_INNER_V4, HUB_INNER_V6):
            for reverse in (False, True):
                with self.subTest(address=address, reverse=reverse):
                    result = iperf3(self.edge, self.hub, address, seconds=3, reverse=reverse)
                    self.assertGreater(goodput_mbps(result), 10)

    def test_one_tcp_flow_uses_both_uplinks(self):
        before = [link.status()["b2a"]["sent_bytes"] for link in self.network.edge.links]
        mbps = goodput_mbps(iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=6, omit=2, reverse=True))
        carried = [link.status()["b2a"]["sent_bytes"] - old for link, old in zip(self.network.edge.links, before)]
        self.assertGreater(mbps, 60, "no more than one uplink could carry")
        self.assertGreater(min(carried), max(carried) / 3, carried)

    def test_many_tcp_flows_both_ways_at_once(self):
        result = iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=5, flows=4, omit=1, extra=("--bidir",))
        end = result["end"]
        self.assertGreater(end["sum_received"]["bits_per_second"] / 1e6, 20)
        self.assertGreater(end["sum_received_bidir_reverse"]["bits_per_second"] / 1e6, 20)

    def test_status_describes_what_is_there(self):
        iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=2)
        status = self.edge_daemon.status()
        self.assertEqual(status["public_key"], public_key("edge1"))
        self.assertEqual(status["pid"], self.edge_daemon.process.pid)
        self.assertEqual(status["interface"]["name"], "hawser0")
        self.assertEqual([uplink["interface"] for uplink in status["uplinks"]], ["wan1", "wan2"])
        self.assertEqual([(peer["name"], peer["public_key"], peer["state"]) for peer in status["peers"]],
                         [("hub", public_key("hub"), "up")])
        protection = self.association(self.edge_daemon)["protection"]
        self.assertIn(protection["cipher"], ("aes-128-gcm", "chacha20-poly1305"))
        self.assertEqual((protection["epoch"], protection["handshakes"]), (0, 1))
        self.assertLess(protection["last_handshake_age_s"], status["uptime_s"])
        self.assertLessEqual(protection["keys_age_s"], status["uptime_s"])
        paths = self.association(self.edge_daemon)["paths"]
        self.assertEqual(sorted(path["label"] for path in paths), ["wan1", "wan2"])
        for path in paths:
            self.assertEqual(path["remote"], self.endpoint)
            self.assertGreater(path["rtt_ms"], 35)
            self.assertGreater(path["cwnd"], 0)
        self.assertTrue(self.association(self.edge_daemon)["nr_sack"])

    def test_the_hub_sees_each_uplink_at_its_nat_address_and_a_rewritten_port(self):
        seen = sorted(path["remote"] for path in self.association(self.hub_daemon)["paths"])
        self.assertEqual([address.rpartition(":")[0] for address in seen], ["203.0.113.101", "203.0.113.102"])
        inside = self.edge.run("ss", "-Huan").stdout.split()
        for address in seen:
            self.assertFalse([local for local in inside if local.endswith(":" + address.rpartition(":")[2])])

    def test_status_for_people_has_a_row_for_every_path(self):
        text = self.edge_daemon.cli("status").stdout
        for word in ("wan1", "wan2", self.endpoint, "hub", public_key("hub"), public_key("edge1"), "cipher ", "epoch 0"):
            self.assertIn(word, text)


class OuterIpv6(TunnelCase):
    endpoint = f"[{HUB_V6}]:9899"

    def test_both_families_inside_are_carried_over_two_uplinks_of_ipv6(self):
        for target in (HUB_INNER_V4, HUB_INNER_V6):
            self.assertEqual(ping(self.edge, target, size=1400)[0], 3)
        mbps = goodput_mbps(iperf3(self.edge, self.hub, HUB_INNER_V6, seconds=6, omit=2, reverse=True))
        self.assertGreater(mbps, 60)
        for path in self.association(self.hub_daemon)["paths"]:
            self.assertRegex(path["remote"], r"^\[2001:db8::10[12]\]:\d+$")


class Outages(TunnelCase):
    def test_a_transfer_survives_the_silent_loss_of_either_uplink(self):
        before = self.association(self.edge_daemon)["id"]
        transfer = TimedTransfer(self.hub, self.edge, inner_v4(1))
        time.sleep(2)
        for number, link in enumerate(self.network.edge.links, start=1):
            with self.subTest(uplink=number):
                cut = time.monotonic()
                link.blackhole(True)
                time.sleep(4)
                back = time.monotonic()
                link.blackhole(False)
                wait_until(self.both_paths_active, 30, "the cut path to be active again")
                self.assertLess(transfer.longest_gap(cut, back), 2.5)
                self.assertGreater(transfer.mbps(back - 1, back), 5, "the other uplink did not take over")
                time.sleep(1)
        transfer.stop()
        self.assertEqual(self.association(self.edge_daemon)["id"], before, "the association was replaced")

    def test_a_transfer_outlives_the_loss_of_both_uplinks_for_a_moment(self):
        transfer = TimedTransfer(self.hub, self.edge, inner_v4(1))
        time.sleep(2)
        for link in self.network.edge.links:
            link.blackhole(True)
        time.sleep(3)
        back = time.monotonic()
        for link in self.network.edge.links:
            link.blackhole(False)
        # Either the old association recovers or a new one replaces it; one of them must remain.
        wait_until(lambda: transfer.arrivals[-1][0] > back + 0.1, 5, "the transfer to go on")
        time.sleep(3)
        transfer.stop()
        wait_until(self.both_paths_active, 10, "one association with both paths active")


class Joining(unittest.TestCase):
    def test_the_second_path_carries_data_soon_after_its_asconf(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            edge = network.edge.namespace
            for interface in ("wan1", "wan2"):
                ping(edge, HUB_V4, count=1, interface=interface)
            Daemon(lab, network.hub, hub_config())
            sources = [UdpSource(network.hub, inner_v4(1), 7, mbps=60), UdpSource(edge, HUB_INNER_V4, 7, mbps=60)]
            sniffer = Sniffer(edge, ["wan1", "wan2"])
            Daemon(lab, edge, edge_config())
            asconf, data = joining_of_second_path(sniffer, timeout=10)
            for source in sources:
                source.stop()
            sniffer.stop()
            self.assertIsNotNone(asconf, "no ASCONF was sent")
            self.assertIsNotNone(data, "the second path never carried data")
            self.assertLess(data.time - asconf.time, 6 * 0.0405)

    def test_an_edge_with_one_dead_uplink_starts_on_the_other(self):
        for dead in (0, 1):
            with self.subTest(dead=f"wan{dead + 1}"), Lab(time_limit=60) as lab:
                network = NatNetwork(lab)
                network.edge.links[dead].blackhole(True)
                Daemon(lab, network.hub, hub_config())
                Daemon(lab, network.edge.namespace, edge_config()).wait_for_tunnel(timeout=30)


class TwoEdges(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=120))
        cls.network = NatNetwork(cls.lab, edges=2)
        cls.hub = cls.network.hub
        cls.hub.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        cls.hub_daemon = Daemon(cls.lab, cls.hub, hub_config(edges=2))
        cls.edges = [edge.namespace for edge in cls.network.edges]
        cls.daemons = [Daemon(cls.lab, edge.namespace, edge_config(index=edge.index)) for edge in cls.network.edges]
        for daemon in cls.daemons:
            daemon.wait_for_tunnel()

    def test_the_hub_routes_by_allowed_ips(self):
        for index in (1, 2):
            for target in (inner_v4(index), inner_v6(index)):
                self.assertEqual(ping(self.hub, target)[0], 3)
        status = self.hub_daemon.status()
        self.assertEqual([(peer["name"], peer["state"]) for peer in status["peers"]],
                         [("edge1", "up"), ("edge2", "up")])
        self.assertEqual(len(status["associations"]), 2)

    def test_edges_reach_each_other_through_the_hub(self):
        self.assertEqual(ping(self.edges[0], inner_v4(2))[0], 3)
        self.assertEqual(ping(self.edges[1], inner_v6(1))[0], 3)
        result = iperf3(self.edges[0], self.edges[1], inner_v4(2), seconds=4, omit=1)
        self.assertGreater(goodput_mbps(result), 10)

    def test_both_edges_download_at_once(self):
        first = TimedTransfer(self.hub, self.edges[0], inner_v4(1))
        second = TimedTransfer(self.hub, self.edges[1], inner_v4(2))
        begin = time.monotonic() + 2
        time.sleep(5)
        rates = [transfer.mbps(begin, begin + 3) for transfer in (first, second)]
        first.stop()
        second.stop()
        self.assertGreater(min(rates), 10, rates)

    def test_a_source_outside_the_allowed_ips_is_dropped_and_counted(self):
        drops = total(self.hub_daemon.status()["drops"]["tunnel"])
        self.edges[0].ip("addr add 10.90.0.77/32 dev hawser0")
        try:
            self.assertEqual(ping(self.edges[0], HUB_INNER_V4, interface="10.90.0.77", wait=1)[0], 0)
        finally:
            self.edges[0].ip("addr del 10.90.0.77/32 dev hawser0")
        status = self.hub_daemon.status()
        self.assertGreaterEqual(total(status["drops"]["tunnel"]), drops + 3, json.dumps(status["drops"]))


class Stopping(unittest.TestCase):
    def test_sigterm_shuts_the_association_down_and_removes_the_tun(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            edge = network.edge.namespace
            hub_daemon = Daemon(lab, network.hub, hub_config())
            edge_daemon = Daemon(lab, edge, edge_config())
            edge_daemon.wait_for_tunnel()
            self.assertIn("hawser0", edge.interfaces())
            self.assertEqual(edge_daemon.stop(timeout=5), 0)
            self.assertNotIn("hawser0", edge.interfaces())
            status = wait_until(lambda: self.without_association(hub_daemon), 3, "the hub to see the shutdown")
            self.assertEqual([peer["state"] for peer in status["peers"]], ["down"])

            again = Daemon(lab, edge, edge_config())
            again.wait_for_tunnel()
            self.assertEqual(hub_daemon.stop(timeout=5), 0)
            self.assertNotIn("hawser0", network.hub.interfaces())
            wait_until(lambda: again.status()["peers"][0]["state"] != "up", 3, "the edge to see the shutdown")

            Daemon(lab, network.hub, hub_config())
            again.wait_for_tunnel(timeout=30)

    @staticmethod
    def without_association(daemon):
        status = daemon.status()
        return None if status["associations"] else status

    def test_sigterm_ends_an_edge_whose_hub_never_answers(self):
        with Lab(time_limit=30) as lab:
            network = NatNetwork(lab)
            daemon = Daemon(lab, network.edge.namespace, edge_config())
            time.sleep(1)
            self.assertEqual(daemon.stop(timeout=5), 0)
            self.assertNotIn("hawser0", network.edge.namespace.interfaces())

    def test_sigterm_ends_an_edge_that_has_lost_its_hub(self):
        with Lab(time_limit=40) as lab:
            network = NatNetwork(lab)
            Daemon(lab, network.hub, hub_config())
            daemon = Daemon(lab, network.edge.namespace, edge_config())
            daemon.wait_for_tunnel()
            for link in network.edge.links:
                link.blackhole(True)
            self.assertEqual(daemon.stop(timeout=10), 0)
            self.assertNotIn("hawser0", network.edge.namespace.interfaces())

    def test_an_edge_that_was_killed_comes_back_as_a_restart(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab)
            hub_daemon = Daemon(lab, network.hub, hub_config())
            killed = Daemon(lab, network.edge.namespace, edge_config())
            killed.wait_for_tunnel()
            killed.process.signal(9)
            killed.process.wait(5)
            again = Daemon(lab, network.edge.namespace, edge_config())
            again.wait_for_tunnel(timeout=30)
            self.assertEqual([peer["state"] for peer in hub_daemon.status()["peers"]], ["up"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
