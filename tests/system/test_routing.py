"""The addresses, routes and rules of the tunnel: restored when another program removes them, kept while the daemon is
away (kill switch), and next to networks that other interfaces claim, too."""

import socket
import struct
import threading
import time
import unittest

from lab.core import Lab, LabError, find_program, wait_until
from lab.daemon import HUB_INNER_V4, HUB_INNER_V6, Daemon, edge_config, hub_config, inner_v4, inner_v6
from lab.topology import HUB_V4, HUB_V6, NatNetwork
from lab.traffic import ping

FULL = ("0.0.0.0/0", "::/0")
FAR = ("198.18.0.1", "2001:db8:ffff::1")  # hosts that no interface of the laboratory has


def pings(namespace, *targets):
    return all(ping(namespace, target, count=1, wait=1)[0] == 1 for target in targets)


def network_of(namespace, interface):
    """Returns what `ip` shows of an interface's addresses and routes."""
    shown = []
    for family in ("-4", "-6"):
        for words in (("addr", "show"), ("route", "show")):
            text = namespace.run("ip", family, *words, "dev", interface, check=False).stdout
            shown += sorted(line.strip().replace(" proto 98", "").replace(" proto kernel", "")
                            for line in text.splitlines())
    return shown


class Restored(unittest.TestCase):
    """Another program removes what the tunnel needs, at the edge (a full tunnel) and at the hub."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.network = NatNetwork(cls.lab)
        cls.hub = Daemon(cls.lab, cls.network.hub, hub_config())
        cls.edge = Daemon(cls.lab, cls.network.edge.namespace, edge_config(allowed_ips=FULL))
        cls.edge.wait_for_tunnel()

    def removals(self, daemon):
        return [line for line in daemon.process.output().splitlines() if "another program removed" in line]

    def assert_restored(self, daemon, command, *words):
        # The daemon folds what is lost within a second.
        time.sleep(1.1)
        before, lines = network_of(daemon.namespace, "hawser0"), len(self.removals(daemon))
        daemon.namespace.run("sh", "-c", command)
        begin = time.monotonic()
        try:
            wait_until(lambda: network_of(daemon.namespace, "hawser0") == before, 5, f"the state before '{command}'")
        except LabError:
            self.assertEqual(network_of(daemon.namespace, "hawser0"), before)
        seconds = time.monotonic() - begin
        print(f"\n    {daemon.label}: {command}: {seconds * 1000:.0f} ms ", end="", flush=True)
        self.assertLess(seconds, 1.0)
        peers = (HUB_INNER_V4, HUB_INNER_V6) if daemon is self.edge else (inner_v4(1), inner_v6(1))
        wait_until(lambda: pings(daemon.namespace, *peers), 2, "pings in both families")
        wait_until(lambda: len(self.removals(daemon)) > lines, 2, "a line in the log")
        new = self.removals(daemon)[lines:]
        self.assertEqual(len(new), 1, new)
        for word in words:
            self.assertIn(word, new[0])
        wait_until(lambda: daemon.quick_status()["interface"]["missing"] == [], 2, "nothing to be missing")

    def test_flushed_routes(self):
        flush = "ip route flush dev hawser0; ip -6 route flush dev hawser0"
        self.assert_restored(self.edge, flush, "route 128.0.0.0/1 metric 9899", "route 8000::/1", "10.90.0.0/24")
        self.assert_restored(self.hub, flush, f"route {inner_v4(1)}/32", f"route {inner_v6(1)}/128")

    def test_flushed_addresses(self):
        for daemon, v4, v6 in ((self.edge, inner_v4(1), inner_v6(1)), (self.hub, HUB_INNER_V4, HUB_INNER_V6)):
            self.assert_restored(daemon, "ip addr flush dev hawser0", f"address {v4}/24", f"address {v6}/64")

    def test_an_interface_that_was_set_down(self):
        for daemon in (self.edge, self.hub):
            self.assert_restored(daemon, "ip link set hawser0 down", "the state up", "fd90::")
            self.assert_restored(daemon, "ip link set hawser0 down; sleep 0.1; ip link set hawser0 up", "fd90::")

    def test_one_route_and_one_address(self):
        self.assert_restored(self.edge, "ip route del 0.0.0.0/1 dev hawser0 metric 9899", "route 0.0.0.0/1 metric 9899")
        self.assert_restored(self.edge, f"ip addr del {inner_v6(1)}/64 dev hawser0", f"address {inner_v6(1)}/64")

    def test_routes_have_an_owner_and_a_metric(self):
        routes = self.edge.namespace.run("ip", "route", "show", "proto", "98").stdout
        self.assertRegex(routes, r"(?m)^128\.0\.0\.0/1 dev hawser0 scope link metric 9899")

    def test_the_status_shows_what_the_interface_has(self):
        self.edge.namespace.ip("addr add 10.91.0.7/24 dev hawser0")
        wait_until(lambda: "10.91.0.7/24" in self.edge.quick_status()["interface"]["address"], 1, "the new address")
        text = self.edge.cli("status").stdout
        self.assertIn("10.91.0.7/24", text)
        self.assertIn("0.0.0.0/1 metric 9899", text)
        self.edge.namespace.ip("addr del 10.91.0.7/24 dev hawser0")
        wait_until(lambda: "10.91.0.7/24" not in self.edge.quick_status()["interface"]["address"], 1, "it to go")


class Contested(unittest.TestCase):
    """Another program removes a route whenever it is restored."""

    def test_a_program_that_removes_a_route_again_and_again_wins_with_a_reason(self):
        lab = self.enterContext(Lab(time_limit=40))
        network = NatNetwork(lab)
        edge = Daemon(lab, network.edge.namespace, edge_config(allowed_ips=FULL))
        fighter = edge.namespace.start("sh", "-c", "while true; do ip route del 128.0.0.0/1 dev hawser0 "
                                            "metric 9899 2>/dev/null; sleep 0.05; done")
        try:
            missing = wait_until(lambda: [m for m in edge.quick_status()["interface"]["missing"]
                                          if "whenever it is restored" in m["reason"]], 8, "the fight to end")
            self.assertEqual(missing[0]["piece"], "route 128.0.0.0/1 metric 9899")
            self.assertIn("missing    route 128.0.0.0/1 metric 9899: another program removes it", edge.cli("status").stdout)
            self.assertTrue(any("make that program ignore hawser0" in line
                                for line in edge.process.output().splitlines()))
            # The other pieces are still restored at once.
            edge.namespace.ip("route del 0.0.0.0/1 dev hawser0 metric 9899")
            wait_until(lambda: "0.0.0.0/1" in edge.namespace.run("ip", "route").stdout, 1, "another route")
        finally:
            fighter.stop()


class LeakWatch:
    """Counts packets that leave an uplink and are neither the tunnel's nor for the uplink's own network."""

    def __init__(self, namespace, interfaces):
        self.leaks = []
        self._stopping = False
        self._threads = []
        for interface in interfaces:
            with namespace.entered():
                tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
            tap.bind((interface, 3))
            tap.settimeout(0.1)
            self._threads.append(threading.Thread(target=self._watch, args=(tap, interface), daemon=True))
            self._threads[-1].start()

    def _watch(self, tap, interface):
        with tap:
            while not self._stopping:
                try:
                    packet, address = tap.recvfrom(2048)
                except TimeoutError:
                    continue
                if address[2] != 4 or not packet:  # PACKET_OUTGOING
                    continue
                v4 = packet[0] >> 4 == 4
                if not v4 and packet[0] >> 4 != 6:
                    continue  # ARP
                family = socket.AF_INET if v4 else socket.AF_INET6
                to = socket.inet_ntop(family, packet[16:20] if v4 else packet[24:40])
                if to in (HUB_V4, HUB_V6) or to.startswith(("192.168.", "fd00:", "fe80:", "ff", "224.", "239.")):
                    continue
                self.leaks.append((interface, to))

    def stop(self):
        self._stopping = True
        for thread in self._threads:
            thread.join(2)
        return self.leaks


SENDER = """
import socket, sys, time
device, targets = sys.argv[1], sys.argv[2:]
while True:
    for target in targets:
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            try:
                if device != "-": s.setsockopt(socket.SOL_SOCKET, 25, device.encode())
                s.sendto(b"inner", (target, 9))
            except OSError:
                pass
    time.sleep(0.005)
"""


class KillSwitch(unittest.TestCase):
    """A full tunnel with kill_switch, and a host behind the edge. Everything sends all the time."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=100))
        cls.network = NatNetwork(cls.lab)
        cls.namespace = cls.network.edge.namespace
        cls.namespace.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        cls.lan = cls.lab.namespace("lan")
        cls.namespace.ip(f"link add lan0 type veth peer name eth0 netns {cls.lan.name}", "link set lan0 up",
                         "addr add 10.55.0.1/24 dev lan0", "addr add 2001:db8:55::1/64 dev lan0 nodad")
        cls.lan.ip("link set eth0 up", "addr add 10.55.0.2/24 dev eth0", "addr add 2001:db8:55::2/64 dev eth0 nodad",
                   "route add default via 10.55.0.1", "route add ::/0 via 2001:db8:55::1")
        cls.hub = Daemon(cls.lab, cls.network.hub, hub_config())

    def start(self, kill_switch="true", **settings):
        edge = Daemon(self.lab, self.namespace, edge_config(allowed_ips=FULL, kill_switch=kill_switch, **settings))
        self.addCleanup(self.clean, edge)
        return edge

    def clean(self, edge):
        edge.process.stop()
        self.lift(edge)

    def lift(self, edge):
        return self.namespace.run(find_program("hawserd"), "--config", edge.config_path, "--lift-kill-switch")

    def send(self):
        """Returns the process whose socket is bound to an uplink, in IPv6, where rules can stop it."""
        for namespace, device, targets in ((self.namespace, "-", FAR), (self.lan, "-", FAR),
                                           (self.namespace, "wan1", FAR[1:])):
            process = namespace.start("python3", "-c", SENDER, device, *targets)
            self.addCleanup(process.stop)
        return process

    def watch(self):
        watch = LeakWatch(self.namespace, ("wan1", "wan2"))
        self.addCleanup(watch.stop)
        return watch

    def rules(self):
        return self.namespace.run("sh", "-c", "ip rule; ip -6 rule").stdout.count("9899:")

    def wait_for_tunnel(self, edge):
        edge.wait_for_tunnel()
        wait_until(lambda: pings(self.namespace, HUB_INNER_V6), 5, "IPv6 inside")

    def test_nothing_inner_leaves_in_the_clear_whatever_happens(self):
        edge = self.start()
        self.wait_for_tunnel(edge)
        watch = self.watch()
        bound = self.send()
        phases = []

        def phase(name, action):
            action()
            time.sleep(0.7)
            phases.append(name)
            self.assertEqual(watch.leaks[:5], [], phases)

        phase("up", lambda: None)
        # Other hosts of the site, and the routers of the uplinks, are still within reach.
        for namespace, target in ((self.namespace, "192.168.1.1"), (self.namespace, "fd00:2::1"),
                                  (self.namespace, "10.55.0.2"), (self.namespace, "2001:db8:55::2"),
                                  (self.lan, "2001:db8:55::1")):
            self.assertTrue(pings(namespace, target), target)
        phase("routes flushed", lambda: self.namespace.run("sh", "-c", "ip route flush dev hawser0; ip -6 route flush "
                                                           "dev hawser0"))
        phase("down and up", lambda: self.namespace.run("sh", "-c", "ip link set hawser0 down; sleep 0.3; "
                                                        "ip link set hawser0 up"))
        phase("rogue routes", lambda: self.namespace.ip("route add 198.18.0.0/15 via 192.168.1.1 dev wan1",
                                                        "route add 2001:db8:ffff::/48 via fd00:1::1 dev wan1"))
        phase("a rogue network", lambda: self.namespace.ip("addr add 198.18.0.77/24 dev wan1",
                                                           "addr add 2001:db8:ffff::77/64 dev wan1 nodad"))
        phase("stopped", edge.stop)
        self.assertEqual(self.rules(), 2)
        phase("rogue networks go", lambda: self.namespace.ip("addr del 198.18.0.77/24 dev wan1",
                                                             "addr del 2001:db8:ffff::77/64 dev wan1"))
        edge = self.start()
        phase("started", lambda: self.wait_for_tunnel(edge))
        phase("killed", lambda: (edge.process.signal(9), edge.process.wait(5)))
        self.assertTrue(pings(self.lan, "10.55.0.1"))
        self.assertTrue(pings(self.namespace, "192.168.1.1"))
        edge = self.start()
        phase("started again", lambda: self.wait_for_tunnel(edge))
        self.namespace.ip("route del 198.18.0.0/15 dev wan1", "route del 2001:db8:ffff::/48 dev wan1")
        self.namespace.run("sh", "-c", "ip route flush table $(ip rule | sed -n 's/9899:.*lookup \\([0-9]*\\).*/\\1/p')")
        wait_until(lambda: edge.quick_status()["interface"]["missing"] == [], 2, "the table to be restored")
        bound.stop()  # without the rules, nothing stops it until they are restored
        self.namespace.run("sh", "-c", "ip rule del priority 9899; ip -6 rule del priority 9899; "
                           "ip -6 rule del priority 9900")
        wait_until(lambda: self.rules() == 2, 1, "the rules to be restored")
        edge.stop()
        self.assertEqual(watch.leaks[:5], [])
        self.lift(edge)
        self.assertEqual(self.rules(), 0)
        wait_until(lambda: {to for _, to in watch.leaks} >= set(FAR), 3, "packets in the clear without it")

    def test_without_it_inner_packets_leave_by_the_uplinks_as_documented(self):
        edge = self.start(kill_switch="false")
        self.wait_for_tunnel(edge)
        watch = self.watch()
        self.send()
        edge.stop()
        wait_until(lambda: {to for _, to in watch.leaks} >= set(FAR), 3, "packets in the clear")

    def test_a_start_without_it_lifts_it(self):
        edge = self.start()
        edge.stop()
        self.assertEqual(self.rules(), 2)
        edge = self.start(kill_switch="false")
        wait_until(lambda: self.rules() == 0, 2, "the rules to go")
        self.assertNotIn("unreachable", self.namespace.run("ip", "route", "show", "table", "all", "proto", "98").stdout)

    def test_it_can_be_set_before_the_first_start_as_at_boot(self):
        self.namespace.ip(*[f"link set wan{n} {state}" for n in (1, 2) for state in ("down", "up")])  # no routes are left
        self.addCleanup(self.add_routes)
        config = self.lab.folder / "boot.toml"
        config.write_text(edge_config(allowed_ips=FULL, kill_switch="true"))
        command = (find_program("hawserd"), "--config", config)
        self.addCleanup(self.namespace.run, *command, "--lift-kill-switch", check=False)
        self.namespace.run(*command, "--set-kill-switch")
        self.assertEqual(self.rules(), 2)
        watch = self.watch()
        self.send()
        self.add_routes()
        time.sleep(0.7)
        self.assertEqual(watch.leaks[:5], [])
        edge = self.start()
        self.wait_for_tunnel(edge)
        self.assertEqual(edge.quick_status()["interface"]["missing"], [])
        self.assertEqual(watch.leaks[:5], [])
        config.write_text(edge_config(allowed_ips=FULL))
        self.assertEqual(self.namespace.run(*command, "--set-kill-switch", check=False).returncode, 1)

    def add_routes(self):
        for n in (1, 2):
            self.namespace.ip(f"addr replace fd00:{n}::2/64 dev wan{n}",
                              f"route replace default via 192.168.{n}.1 dev wan{n} metric {100 * n}",
                              f"route replace ::/0 via fd00:{n}::1 dev wan{n} metric {100 * n}")

    def test_lifting_is_refused_while_the_daemon_would_restore_it(self):
        edge = self.start()
        done = self.namespace.run(find_program("hawserd"), "--config", edge.config_path, "--lift-kill-switch", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("stop its hawserd first", done.stderr)
        self.assertEqual(self.rules(), 2)
        self.assertIn("kill switch on, table 12", edge.cli("status").stdout)

    def test_two_tunnels_keep_apart(self):
        edge = self.start()
        text = edge_config(index=2, allowed_ips=("10.99.0.0/16", "fd99::/32"), kill_switch="true")
        text = text.replace('"hawser0"', '"hawser1"').replace(f'"{inner_v4(2)}/24", "{inner_v6(2)}/64"',
                                                              '"10.98.0.2/24", "fd98::2/64"')
        other = Daemon(self.lab, self.namespace, text, label="hawserd-other")
        self.addCleanup(self.clean, other)

        def device(target):
            done = self.namespace.run("ip", "route", "get", target, check=False)
            return "hawser0" if "hawser0" in done.stdout else "hawser1" if "hawser1" in done.stdout else done.stderr.strip()

        for target in ("10.99.1.1", "fd99::1", "10.98.0.1", "fd98::1"):
            wait_until(lambda: device(target) == "hawser1", 2, f"{target} to belong to the second tunnel")
        for target in FAR:
            self.assertEqual(device(target), "hawser0")
        # They share a rule; neither takes it for removed.
        for daemon in (edge, other):
            self.assertEqual(daemon.quick_status()["interface"]["missing"], [])
            self.assertNotIn("another program removed", daemon.process.output())
        other.stop()
        wait_until(lambda: "hawser1" not in device("10.99.1.1"), 2, "the second tunnel to be gone")
        self.assertIn("No route to host", device("10.99.1.1"))
        self.lift(other)
        wait_until(lambda: device("10.99.1.1") == "hawser0", 12, "the first tunnel to take all")


class Overlaps(unittest.TestCase):
    """Networks that the tunnel and another interface both claim."""

    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=40))
        self.network = NatNetwork(self.lab)
        self.namespace = self.network.edge.namespace

    def start(self, **config):
        self.hub = Daemon(self.lab, self.network.hub, hub_config())
        edge = Daemon(self.lab, self.namespace, edge_config(**config))
        wait_until(lambda: edge.quick_status()["peers"][0]["state"] == "up", 5, "the tunnel")
        return edge

    def device(self, target):
        return self.namespace.run("ip", "route", "get", target).stdout.split(" dev ")[1].split()[0]

    def assert_named(self, edge, text):
        wait_until(lambda: any(text in c for c in edge.quick_status()["interface"]["conflicts"]), 2, text)
        self.assertIn(text, edge.process.output())
        self.assertIn(f"conflict   {text}", edge.cli("status").stdout)
        check = self.namespace.run(find_program("hawserd"), "--config", edge.config_path, "--check")
        self.assertIn(f"warning: {text}", check.stderr)

    def test_the_inner_network_is_the_uplinks_network_and_its_router_has_the_hubs_address(self):
        self.network.edge.nats[0].ip(f"addr add {HUB_INNER_V4}/24 dev lan", f"addr add {HUB_INNER_V6}/64 dev lan")
        self.namespace.ip("addr add 10.90.0.5/24 dev wan1", "addr add fd90::5/64 dev wan1")
        edge = self.start()
        self.assert_named(edge, "the inner network 10.90.0.0/24 is the network of wan1, too: the tunnel takes it")
        before = edge.quick_status()["peers"][0]["counters"]["tx_packets"]
        for target in (HUB_INNER_V4, HUB_INNER_V6):
            self.assertEqual(self.device(target), "hawser0")
            self.assertEqual(ping(self.namespace, target)[0], 3)
        self.assertGreaterEqual(edge.quick_status()["peers"][0]["counters"]["tx_packets"], before + 6)
        self.namespace.ip("addr del 10.90.0.5/24 dev wan1", "addr del fd90::5/64 dev wan1")
        wait_until(lambda: edge.quick_status()["interface"]["conflicts"] == [], 12, "the conflict to end")
        self.assertEqual(ping(self.namespace, HUB_INNER_V4)[0], 3)
        wait_until(lambda: "10.90.0.0/25" not in self.namespace.run("ip", "route").stdout, 2, "the halves to go")

    def test_the_same_network_on_both_sides(self):
        edge = self.start(allowed_ips=("10.90.0.0/24", "192.168.1.0/24", "fd90::/64", "fd00:1::/64"))
        for network, host in (("192.168.1.0/24", "192.168.1.1"), ("fd00:1::/64", "fd00:1::1")):
            self.assert_named(edge, f"allowed_ips {network} is the network of wan1: wan1 keeps it")
            self.assertEqual(self.device(host), "wan1")
        self.assertEqual(ping(self.namespace, HUB_INNER_V4)[0], 3)
        self.namespace.ip("addr del 192.168.1.2/24 dev wan1")
        self.assertEqual(self.device("192.168.1.1"), "hawser0")

    def test_a_route_that_exists(self):
        self.namespace.ip("route add 10.77.0.0/16 via 192.168.1.1 dev wan1 metric 5",
                          "route add 10.78.0.0/16 via 192.168.1.1 dev wan1 metric 9899")
        edge = self.start(allowed_ips=("10.90.0.0/24", "10.77.0.0/16", "10.78.0.0/16"))
        self.assert_named(edge, "10.77.0.0/16 is a route of wan1 with metric 5, too: it comes before the tunnel's")
        missing = edge.quick_status()["interface"]["missing"]
        self.assertEqual(missing, [{"piece": "route 10.78.0.0/16 metric 9899",
                                    "reason": "a route of wan1 with the same metric was there first"}])
        self.assertEqual((self.device("10.77.0.1"), self.device("10.78.0.1")), ("wan1", "wan1"))
        self.namespace.ip("route del 10.78.0.0/16 dev wan1")
        wait_until(lambda: self.device("10.78.0.1") == "hawser0", 2, "the route to be added")

    def test_two_full_tunnels(self):
        first = self.start(allowed_ips=FULL)
        text = edge_config(index=2, allowed_ips=FULL, metric=9899).replace('"hawser0"', '"hawser1"')
        second = Daemon(self.lab, self.namespace, text, label="hawserd-second")
        reason = "a route of hawser0 with the same metric was there first"
        wait_until(lambda: [m["reason"] for m in second.quick_status()["interface"]["missing"]] == [reason] * 4, 2, reason)
        self.assertEqual(self.device(FAR[0]), "hawser0")
        first.stop()
        wait_until(lambda: self.device(FAR[0]) == "hawser1", 2, "the second tunnel to take over")
        second.stop()
        first = self.start_again(edge_config(allowed_ips=FULL))
        second = self.start_again(text.replace("metric = 9899", "metric = 50"), label="hawserd-third")
        wait_until(lambda: self.device(FAR[0]) == "hawser1", 2, "the lower metric to win")
        self.assertTrue(first.process.running() and second.process.running())

    def start_again(self, text, **options):
        return Daemon(self.lab, self.namespace, text, **options)


if __name__ == "__main__":
    unittest.main(verbosity=2)
