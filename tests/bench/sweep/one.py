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
import probes  # noqa: E402
import profiles  # noqa: E402
import subjects  # noqa: E402
import traffic  # noqa: E402
from lab.core import Lab  # noqa: E402
from lab.topology import HUB_V4  # noqa: E402
from lab.traffic import ping  # noqa: E402
from network import Changes, Network  # noqa: E402

TIME_LIMIT = 50
IDLE_SECONDS = 1.2


class Probes:
    """Pings and, if the plan wants it, telephony, until stop()."""

    def __init__(self, network, subject, direction, udp):
        self._pings = probes.Pings(network.edge, subject.hub_address, subject.ping_interface)
        ends = ((network.edge, network.hub, subject.hub_address) if direction == "up"
                else (network.hub, network.edge, subject.edge_address))
        self._telephony = probes.Telephony(*ends) if udp else None

    def stop(self):
        """Returns the samples of each probe."""
        samples = {"ping": self._pings.stop()}
        if self._telephony:
            samples["udp"] = self._telephony.stop(patience=0.1)
        return samples


def link_figures(before, after, seconds):
    """What one link did in each direction between two statuses of linkem."""
    result = {}
    for direction, side in (("down", "b2a"), ("up", "a2b")):
        change = {key: after[side][key] - before[side][key] for key in after[side]
                  if key in ("received", "sent_bytes", "marked", "overrun") or key.startswith("dropped")}
        change["mbps"] = round(change.pop("sent_bytes") * 8e-6 / seconds, 2)
        late = zip(after[side]["late"], before[side]["late"])
        change["late_ms"] = figures.lateness([now - then for now, then in late])
        result[direction] = change
    return result


def summary(result):
    series = result["series"]
    steady = figures.mean_rate(series)
    return {**result, "mbps": round(steady, 2), "ramp_seconds": figures.ramp_seconds(series, steady),
            "series": [round(rate, 1) for rate in series]}


def outage(samples, at):
    """What a probe felt of a link that died `at` seconds after the start."""
    return {"longest_gap_ms": probes.longest_gap(samples, at - 0.1, figures.END - 0.5),
            "first_answer_ms": probes.first_answer(samples, at),
            "after": figures.latency(figures.within(samples, at + 1, figures.END))}


def latencies(idle, loaded, profile):
    result = {}
    for name, samples in loaded.items():
        result[name] = {"idle": figures.latency([value for _, value in idle[name]]),
                        "loaded": figures.latency(figures.within(samples)),
                        "start": figures.latency(figures.within(samples, 0, figures.WARM_UP)),
                        "samples": [(round(at, 3), value and round(value, 2)) for at, value in samples]}
        if profile.blackhole:
            result[name]["outage"] = outage(samples, profile.blackhole.at)
    return result


def flows_of(network, subject, plan, folder):
    """Starts what fills the links: the measured flow, and the one beside it where the links share a bottleneck."""
    kind = traffic.Quic if plan["kind"] == "quic" else traffic.Tcp
    found = {"flow": kind(network.edge, network.hub, subject, plan["direction"], plan["flows"], folder)}
    if network.neighbour:
        found["beside"] = traffic.Tcp(network.neighbour, network.hub, subjects.Plain, plan["direction"], 1, folder,
                                      port=5202)
    return found


def measure(lab, profile, plan):
    network = Network(lab, profile)
    changes = Changes(network, profile, figures.END)
    for index, uplink in enumerate(network.uplinks):
        ping(network.edge, network.gateway(index), count=1, interface=uplink, wait=3)  # resolves addresses
    changes.prepare()
    subject = subjects.build(lab, network, profile, plan)
    udp = subject.device and (plan["udp"] or profile.udp)

    idle = Probes(network, subject, plan["direction"], udp)
    time.sleep(IDLE_SECONDS)
    idle = idle.stop()

    before, watch, begin = [link.status() for link in network.links], machine.Watch(), time.monotonic()
    flows = flows_of(network, subject, plan, lab.folder)
    changes.start()
    loaded = Probes(network, subject, plan["direction"], udp)
    time.sleep(max(0.0, begin + figures.END - time.monotonic()))
    changes.stop()
    named = {**subject.processes, **{label: pid for flow in flows.values() for label, pid in flow.processes.items()},
             **{f"link {number}": link.process.pid for number, link in enumerate(network.links, start=1)}}
    report, seconds = watch.report(named), time.monotonic() - begin
    links = [link_figures(old, link.status(), seconds) for old, link in zip(before, network.links)]
    loaded, status = loaded.stop(), subject.status()
    results = {name: {key: summary(value) for key, value in flow.finish().items()} for name, flow in flows.items()}
    return {**results.pop("flow"), **results, **latencies(idle, loaded, profile), "links": links, "machine": report,
            "status": status}


def main():
    plan = json.load(sys.stdin)
    profile = profiles.load(plan["file"])[plan["profile"]]
    with Lab(time_limit=TIME_LIMIT) as lab:
        result = measure(lab, profile, plan)
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
