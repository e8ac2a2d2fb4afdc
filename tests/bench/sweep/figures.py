"""Arithmetic on what was measured. Pure: no clock, no files, no processes."""

import math
import statistics

WARM_UP, END = 2.0, 10.0  # the measured part of a flow, in seconds after its start
STEP = 0.1  # seconds between two points of a series
RAMP_SHARE, RAMP_STEPS = 0.8, 5


def percentile(values, share):
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; None without values."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values):
    """The median of the values that are not None; None without any."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def resample(intervals, seconds, step=STEP):
    """Returns Mbit/s for each step from 0 to `seconds`. `intervals`: (begin, end, bytes). Bytes spread evenly over
    their interval; time without an interval is 0."""
    count = round(seconds / step)
    filled = [0.0] * count
    for begin, end, size in intervals:
        if end <= begin:
            continue
        for index in range(max(0, int(begin / step)), min(count, math.ceil(end / step))):
            overlap = min(end, (index + 1) * step) - max(begin, index * step)
            filled[index] += max(0.0, overlap) / (end - begin) * size
    return [size * 8e-6 / step for size in filled]


def mean_rate(series, begin=WARM_UP, end=END, step=STEP):
    """The mean of the series (Mbit/s) between two times."""
    part = series[round(begin / step):round(end / step)]
    return sum(part) / len(part) if part else 0.0


def ramp_seconds(series, steady, step=STEP):
    """The time from the start until the rate is 80 % of the steady one and, on average, stays there for half a second;
    None when that never happens."""
    if steady <= 0:
        return None
    for index in range(len(series) - RAMP_STEPS + 1):
        if sum(series[index:index + RAMP_STEPS]) / RAMP_STEPS >= RAMP_SHARE * steady:
            return round(index * step, 2)
    return None


def latency(samples):
    """Summary of round trips or one-way times in ms; a sample is None where the packet was lost."""
    values = [value for value in samples if value is not None]
    lost = len(samples) - len(values)
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values, default=None),
            "sent": len(samples), "lost": lost, "lost_percent": 100 * lost / len(samples) if samples else None}


def within(samples, begin=WARM_UP, end=END):
    """The values of (time, value) pairs whose time is within [begin, end)."""
    return [value for time, value in samples if begin <= time < end]


def lateness(counts, share=0.99, first_ms=0.125):
    """How late this share of a link's deliveries was at most, in ms. `counts`: linkem's classes, each twice as wide as
    the one before; None without deliveries, infinite in the last class."""
    total, seen = sum(counts), 0
    for index, count in enumerate(counts):
        seen += count
        if total and seen >= share * total:
            return first_ms * 2 ** index if index + 1 < len(counts) else float("inf")
    return None


def goodput_of_counters(points, overhead):
    """Returns (begin, end, payload bytes) between each two points. `points`: (time, bytes, packets) of an interface;
    `overhead`: the bytes of each packet that are not payload."""
    return [(begin, end, max(0, after - before - overhead * (more - fewer)))
            for (begin, before, fewer), (end, after, more) in zip(points, points[1:])]
