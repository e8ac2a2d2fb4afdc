"""A port that something between the ends drops for good, as a stale NAT mapping or a limit per flow does: the tunnel
moves to another source port."""

import contextlib
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.impairments import expire_mappings_after
from lab.links import LinkSpec
from lab.mobility import active_paths, labels
from lab.topology import NatNetwork
from lab.traffic import UdpSource, ping

# The router sees the translated port behind its NAT on the way out, and before it on the way in.
DROP = {
    "up": "chain up {{ type filter hook postrouting priority 200; oifname \"wan\" udp sport {port} drop; }}",
    "down": "chain down {{ type filter hook prerouting priority -300; iifname \"wan\" udp dport {port} drop; }}",
}
LIMIT = 3  # seconds
NO_PORT = "the line or the peer may be down, or the carrier's NAT may have no port free"


class DeadPort(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=100))
        cls.network = NatNetwork(cls.lab, specs=(LinkSpec(rate=4, delay=5, queue=60_000),) * 2)
        cls.edge = cls.network.edge.namespace
        cls.hub = Daemon(cls.lab, cls.network.hub, hub_config())

    def setUp(self):
        self.daemon = None

    def tearDown(self):
        if self.daemon:
            self.daemon.process.stop()

    def start(self, uplinks):
        if self.daemon:
            self.daemon.process.stop()
        daemon = self.daemon = Daemon(self.lab, self.edge, edge_config(uplinks, allowed_ips=("10.90.0.0/24",)))
        wait_until(lambda: len(active_paths(daemon)) == len(uplinks), 5, "every path")
        wait_until(lambda: len(active_paths(self.hub)) == len(uplinks), 5, "every path at the hub")
        return daemon

    def mapped_port(self):
        """The port of the first uplink that its router shows to the hub."""
        (path,) = [path for path in active_paths(self.hub) if path["remote"].startswith("203.0.113.101:")]
        return int(path["remote"].rsplit(":", 1)[1])

    def kill_port(self, directions, port):
        nat = self.network.edge.nats[0]
        rules = "\n".join(DROP[direction].format(port=port) for direction in directions)
        nat.run("nft", "-f", "-", input=f"table inet dead{port} {{\n{rules}\n}}\n")
        self.addCleanup(nat.run, "nft", "delete", "table", "inet", f"dead{port}")

    def own_port(self, daemon, label="wan1"):
        ports = [s["local"].rsplit(":", 1)[1] for s in daemon.quick_status()["sockets"] if s["label"] == label]
        return ports[0] if len(ports) == 1 else None

    def works_at_another_port(self, daemon, port):
        seen = [path["remote"] for path in active_paths(self.hub) if path["remote"].startswith("203.0.113.101:")]
        return "wan1" in labels(daemon) and any(remote != f"203.0.113.101:{port}" for remote in seen)

    def check(self, uplinks, directions, times=1):
        daemon = self.start(uplinks)
        association = [a["id"] for a in daemon.status()["associations"]]
        load = self.load(len(uplinks))
        for _ in range(times):
            port, own = self.mapped_port(), self.own_port(daemon)
            self.kill_port(directions, port)
            began = time.monotonic()
            wait_until(lambda: self.works_at_another_port(daemon, port), 20, "the uplink to be back at another port")
            took = time.monotonic() - began
            print(f"\n    {len(uplinks)} uplinks, {'+'.join(directions)}: {took:.2f} s ", end="", flush=True)
            self.assertLess(took, LIMIT)
            wait_until(lambda: ping(self.edge, HUB_INNER_V4, count=1, wait=1)[0] == 1, 2, "an answer")
            wait_until(lambda: self.own_port(daemon) not in (None, own), 5, "the socket at the dead port to be closed")
        load.close()
        self.assertEqual(ping(self.edge, HUB_INNER_V4, count=3, wait=1)[0], 3)
        self.assertEqual([a["id"] for a in daemon.status()["associations"]], association, "kept its association")
        return daemon

    def load(self, uplinks):
        """Traffic that makes every path notice silence soon: with two uplinks, more than one carries."""
        stack = self.enterContext(contextlib.ExitStack())
        if uplinks == 1:
            stack.callback(self.edge.start("ping", "-n", "-q", "-i", "0.1", HUB_INNER_V4).stop)
        else:
            stack.callback(UdpSource(self.edge, HUB_INNER_V4, 7, mbps=6).stop)
            stack.callback(UdpSource(self.network.hub, inner_v4(1), 7, mbps=6).stop)
        return stack

    def test_one_uplink(self):
        for directions in (["up", "down"], ["up"], ["down"]):
            with self.subTest(directions=directions):
                self.check(["wan1"], directions)

    def test_two_uplinks(self):
        for directions in (["up", "down"], ["up"], ["down"]):
            with self.subTest(directions=directions):
                self.check(["wan1", "wan2"], directions)

    def test_again_and_again(self):
        self.check(["wan1"], ["up", "down"], times=3)

    def test_a_connection_attempt_takes_another_port_too(self):
        daemon = self.start(["wan1"])
        port, own = self.mapped_port(), self.own_port(daemon)
        self.kill_port(["up", "down"], port)
        self.hub.process.signal(9)
        self.hub.process.wait(5)
        time.sleep(0.5)
        type(self).hub = Daemon(self.lab, self.network.hub, hub_config())
        pings = self.edge.start("ping", "-n", "-q", "-i", "0.1", HUB_INNER_V4)
        self.addCleanup(pings.stop)
        began = time.monotonic()
        wait_until(lambda: active_paths(daemon) and self.own_port(daemon) not in (None, own), 20, "a new association")
        print(f"\n    new association: {time.monotonic() - began:.2f} s ", end="", flush=True)
        self.assertLess(time.monotonic() - began, LIMIT)
        self.assertEqual(ping(self.edge, HUB_INNER_V4, count=3, wait=1)[0], 3)

    def test_the_port_that_works_is_kept_when_the_interface_comes_back(self):
        daemon = self.check(["wan1"], ["up", "down"])
        own = self.own_port(daemon)
        self.edge.ip("link set wan1 name away")
        wait_until(lambda: daemon.status()["uplinks"][0]["reason"] != "", 3, "the uplink to be gone")
        self.edge.ip("link set away name wan1", "link set wan1 up", "addr replace 192.168.1.2/24 dev wan1",
                     "route replace default via 192.168.1.1 dev wan1 metric 100")
        wait_until(lambda: labels(daemon) == {"wan1"}, 5, "the path")
        self.assertEqual(wait_until(lambda: self.own_port(daemon), 5, "a single socket"), own)


class FewPorts(unittest.TestCase):
    """A carrier that gives a subscriber a block of ports, and keeps a mapping for a while after its last packet. Each
    address of the uplink takes one."""

    PORTS = 4
    EXPIRY = 6  # seconds
    RULES = f"""
flush chain inet nat post
add rule inet nat post oifname "wan" meta l4proto udp snat ip to 203.0.113.101:40000-{40000 + PORTS - 1}
"""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.network = NatNetwork(cls.lab, specs=(LinkSpec(delay=5),))
        cls.edge, cls.nat = cls.network.edge.namespace, cls.network.edge.nats[0]
        cls.nat.run("nft", "-f", "-", input=cls.RULES)
        expire_mappings_after(cls.nat, cls.EXPIRY)
        cls.hub = Daemon(cls.lab, cls.network.hub, hub_config())
        cls.daemon = Daemon(cls.lab, cls.edge, edge_config(["wan1"], allowed_ips=("10.90.0.0/24",)))

    def mappings(self):
        return int(self.nat.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count").stdout)

    def change_address(self, host):
        self.edge.ip("addr flush dev wan1 to 192.168.1.0/24", f"addr add 192.168.1.{host}/24 dev wan1",
                     "route replace default via 192.168.1.1 dev wan1 metric 100")

    def seen(self):
        """The ports at which the hub has the edge's active paths."""
        return {path["remote"] for path in active_paths(self.hub)} if active_paths(self.daemon) else set()

    def alive(self):
        return any(path["state"] == "active" and "moving" not in path["reason"] for path in self.paths())

    def paths(self):
        return [path for each in self.daemon.quick_status()["associations"] for path in each["paths"]]

    def reasons(self):
        return [path["reason"] for path in self.paths()]

    def works(self):
        return ping(self.edge, HUB_INNER_V4, count=1, wait=1)[0] == 1

    def run_out_of_ports(self):
        """Changes the address until the carrier has no port for it. Returns when the first mapping fell idle."""
        before, idle = self.seen(), None
        for host in range(10, 40):
            self.change_address(host)
            changed = time.monotonic()
            while time.monotonic() < changed + 0.8:
                if seen := self.seen() - before:
                    before, idle = seen, idle or time.monotonic()
                    break
                time.sleep(0.02)
            else:
                return idle
        self.fail("the carrier always had a port")

    def test_the_reason_is_shown_and_the_first_free_port_is_used(self):
        wait_until(self.works, 5, "the tunnel")
        idle = self.run_out_of_ports()
        self.assertGreaterEqual(self.mappings(), self.PORTS)
        wait_until(lambda: any(NO_PORT in reason for reason in self.reasons()), 4, "the reason in the status")
        self.assertIn(NO_PORT, self.daemon.cli("status").stdout)
        self.assertEqual(self.daemon.process.output().count(f"no answer over wan1 from any port: {NO_PORT}"), 1)
        wait_until(self.alive, self.EXPIRY + 5, "the path")
        took = time.monotonic() - idle
        print(f"\n    {took:.2f} s after the first mapping fell idle, which lasts {self.EXPIRY} s ", end="", flush=True)
        self.assertLess(took, self.EXPIRY + 1)
        wait_until(lambda: not any(NO_PORT in reason for reason in self.reasons()), 2, "the reason to be gone")
        wait_until(self.works, 2, "an answer")


if __name__ == "__main__":
    unittest.main(verbosity=2)
