"""The demonstration behind tests/demo.sh: two NATed uplinks bonded into one association, all measured in one run."""

import argparse
import concurrent.futures
import contextlib
import json
import sys
import time

from lab.core import Lab, LabError
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.links import LinkSpec
from lab.sniffer import Sniffer, joining_of_second_path
from lab.topology import HUB_V4, DirectNetwork, NatNetwork
from lab.traffic import TimedTransfer, UdpSource, goodput_mbps, iperf3, ping

LINK = LinkSpec(rate=50, delay=20, queue=625_000)
OUTAGE_SECONDS, RECOVERY_SECONDS = 4, 6
FLOOR_RATIO, FLOOR_RTTS, FLOOR_GAP_MS, FLOOR_CPU_MBPS = 0.95, 2.5, 1000, 800


class BrokenAssociation(Exception):
    """The association ended although it had to survive."""


class Demo:
    """Runs the experiments one after the other and collects the figures."""

    def __init__(self):
        self.figures = {}
        self._begin = time.monotonic()

    def report(self, text):
        print(f"[{time.monotonic() - self._begin:5.1f} s] {text}", flush=True)

    def run(self):
        with Lab(time_limit=170) as lab:
            self._emulated(lab)
        for key, offloads in (("cpu_bound_mbps", True), ("cpu_bound_mtu_sized_mbps", False)):
            with Lab(time_limit=60) as lab:
                self._cpu_bound(lab, key, offloads)
        self.figures["measuring_seconds"] = round(time.monotonic() - self._begin, 1)

    def _emulated(self, lab):
        self.report("edge - two uplinks of 50 Mbit/s, 20 ms one way, 100 ms queue - two NATs - hub with one address")
        self.network = NatNetwork(lab, (LINK, LINK))
        self.edge, self.hub = self.network.edge.namespace, self.network.hub
        for interface in self.network.edge.interfaces:
            ping(self.edge, HUB_V4, count=1, interface=interface)
        _, self.rtt_ms = ping(self.edge, HUB_V4, count=5, interface="wan2")
        self.figures["link_rtt_ms"] = self.rtt_ms
        self.report(f"round trip of an idle uplink: {self.rtt_ms:.1f} ms")
        self.hub_daemon = Daemon(lab, self.hub, hub_config())
        self._singles(lab)
        for flows in (1, 4):
            self._bonded(lab, flows)
        with self._flooded_edge(lab) as edge_daemon:
            self._outages(edge_daemon)
        self._check_links()

    def _singles(self, lab):
        self.figures["single_mbps"] = []
        for uplink in self.network.edge.interfaces:
            daemon = Daemon(lab, self.edge, edge_config([uplink]))
            daemon.wait_for_tunnel()
            mbps = self._download(flows=1, seconds=6)
            daemon.stop()
            self.figures["single_mbps"].append(round(mbps, 2))
            self.report(f"{uplink} alone, one TCP flow through the tunnel: {mbps:.1f} Mbit/s")

    def _download(self, flows, seconds):
        return goodput_mbps(iperf3(self.edge, self.hub, HUB_INNER_V4, seconds=seconds, flows=flows, reverse=True,
                                   omit=2))

    @contextlib.contextmanager
    def _flooded_edge(self, lab):
        """Starts the edge with both uplinks. Datagrams queue on both sides while it starts, so that the second path
        gets data as soon as it may carry any; the sniffer's record at the edge gives the time until it joined."""
        sources = [UdpSource(self.hub, inner_v4(1), 7, mbps=60), UdpSource(self.edge, HUB_INNER_V4, 7, mbps=60)]
        sniffer = Sniffer(self.edge, self.network.edge.interfaces)
        try:
            daemon = Daemon(lab, self.edge, edge_config(self.network.edge.interfaces))
            asconf, data = joining_of_second_path(sniffer, timeout=10)
        finally:
            for source in sources:
                source.stop()
            sniffer.stop()
        if asconf is None or data is None:
            raise BrokenAssociation(f"the second path never joined: ASCONF {asconf}, data {data}")
        rtts = (data.time - asconf.time) * 1000 / self.rtt_ms
        self.figures["second_path_rtts"] = round(rtts, 2)
        direction = "sent" if data.outgoing else "received"
        self.report(f"second path ({asconf.interface}): first data {direction} {rtts:.2f} round trips after the ASCONF")
        daemon.wait_for_tunnel()
        time.sleep(1)  # datagrams still queued in the links would distort the next figure
        yield daemon
        daemon.stop()

    def _bonded(self, lab, flows):
        """A transfer through a tunnel that has just started and has carried nothing yet, with a ping beside it."""
        daemon = Daemon(lab, self.edge, edge_config(self.network.edge.interfaces))
        daemon.wait_for_tunnel()
        _, idle = ping(self.edge, HUB_INNER_V4, count=5)
        with concurrent.futures.ThreadPoolExecutor(1) as background:
            loaded = background.submit(ping, self.edge, HUB_INNER_V4, count=40)
            before = [link.status()["b2a"]["sent_bytes"] for link in self.network.edge.links]
            begin = time.monotonic()
            mbps = self._download(flows, seconds=8)
            seconds = time.monotonic() - begin
            shares = [(link.status()["b2a"]["sent_bytes"] - old) * 8e-6 / seconds
                      for link, old in zip(self.network.edge.links, before)]
        ratio = mbps / sum(self.figures["single_mbps"])
        self.figures[f"bonded_{flows}_mbps"] = round(mbps, 2)
        self.figures[f"ratio_{flows}"] = round(ratio, 3)
        self.figures[f"ping_{flows}_ms"] = [round(idle, 1), round(loaded.result()[1], 1)]
        self.report(f"bonded, {flows} flow{'s' * (flows > 1)} from a cold start: {mbps:.1f} Mbit/s = {ratio:.0%} of the "
                    f"sum; on the links {' + '.join(f'{share:.1f}' for share in shares)}; ping {idle:.0f} ms idle, "
                    f"{loaded.result()[1]:.0f} ms meanwhile")
        daemon.stop()

    def _outages(self, edge_daemon):
        """One bonded transfer, during which each uplink in turn silently fails and returns."""
        before = _identity_of_association(edge_daemon)
        transfer = TimedTransfer(self.hub, self.edge, inner_v4(1))
        time.sleep(3)
        cuts, returns = [], []
        for uplink, link in zip(self.network.edge.interfaces, self.network.edge.links):
            cut = time.monotonic()
            link.blackhole(True)
            self.report(f"{uplink} drops everything from now on")
            self._narrate(transfer, OUTAGE_SECONDS)
            back = time.monotonic()
            link.blackhole(False)
            self.report(f"{uplink} is back")
            used_again = self._narrate(transfer, RECOVERY_SECONDS, watch=link)
            end = time.monotonic()
            cuts.append(round(transfer.longest_gap(cut, back) * 1000))
            returns.append(round(transfer.longest_gap(back, end) * 1000))
            self.report(f"longest gap: {cuts[-1]} ms after the cut, {returns[-1]} ms after the return; "
                     + (f"{uplink} carries traffic again after {used_again:.1f} s" if used_again else
                        f"{uplink} had not carried half of its rate again within {RECOVERY_SECONDS} s"))
            self.figures.setdefault("used_again_s", []).append(used_again and round(used_again, 1))
        try:
            transfer.stop()
        except OSError as error:
            raise BrokenAssociation(f"the TCP connection inside broke: {error}") from error
        self.figures.update(blackhole_gap_ms=max(cuts), return_gap_ms=max(returns), blackhole_gaps_ms=cuts,
                            return_gaps_ms=returns)
        after = _identity_of_association(edge_daemon)
        if after["id"] != before["id"] or after["messages_received"] < before["messages_received"]:
            raise BrokenAssociation(f"the association was replaced during the outages: {before} became {after}")

    def _narrate(self, transfer, seconds, watch=None):
        """Prints the rates of the transfer and of the links each second; returns the time at which `watch` first
        reached half its rate."""
        begin = time.monotonic()
        old = [link.status()["b2a"]["sent_bytes"] for link in self.network.edge.links]
        used_again, tick, line_at, line_old = None, 0.25, begin, old
        for step in range(1, int(seconds / tick) + 1):
            time.sleep(max(0, begin + step * tick - time.monotonic()))
            now = time.monotonic()
            new = [link.status()["b2a"]["sent_bytes"] for link in self.network.edge.links]
            if watch and not used_again:
                index = self.network.edge.links.index(watch)
                if (new[index] - old[index]) * 8e-6 / tick > watch.spec.rate / 2:
                    used_again = now - begin
            old = new
            if step % 4 == 0:
                rates = [(n - o) * 8e-6 / (now - line_at) for n, o in zip(new, line_old)]
                self.report(f"    transfer {transfer.mbps(line_at, now):5.1f} Mbit/s; links "
                         + ", ".join(f"{rate:5.1f}" for rate in rates))
                line_at, line_old = now, new
        return used_again

    def _check_links(self):
        """Reports packets that the link emulator dropped for lack of processor time: they distort the results."""
        for link in self.network.edge.links:
            for direction in link.status().values():
                if direction["overrun"] or direction["dropped_send"] or direction["dropped_oversize"]:
                    self.report(f"caution: the link emulator itself dropped packets: {direction}")

    def _cpu_bound(self, lab, key, offloads):
        network = DirectNetwork(lab, offloads)
        hub = Daemon(lab, network.hub, hub_config())
        edge = Daemon(lab, network.edge, edge_config(["wan1"]))
        edge.wait_for_tunnel()
        busy = -hub.process.cpu_seconds() - edge.process.cpu_seconds()
        mbps = goodput_mbps(iperf3(network.edge, network.hub, HUB_INNER_V4, seconds=6, reverse=True, omit=1))
        busy += hub.process.cpu_seconds() + edge.process.cpu_seconds()
        self.figures[key] = round(mbps, 1)
        self.report(f"plain veth{'' if offloads else ' without offloads'}, MTU 1500, one TCP flow: {mbps:.0f} Mbit/s; "
                 f"the daemons used {busy / 7:.2f} processors")
        edge.stop()
        hub.stop()


def _identity_of_association(daemon):
    associations = daemon.status()["associations"]
    if len(associations) != 1:
        raise BrokenAssociation(f"{len(associations)} associations instead of one: {associations}")
    return {key: associations[0][key] for key in ("id", "state", "messages_received")}


def print_table(figures):
    singles = figures["single_mbps"]
    rows = [
        ("each uplink alone", f"{singles[0]:.1f} + {singles[1]:.1f} = {sum(singles):.1f} Mbit/s", None, ""),
        ("bonded, 1 TCP flow", f"{figures['bonded_1_mbps']:.1f} Mbit/s = {figures['ratio_1']:.1%}",
         figures["ratio_1"] >= FLOOR_RATIO, "at least 95 % of the sum"),
        ("bonded, 4 TCP flows", f"{figures['bonded_4_mbps']:.1f} Mbit/s = {figures['ratio_4']:.1%}", None, ""),
        ("ping idle, beside 1 and 4 flows", "{0[0]:.0f}, {0[1]:.0f} and {1[1]:.0f} ms".format(
            figures["ping_1_ms"], figures["ping_4_ms"]), None, ""),
        ("second path carries data", f"{figures['second_path_rtts']:.2f} RTT after its ASCONF",
         figures["second_path_rtts"] <= FLOOR_RTTS, "at most 2.5 RTT"),
        ("gap when an uplink is blackholed", f"{figures['blackhole_gap_ms']} ms",
         figures["blackhole_gap_ms"] < FLOOR_GAP_MS, "below 1000 ms"),
        ("gap when it comes back", f"{figures['return_gap_ms']} ms", None, ""),
        ("association", "never broke", True, "never breaks"),
        ("processor-bound, 1 TCP flow", f"{figures['cpu_bound_mbps']:.0f} Mbit/s",
         figures["cpu_bound_mbps"] >= FLOOR_CPU_MBPS, "at least 800 Mbit/s on two cores"),
        ("the same, every packet MTU-sized", f"{figures['cpu_bound_mtu_sized_mbps']:.0f} Mbit/s", None, ""),
    ]
    print()
    for name, value, met, floor in rows:
        verdict = "" if met is None else f"{'met   ' if met else 'MISSED'}  floor: {floor}"
        print(f"  {name:<33} {value:<34} {verdict}".rstrip())
    print()


def main():
    parser = argparse.ArgumentParser(prog="demo.sh", description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="also write the figures as JSON")
    options = parser.parse_args()
    demo = Demo()
    try:
        demo.run()
        print_table(demo.figures)
        return 0
    except (LabError, OSError, BrokenAssociation) as error:
        what = "the association broke" if isinstance(error, BrokenAssociation) else "failed"
        print(f"demo: {what}: {error}", file=sys.stderr)
        return 1
    finally:
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:
                json.dump(demo.figures, file, indent=2)
                file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
