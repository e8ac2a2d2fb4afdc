"""The table of the sweep, and the medians that it shows. Pure."""

import figures

COLUMNS = ("profile", "what", "Mbit/s", "of C", "of single", "lowest … highest", "80 % after s", "ping idle",
           "loaded", "99 %", "also", "runs")
# What the tunnel must reach: percent of the best link's rate, seconds, ms more than idle, UDP packets lost in percent.
OF_SINGLE, RAMP_SECONDS, MEDIAN_MORE, TAIL_MORE, UDP_LOST = 98, 1.5, 15, 40, 0.1
GAP_MS, ANSWER_MS = 200, 500  # after a link died
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
    result = {"runs": len(runs), "failed": len(runs) - len(good),
              "disturbed": sum(bool(disturbances(run)) for run in good),
              "mbps": figures.median(rates), "lowest": min(rates, default=None), "highest": max(rates, default=None),
              "ramp_seconds": _median(good, direction, "ramp_seconds"),
              "beside": _median(good, "beside", direction, "mbps")}
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


def _judged(text, good):
    """Text of the table, bold when the figure misses its target."""
    return text if good else f"**{text}**"


def _latency(figure, probe, digits):
    """The cells of a probe: idle, loaded, 99 % loaded."""
    idle, middle, tail = (figure[f"{probe}_{key}"] for key in ("idle_p50", "loaded_p50", "loaded_p99"))
    known = None not in (idle, middle, tail)
    return (_number(idle, digits), _judged(_number(middle, digits), known and middle <= idle + MEDIAN_MORE),
            _judged(_number(tail, digits), known and tail <= idle + TAIL_MORE))


def _also(figure):
    """What only some rows have."""
    parts = []
    if figure["udp_loaded_p50"] is not None:
        lost = figure["udp_loaded_lost_percent"]
        parts.append("UDP {} idle, {} loaded, 99 % {}, lost {}".format(
            *_latency(figure, "udp", 1), _judged(f"{_number(lost, 2)} %", lost <= UDP_LOST)))
    if figure["beside"] is not None:
        whole = figure["beside"] + figure["mbps"]
        parts.append(f"TCP outside {_number(figure['beside'])}, share {_number(100 * figure['mbps'] / whole, 0)} %")
    gap, answer = figure["udp_longest_gap_ms"], figure["ping_first_answer_ms"]
    if gap is not None:
        parts.append(f"link dies: UDP gap {_judged(_number(gap, 0), gap <= GAP_MS)} ms, ping answers after "
                     f"{_judged(_number(answer, 0), answer is not None and answer <= ANSWER_MS)} ms, then "
                     f"{_number(figure['ping_after_p50'], 0)} ms")
    return "; ".join(parts)


def _rate_cells(row, direction, payload, single):
    """The rate, its share of C and of the best link's rate."""
    rate = row["medians"][direction]["mbps"]
    if rate is None:
        return ("–", "–", "")
    target = row["target"] if row["flows"] == 1 and row["direction"] != "both" else None
    of_payload = 100 * rate / payload
    of_single = 100 * rate / single if single else None
    return (_number(rate), _judged(f"{of_payload:.0f} %", target is None or of_payload >= target),
            "" if of_single is None else _judged(f"{of_single:.0f} %", of_single >= OF_SINGLE))


def _cells(row, direction, single):
    figure, tunnel = row["medians"][direction], row["rival"] == "hawser"
    troubles = [f"{figure[key]} {key}" for key in ("failed", "disturbed") if figure[key]]
    spread = f"{_number(figure['lowest'])} … {_number(figure['highest'])}" if figure["runs"] > 1 else ""
    ramp = figure["ramp_seconds"]
    cells = (*_rate_cells(row, direction, row["payload"][direction], single if tunnel else None), spread,
             _judged(_number(ramp), ramp is not None and ramp <= RAMP_SECONDS), *_latency(figure, "ping", 0),
             _also(figure), ", ".join([str(figure["runs"]), *troubles]))
    what = row["rival"] + (f" {direction}" if row["direction"] == "both" else "")
    return (row["profile"], what, *(cells if tunnel else (cell.replace("**", "") for cell in cells)))


def directions_of(row):
    return ("down", "up") if row["direction"] == "both" else (row["direction"],)


def title_of(row):
    return f"{row['direction']}, {row['flows']} {row['kind'].upper()} flow{'s' * (row['flows'] > 1)}"


def _rate_of_single(rows, row, direction):
    """The rate of the best link through the tunnel in the same circumstances; None when it was not measured."""
    for other in rows:
        if other["rival"] == "single" and (other["profile"], title_of(other)) == (row["profile"], title_of(row)):
            return other["medians"][direction]["mbps"]
    return None


def markdown(rows):
    """`rows`: dictionaries with profile, direction, flows, kind, rival, target, payload (of each direction) and
    medians. What misses a target is bold."""
    lines = []
    for title in dict.fromkeys(map(title_of, rows)):
        lines += [f"### {title}", "", "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
        for row in rows:
            if title_of(row) == title:
                lines += ["| " + " | ".join(_cells(row, one, _rate_of_single(rows, row, one))) + " |"
                          for one in directions_of(row)]
        lines += [""]
    return "\n".join(lines)
