"""The table of the sweep, and the medians that it shows. Pure."""

import figures

COLUMNS = ("profile", "what", "Mbit/s", "of C", "lowest … highest", "80 % after", "ping idle", "loaded", "99 %", "runs")


def disturbances(run):
    """Why the figures of one measurement may be those of the machine, not those of the tunnel."""
    machine = run["machine"]
    found = [f"{key} {machine[key]} %" for key, limit in (("foreign", 10), ("stolen", 5)) if machine[key] > limit]
    for number, link in enumerate(run["links"], start=1):
        for key in ("overrun", "dropped_send", "dropped_oversize"):
            count = sum(link[direction][key] for direction in ("down", "up"))
            if count:
                found.append(f"link {number}: {key} {count}")
    return found


def _values(runs, *keys):
    for key in keys:
        runs = [run.get(key) if run else None for run in runs]
    return runs


def medians(runs, direction):
    """`runs`: the results of one row. Returns the figures of the row in one direction of its flow."""
    good = [run for run in runs if "failure" not in run]
    rates = [rate for rate in _values(good, direction, "mbps") if rate is not None]
    result = {"runs": len(runs), "failed": len(runs) - len(good), "disturbed": sum(bool(disturbances(run)) for run in good),
              "mbps": figures.median(rates), "lowest": min(rates, default=None), "highest": max(rates, default=None),
              "ramp_seconds": figures.median(_values(good, direction, "ramp_seconds"))}
    for state in ("idle", "loaded"):
        for key in ("p50", "p99", "lost_percent"):
            result[f"ping_{state}_{key}"] = figures.median(_values(good, "ping", state, key))
    return result


def _number(value, digits=1):
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if abs(value) < 100 else f"{value:.0f}"


def _cells(row, direction, payload):
    figure = row["medians"][direction]
    share = f"{100 * figure['mbps'] / payload:.0f} %" if figure["mbps"] is not None else "–"
    count = str(figure["runs"])
    for key in ("failed", "disturbed"):
        if figure[key]:
            count += f", {figure[key]} {key}"
    what = row["rival"] + (f" {direction}" if row["direction"] == "both" else "")
    spread = f"{_number(figure['lowest'])} … {_number(figure['highest'])}" if figure["runs"] > 1 else ""
    return (row["profile"], what, _number(figure["mbps"]), share, spread, _number(figure["ramp_seconds"]),
            *(_number(figure[key], 0) for key in ("ping_idle_p50", "ping_loaded_p50", "ping_loaded_p99")), count)


def directions_of(row):
    return ("down", "up") if row["direction"] == "both" else (row["direction"],)


def markdown(rows):
    """`rows`: dictionaries with profile, direction, flows, rival, payload (of each direction) and medians."""
    lines = []
    for title in dict.fromkeys((row["direction"], row["flows"]) for row in rows):
        direction, flows = title
        lines += [f"### {direction}, {flows} {'flow' if flows == 1 else 'flows'}", "", "| " + " | ".join(COLUMNS) + " |",
                  "|" + "---|" * len(COLUMNS)]
        for row in rows:
            if (row["direction"], row["flows"]) == title:
                lines += ["| " + " | ".join(_cells(row, one, row["payload"][one])) + " |" for one in directions_of(row)]
        lines += [""]
    return "\n".join(lines)
