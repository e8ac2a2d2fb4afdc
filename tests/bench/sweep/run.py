#!/usr/bin/env python3
"""Measures the tunnel over emulated links, beside the kernel's multipath TCP and the best link alone.

  sudo tests/bench/sweep/run.py --profiles 50_50,lte_wifi --runs 5 --direction down --rivals mptcp,single --out DIR

Each figure comes from a tunnel that was just started. Prints a table, and writes DIR/sweep.json and DIR/table.md.
"""

import argparse
import contextlib
import itertools
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "system")]

import profiles  # noqa: E402
import table  # noqa: E402
from lab.core import remove_stale_namespaces  # noqa: E402

TIME_LIMIT = 60  # seconds for one measurement, which takes about 14; one.py has a limit of its own, too
PREFIX_LIMIT = 1800  # seconds that a --prefix may wait before it begins
WITHOUT_TUNNEL = ("mptcp", "plain")
RIVALS = ("mptcp", "single", "plain", "each", "none")


def end_group(leader, patience):
    """Ends a process and what belongs to its group: politely, and after `patience` seconds without mercy."""
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 3)):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.killpg(leader.pid, number)
            except ProcessLookupError:
                break
            number = 0  # from now on: is any left?
            with contextlib.suppress(subprocess.TimeoutExpired):
                leader.wait(0.1)
            time.sleep(0.05)
    leader.wait()


def measure(plan, prefix):
    """Runs one measurement in a process of its own; returns its figures, or {"failure": reason}."""
    time_limit = TIME_LIMIT + (PREFIX_LIMIT if prefix else 0)
    child = subprocess.Popen([*prefix, sys.executable, "-B", HERE / "one.py"], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, errors = child.communicate(json.dumps(plan), timeout=time_limit)
        return json.loads(output)
    except subprocess.TimeoutExpired:
        return {"failure": f"not finished after {time_limit} s"}
    except ValueError:
        return {"failure": (errors.strip().splitlines() or ["no output"])[-1], "log": errors[-4000:]}
    finally:
        end_group(child, patience=10)
        remove_stale_namespaces()


def contestants(rivals, profile, kind):
    """The names of what is measured over this profile, the tunnel first."""
    found = ["hawser"]
    for word in rivals:
        if word == "none" or (kind == "quic" and word in WITHOUT_TUNNEL):
            continue
        found += [f"link{number}" for number in range(1, len(profile.links) + 1)] if word == "each" else [word]
    return found


def headline(result):
    if "failure" in result:
        return f"FAILED: {result['failure']}"
    rates = " + ".join(f"{result[key]['mbps']:.1f}" for key in ("down", "up") if key in result)
    notes = table.disturbances(result)
    ping = result["ping"]["loaded"]
    return (f"{rates} Mbit/s, ping {ping['p50'] or float('nan'):.0f} / {ping['p99'] or float('nan'):.0f} ms"
            + (f"   (disturbed: {'; '.join(notes)})" if notes else ""))


class Sweep:
    """All rows of one invocation. Writes what it has after each measurement, so an interruption loses nothing."""

    def __init__(self, arguments):
        self._arguments = arguments
        self._out = pathlib.Path(arguments.out) if arguments.out else None
        self._rows = []
        self.failed = 0
        if self._out:
            self._out.mkdir(parents=True, exist_ok=True)

    def run(self):
        given = self._arguments
        for profile in profiles.choose(profiles.load(given.file), given.profiles):
            for direction, flows, kind in itertools.product(given.direction, given.flows, given.kind):
                self._measure(profile, direction, flows, kind)

    def _measure(self, profile, direction, flows, kind):
        rows = [{"profile": profile.name, "direction": direction, "flows": flows, "kind": kind, "rival": rival,
                 "target": profile.target, "runs": [],
                 "payload": {one: round(profile.payload(one), 2) for one in profiles.DIRECTIONS}}
                for rival in contestants(self._arguments.rivals, profile, kind)]
        self._rows += rows
        for number in range(1, self._arguments.runs + 1):
            for row in rows:  # in turn, so that a change of the machine meets them all
                plan = {**{key: row[key] for key in ("profile", "direction", "flows", "kind", "rival")},
                        "settings": dict(self._arguments.set), "file": self._arguments.file, "udp": self._arguments.udp}
                result = measure(plan, self._arguments.prefix)
                self.failed += "failure" in result
                row["runs"].append(result)
                row["medians"] = {one: table.medians(row["runs"], one) for one in table.directions_of(row)}
                print(f"{profile.name} {direction} {flows} {kind} {row['rival']} #{number}: {headline(result)}",
                      file=sys.stderr, flush=True)
                self._write()

    def _write(self):
        if self._out:
            text = json.dumps({"about": self._about(), "rows": self._measured()})
            (self._out / "sweep.json").write_text(text + "\n")
            (self._out / "table.md").write_text(self.table())

    def _about(self):
        version = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], check=False,
                                 capture_output=True, text=True).stdout.strip()
        return {"time": time.strftime("%Y-%m-%d %H:%M:%S"), "kernel": os.uname().release, "processors": os.cpu_count(),
                "build": os.environ["HAWSER_BUILD_DIR"], "version": version, "settings": dict(self._arguments.set)}

    def _measured(self):
        return [row for row in self._rows if row["runs"]]

    def table(self):
        return table.markdown(self._measured())


def setting(text):
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key.strip(), value.strip()


def several(*choices):
    """A type of argument: one or several of the choices, separated by commas."""
    def read(text):
        found = text.split(",")
        for word in found:
            if word not in choices:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(choices)}")
        return found
    return read


def numbers(text):
    return [int(word) for word in text.split(",")]


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profiles", default="all", help="names separated by commas, or all (see profiles.json)")
    parser.add_argument("--runs", type=int, default=1, help="measurements of each figure, whose median counts")
    parser.add_argument("--direction", type=several("down", "up", "both"), default=["down"],
                        help="down, up, both (at the same time): one or several, separated by commas")
    parser.add_argument("--flows", type=numbers, default=[1], help="connections at the same time: 1, or 1,8")
    parser.add_argument("--kind", type=several("tcp", "quic"), default=["tcp"],
                        help="tcp (iperf3), quic (ngtcp2, down only)")
    parser.add_argument("--udp", action="store_true", help="adds a flow of 200 UDP packets/s of 200 bytes")
    parser.add_argument("--rivals", type=several(*RIVALS), default=["mptcp", "single"],
                        help="mptcp (kernel, no tunnel), single (the best link through the tunnel), each (every link "
                             "through the tunnel), plain (the best link, no tunnel), none")
    parser.add_argument("--out", help="folder for sweep.json and table.md")
    parser.add_argument("--build", default=os.environ.get("HAWSER_BUILD_DIR", str(HERE.parents[2] / "build/release")),
                        help="build directory (default: HAWSER_BUILD_DIR, or build/release)")
    parser.add_argument("--set", type=setting, action="append", default=[], metavar="KEY=VALUE",
                        help="a line for [interface] of both configurations")
    parser.add_argument("--prefix", type=shlex.split, default=[],
                        help="command that runs each measurement; it may wait for its turn")
    parser.add_argument("--file", default=str(profiles.FILE), help="another file of profiles")
    return parser.parse_args(words)


def main():
    arguments = parse(sys.argv[1:])
    if os.geteuid() != 0:
        sys.exit("network namespaces need root")
    os.environ["HAWSER_BUILD_DIR"] = str(pathlib.Path(arguments.build).resolve())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sweep = Sweep(arguments)
    try:
        sweep.run()
    except profiles.ProfileError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        print(sweep.table())
    sys.exit(1 if sweep.failed else 0)


if __name__ == "__main__":
    main()
