"""When each uplink carries traffic, and how much: roles, live changes, caps and quotas, with the real daemons."""

import pathlib
import threading
import time
import unittest

from lab.core import Lab, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.topology import NatNetwork
from lab.traffic import UdpSink, UdpSource, goodput_mbps, iperf3


def with_settings(config, uplink, **settings):
    """Returns the configuration with additional lines for one uplink, e.g. role='"backup"'."""
    label = f'label = "{uplink}"\n'
    assert label in config
    return config.replace(label, label + "".join(f"{key} = {value}\n" for key, value in settings.items()))


class RolesCase(unittest.TestCase):
    """One network, one hub and one edge for all tests of a class; each test changes its settings while they run."""

    settings = {}  # of wan2

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=100))
        cls.network = NatNetwork(cls.lab)
        cls.edge, cls.hub = cls.network.edge.namespace, cls.network.hub
        cls.links = cls.network.edge.links
        cls.hub_daemon = Daemon(cls.lab, cls.hub, hub_config())
        cls.config = with_settings(edge_config(state_directory=f'"{cls.lab.folder}/state"'), "wan2", **cls.settings)
        cls.edge_daemon = Daemon(cls.lab, cls.edge, cls.config)
        cls.edge_daemon.wait_for_tunnel()
        wait_until(cls.both_paths_active, 5, "both paths to be active")

    @classmethod
    def paths(cls, daemon=None):
        """The paths of the only association, wan1's first (at the hub: by their NATs' addresses)."""
        associations = (daemon or cls.edge_daemon).status()["associations"]
        assert len(associations) == 1, associations
        return sorted(associations[0]["paths"], key=lambda path: path["label"] or path["remote"])

    @classmethod
    def both_paths_active(cls):
        return all([path["state"] for path in cls.paths(daemon)] == ["active"] * 2
                   for daemon in (cls.edge_daemon, cls.hub_daemon))

    def set(self, label, setting, value):
        """Changes a setting and waits until the hub has it; returns the previous value."""
        output = self.edge_daemon.cli("path", "set", label, setting, value).stdout
        before = output.split(" -> ")[0].removeprefix(f"{label}: {setting} ")
        self.assertEqual(output, f"{label}: {setting} {before} -> {value}\n")
        time.sleep(0.2)
        return before

    def set_for_this_test(self, label, setting, value):
        self.addCleanup(self.set, label, setting, self.set(label, setting, value))

    def reason(self, number):
        return self.paths()[number - 1]["reason"]

    def carried(self, transfer):
        """Returns the rates in Mbit/s over each link towards the edge and from it, while transfer() runs."""
        def counts():
            return [(link.status()["b2a"]["sent_bytes"], link.status()["a2b"]["sent_bytes"]) for link in self.links]

        before, begin = counts(), time.monotonic()
        transfer()
        took = time.monotonic() - begin
        return [tuple((new - old) * 8 / 1e6 / took for new, old in zip(*pair)) for pair in zip(counts(), before)]

    def both_ways(self, seconds=1):
        """Runs a TCP upload, then a download."""
        for reverse in (False, True):
            iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=seconds, reverse=reverse)


class Roles(RolesCase):
    settings = {"role": '"backup"'}

    def test_a_backup_carries_nothing_and_takes_over_within_a_second(self):
        self.assertEqual(self.reason(2), "backup: better paths work")
        idle = self.carried(self.both_ways)[1]
        self.assertLess(max(idle), 0.05, "Mbit/s over the backup")
        source, sink = UdpSource(self.edge, HUB_INNER_V4, 5400, mbps=5), UdpSink(self.hub, HUB_INNER_V4, 5400)
        try:
            time.sleep(1)
            cut = time.monotonic()
            self.links[0].blackhole(True)
            time.sleep(2)
        finally:
            self.links[0].blackhole(False)
            source.stop()
            sink.stop()
        after = [at for at, _ in sink.numbers if at > cut + 0.1]
        self.assertTrue(after, "nothing arrived after the cut")
        self.assertLess(max(later - earlier for earlier, later in zip([cut + 0.1, *after], after)), 1)
        wait_until(self.both_paths_active, 10, "the first path to be active again")

    def test_a_path_that_failed_reports_since_when(self):
        self.links[1].blackhole(True)
        try:
            self.set("wan2", "role", "always")
            source = UdpSource(self.edge, HUB_INNER_V4, 5400, mbps=5)
            reason = wait_until(lambda: "failed since " in self.reason(2) and self.reason(2), 10, "the path to fail")
            source.stop()
        finally:
            self.links[1].blackhole(False)
            self.set("wan2", "role", "backup")
        self.assertRegex(reason, r"failed since \d+ s")
        wait_until(self.both_paths_active, 10, "the second path to be active again")

    def test_never_carries_nothing_even_in_need_and_wrong_words_are_refused(self):
        self.set_for_this_test("wan2", "role", "never")
        self.assertEqual(self.paths(self.hub_daemon)[1]["role"], "never", "the hub has the new role")
        self.assertLess(max(self.carried(self.both_ways)[1]), 0.05)
        for words, expected in ((("lte", "role", "never"), "wan1, wan2"),
                                (("wan1", "role", "nevr"), '"backup" or "never"'),
                                (("wan1", "max_upload", "10"), "Mbit/s")):
            done = self.edge_daemon.cli("path", "set", *words, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(expected, done.stderr)

    def test_a_secondary_carries_what_the_first_has_no_room_for(self):
        self.set_for_this_test("wan2", "role", "secondary")

        def little():
            iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=1, udp_mbps=5)
        self.assertLess(self.carried(little)[1][1], 1, "5 Mbit/s fit the first")

        # Without a loss, the sender does not know the capacity of a path, and does not consider it full. A cap takes
        # effect sooner.
        self.set_for_this_test("wan1", "max_upload", "10 Mbit/s")

        def much():
            iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=2, flows=4)
        first, second = (up for _, up in self.carried(much))
        self.assertLess(first, 10.5)
        self.assertGreater(second, 5)

    def test_switching_roles_live_loses_no_packet(self):
        for to_edge in (False, True):
            with self.subTest(to_edge=to_edge):
                self.switch_under_traffic(to_edge)

    def switch_under_traffic(self, to_edge):
        sender, receiver, address = (self.hub, self.edge, inner_v4(1)) if to_edge else \
            (self.edge, self.hub, HUB_INNER_V4)
        # Slow enough that no queue is ever full: the switch causes every loss.
        tcp = threading.Thread(target=iperf3, args=(self.edge, self.hub, HUB_INNER_V4),
                               kwargs={"seconds": 4, "reverse": to_edge, "extra": ("-b", "10M")})
        sink = UdpSink(receiver, address, 5400)
        source = UdpSource(sender, address, 5400, mbps=5)
        tcp.start()
        before = [path["counters"]["data_chunks_sent"] for path in self.paths(self.hub_daemon if to_edge else None)]
        for first, second in (("backup", "always"), ("never", "always"), ("always", "backup"), ("secondary", "always"),
                              ("always", "never"), ("always", "backup")):
            self.set("wan2", "role", second)
            self.set("wan1", "role", first)
            time.sleep(0.2)
        tcp.join()
        self.set("wan1", "role", "always")
        source.stop()
        time.sleep(0.5)
        sink.stop()
        after = [path["counters"]["data_chunks_sent"] for path in self.paths(self.hub_daemon if to_edge else None)]
        self.assertGreater(min(new - old for new, old in zip(after, before)), 300, "both paths must have carried data")
        numbers = [number for _, number in sink.numbers]
        self.assertGreater(source.sent, 1000)
        self.assertEqual(sorted(numbers), list(range(source.sent)))


class Caps(RolesCase):
    settings = {"max_upload": '"10 Mbit/s"', "max_download": '"15 Mbit/s"'}

    def rates_of_second(self, reverse):
        def transfer():
            iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=3, flows=4, reverse=reverse)
        return [rates[0 if reverse else 1] for rates in self.carried(transfer)]

    def test_tcp_stays_within_both_caps_and_the_other_uplink_carries_the_rest(self):
        for reverse, cap in ((False, 10), (True, 15)):
            with self.subTest(reverse=reverse):
                first, second = self.rates_of_second(reverse)
                self.assertLess(second, cap * 1.05)
                self.assertGreater(second, cap * 0.5, "this includes the time that iperf3 takes to start and stop")
                self.assertGreater(first, 20)

    def test_a_cap_is_lifted_and_set_live(self):
        self.set_for_this_test("wan2", "max_upload", "none")
        self.assertGreater(self.rates_of_second(False)[1], 15)
        self.set_for_this_test("wan1", "max_upload", "5 Mbit/s")
        first, second = self.rates_of_second(False)
        self.assertLess(first, 5.25)
        self.assertGreater(second, 15)

    def test_status_names_the_caps(self):
        uplink = self.edge_daemon.status()["uplinks"][1]
        self.assertEqual((uplink["max_upload_mbps"], uplink["max_download_mbps"]), (10, 15))
        self.assertEqual([path["cap_mbps"] for path in self.paths(self.hub_daemon)], [0, 15])
        self.assertIn("max upload 10 Mbit/s", self.edge_daemon.cli("status").stdout)


class Quotas(RolesCase):
    settings = {"quota": '"3 MB"', "over_quota": '"backup"'}

    def quota(self, daemon):
        return daemon.status()["uplinks"][1]["quota"]

    def test_a_used_up_quota_makes_the_uplink_a_backup_and_is_remembered_over_a_crash(self):
        self.assertFalse(self.quota(self.edge_daemon)["over"])
        iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=2)
        wait_until(lambda: self.quota(self.edge_daemon)["over"], 3, "the quota to be used up")
        counted = self.quota(self.edge_daemon)
        link = self.links[1].status()
        self.assertEqual(self.edge_daemon.status()["uplinks"][1]["role"], "backup")
        self.assertEqual(self.reason(2), "over quota: better paths work")
        self.assertLess(max(self.carried(self.both_ways)[1]), 0.05)
        seen = link["a2b"]["received_bytes"] + link["b2a"]["sent_bytes"]
        # The link also counts Ethernet headers, pings and neighbour discovery.
        self.assertAlmostEqual(counted["used"] / seen, 1, delta=0.05)
        self.assertRegex(counted["reset"], r"\d{4}-\d\d-01")
        self.assertIn("used up, reset date", self.edge_daemon.cli("status").stdout)
        self.edge_daemon.process.signal(9)
        self.edge_daemon.process.wait(5)
        again = Daemon(self.lab, self.edge, self.config)
        self.assertGreaterEqual(self.quota(again)["used"], counted["used"] * 0.98)
        self.assertTrue(self.quota(again)["over"])
        again.stop()
        damaged = next(pathlib.Path(self.lab.folder, "state").glob("*.quota.json"))
        damaged.write_text(damaged.read_text()[:40])
        third = Daemon(self.lab, self.edge, self.config)
        self.assertIn("quota.json: damaged, kept as", third.process.output())
        self.assertTrue(damaged.with_name(damaged.name + ".damaged").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
