"""Uplinks whose MTU drops during a transfer, behind routers that send no ICMP messages."""

import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import Daemon, edge_config, hub_config, inner_v4
from lab.topology import NatNetwork
from lab.traffic import TimedTransfer

IPV4_HEADERS = 28


class PathMtu(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=60))
        self.network = NatNetwork(self.lab)
        self.hub_daemon = Daemon(self.lab, self.network.hub, hub_config())
        self.edge_daemon = Daemon(self.lab, self.network.edge.namespace, edge_config())
        self.edge_daemon.wait_for_tunnel()

    def mtus(self, daemon):
        """The MTUs of the daemon's active paths, as IP packets."""
        (association,) = daemon.status()["associations"]
        return sorted(path["mtu"] + IPV4_HEADERS for path in association["paths"] if path["state"] == "active")

    def wait_for_mtus(self, *mtus):
        for daemon in (self.edge_daemon, self.hub_daemon):
            wait_until(lambda: self.mtus(daemon) == sorted(mtus), 5, f"paths of {mtus} bytes", interval=0.1)

    def test_a_transfer_survives_the_silent_drop_of_the_mtu_of_one_uplink_and_of_both(self):
        self.wait_for_mtus(1500, 1500)
        before = self.edge_daemon.status()["associations"][0]["id"]
        transfer = TimedTransfer(self.network.hub, self.network.edge.namespace, inner_v4(1))
        time.sleep(2)
        for number in (1, 2):
            dropped = time.monotonic()
            self.network.edge.set_path_mtu(number, 1280)
            time.sleep(5)
            gap = transfer.longest_gap(dropped, time.monotonic())
            print(f"MTU of {number} of 2 uplinks dropped: longest gap {gap * 1000:.0f} ms")
            self.assertLess(gap, 2)
            self.assertGreater(transfer.mbps(time.monotonic() - 2, time.monotonic()), 20)
            hub_mtus = self.mtus(self.hub_daemon)
            self.assertEqual(hub_mtus, [1280, 1500] if number == 1 else [1280, 1280])
        transfer.stop()
        self.assertEqual(self.edge_daemon.status()["associations"][0]["id"], before, "the association was replaced")


if __name__ == "__main__":
    unittest.main(verbosity=2)
