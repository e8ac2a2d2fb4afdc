"""A hub that is reached by name, a tunnel that takes all traffic, and a name server that only the uplinks reach."""

import itertools
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config
from lab.links import LinkSpec
from lab.names import NameServer, set_name_servers
from lab.topology import HUB_V4, HUB_V6, NatNetwork
from lab.traffic import UdpSource

NAME_SERVER = "198.51.100.53"
DEAD_SERVER = "198.51.100.99"
NEW_HUB_V4 = "203.0.113.2"
BY_NAME = "hub.test:9899"


class NamesCase(unittest.TestCase):
    """One network, hub and name server for all tests of a class; each test has an edge of its own."""

    numbers = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=75))
        cls.network = NatNetwork(cls.lab, specs=(LinkSpec(delay=10), LinkSpec(delay=10)))
        cls.edge = cls.network.edge.namespace
        resolver = cls.network.outside_host(cls.lab)
        resolver.ip(f"addr add {NAME_SERVER}/32 dev lo")
        for nat in cls.network.edge.nats:
            nat.ip("route add 198.51.100.0/24 via 203.0.113.66")
        cls.server = NameServer(resolver, NAME_SERVER, {})
        cls.addClassCleanup(cls.server.stop)
        cls.hub = Daemon(cls.lab, cls.network.hub, hub_config())

    def setUp(self):
        self.server.records = {("hub.test", "A"): [HUB_V4]}
        self.server.failing = False
        self.server.silent = set()
        self.server.asked.clear()
        set_name_servers(self.edge, NAME_SERVER)

    def start(self, endpoint=BY_NAME, label=None, uplinks=("wan1", "wan2"), prefix=()):
        """Starts an edge that knows no address unless an edge of this label ran before."""
        config = edge_config(uplinks=uplinks, endpoint=endpoint, allowed_ips=("0.0.0.0/0", "::/0"))
        edge = Daemon(self.lab, self.edge, config, label=label or f"edge-{next(self.numbers)}", prefix=prefix)
        self.addCleanup(edge.process.stop)
        return edge

    def active(self, edge):
        return [path["remote"] for association in edge.quick_status()["associations"] for path in association["paths"]
                if path["state"] == "active"]

    def assert_connects(self, edge, within, what="both paths", to=f"{HUB_V4}:9899"):
        begin = time.monotonic()
        wait_until(lambda: [remote for remote in self.active(edge) if remote == to] == [to, to], max(within, 12), what)
        seconds = time.monotonic() - begin
        print(f"\n    {what}: {seconds * 1000:.0f} ms ", end="", flush=True)
        self.assertLessEqual(seconds, within, what)

    def send_into_the_tunnel(self):
        """With packets to send, an edge notices within a second that its hub is gone; otherwise with the next HEARTBEAT."""
        source = UdpSource(self.edge, HUB_INNER_V4, 9, mbps=0.1)
        self.addCleanup(source.stop)

    def peer(self, edge):
        return edge.quick_status()["peers"][0]


class NamesOverUplinks(NamesCase):
    def test_a_full_tunnel_connects_at_the_start_and_after_a_restart(self):
        for moment in ("first start", "restart"):
            edge = self.start()
            self.assert_connects(edge, 1.5, moment)
            self.assertIn("dev hawser0", self.edge.run("ip", "route", "get", NAME_SERVER).stdout)
            edge.stop()
        self.assertEqual({source for _, source in self.server.asked}, {"203.0.113.101", "203.0.113.102"})

    def test_strict_filters_let_the_answers_over_the_second_uplink_pass(self):
        interfaces = ("all", "wan1", "wan2")
        for interface in interfaces:
            self.edge.sysctl(**{f"net__ipv4__conf__{interface}__rp_filter": 1})
            self.addCleanup(self.edge.sysctl, **{f"net__ipv4__conf__{interface}__rp_filter": 0})
        first = self.network.edge.links[0]
        first.blackhole(True)
        self.addCleanup(first.blackhole, False)
        edge = self.start()
        wait_until(lambda: self.active(edge) == [f"{HUB_V4}:9899"], 5, "the path over the second uplink")
        self.assertEqual({source for _, source in self.server.asked}, {"203.0.113.102"})

    def test_uplinks_that_come_after_the_daemon_are_asked_at_once(self):
        for uplinks in (("wan1", "wan2"), ()):
            with self.subTest(uplinks or "automatic"):
                self.edge.ip("link set wan1 down", "link set wan2 down")
                edge = self.start(uplinks=uplinks)
                time.sleep(3)
                self.assertEqual(self.active(edge), [])
                self.edge.ip("link set wan1 up", "link set wan2 up",
                             "route replace default via 192.168.1.1 dev wan1 metric 100",
                             "route replace default via 192.168.2.1 dev wan2 metric 200")
                self.assert_connects(edge, 2.5, f"uplinks come, {uplinks or 'automatic'}")
                edge.stop()

    def check_move(self, delay):
        """Gives the hub another address, and its name the new one `delay` seconds later."""
        edge = self.start()
        self.assert_connects(edge, 1.5)
        self.send_into_the_tunnel()
        try:
            self.network.hub.ip(f"addr add {NEW_HUB_V4}/24 dev eth0", f"addr del {HUB_V4}/24 dev eth0",
                                f"addr replace {NEW_HUB_V4}/24 dev eth0")
            time.sleep(delay)
            self.server.records = {("hub.test", "A"): [NEW_HUB_V4]}
            self.assert_connects(edge, 10, f"hub moved, its record after {delay} s", f"{NEW_HUB_V4}:9899")
        finally:
            self.network.hub.ip(f"addr replace {HUB_V4}/24 dev eth0", f"addr del {NEW_HUB_V4}/24 dev eth0",
                                f"addr replace {HUB_V4}/24 dev eth0")

    def test_a_hub_that_moves_with_its_name_is_found_again(self):
        self.check_move(0)

    def test_a_hub_that_moves_while_its_old_name_record_lives_on_is_found_when_the_record_follows(self):
        self.check_move(6)


class NameServers(NamesCase):
    def test_a_failing_server_is_reported_once_and_asked_again(self):
        self.server.failing = True
        edge = self.start()
        time.sleep(8)
        reason = "cannot resolve hub.test: server failure (198.51.100.53 over wan1)"
        self.assertEqual((self.peer(edge)["state"], self.peer(edge)["reason"]), ("waiting", reason))
        self.assertIn(f"peer hub  waiting: {reason}", edge.cli("status").stdout)
        lines = [line for line in edge.process.output().splitlines() if "cannot resolve" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(f"warning: {reason}", lines[0])
        self.assertLess(len(self.server.asked), 60)
        self.server.failing = False
        self.assert_connects(edge, 5, "server well again")
        self.assertEqual(self.peer(edge)["reason"], "")

    def test_a_dead_first_server_costs_little(self):
        set_name_servers(self.edge, DEAD_SERVER, NAME_SERVER)
        self.assert_connects(self.start(), 1.5)

    def test_ipv6_addresses_that_are_wrong_or_do_not_arrive_cost_little(self):
        for what, records, silent in (("no answer", [], {"AAAA"}),
                                      ("a dead end", [f"2001:db8:dead::{i}" for i in range(1, 4)], set())):
            with self.subTest(what):
                self.server.records[("hub.test", "AAAA")] = records
                self.server.silent = silent
                edge = self.start()
                self.assert_connects(edge, 2, f"AAAA is {what}")
                edge.stop()

    def test_the_servers_of_a_local_stub_are_asked_over_the_uplinks(self):
        set_name_servers(self.edge, "127.0.0.53")
        script = (f"mount -t tmpfs none /run && mkdir -p /run/systemd/resolve && echo nameserver {NAME_SERVER} >"
                  ' /run/systemd/resolve/resolv.conf && exec "$@"')
        self.assert_connects(self.start(prefix=("sh", "-c", script, "sh")), 1.5)

    def test_a_new_resolv_conf_counts_for_the_next_question(self):
        set_name_servers(self.edge, DEAD_SERVER)
        edge = self.start()
        time.sleep(2)
        self.assertEqual(self.peer(edge)["state"], "resolving")
        set_name_servers(self.edge, NAME_SERVER)
        self.assert_connects(edge, 5, "new resolv.conf")


class KnownAddresses(NamesCase):
    def test_the_last_good_addresses_are_called_when_no_name_server_answers(self):
        edge = self.start(label="edge-again")
        self.assert_connects(edge, 1.5)
        edge.stop()
        self.server.silent = {"A", "AAAA"}
        edge = self.start(label="edge-again")
        self.assert_connects(edge, 1, "known address")
        edge.stop()
        # Nothing that was learned is lost by a start without an answer.
        self.assert_connects(self.start(label="edge-again"), 1, "known address again")

    def test_a_wrong_answer_does_not_hide_the_address_that_worked(self):
        edge = self.start(label="edge-portal")
        self.assert_connects(edge, 1.5)
        edge.stop()
        self.server.records = {("hub.test", "A"): ["192.0.2.66"]}
        for _ in range(2):
            edge = self.start(label="edge-portal")
            self.assert_connects(edge, 2, "address of a captive portal")
            edge.stop()

    def test_a_literal_address_is_called_before_the_name_beside_it_is_resolved(self):
        self.server.silent = {"A", "AAAA"}
        self.assert_connects(self.start(endpoint=(f"{HUB_V4}:9899", BY_NAME)), 1)

    def test_the_name_is_used_when_the_literal_address_beside_it_is_dead(self):
        self.assert_connects(self.start(endpoint=("203.0.113.77:9899", BY_NAME)), 2)

    def test_an_endpoint_without_a_port_means_9899(self):
        for endpoint, remote in (("hub.test", HUB_V4), (HUB_V4, HUB_V4), (HUB_V6, f"[{HUB_V6}]"),
                                 (f"[{HUB_V6}]", f"[{HUB_V6}]")):
            with self.subTest(endpoint):
                edge = self.start(endpoint=endpoint)
                self.assert_connects(edge, 2, endpoint, f"{remote}:9899")
                edge.stop()


if __name__ == "__main__":
    unittest.main()
