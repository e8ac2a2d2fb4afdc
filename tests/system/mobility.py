"""Measures how the tunnel handles changes and failures of uplinks: each case several times, median and worst.

    sudo HAWSER_BUILD_DIR=$PWD/build/release python3 tests/system/mobility.py [--runs 10] [--json FILE] [CASE...]

It produces the figures of docs/mobility.md.
"""

import argparse
import contextlib
import json
import signal
import statistics
import sys
import time

from lab.core import Lab, LabError, wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.impairments import Tunnel, expire_mappings_after, forget_mappings, freeze, repeatedly
from lab.mobility import (MobileEdge, measure_address_change, measure_recreate, measure_replug, measure_route_return,
                          measure_rule)
from lab.topology import CarrierNatNetwork, NatNetwork
from lab.traffic import goodput_mbps, iperf3, ping


class Figure:
    """One quantity over all runs, with an optional bound."""

    def __init__(self, name, unit, floor=None, ceiling=None):
        self.name, self.unit, self.floor, self.ceiling = name, unit, floor, ceiling
        self.values = []

    def add(self, value):
        self.values.append(value)

    @property
    def worst(self):
        return min(self.values) if self.floor is not None else max(self.values)

    def line(self):
        bound = (f"at least {self.floor:g}" if self.floor is not None else f"at most {self.ceiling:g}"
                 if self.ceiling is not None else "")
        met = ("" if not bound else "met" if (self.worst >= self.floor if self.floor is not None else
                                              self.worst <= self.ceiling) else "MISSED")
        return (f"  {self.name:<58} median {statistics.median(self.values):>8.3g}  worst {self.worst:>8.3g} {self.unit:<5}"
                f" {bound:<16} {met}").rstrip()


def tunnel_in(lab, network=NatNetwork):
    return Tunnel(lab, network(lab))


def transfer_during(tunnel, seconds, download, impair):
    """Returns goodput and longest gap of one TCP transfer while `impair` acts."""
    transfer = tunnel.transfer(download)
    try:
        time.sleep(1.5)
        begin = time.monotonic()
        with impair():
            time.sleep(seconds)
        end = time.monotonic()
        gap = transfer.longest_gap(begin, end)
        return transfer.mbps(begin, end), gap
    finally:
        transfer.stop()


# --- NATs


def carrier_nat(runs):
    """Both uplinks behind one public address of a carrier-grade NAT: the bond, relative to the sum of the uplinks."""
    ratio = Figure("one CGNAT address: bond / sum of the uplinks", "", floor=0.85)
    paths = Figure("one CGNAT address: paths", "", floor=2)
    with Lab() as lab:
        network = CarrierNatNetwork(lab)
        hub = Daemon(lab, network.hub, hub_config())
        singles = [_single(lab, network, uplink) for uplink in ("wan1", "wan2")]
        edge = Daemon(lab, network.edge.namespace, edge_config())
        edge.wait_for_tunnel()
        for _ in range(runs):
            wait_until(lambda: len(hub.status()["associations"][0]["paths"]) == 2, 10, "two paths at the hub")
            bond = goodput_mbps(iperf3(network.edge.namespace, network.hub, HUB_INNER_V4, seconds=5, omit=2, reverse=True))
            ratio.add(bond / sum(singles))
            active = [p["remote"] for p in hub.status()["associations"][0]["paths"] if p["state"] == "active"]
            assert len({remote.rpartition(":")[0] for remote in active}) == 1, active
            paths.add(len(set(active)))
    return [paths, ratio]


def _single(lab, network, uplink):
    daemon = Daemon(lab, network.edge.namespace, edge_config([uplink]))
    daemon.wait_for_tunnel()
    mbps = goodput_mbps(iperf3(network.edge.namespace, network.hub, HUB_INNER_V4, seconds=5, omit=2, reverse=True))
    daemon.stop()
    return mbps


def rebinding(runs):
    """Both NATs lose every mapping every 5 s under load: the transfer continues in the same association."""
    gap = Figure("NAT rebinds every 5 s: longest gap of a transfer", "s", ceiling=1)
    lost = Figure("NAT rebinds every 5 s: lost of 100 datagrams/s", "", ceiling=0)
    doubled = Figure("NAT rebinds every 5 s: duplicates", "", ceiling=0)
    with Lab() as lab:
        tunnel = tunnel_in(lab)
        before = tunnel.identity()
        nats = [lambda nat=nat: forget_mappings(nat) for nat in tunnel.network.edge.nats]
        for run in range(runs):
            source, sink = tunnel.telephony()
            _, longest = transfer_during(tunnel, 15, run % 2 == 0, lambda: repeatedly(2.5, *nats))
            source.stop()
            time.sleep(2)
            sink.stop()
            numbers = [number for _, number in sink.numbers]
            gap.add(longest)
            lost.add(source.sent - len(set(numbers)))
            doubled.add(len(numbers) - len(set(numbers)))
        assert tunnel.identity() == before, "the association was replaced"
    return [gap, lost, doubled]


def expiry(runs):
    """NATs whose UDP mappings expire after 30 s of silence: after 75 s of silence, the hub still reaches the edge."""
    answered = Figure("NAT expires after 30 s: pings answered of 5 after 75 s idle", "", floor=5)
    first = Figure("NAT expires after 30 s: round trip of a ping after the pause", "ms", ceiling=100)
    with contextlib.ExitStack() as stack:
        labs = [stack.enter_context(Lab()) for _ in range(min(runs, 10))]
        tunnels = []
        for lab in labs:
            network = NatNetwork(lab)
            for nat in network.edge.nats:
                expire_mappings_after(nat, 30)
            tunnels.append(Tunnel(lab, network))
        time.sleep(75)
        for tunnel in tunnels:
            count, rtt = ping(tunnel.hub, inner_v4(1), count=5)
            answered.add(count)
            first.add(rtt or 1e9)
    return [answered, first]


# --- links


def blackhole(runs):
    """One of two uplinks silently drops everything during one TCP transfer; then it returns."""
    gap = Figure("silent blackhole: gap of a transfer", "ms", ceiling=300)
    back = Figure("silent blackhole: uplink carries data again after", "s", ceiling=1)
    # The datagrams in flight during 120 ms, the delay of the link with a full queue; half of them on the dead uplink.
    lost = Figure("silent blackhole: lost of 100 datagrams/s", "", ceiling=6)
    with Lab() as lab:
        tunnel = tunnel_in(lab)
        for run in range(runs):
            link = tunnel.network.edge.links[run % 2]
            source, sink = tunnel.telephony()
            transfer = tunnel.transfer(download=run % 4 < 2)
            time.sleep(2 + run * 0.037)
            cut = time.monotonic()
            link.blackhole(True)
            time.sleep(3)
            restored = time.monotonic()
            gap.add(transfer.longest_gap(cut, restored) * 1000)
            direction = "b2a" if run % 4 < 2 else "a2b"
            sent = link.status()[direction]["sent_bytes"]
            link.blackhole(False)
            # Probes alone send less than 0.1 s at a tenth of the rate.
            wait_until(lambda: link.status()[direction]["sent_bytes"] - sent > 0.1 * link.spec.rate * 1e6 / 80, 10,
                       "the uplink to carry data again", interval=0.01)
            back.add(time.monotonic() - restored)
            transfer.stop()
            source.stop()
            time.sleep(1)
            sink.stop()
            lost.add(source.sent - len({number for _, number in sink.numbers}))
            tunnel.wait_until_active()
    return [gap, back, lost]


def _alone(lab, network):
    """Returns, by download or not, the goodput of a transfer over uplink 1 alone, measured as with both uplinks."""
    tunnel = Tunnel(lab, network, uplinks=("wan1",))
    alone = {download: statistics.median(transfer_during(tunnel, 4, download, contextlib.nullcontext)[0] for _ in range(3))
             for download in (True, False)}
    tunnel.edge_daemon.stop()
    tunnel.hub_daemon.stop()
    return alone


def _impaired(runs, name, impair, seconds=12, network=NatNetwork):
    """Goodput with uplink 2 impaired, relative to that of uplink 1 alone in the same laboratory."""
    ratio = Figure(f"{name}: goodput / good uplink alone", "", floor=0.9)
    with Lab() as lab:
        network = network(lab)
        alone = _alone(lab, network)
        tunnel = Tunnel(lab, network)
        for run in range(runs):
            download = run % 2 == 0
            mbps, _ = transfer_during(tunnel, seconds, download, lambda: impair(network.edge.links[1]))
            ratio.add(mbps / alone[download])
            tunnel.wait_until_active(60)
    return [ratio]


@contextlib.contextmanager
def _set(link, direction="both", undo=None, **parameters):
    link.set(direction, **parameters)
    try:
        yield
    finally:
        link.set(direction, **undo)


def one_way_down(runs):
    """Uplink 2 drops all packets from the hub."""
    return _impaired(runs, "blackhole downwards only",
                     lambda link: _set(link, "b2a", {"blackhole": False}, blackhole=True))


def one_way_up(runs):
    """Uplink 2 drops all packets to the hub."""
    return _impaired(runs, "blackhole upwards only",
                     lambda link: _set(link, "a2b", {"blackhole": False}, blackhole=True))


def lossy(runs):
    """Uplink 2 loses 60 % of all packets."""
    return _impaired(runs, "60 % loss", lambda link: _set(link, "both", {"loss": 0}, loss=60))


def frozen(runs):
    """Uplink 2 stops for 2 s every 6 s."""
    return _impaired(runs, "2 s freeze", lambda link: repeatedly(4, lambda: freeze(link, 2)))


@contextlib.contextmanager
def _flapping(link):
    try:
        with repeatedly(3, lambda: link.blackhole(True), lambda: link.blackhole(False)):
            yield
    finally:
        link.blackhole(False)


def flapping(runs):
    """Uplink 2 fails and returns every 3 s."""
    return _impaired(runs, "flapping every 3 s", _flapping)


def path_mtu(runs):
    """The MTU of both uplinks drops from 1500 to 1280 during a transfer, with ICMP filtered; one tunnel per run."""
    gap = Figure("MTU drops from 1500 to 1280: gap of a transfer", "s", ceiling=2)
    for run in range(runs):
        with Lab() as lab:
            tunnel = tunnel_in(lab)
            time.sleep(1)  # for the search of the PMTU
            transfer = tunnel.transfer(download=run % 2 == 0)
            time.sleep(2 + run * 0.037)
            dropped = time.monotonic()
            for number in (1, 2):
                tunnel.network.edge.set_path_mtu(number, 1280)
            time.sleep(4)
            gap.add(transfer.longest_gap(dropped, time.monotonic()))
            transfer.stop()
    return [gap]


# --- changing uplinks


def changes(runs):
    """A modem is replugged, renamed, or gets another address or route: seconds from being usable to carrying data."""
    figures = []
    with Lab() as lab:
        mobile = MobileEdge(lab)
        mobile.plug()
        mobile.configure()
        mobile.start_edge()
        for name, measure in (("interface deleted and made again", measure_recreate),
                              ("modem replugged with another name", measure_replug),
                              ("address changed", measure_address_change),
                              ("default route removed and restored", measure_route_return),
                              ("route by a rule", measure_rule)):
            figure = Figure(f"{name}: in use after", "s", ceiling=1)
            for _ in range(runs):
                figure.add(measure(mobile))
            figures.append(figure)
    return figures


# --- long outages


def _absence(runs, name, leave, come_back, seconds):
    """Runs many laboratories at the same time, as each of them only waits: one TCP connection before and after."""
    resumed = Figure(f"{name}: transfer goes on after", "s", ceiling=1)
    same = Figure(f"{name}: same association", "", floor=1)
    with contextlib.ExitStack() as stack:
        tunnels, transfers, identities = [], [], []
        for _ in range(min(runs, 10)):
            lab = stack.enter_context(Lab())
            tunnels.append(Tunnel(lab, NatNetwork(lab)))
            identities.append(tunnels[-1].identity())
            transfers.append(tunnels[-1].transfer())
            time.sleep(1)
            leave(tunnels[-1])
        time.sleep(seconds)
        for tunnel, transfer, identity in zip(tunnels, transfers, identities):
            count, begin = len(transfer.arrivals), time.monotonic()
            come_back(tunnel)
            wait_until(lambda: len(transfer.arrivals) > count, 60, "the transfer to go on")
            resumed.add(transfer.arrivals[count][0] - begin)
            same.add(tunnel.identity() == identity)
            transfer.stop()
    return [resumed, same]


def _both(on):
    return lambda tunnel: [link.blackhole(on) for link in tunnel.network.edge.links]


def all_out(runs, seconds=600):
    """All links fail for 10 minutes."""
    return _absence(runs, f"all links out for {seconds} s", _both(True), _both(False), seconds)


def suspended(runs, seconds=600):
    """The edge's daemon is suspended for 10 minutes."""
    return _absence(runs, f"edge suspended for {seconds} s",
                    lambda tunnel: tunnel.edge_daemon.process.signal(signal.SIGSTOP),
                    lambda tunnel: tunnel.edge_daemon.process.signal(signal.SIGCONT), seconds)


CASES = {case.__name__.replace("_", "-"): case for case in (
    carrier_nat, rebinding, expiry, blackhole, one_way_down, one_way_up, lossy, frozen, flapping, path_mtu, changes, all_out,
    suspended)}


def main():
    parser = argparse.ArgumentParser(prog="mobility.py", description=__doc__.splitlines()[0],
                                     epilog="cases: " + ", ".join(CASES))
    parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all of them")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--json", metavar="FILE", help="also write every value as JSON")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    figures, failed = {}, False
    for name in options.cases or CASES:
        print(f"{name}: {CASES[name].__doc__}", flush=True)
        try:
            for figure in CASES[name](options.runs):
                print(figure.line(), flush=True)
                figures[figure.name] = figure.values
        except (LabError, OSError, AssertionError) as error:
            failed = True
            print(f"  failed: {error}", file=sys.stderr, flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
