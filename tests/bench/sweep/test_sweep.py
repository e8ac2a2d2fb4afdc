"""Tests of the pure parts of the sweep, and of its profiles."""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "system")]

import figures  # noqa: E402
import probes  # noqa: E402
import profiles  # noqa: E402
import run  # noqa: E402
import table  # noqa: E402


def a_run(mbps=50.0, ping=30.0, **machine):
    late = {"overrun": 0, "dropped_send": 0, "dropped_oversize": 0, "late_ms": 0.25}
    summary = figures.latency([ping] * 9 + [2 * ping])
    return {"down": {"mbps": mbps, "ramp_seconds": 0.5}, "ping": {"idle": figures.latency([10]), "loaded": summary},
            "links": [{"down": dict(late), "up": dict(late)}], "machine": {"foreign": 0, "stolen": 0, **machine}}


def a_row(runs, **changes):
    row = {"profile": "x", "rival": "hawser", "direction": "down", "flows": 1, "kind": "tcp",
           "target": None, "payload": {"down": 100, "up": 10}, "runs": runs, **changes}
    return {**row, "medians": {one: table.medians(runs, one) for one in table.directions_of(row)}}


class Figures(unittest.TestCase):
    def test_a_percentile_is_a_value_that_occurred(self):
        values = list(range(1, 101))
        self.assertEqual([figures.percentile(values, share) for share in (0.5, 0.99, 1, 0)], [50, 99, 100, 1])
        self.assertEqual(figures.percentile([7], 0.99), 7)
        self.assertIsNone(figures.percentile([], 0.5))

    def test_a_median_ignores_what_is_unknown(self):
        self.assertEqual(figures.median([1, None, 9, 5]), 5)
        self.assertIsNone(figures.median([None]))

    def test_resampling_keeps_the_bytes_and_fills_gaps_with_nothing(self):
        series = figures.resample([(0, 0.25, 2500), (0.9, 1.0, 1000)], 1)
        self.assertEqual(len(series), 10)
        for rate, wanted in zip(series, [0.08, 0.08, 0.04] + [0] * 6 + [0.08]):
            self.assertAlmostEqual(rate, wanted)
        self.assertAlmostEqual(sum(figures.resample([(9.95, 10.35, 4000)], 10)) * 0.1 / 8e-6, 500)

    def test_the_mean_rate_leaves_the_start_out(self):
        self.assertEqual(figures.mean_rate([100.0] * 20 + [10.0] * 80), 10)

    def test_the_ramp_ends_when_the_rate_stays_high_not_at_the_first_burst(self):
        burst_then_steady = [0.0, 150, 0, 0, 0, 0, 0, 0] + [100.0] * 92
        self.assertEqual(figures.ramp_seconds(burst_then_steady, 100), 0.7)
        self.assertEqual(figures.ramp_seconds([100.0] * 100, 100), 0)
        self.assertIsNone(figures.ramp_seconds([10.0] * 100, 100))
        self.assertIsNone(figures.ramp_seconds([0.0] * 100, 0))

    def test_latency_counts_the_lost_ones_apart(self):
        self.assertEqual(figures.latency([10, None, 30, 20]),
                         {"p50": 20, "p99": 30, "max": 30, "sent": 4, "lost": 1, "lost_percent": 25})
        self.assertEqual(figures.latency([])["p50"], None)

    def test_lateness_is_the_limit_of_the_class(self):
        self.assertEqual(figures.lateness([99, 1, 0, 0]), 0.125)
        self.assertEqual(figures.lateness([90, 0, 10, 0]), 0.5)
        self.assertEqual(figures.lateness([0, 0, 0, 1]), float("inf"))
        self.assertIsNone(figures.lateness([0, 0]))

    def test_counters_of_an_interface_give_payload(self):
        points = [(0, 1000, 10), (0.1, 15000, 20), (0.2, 15010, 21)]
        self.assertEqual(figures.goodput_of_counters(points, 72), [(0, 0.1, 13280), (0.1, 0.2, 0)])


class Probes(unittest.TestCase):
    OUTPUT = """PING 10.90.0.1 (10.90.0.1) 56(84) bytes of data.
[100.050000] 64 bytes from 10.90.0.1: icmp_seq=1 ttl=64 time=50.0 ms
[100.340000] 64 bytes from 10.90.0.1: icmp_seq=3 ttl=64 time=140 ms
[100.350000] 64 bytes from 10.90.0.1: icmp_seq=3 ttl=64 time=150 ms (DUP!)

--- 10.90.0.1 ping statistics ---
5 packets transmitted, 2 received, +1 duplicates, 60% packet loss, time 400ms
"""

    def test_pings_know_their_time_and_what_was_lost_between(self):
        self.assertEqual(probes.parse_pings(self.OUTPUT, 0.1), [(0.0, 50.0), (0.1, None), (0.2, 140.0)])

    def test_pings_without_any_answer_are_all_lost(self):
        lost = probes.parse_pings("3 packets transmitted, 0 received, 100% packet loss", 0.1)
        self.assertEqual([value for _, value in lost], [None] * 3)

    def test_an_outage_has_a_gap_and_an_end(self):
        samples = [(at / 10, None if 50 <= at < 53 else 20.0) for at in range(100)]
        self.assertAlmostEqual(probes.longest_gap(samples, 4.9, 9.5), 400)
        self.assertAlmostEqual(probes.first_answer(samples, 5.0), 320)
        self.assertIsNone(probes.first_answer(samples, 12.0))


class Profiles(unittest.TestCase):
    def read(self, **settings):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"queue_ms": 100, "profiles": {"x": settings}}, file)
            file.flush()
            return profiles.load(file.name)["x"]

    def test_a_queue_holds_a_tenth_of_a_second_or_one_round_trip(self):
        near, far, own = self.read(links=[{"rate": 50, "delay": 20}, {"rate": 50, "delay": 160},
                                          {"rate": 50, "delay": 160, "queue_ms": 10}]).links
        self.assertEqual([link.down.queue_bytes() for link in (near, far, own)], [625_000, 2_000_000, 62_500])

    def test_a_direction_may_differ(self):
        (link,) = self.read(links=[{"rate": 8, "delay": 15, "up": {"rate": 0.7, "queue_ms": 1000}}]).links
        self.assertEqual((link.down.rate, link.down.queue_ms, link.up.rate, link.up.queue_ms, link.up.delay),
                         (8, 100, 0.7, 1000, 15))

    def test_a_policer_and_a_bottleneck_limit_the_sum(self):
        policed = self.read(links=[{"rate": 100, "delay": 1, "police": 3}, {"rate": 6, "delay": 1}])
        self.assertEqual((policed.total("down"), policed.best_link("down")), (9, 1))
        shared = self.read(links=[{"rate": 100, "delay": 1}] * 2, bottleneck={"rate": 50, "delay": 1})
        self.assertEqual(shared.total("up"), 50)

    def test_varying_rates_are_the_same_each_time_and_their_mean_counts(self):
        varying = self.read(links=[{"rate": 1, "delay": 1}] * 2, varying={"every": 2, "low": 5, "high": 60, "seed": 1})
        steps = varying.varying.schedule(2, 10)
        self.assertEqual(steps, varying.varying.schedule(2, 10))
        self.assertEqual([at for at, _ in steps], [0, 2, 4, 6, 8, 10])
        self.assertTrue(all(5 <= rate <= 60 for _, rates in steps for rate in rates))
        self.assertAlmostEqual(varying.total("down"), sum(sum(rates) for _, rates in steps[1:5]) / 4)

    def test_mistakes_are_named(self):
        for settings, word in (({"links": [{"rate": 1}]}, "delay"),
                               ({"links": [{"rate": 1, "delay": 1, "lost": 2}]}, "lost"),
                               ({"links": [{"rate": 1, "delay": 1}], "best": 2}, "best"), ({}, "links"),
                               ({"links": [{"rate": 1, "delay": 1}], "blackhole": {"link": 3, "at": 1}}, "blackhole")):
            with self.assertRaisesRegex(profiles.ProfileError, word):
                self.read(**settings)

    def test_every_profile_of_the_file_is_valid_and_can_be_chosen(self):
        known = profiles.load()
        self.assertGreater(len(known), 35)
        self.assertEqual([each.name for each in profiles.choose(known, "all")], list(known))
        self.assertEqual([each.name for each in profiles.choose(known, "rtt_40,50_50")], ["rtt_40", "50_50"])
        with self.assertRaisesRegex(profiles.ProfileError, "no profile 50_51"):
            profiles.choose(known, "50_50,50_51")


class Table(unittest.TestCase):
    def test_a_row_shows_medians_and_the_share_of_the_payload(self):
        text = table.markdown([a_row([a_run(60), a_run(50, ping=40), a_run(90)])])
        self.assertIn("### down, 1 TCP flow\n", text)
        self.assertIn("| x | hawser | 60.0 | 60 % |  | 50.0 … 90.0 | 0.5 | 10 | **30** | **60** |  | 3 |", text)

    def test_only_what_misses_its_target_is_bold(self):
        good, bad = a_run(60, ping=24), a_run(30, ping=26)
        bad["down"]["ramp_seconds"] = 1.6
        self.assertNotIn("**", table.markdown([a_row([good], target=60), a_row([good], rival="single")]))
        self.assertIn("| 30.0 | **30 %** | **50 %** |  | **1.6** | 10 | **26** | **52** |  | 1 |",
                      table.markdown([a_row([bad], target=60), a_row([good], rival="single")]))
        self.assertNotIn("**", table.markdown([a_row([bad], rival="mptcp", target=60)]))

    def test_rows_with_more_than_a_flow_show_it(self):
        run = a_run(30)
        run["udp"] = {**run["ping"], "outage": {"longest_gap_ms": 250.0, "first_answer_ms": 9.0}}
        run["ping"]["outage"] = {"longest_gap_ms": 400.0, "first_answer_ms": 80.0, "after": figures.latency([20])}
        run["beside"] = {"down": {"mbps": 10.0}}
        self.assertIn("UDP 10.0 idle, **30.0** loaded, 99 % **60.0**, lost 0.00 %; TCP outside 10.0, share 75 %; "
                      "link dies: UDP gap **250** ms, ping answers after 80 ms, then 20 ms",
                      table.markdown([a_row([run])]))

    def test_failed_and_disturbed_runs_are_shown(self):
        text = table.markdown([a_row([a_run(), a_run(foreign=30), {"failure": "no"}])])
        self.assertIn("| 3, 1 failed, 1 disturbed |", text)

    def test_a_row_of_failures_only_has_no_figures(self):
        self.assertIn("| x | hawser | – | – |", table.markdown([a_row([{"failure": "no"}] * 2)]))

    def test_both_directions_have_a_line_each(self):
        both = {**a_run(50), "up": {"mbps": 5, "ramp_seconds": None}}
        text = table.markdown([a_row([both], direction="both")])
        self.assertIn("hawser down | 50.0 | 50 %", text)
        self.assertIn("hawser up | 5.0 | 50 %", text)

    def test_each_disturbance_is_noticed(self):
        self.assertEqual(table.disturbances(a_run()), [])
        self.assertEqual(table.disturbances(a_run(stolen=6)), ["stolen 6 %"])
        for key, value in (("overrun", 1), ("dropped_send", 1), ("dropped_oversize", 1), ("late_ms", 4)):
            disturbed = a_run()
            disturbed["links"][0]["up"][key] = value
            self.assertEqual(len(table.disturbances(disturbed)), 1, key)


class Choice(unittest.TestCase):
    def test_each_rival_is_measured_beside_the_tunnel(self):
        profile = profiles.load()["four"]
        self.assertEqual(run.contestants(["each", "mptcp"], profile, "tcp"),
                         ["hawser", "link1", "link2", "link3", "link4", "mptcp"])
        self.assertEqual(run.contestants(["none"], profile, "tcp"), ["hawser"])
        self.assertEqual(run.contestants(["single", "mptcp", "plain"], profile, "quic"), ["hawser", "single"])

    def test_a_process_that_ignores_the_signal_is_ended_with_its_children(self):
        child = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait"], stdout=subprocess.PIPE,
                                 start_new_session=True)
        grandchild = int(child.stdout.readline())
        begin = time.monotonic()
        run.end_group(child, patience=0.3)
        self.assertGreater(time.monotonic() - begin, 0.3)
        self.assertLess(time.monotonic() - begin, 3)
        self.assertEqual(child.returncode, -signal.SIGKILL)
        child.stdout.close()
        state = pathlib.Path(f"/proc/{grandchild}/stat")
        self.assertTrue(not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z")


if __name__ == "__main__":
    unittest.main(verbosity=2)
