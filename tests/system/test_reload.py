"""SIGHUP: peers come, go and change while the daemons run, and nobody else notices."""

import signal
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4, public_key
from lab.topology import NatNetwork
from lab.traffic import ping


def without_peer(config, name):
    head, *peers = config.split("[[peer]]")
    return "[[peer]]".join([head, *(peer for peer in peers if f'name = "{name}"' not in peer)])


class Reload(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=60))
        self.network = NatNetwork(self.lab, edges=2)
        self.hub = Daemon(self.lab, self.network.hub, hub_config(edges=2))
        self.text = self.hub.config_path.read_text()
        self.edges = [Daemon(self.lab, edge.namespace, edge_config(index=edge.index)) for edge in self.network.edges]
        for edge in self.edges:
            edge.wait_for_tunnel()

    def reload(self, text, answer):
        """Replaces the hub's file, sends SIGHUP, and waits for these words in its log."""
        before = self.hub.process.output()
        self.hub.config_path.write_text(text)
        self.hub.process.signal(signal.SIGHUP)
        wait_until(lambda: answer in self.hub.process.output()[len(before):], 5, f"{answer!r} in the hub's log")

    def association(self, name):
        """The id of the hub's association with this peer, or None."""
        return next((each["id"] for each in self.hub.status()["associations"] if each["peer"] == name), None)

    def test_a_removed_peer_is_out_at_once_and_back_when_it_is_added_while_the_other_loses_no_packet(self):
        other = self.association("edge1")
        pings = self.network.edges[0].namespace.start("ping", "-n", "-O", "-i", 0.2, HUB_INNER_V4)
        self.reload(without_peer(self.text, "edge2"), "reloaded: peer edge2 removed")
        wait_until(lambda: self.association("edge2") is None, 1, "the association to end")
        self.assertEqual([peer["name"] for peer in self.hub.status()["peers"]], ["edge1"])
        self.assertEqual(ping(self.edges[1].namespace, HUB_INNER_V4, count=20, interval=0.1, wait=1)[0], 0)
        wait_until(lambda: self.hub.status()["drops"]["engine"].get("handshake_failed", 0) > 0, 10,
                   "the key to be refused")

        self.reload(self.text, "reloaded: peer edge2 added")
        self.edges[1].wait_for_tunnel()
        self.assertEqual(self.association("edge1"), other)
        pings.signal(signal.SIGINT)
        pings.wait(5)
        self.assertGreater(pings.output().count(" bytes from "), 10)
        self.assertNotIn("no answer yet", pings.output())

    def test_allowed_ips_change_without_a_new_association(self):
        both = [self.association("edge1"), self.association("edge2")]
        inner = inner_v4(1)
        self.reload(self.text.replace(f"{inner}/32", "10.90.0.99/32"), "reloaded: peer edge1 changed")
        self.assertEqual(ping(self.edges[0].namespace, HUB_INNER_V4, count=3, interval=0.1, wait=1)[0], 0)
        self.reload(self.text, "reloaded: peer edge1 changed")
        self.assertEqual(ping(self.edges[0].namespace, HUB_INNER_V4)[0], 3)
        self.assertEqual([self.association("edge1"), self.association("edge2")], both)

    def test_a_file_with_a_mistake_changes_nothing_and_what_needs_a_restart_is_named(self):
        both = [self.association("edge1"), self.association("edge2")]
        self.reload(without_peer(self.text, "edge2") + "nonsense = 1\n", "not reloaded: ")
        self.assertIn("peer.nonsense: unknown key", self.hub.process.output())
        self.reload(self.text.replace("[interface]\n", "[interface]\nqueue_bytes = 100000\n", 1),
                    "[interface] differs, restart hawserd to apply it")
        self.hub.config_path.chmod(0o666)
        self.reload(without_peer(self.text, "edge2"), "other users may change the file")
        self.assertEqual([self.association("edge1"), self.association("edge2")], both)

    def test_an_edge_follows_another_key_of_its_hub(self):
        edge = self.edges[0]
        text = edge.config_path.read_text()
        edge.config_path.write_text(text.replace(public_key("hub"), public_key("another")))
        edge.process.signal(signal.SIGHUP)
        wait_until(lambda: edge.status()["peers"][0]["state"] != "up", 5, "the tunnel to end")
        edge.config_path.write_text(text)
        edge.process.signal(signal.SIGHUP)
        edge.wait_for_tunnel()


if __name__ == "__main__":
    unittest.main(verbosity=2)
