"""How the datagrams of the tunnel find their uplink: under the kernel's reverse-path filter, behind several gateways of
one interface, and while other programs change rules and routes."""

import signal
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.links import LinkSpec
from lab.mobility import active_paths, labels
from lab.topology import NatNetwork
from lab.traffic import UdpSource, ping

FULL, SPLIT = ("0.0.0.0/0",), ("10.90.0.0/24",)
SLOW = LinkSpec(rate=5, delay=2, queue=60_000)  # a flow of 10 Mbit/s needs every uplink
PROTOCOL = "98"


def filtered(namespace):
    """The packets that the kernel's reverse-path filter has dropped in the namespace."""
    names, values = [line.split()[1:] for line in namespace.run("cat", "/proc/net/netstat").stdout.splitlines()
                     if line.startswith("TcpExt:")]
    return int(values[names.index("IPReversePathFilter")])


def set_filter(namespace, value, interfaces=("wan1", "wan2")):
    for interface in ("all", "default", *interfaces):
        namespace.sysctl(**{f"net__ipv4__conf__{interface}__rp_filter": value})


def equal_addresses(edge):
    """Gives every uplink the same address, and every router the same, as modems of one make have them."""
    for number, nat in enumerate(edge.nats, start=1):
        nat.ip("addr flush dev lan", "addr add 192.168.8.1/24 dev lan")
        edge.namespace.ip(f"addr flush dev wan{number}", f"addr add 192.168.8.100/24 dev wan{number}",
                          f"route add default via 192.168.8.1 dev wan{number} metric {100 * number}")


def rules(namespace):
    return [rule for rule in namespace.run("ip", "rule").stdout.splitlines() if rule.endswith(f"proto {PROTOCOL}")]


def routes(namespace):
    """The routes in the tables of sockets, whose numbers are 0x48570000 plus the port."""
    shown = namespace.run("ip", "-4", "route", "show", "table", "all", "proto", PROTOCOL, check=False).stdout
    return [route for route in shown.splitlines() if " table 1213" in route]


class RoutingCase(unittest.TestCase):
    uplinks = 2

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=100))
        cls.network = NatNetwork(cls.lab, specs=(SLOW,) * cls.uplinks)
        cls.edge = cls.network.edge.namespace
        cls.hub_daemon = Daemon(cls.lab, cls.network.hub, hub_config())
        cls.prepare()

    @classmethod
    def prepare(cls):
        pass

    def start(self, allowed_ips=SPLIT, uplinks=("wan1", "wan2"), paths=2, config=None, **settings):
        daemon = Daemon(self.lab, self.edge, config or edge_config(uplinks, allowed_ips=allowed_ips, **settings))
        self.addCleanup(daemon.process.stop)
        wait_until(lambda: len(active_paths(daemon)) == paths, 5, f"{paths} active paths")
        return daemon

    def assert_answered(self, count=5):
        self.assertEqual(ping(self.edge, HUB_INNER_V4, count=count, wait=1)[0], count)


class ReversePathFilter(RoutingCase):
    def check_everything(self):
        for value in (0, 1, 2):
            set_filter(self.edge, value)
            for allowed_ips in (FULL, SPLIT):
                with self.subTest(rp_filter=value, allowed_ips=allowed_ips):
                    daemon = self.start(allowed_ips)
                    self.assert_answered()
                    self.assertEqual([u["warning"] for u in daemon.status()["uplinks"]], ["", ""])
                    daemon.stop()
        self.assertEqual(filtered(self.edge), 0)

    def test_every_setting_works_in_a_full_and_in_a_split_tunnel(self):
        self.check_everything()

    def test_it_may_become_strict_while_the_tunnel_runs(self):
        set_filter(self.edge, 0)
        daemon = self.start(FULL)
        set_filter(self.edge, 1)
        source = UdpSource(self.network.hub, inner_v4(1), 7, mbps=10)
        try:
            time.sleep(2)
            self.assertEqual(labels(daemon), {"wan1", "wan2"})
            for path in active_paths(daemon):
                self.assertGreater(path["rx_mbps"], 1, "both uplinks carry the flow")
        finally:
            source.stop()
        self.assertEqual(filtered(self.edge), 0)


class EqualAddresses(ReversePathFilter):
    @classmethod
    def prepare(cls):
        equal_addresses(cls.network.edge)


class Gateways(RoutingCase):
    """One interface with a switch behind it, to which three routers are connected."""

    uplinks = 3

    @classmethod
    def prepare(cls):
        cls.edge.ip("link add lan0 type bridge", "link set lan0 up")
        cls.edge.sysctl(net__ipv6__conf__lan0__accept_dad=0, net__ipv6__conf__lan0__accept_ra=0)
        for number, nat in enumerate(cls.network.edge.nats, start=1):
            cls.edge.ip(f"addr flush dev wan{number}", f"link set wan{number} master lan0")
            nat.ip("addr flush dev lan", f"addr add 192.168.1.{number}/24 dev lan",
                   f"addr add fd00:1::{number}/64 dev lan")
        cls.edge.ip("addr add 192.168.1.100/24 dev lan0", "addr add fd00:1::100/64 dev lan0",
                    "route add default via 192.168.1.1 dev lan0", "route add ::/0 via fd00:1::1 dev lan0")

    def config(self, ways, **settings):
        """`ways`: the lines of each uplink."""
        text = edge_config((), **settings)
        tables = "".join(f'[[uplink]]\ninterface = "lan0"\nlabel = "modem{i}"\n{way}\n' for i, way in enumerate(ways, 1))
        return text.replace("[[peer]]", tables + "[[peer]]", 1)

    def seen_by_hub(self):
        return {path["remote"].rsplit(":", 1)[0] for path in active_paths(self.hub_daemon)}

    def check(self, config):
        daemon = self.start(config=config, paths=3)
        self.assert_answered()
        source = UdpSource(self.network.hub, inner_v4(1), 7, mbps=10)
        try:
            time.sleep(1.5)
            wait_until(lambda: all(path["rx_mbps"] > 0.5 for path in active_paths(daemon)), 5, "all three to carry data")
        finally:
            source.stop()
        return daemon

    def test_three_gateways_are_three_uplinks_also_under_a_strict_filter(self):
        for value in (0, 1):
            set_filter(self.edge, value, ["lan0"])
            daemon = self.check(self.config([f'gateway = "192.168.1.{i}"' for i in (1, 2, 3)], allowed_ips=FULL))
            self.assertEqual(self.seen_by_hub(), {"203.0.113.101", "203.0.113.102", "203.0.113.103"})
            daemon.stop()
        self.assertEqual(filtered(self.edge), 0)

    def test_gateways_of_ipv6(self):
        ways = [f'gateway = "fd00:1::{i}"' for i in (1, 2, 3)]
        self.check(self.config(ways, endpoint="[2001:db8::1]:9899"))
        self.assertEqual(self.seen_by_hub(), {"[2001:db8::101]", "[2001:db8::102]", "[2001:db8::103]"})

    def test_tables_of_the_administrator(self):
        self.edge.ip(*[f"route add default via 192.168.1.{i} dev lan0 table {70 + i}" for i in (1, 2, 3)])
        daemon = self.check(self.config([f"table = {70 + i}" for i in (1, 2, 3)]))
        self.assertEqual(self.seen_by_hub(), {"203.0.113.101", "203.0.113.102", "203.0.113.103"})
        self.edge.ip("route del default table 73")
        wait_until(lambda: [u["reason"] for u in daemon.status()["uplinks"]] == ["", "", "no route"], 2,
                   "the uplink without a route to be named")

    def test_source_addresses_with_rules_of_the_administrator(self):
        self.edge.ip(*[f"addr add 192.168.1.20{i}/24 dev lan0" for i in (1, 2, 3)])
        daemon = self.check(self.config([f'address = "192.168.1.20{i}"\ngateway = "192.168.1.{i}"' for i in (1, 2, 3)]))
        self.assertEqual({path["local"] for path in active_paths(daemon)}, {f"192.168.1.20{i}" for i in (1, 2, 3)})
        self.edge.ip("addr del 192.168.1.202/24 dev lan0")
        wait_until(lambda: daemon.status()["uplinks"][1]["reason"] == "no address 192.168.1.202", 2, "the reason")


class Intruders(RoutingCase):
    """Other programs remove what the daemon added, and the daemon is killed."""

    def test_rules_and_routes_that_are_removed_return_within_a_second(self):
        set_filter(self.edge, 1)
        self.start(FULL)
        before = sorted(rules(self.edge)), sorted(routes(self.edge))
        self.assertEqual((len(before[0]), len(before[1])), (2, 2))
        table = before[0][0].split("lookup ")[1].split()[0]
        for commands in (["rule flush", "rule add pref 32766 lookup main"], [f"route flush table {table}"],
                         [f"rule del {before[0][1].split(':', 1)[1].strip()}"]):
            self.edge.ip(*commands)
            began = time.monotonic()
            wait_until(lambda: (sorted(rules(self.edge)), sorted(routes(self.edge))) == before, 1, "everything again")
            print(f"\n    {commands[0]}: restored after {1000 * (time.monotonic() - began):.0f} ms ", end="", flush=True)
            self.assert_answered(2)
        self.assertLess(filtered(self.edge), 30)

    def test_nothing_is_left_after_the_end_and_leftovers_of_a_killed_daemon_are_removed(self):
        daemon = self.start(FULL)
        daemon.process.signal(signal.SIGKILL)
        daemon.process.wait(5)
        left = rules(self.edge)
        self.assertEqual(len(left), 2)
        daemon = self.start(FULL)
        self.assertEqual(len(rules(self.edge)), 2)
        self.assertFalse(set(left) & set(rules(self.edge)))
        self.assertEqual(len(routes(self.edge)), 2)
        daemon.stop()
        self.assertEqual((rules(self.edge), routes(self.edge)), ([], []))

    def test_the_rules_of_another_daemon_stay(self):
        other_socket = self.edge.socket(2, 2)
        self.addCleanup(other_socket.close)
        other_socket.bind(("0.0.0.0", 40404))
        self.edge.ip("rule add pref 98 ipproto udp sport 40404 lookup 77 protocol 98",
                     "rule add pref 98 ipproto udp sport 40405 lookup 77 protocol 98")
        daemon = self.start(FULL)
        ports = [rule for rule in rules(self.edge) if "4040" in rule]
        self.assertEqual(len(ports), 1)
        self.assertIn("40404", ports[0])
        daemon.stop()
        self.assertEqual(len(rules(self.edge)), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
