"""One measurement: reads its plan from standard input as JSON, and writes its figures to standard output.

A process of its own, so that run.py can bound it in time and end it together with all that it has started.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "system"))

import figures  # noqa: E402
import machine  # noqa: E402
import profiles  # noqa: E402
from lab.core import Lab, wait_until  # noqa: E402
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config  # noqa: E402
from lab.topology import HUB_V4  # noqa: E402
from lab.traffic import ping  # noqa: E402
from network import Network  # noqa: E402
from traffic import Flow, Pings  # noqa: E402

TIME_LIMIT = 50
IDLE_SECONDS = 1.2


class Hawser:
    """A new hub and a new edge with some of the uplinks."""

    address = HUB_INNER_V4
    prefix = ()
    ping_interface = None

    def __init__(self, lab, network, uplinks, settings):
        self._daemons = {"hub": Daemon(lab, network.hub, hub_config(**settings)),
                         "edge": Daemon(lab, network.edge, edge_config(uplinks, **settings))}
        self._daemons["edge"].wait_for_tunnel()
        wait_until(lambda: all(self._active(daemon) == len(uplinks) for daemon in self._daemons.values()), 10,
                   "every path to be active", interval=0.1)

    @staticmethod
    def _active(daemon):
        return sum(path["state"] == "active" for association in daemon.quick_status()["associations"]
                   for path in association["paths"])

    @property
    def processes(self):
        return {f"hawserd {name}": daemon.process.pid for name, daemon in self._daemons.items()}

    def status(self):
        return {name: daemon.quick_status() for name, daemon in self._daemons.items()}


class WithoutTunnel:
    """The kernel's TCP, or its multipath TCP over all links."""

    address = HUB_V4
    processes = {}

    def __init__(self, network, multipath):
        self.ping_interface = network.uplinks[0]
        self.prefix = ("mptcpize", "run") if multipath else ()
        if multipath:
            for end in (network.edge, network.hub):
                end.sysctl(net__mptcp__enabled=1)
                end.run("ip", "mptcp", "limits", "set", "subflows", 8, "add_addr_accepted", 8)
            for number, uplink in enumerate(network.uplinks[1:], start=2):
                network.edge.run("ip", "mptcp", "endpoint", "add", f"192.168.{number}.2", "dev", uplink, "subflow")

    @staticmethod
    def status():
        return None


def use_only(network, index):
    """Makes one uplink the default route."""
    network.edge.ip(f"route replace default via 192.168.{index + 1}.1 dev {network.uplinks[index]} metric 1")


def build(lab, network, profile, plan):
    """Returns what is to be measured."""
    rival, best = plan["rival"], profile.best_link("up" if plan["direction"] == "up" else "down")
    if rival == "hawser":
        return Hawser(lab, network, network.uplinks, plan["settings"])
    if rival == "single":
        return Hawser(lab, network, [network.uplinks[best]], plan["settings"])
    if rival.startswith("link"):
        return Hawser(lab, network, [network.uplinks[int(rival[4:]) - 1]], plan["settings"])
    if rival == "plain":
        use_only(network, best)
    return WithoutTunnel(network, multipath=rival == "mptcp")


def link_figures(before, after, seconds):
    """What one link did in each direction between two statuses of linkem."""
    result = {}
    for direction, side in (("down", "b2a"), ("up", "a2b")):
        change = {key: after[side][key] - before[side][key] for key in after[side]
                  if key in ("received", "sent_bytes", "overrun") or key.startswith("dropped")}
        change["mbps"] = round(change.pop("sent_bytes") * 8e-6 / seconds, 2)
        result[direction] = change
    return result


def summary(series):
    steady = figures.mean_rate(series)
    return {"mbps": round(steady, 2), "ramp_seconds": figures.ramp_seconds(series, steady),
            "series": [round(rate, 1) for rate in series]}


def measure(lab, profile, plan):
    network = Network(lab, profile)
    for uplink in network.uplinks:
        ping(network.edge, HUB_V4, count=1, interface=uplink, wait=3)  # resolves addresses
    subject = build(lab, network, profile, plan)

    pings = Pings(network.edge, subject.address, subject.ping_interface)
    time.sleep(IDLE_SECONDS)
    idle = pings.stop()

    links_before, watch, begin = [link.status() for link in network.links], machine.Watch(), time.monotonic()
    pings = Pings(network.edge, subject.address, subject.ping_interface)
    flow = Flow(network.edge, network.hub, subject.address, plan["direction"], plan["flows"], prefix=subject.prefix)
    named = {**subject.processes, **flow.processes,
             **{f"link {number}": link.process.pid for number, link in enumerate(network.links, start=1)}}
    time.sleep(figures.END)
    seconds, report = time.monotonic() - begin, watch.report(named)
    links = [link_figures(before, link.status(), seconds) for before, link in zip(links_before, network.links)]
    loaded, status = pings.stop(), subject.status()
    result = flow.finish()
    for figures_of_direction in result.values():
        figures_of_direction.update(summary(figures_of_direction["series"]))
    return {**result, "ping": {"idle": figures.latency([value for _, value in idle]),
                               "loaded": figures.latency(figures.within(loaded)), "samples": loaded},
            "links": links, "machine": report, "status": status}


def main():
    plan = json.load(sys.stdin)
    profile = profiles.load(plan["file"])[plan["profile"]]
    with Lab(time_limit=TIME_LIMIT) as lab:
        result = measure(lab, profile, plan)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
