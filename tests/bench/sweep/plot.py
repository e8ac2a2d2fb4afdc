#!/usr/bin/env python3
"""Draws the figures of a sweep as SVG, for the documents. Needs python3-matplotlib.

  tests/bench/sweep/plot.py DIR/sweep.json --out docs/figures

bars-DIRECTION-FLOWS-KIND.svg shows the rate of each profile beside its rivals, as a share of what the headers leave of
the sum of the links; latency-….svg the pings; series-PROFILE-….svg the rate over time of one run (the middle one).
"""

import argparse
import json
import pathlib
import statistics
import sys

import figures
import table

NAMES = {"hawser": "Hawser, all links", "single": "Hawser, best link", "mptcp": "kernel MPTCP, no tunnel",
         "plain": "TCP, best link, no tunnel"}
COLOURS = {"hawser": "#1f5f8b", "single": "#9bb8cc", "mptcp": "#c8553d", "plain": "#e0b0a4"}


def name_of(rival):
    return NAMES.get(rival, f"Hawser, {rival}")


def groups(rows):
    """{(direction, flows, kind): {profile: {rival: row}}}, in the order of the file."""
    found = {}
    for row in rows:
        key = (row["direction"], row["flows"], row["kind"])
        found.setdefault(key, {}).setdefault(row["profile"], {})[row["rival"]] = row
    return found


def middle_run(row, direction):
    """The run whose rate is the (lower) median; None when all failed."""
    good = [run for run in row["runs"] if "failure" not in run]
    if not good:
        return None
    middle = statistics.median_low(run[direction]["mbps"] for run in good)
    return next(run for run in good if run[direction]["mbps"] == middle)


def shares(profiles, rival, direction):
    """The rate of a rival in each profile, in percent of what the headers leave of the sum; None where it is
    unknown."""
    found = []
    for by_rival in profiles.values():
        row = by_rival.get(rival)
        rate = row and row["medians"][direction]["mbps"]
        found.append(100 * rate / row["payload"][direction] if rate is not None else None)
    return found


class Painter:
    def __init__(self, folder):
        import matplotlib
        matplotlib.use("svg")
        # Reproducible files: no date, no random identifiers. Text stays text.
        matplotlib.rcParams.update({"svg.hashsalt": "hawser", "svg.fonttype": "none", "font.size": 9,
                                    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False})
        from matplotlib import pyplot
        self._pyplot, self._folder = pyplot, folder
        folder.mkdir(parents=True, exist_ok=True)

    def _save(self, figure, name):
        figure.savefig(self._folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")
        self._pyplot.close(figure)
        print(self._folder / f"{name}.svg")

    def bars(self, profiles, direction, name):
        rivals = list(dict.fromkeys(rival for by_rival in profiles.values() for rival in by_rival))
        height = 0.8 / len(rivals)
        figure, axes = self._pyplot.subplots(figsize=(7, 0.6 + 0.19 * len(rivals) * len(profiles)))
        for place, rival in enumerate(rivals):
            positions = [index + place * height for index in range(len(profiles))]
            axes.barh(positions, [share or 0 for share in shares(profiles, rival, direction)], height=height,
                      label=name_of(rival), color=COLOURS.get(rival))
        axes.axvline(100, color="black", linewidth=0.6)
        axes.set_yticks([index + 0.4 - height / 2 for index in range(len(profiles))], list(profiles))
        axes.margins(y=0.01)
        axes.invert_yaxis()
        axes.set_xlabel("% of the sum of the links, without the tunnel's headers")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2)
        self._save(figure, f"bars-{name}")

    def latency(self, profiles, direction, name):
        known = {profile: by_rival["hawser"]["medians"][direction] for profile, by_rival in profiles.items()
                 if "hawser" in by_rival and by_rival["hawser"]["medians"][direction]["ping_loaded_p50"] is not None}
        if not known:
            return
        figure, axes = self._pyplot.subplots(figsize=(7, 0.6 + 0.22 * len(known)))
        places = range(len(known))
        for key, label, colour in (("ping_loaded_p99", "99 % under load", "#c8553d"),
                                   ("ping_loaded_p50", "median under load", "#1f5f8b"),
                                   ("ping_idle_p50", "idle", "#9bb8cc")):
            axes.barh(places, [values[key] for values in known.values()], height=0.7, label=label, color=colour)
        axes.set_yticks(places, list(known))
        axes.margins(y=0.01)
        axes.invert_yaxis()
        axes.set_xlabel("round trip of a ping through the tunnel, ms")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=3)
        self._save(figure, f"latency-{name}")

    def series(self, profile, by_rival, direction, name):
        figure, axes = self._pyplot.subplots(figsize=(7, 2.6))
        for rival, row in by_rival.items():
            run = middle_run(row, direction)
            if run:
                points = run[direction]["series"]
                axes.plot([(index + 0.5) * figures.STEP for index in range(len(points))], points, label=name_of(rival),
                          color=COLOURS.get(rival), linewidth=1.2)
        axes.axhline(next(iter(by_rival.values()))["payload"][direction], color="black", linewidth=0.6, linestyle="--")
        axes.set(xlim=(0, figures.END), ylim=(0, None), xlabel="seconds after the start of the flow", ylabel="Mbit/s")
        axes.set_title(profile, loc="left")
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncol=2)
        self._save(figure, f"series-{profile}-{name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--series", default="all", help="profiles whose rate over time is drawn: names, all or none")
    arguments = parser.parse_args()
    try:
        painter = Painter(arguments.out)
    except ImportError:
        sys.exit("matplotlib is missing: install python3-matplotlib, and run this with /usr/bin/python3")
    rows = json.loads(arguments.json.read_text())["rows"]
    for (way, flows, kind), profiles in groups(rows).items():
        for direction in table.directions_of({"direction": way}):
            name = f"{way}-{flows}-{kind}" + (f"-{direction}" if way == "both" else "")
            painter.bars(profiles, direction, name)
            painter.latency(profiles, direction, name)
            for profile, by_rival in profiles.items():
                if arguments.series == "all" or profile in arguments.series.split(","):
                    painter.series(profile, by_rival, direction, name)


if __name__ == "__main__":
    main()
