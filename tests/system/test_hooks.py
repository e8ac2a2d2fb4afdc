"""Hooks of real daemons: their events and facts for a start, a failed uplink, a rebinding NAT and the end."""

import subprocess
import unittest

from lab.core import Lab, find_program, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, private_key_file, public_key
from lab.links import LinkSpec
from lab.topology import HUB_V4, NatNetwork
from lab.traffic import ping


class HookLog:
    """A hook that writes each event with its environment to a file."""

    def __init__(self, lab, name):
        self._log = lab.folder / f"{name}.log"
        self.program = lab.folder / f"{name}.sh"
        # One write per event: a reader sees the whole event or nothing.
        self.program.write_text(f'#!/bin/sh\ntext=$(env | grep ^HAWSER_ | sort)\nprintf "%s\\n\\n" "$text" >> {self._log}\n')
        self.program.chmod(0o755)

    def config(self):
        return f'\n[hooks]\ncommand = "{self.program}"\n'

    def events(self):
        """Returns a dictionary of facts, without the prefix HAWSER_, for each event in order."""
        text = self._log.read_text() if self._log.exists() else ""
        return [dict(line.removeprefix("HAWSER_").split("=", 1) for line in block.splitlines())
                for block in text.split("\n\n") if block]

    def names(self):
        return [event["EVENT"] for event in self.events()]

    def wait_for(self, count, timeout=10):
        wait_until(lambda: len(self.events()) >= count, timeout, f"{count} events; there are {self.names()}")
        return self.events()


class Hooks(unittest.TestCase):
    def test_the_facts_of_a_start_a_cut_uplink_a_rebinding_and_the_end(self):
        with Lab(time_limit=60) as lab:
            network = NatNetwork(lab, specs=(LinkSpec(delay=5), LinkSpec(delay=5)))
            edge = network.edge.namespace
            at_hub, at_edge = HookLog(lab, "hub"), HookLog(lab, "edge")
            Daemon(lab, network.hub, hub_config() + at_hub.config())
            daemon = Daemon(lab, edge, edge_config() + at_edge.config())
            daemon.wait_for_tunnel()
            self.check_start(at_edge.wait_for(3), at_hub.wait_for(3))
            self.check_cut_uplink(network, edge, at_edge)
            self.check_rebinding(network, edge, at_hub)
            self.assertEqual(daemon.status()["hooks"]["failed"], 0)
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(at_edge.names()[-3:], ["path-down", "path-down", "tunnel-down"])
            wait_until(lambda: at_hub.names()[-1] == "tunnel-down", 5, "the hub's hook to see the end")

    def check_start(self, edge_events, hub_events):
        self.assertEqual([event["EVENT"] for event in edge_events], ["tunnel-up", "path-up", "path-up"])
        up = edge_events[0]
        self.assertEqual((up["INTERFACE"], up["PEER"], up["PEER_KEY"]), ("hawser0", "hub", public_key("hub")))
        self.assertEqual(sorted((event["PATH_LABEL"], event["PATH_INTERFACE"], event["REMOTE"])
                                for event in edge_events[1:]),
                         [(wan, wan, f"{HUB_V4}:9899") for wan in ("wan1", "wan2")])
        self.assertEqual((hub_events[0]["EVENT"], hub_events[0]["PEER"]), ("tunnel-up", "edge1"))
        self.assertEqual(sorted(event["REMOTE"].rpartition(":")[0] for event in hub_events[1:]),
                         ["203.0.113.101", "203.0.113.102"])

    def check_cut_uplink(self, network, edge, at_edge):
        network.edge.links[1].blackhole(True)
        ping(edge, HUB_INNER_V4, count=10, interval=0.1, wait=1)
        events = at_edge.wait_for(4)
        self.assertEqual((events[3]["EVENT"], events[3]["PATH_LABEL"]), ("path-down", "wan2"))
        network.edge.links[1].blackhole(False)
        events = at_edge.wait_for(5)
        self.assertEqual((events[4]["EVENT"], events[4]["PATH_LABEL"]), ("path-up", "wan2"))

    def check_rebinding(self, network, edge, at_hub):
        before = len(at_hub.events())
        # A NAT that loses its address drops its mappings; later packets get another port.
        network.edge.nats[0].ip("addr del 203.0.113.101/24 dev wan", "addr add 203.0.113.101/24 dev wan")

        def moved():
            ping(edge, HUB_INNER_V4, count=2, interval=0.1, wait=1)
            return next((event for event in at_hub.events()[before:] if event["EVENT"] == "path-moved"), None)

        event = wait_until(moved, 10, "the hub's hook to see the path move")
        self.assertNotEqual(event["REMOTE"], event["OLD_REMOTE"])
        for end in ("REMOTE", "OLD_REMOTE"):
            self.assertEqual(event[end].rpartition(":")[0], "203.0.113.101")
        self.assertEqual(event["PEER"], "edge1")

    def test_a_program_that_others_may_change_is_refused(self):
        with Lab(time_limit=20) as lab:
            hook = HookLog(lab, "open")
            hook.program.chmod(0o777)
            path = lab.folder / "open.toml"
            path.write_text(edge_config() + hook.config())
            done = subprocess.run([find_program("hawserd"), "--config", path, "--check"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"hooks.command: {hook.program}: other users may change the file (mode 0777)", done.stderr)
            self.assertNotIn(private_key_file("edge1"), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
