"""The table of the sweep, and the medians that it shows. Pure."""

import figures

COLUMNS = ("profile", "what", "Mbit/s", "of C", "lowest … highest", "80 % after s", "ping idle", "loaded", "99 %", "also", "runs")
LATE_MS, FOREIGN_PERCENT, STOLEN_PERCENT = 2, 10, 5  # beyond these a run counts as disturbed


def disturbances(run):
    """Why the figures of one measurement may be those of the machine, not those of the tunnel."""
    machine = run["machine"]
    found = [f"{key} {machine[key]} %" for key, limit in (("foreign", FOREIGN_PERCENT), ("stolen", STOLEN_PERCENT))
             if machine[key] > limit]
    for number, link in enumerate(run["links"], start=1):
        for key in ("overrun", "dropped_send", "dropped_oversize"):
            count = sum(link[direction][key] for direction in ("down", "up"))
            if count:
                found.append(f"link {number}: {key} {count}")
        late = max(link[direction]["late_ms"] or 0 for direction in ("down", "up"))
        if late > LATE_MS:
            found.append(f"link {number}: 1 % of the packets more than {late / 2:g} ms late")
    return found


def _median(runs, *keys):
    for key in keys:
        runs = [run.get(key) if run else None for run in runs]
    return figures.median(runs)


def medians(runs, direction):
    """`runs`: the results of one row. Returns the figures of the row in one direction of its flow."""
    good = [run for run in runs if "failure" not in run]
    rates = [run[direction]["mbps"] for run in good]
    result = {"runs": len(runs), "failed": len(runs) - len(good), "disturbed": sum(bool(disturbances(run)) for run in good),
              "mbps": figures.median(rates), "lowest": min(rates, default=None), "highest": max(rates, default=None),
              "ramp_seconds": _median(good, direction, "ramp_seconds"), "beside": _median(good, "beside", direction, "mbps")}
    for probe in ("ping", "udp"):
        for state in ("idle", "loaded"):
            for key in ("p50", "p99", "lost_percent"):
                result[f"{probe}_{state}_{key}"] = _median(good, probe, state, key)
        for key in ("longest_gap_ms", "first_answer_ms"):
            result[f"{probe}_{key}"] = _median(good, probe, "outage", key)
        result[f"{probe}_after_p50"] = _median(good, probe, "outage", "after", "p50")
        result[f"{probe}_after_lost"] = _median(good, probe, "outage", "after", "lost")
    return result


def _number(value, digits=1):
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if abs(value) < 100 else f"{value:.0f}"


def _also(figure):
    """What only some rows have."""
    parts = []
    if figure["udp_loaded_p50"] is not None:
        parts.append("UDP {} idle, {} loaded, 99 % {}, lost {} %".format(
            *(_number(figure[f"udp_{key}"]) for key in ("idle_p50", "loaded_p50", "loaded_p99")),
            _number(figure["udp_loaded_lost_percent"], 2)))
    if figure["beside"] is not None:
        whole = figure["beside"] + figure["mbps"]
        parts.append(f"TCP outside {_number(figure['beside'])}, share {_number(100 * figure['mbps'] / whole, 0)} %")
    if figure["udp_longest_gap_ms"] is not None:
        parts.append(f"link dies: UDP gap {_number(figure['udp_longest_gap_ms'], 0)} ms, ping answers after "
                     f"{_number(figure['ping_first_answer_ms'], 0)} ms, then {_number(figure['ping_after_p50'], 0)} ms")
    return "; ".join(parts)


def _cells(row, direction, payload):
    figure = row["medians"][direction]
    share = f"{100 * figure['mbps'] / payload:.0f} %" if figure["mbps"] is not None else "–"
    count = ", ".join([str(figure["runs"]), *(f"{figure[key]} {key}" for key in ("failed", "disturbed") if figure[key])])
    what = row["rival"] + (f" {direction}" if row["direction"] == "both" else "")
    spread = f"{_number(figure['lowest'])} … {_number(figure['highest'])}" if figure["runs"] > 1 else ""
    return (row["profile"], what, _number(figure["mbps"]), share, spread, _number(figure["ramp_seconds"]),
            *(_number(figure[key], 0) for key in ("ping_idle_p50", "ping_loaded_p50", "ping_loaded_p99")), _also(figure),
            count)


def directions_of(row):
    return ("down", "up") if row["direction"] == "both" else (row["direction"],)


def title_of(row):
    return f"{row['direction']}, {row['flows']} {row['kind'].upper()} flow{'s' * (row['flows'] > 1)}"


def markdown(rows):
    """`rows`: dictionaries with profile, direction, flows, kind, rival, payload (of each direction) and medians."""
    lines = []
    for title in dict.fromkeys(map(title_of, rows)):
        lines += [f"### {title}", "", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
        for row in rows:
            if title_of(row) == title:
                lines += ["| " + " | ".join(_cells(row, one, row["payload"][one])) + " |" for one in directions_of(row)]
        lines += [""]
    return "\n".join(lines)
