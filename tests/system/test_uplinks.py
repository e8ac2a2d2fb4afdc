"""Uplinks that appear, disappear and change under the real daemons, behind real NATs: used within a second of being
usable.

The tests print the times; tests/system/lab/mobility.py describes the measurement.
"""

import statistics
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, HUB_INNER_V6, inner_v4
from lab.mobility import (ENDPOINTS, OBSTACLES, MobileEdge, Move, active_paths, labels, measure_address_change, measure_recreate,
                          measure_replug, measure_route_burst, measure_route_return, measure_rule, measure_start)
from lab.traffic import TimedTransfer, UdpSource, ping


SILENT = """
table inet silent {{
    chain forward {{
        type filter hook forward priority 0
        meta nfproto {family} drop
    }}
}}
"""


class MobileCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.mobile = MobileEdge(cls.lab)
        cls.prepare()

    def assert_soon(self, what, seconds):
        print(f"\n    {what}: {seconds * 1000:.0f} ms ", end="", flush=True)
        self.assertLessEqual(seconds, 1.0, what)


class ChangingUplink(MobileCase):
    @classmethod
    def prepare(cls):
        cls.mobile.plug()
        cls.mobile.configure()
        cls.mobile.start_edge()

    def test_an_interface_that_is_deleted_and_made_again_joins_at_once(self):
        self.assert_soon("interface made again", measure_recreate(self.mobile))

    def test_a_modem_with_another_name_is_the_same_uplink(self):
        self.assert_soon("modem with another name", measure_replug(self.mobile))
        self.assertEqual(self.mobile.uplink()["interface"], self.mobile.modem)
        self.assertEqual([uplink["label"] for uplink in self.mobile.edge.quick_status()["uplinks"]], ["wan1", "modem"])

    def test_the_hub_follows_a_new_address_at_once(self):
        association = active_paths(self.mobile.edge)
        self.assert_soon("new address", measure_address_change(self.mobile))
        self.assertEqual({path["id"] for path in active_paths(self.mobile.edge)}, {path["id"] for path in association},
                         "the path should have migrated, not joined again")

    def test_a_default_route_that_returns_is_used_at_once(self):
        self.assert_soon("default route back", measure_route_return(self.mobile))

    def test_a_table_that_a_rule_chooses_by_the_source_address_leads_to_the_hub(self):
        self.assert_soon("route by a rule", measure_rule(self.mobile))
        self.mobile.wait_for_reason("")

    def test_thousands_of_new_routes_disturb_nothing(self):
        share, answered = measure_route_burst(self.mobile)
        print(f"\n    while routes came: {share:.0%} of a processor ", end="", flush=True)
        self.assertLess(share, 0.25)
        self.assertEqual(answered, 20)

    def test_why_an_uplink_cannot_be_used_is_shown(self):
        self.mobile.namespace.ip(f"link set {self.mobile.modem} down")
        self.mobile.wait_for_reason("down")
        self.assertIn(f"uplink     modem ({self.mobile.modem})  cannot be used: down", self.mobile.edge.cli("status").stdout)
        # Although nothing was sent over it.
        wait_until(lambda: labels(self.mobile.edge) == {"wan1"}, 1, "the path without a link to fail")
        self.assertRegex(self.mobile.edge.cli("status").stdout, "down: (potentially )?failed since")
        self.mobile.configure()
        self.mobile.wait_for_reason("")
        self.mobile.seconds_until_it_carries()


class MovingUplinks(MobileCase):
    """The address of an uplink changes under a running association: DHCP, PPP, a renumbered IPv6 prefix."""

    CHANGES = 5

    @classmethod
    def prepare(cls):
        cls.mobile.plug()
        cls.mobile.configure()

    def moves(self, label, v6, loaded):
        mobile, move = self.mobile, Move(self.mobile, label, v6)
        paths = sorted((path["id"], path["label"]) for path in active_paths(mobile.edge))
        transfer = TimedTransfer(mobile.network.hub, mobile.namespace, inner_v4(1)) if loaded else None
        try:
            seconds = []
            for _ in range(self.CHANGES):
                time.sleep(1 if loaded else 0.3)
                seconds.append(move.measure())
        finally:
            if transfer:
                transfer.stop()
        what = f"{label}, IPv{'6' if v6 else '4'}, {'loaded' if loaded else 'idle'}"
        print(f"\n    {what}: {statistics.median(seconds) * 1000:.0f}, worst {max(seconds) * 1000:.0f} ms ", end="",
              flush=True)
        self.assertLessEqual(statistics.median(seconds), 0.2, what)
        self.assertLessEqual(max(seconds), 0.5 if loaded else 0.3, what)
        self.assertEqual(sorted((path["id"], path["label"]) for path in active_paths(mobile.edge)), paths,
                         "the same paths of the same association")

    def test_every_path_is_back_at_once_whichever_uplink_began_the_association(self):
        for v6 in (False, True):
            self.mobile.start_edge(endpoint=ENDPOINTS[v6])
            for label in ("wan1", "modem"):
                for loaded in (False, True):
                    with self.subTest(label=label, v6=v6, loaded=loaded):
                        self.moves(label, v6, loaded)
            unreachable = [socket["counters"]["tx_unreachable"] for socket in self.mobile.edge.status()["sockets"]]
            self.assertLessEqual(max(unreachable), 20, "datagrams that the kernel refused")
            self.mobile.stop_edge()

    def test_the_only_uplink_keeps_its_association(self):
        self.mobile.start_edge(uplinks=("wan1",), wait_for=1)
        identity = [association["id"] for association in self.mobile.edge.status()["associations"]]
        for loaded in (False, True):
            self.moves("wan1", False, loaded)
        self.assertEqual([association["id"] for association in self.mobile.edge.status()["associations"]], identity)
        self.mobile.stop_edge()


class NewPaths(MobileCase):
    """Paths and associations that are just beginning do not shrink the packets of any host."""

    @classmethod
    def prepare(cls):
        cls.mobile.plug()
        cls.mobile.configure()
        cls.mobile.start_edge()

    def test_no_host_gets_an_icmp_error_because_of_a_beginning(self):
        mobile = self.mobile
        ends = {"edge": (mobile.namespace, HUB_INNER_V4), "hub": (mobile.network.hub, inner_v4(1))}
        time.sleep(1)
        for what, begin in (("a path that joins", lambda: measure_recreate(mobile)),
                            ("a path that moves", Move(mobile, "wan1").measure),
                            ("a hub that restarts", self.restart_hub), ("an edge that restarts", self.restart_edge)):
            sources = [UdpSource(namespace, target, 7, mbps=4, size=1364) for namespace, target in ends.values()]
            try:
                begin()
                time.sleep(1)
            finally:
                for source in sources:
                    source.stop()
            for name, daemon in (("edge", mobile.edge), ("hub", mobile.hub)):
                self.assertEqual(daemon.status()["drops"]["tunnel"]["packet_too_big"], 0, f"{what}: answers of the {name}")
                self.assertEqual(daemon.status()["peers"][0]["mtu"], 1392, what)
                namespace, target = ends[name]
                self.assertNotIn("mtu", namespace.run("ip", "route", "get", target).stdout, what)

    def restart_hub(self):
        self.mobile.restart_hub()
        self.mobile.edge.wait_for_tunnel()

    def restart_edge(self):
        self.mobile.stop_edge()
        self.mobile.start_edge()


class LongRoundTrip(MobileCase):
    """A modem with seconds of buffer, a satellite, 2G."""

    @classmethod
    def prepare(cls):
        cls.mobile.network.edge.pin_neighbours(1)

    def test_the_tunnel_is_up_after_three_round_trips_and_a_second(self):
        for round_trip in (1.6, 3, 6):
            for link in self.mobile.network.edge.links:
                link.set(delay=round_trip * 500)
            begin = time.monotonic()
            self.mobile.start_edge(uplinks=("wan1",), wait_for=0)
            wait_until(lambda: self.mobile.edge.quick_status()["peers"][0]["state"] == "up", 4 * round_trip + 5, "the tunnel")
            seconds = time.monotonic() - begin
            print(f"\n    round trip {round_trip} s: up after {seconds:.1f} s ", end="", flush=True)
            self.assertLessEqual(seconds, 3 * round_trip + 1.2)  # and the start of the daemon
            self.mobile.edge.process.stop()
        for link in self.mobile.network.edge.links:
            link.set(delay=10)


class DeadAtStart(MobileCase):
    @classmethod
    def prepare(cls):
        cls.mobile.namespace.ip("addr flush dev wan1")  # no other uplink leads to the hub

    def test_the_only_uplink_is_used_as_soon_as_it_can_be(self):
        for obstacle in OBSTACLES:
            with self.subTest(obstacle):
                self.assert_soon(f"{obstacle} at the start", measure_start(self.mobile, obstacle))


class Automatic(MobileCase):
    """No [[uplink]], and all traffic goes through the tunnel."""

    @classmethod
    def prepare(cls):
        cls.mobile.plug("eth7")
        cls.mobile.configure()
        cls.mobile.start_edge(uplinks=(), allowed_ips=("0.0.0.0/0", "::/0"), exclude_uplinks='["usb*"]')

    def uplinks(self):
        return [uplink["interface"] for uplink in self.mobile.edge.quick_status()["uplinks"]]

    def test_the_tunnels_default_route_hides_no_uplink(self):
        routes = self.mobile.namespace.run("ip", "route", "get", "192.0.2.1").stdout
        self.assertIn("dev hawser0", routes)
        self.assertEqual(labels(self.mobile.edge), {"wan1", "eth7"})
        for target in (HUB_INNER_V4, HUB_INNER_V6):
            self.assertEqual(ping(self.mobile.namespace, target)[0], 3)

    def test_a_modem_that_comes_back_under_other_names_leaves_nothing_behind(self):
        for name in ("eth8", "eth9", "eth7"):
            old = self.mobile.modem
            self.assert_soon(f"{name} in the place of {old}", measure_replug(self.mobile, name, label=old))
            self.assertEqual(self.uplinks(), ["wan1", name])

    def test_what_is_excluded_or_leads_nowhere_is_no_uplink(self):
        namespace = self.mobile.namespace
        for name in ("usb0", "veth77", "idle0"):
            namespace.ip(f"link add link wan1 name {name} type macvlan mode private", f"link set {name} up")
        namespace.ip("addr add 192.168.1.77/24 dev usb0", "addr add 192.168.1.78/24 dev veth77",
                     "addr add 192.168.55.1/24 dev idle0", "route add default via 192.168.1.1 dev usb0 metric 900",
                     "route add default via 192.168.1.1 dev veth77 metric 901")
        self.assertEqual(self.uplinks(), ["wan1", self.mobile.modem])
        namespace.ip("link del usb0", "link set veth77 down", "link set veth77 name lan77", "link set lan77 up",
                     "route add default via 192.168.1.1 dev lan77 metric 901")
        wait_until(lambda: "lan77" in labels(self.mobile.edge), 2, "the interface with an ordinary name to join")
        namespace.ip("link del lan77", "link del idle0")
        wait_until(lambda: self.uplinks() == ["wan1", self.mobile.modem], 2, "it to be forgotten")


class Families(MobileCase):
    """One uplink with IPv4 only and one with IPv6 only, and a hub with both."""

    @classmethod
    def prepare(cls):
        cls.mobile.namespace.ip("addr del fd00:1::2/64 dev wan1")
        cls.mobile.plug()
        cls.mobile.configure(v4=False)
        cls.mobile.start_edge(endpoint=ENDPOINTS)

    def remotes(self):
        return {path["label"]: path["remote"] for path in active_paths(self.mobile.edge)}

    def test_each_uplink_connects_to_the_hub_at_the_address_of_its_family(self):
        self.assertEqual(self.remotes(), {"wan1": ENDPOINTS[0], "modem": ENDPOINTS[1]})
        self.assertEqual([uplink["usable"] for uplink in self.mobile.edge.quick_status()["uplinks"]], [True, True])

    def test_it_joins_again_by_its_family_and_by_another(self):
        self.assert_soon("uplink of IPv6 again", measure_replug(self.mobile, v4=False))
        self.assert_soon("of IPv4 then", measure_replug(self.mobile, v6=False))
        self.assertEqual(self.remotes()["modem"], ENDPOINTS[0])
        self.assert_soon("of both then", measure_replug(self.mobile))
        self.assert_soon("of IPv6 alone then", measure_replug(self.mobile, v4=False))
        self.assertEqual(self.remotes()["modem"], ENDPOINTS[1])

    def test_it_takes_the_other_family_when_the_one_it_has_goes_silent(self):
        self.assert_soon("uplink of both", measure_replug(self.mobile))
        had = self.remotes()["modem"]
        other = next(endpoint for endpoint in ENDPOINTS if endpoint != had)
        family = "ipv6" if had.startswith("[") else "ipv4"
        router = self.mobile.network.edge.nats[1]
        router.run("nft", "-f", "-", input=SILENT.format(family=family))
        source = UdpSource(self.mobile.namespace, HUB_INNER_V4, 7, mbps=2)
        try:
            begin = time.monotonic()
            wait_until(lambda: self.remotes().get("modem") == other, 12, f"a path to {other}")
            print(f"\n    {family} silent, other family after: {time.monotonic() - begin:.1f} s ", end="", flush=True)
        finally:
            source.stop()
            router.run("nft", "delete", "table", "inet", "silent")
        paths = [path for association in self.mobile.edge.quick_status()["associations"] for path in association["paths"]]
        self.assertEqual(sorted(path["label"] for path in paths), ["modem", "wan1"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
