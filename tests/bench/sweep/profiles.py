"""The profiles of the sweep, from profiles.json: the links of each, per direction, and what changes during a run."""

import dataclasses
import json
import pathlib
import random

import figures

FILE = pathlib.Path(__file__).with_name("profiles.json")
DIRECTIONS = ("down", "up")
SHARE_OF_PAYLOAD = 0.893  # what the headers of the tunnel leave of a link's rate


class ProfileError(Exception):
    """A profile that makes no sense."""


@dataclasses.dataclass(frozen=True)
class OneWay:
    """One direction of a link. Rates in Mbit/s, times in ms, shares in percent."""

    rate: float
    delay: float
    queue_ms: float
    jitter: float = 0  # uniform ± jitter
    normal: bool = False  # a normal distribution instead, whose σ is the jitter
    reorder: bool = False  # jitter may change the order of packets
    loss: float = 0
    late: float = 0  # the share of packets that arrive late_by ms late, after others
    late_by: float = 0
    police: float = 0  # a policer's rate; it has a burst in bytes and no queue
    burst: int = 15000
    codel: bool = False  # manages the queue, and marks packets that are ECN-capable

    @property
    def capacity(self):
        return min(self.rate, self.police) if self.police else self.rate

    def queue_bytes(self, rate=None):
        return round((self.rate if rate is None else rate) * self.queue_ms * 125)

    def parameters(self):
        """The parameters of the laboratory's Link.set()."""
        values = dataclasses.asdict(self)
        del values["queue_ms"]
        return {**values, "queue": self.queue_bytes()}


@dataclasses.dataclass(frozen=True)
class TwoWay:
    """A link."""

    down: OneWay
    up: OneWay


@dataclasses.dataclass(frozen=True)
class Varying:
    """All rates change every `every` seconds, drawn from [low, high]; the same ones in each run."""

    every: float
    low: float
    high: float
    seed: int

    def schedule(self, links, seconds):
        """Returns (time, [rate of each link]) for each change from 0 on."""
        dice = random.Random(self.seed)
        count = int(seconds / self.every) + 1
        return [(step * self.every, [round(dice.uniform(self.low, self.high), 2) for _ in range(links)])
                for step in range(count)]

    def mean_total(self, links):
        """The mean sum of the rates over the measured part of a flow."""
        total = 0.0
        for at, rates in self.schedule(links, figures.END):
            total += sum(rates) * max(0.0, min(at + self.every, figures.END) - max(at, figures.WARM_UP))
        return total / (figures.END - figures.WARM_UP)


@dataclasses.dataclass(frozen=True)
class Blackhole:
    """Link `link` (1, 2, …) swallows everything from `at` seconds after the start of the flow on."""

    link: int
    at: float


@dataclasses.dataclass(frozen=True)
class Profile:
    name: str
    links: tuple
    best: int | None = None  # the link (1, 2, …) that is best alone, where the fastest one is not
    target: float | None = None  # what one TCP flow must reach, in percent of payload()
    udp: bool = False  # a UDP flow beside the others
    varying: Varying | None = None
    blackhole: Blackhole | None = None
    bottleneck: TwoWay | None = None  # behind all links, shared with a TCP connection outside the tunnel

    def __post_init__(self):
        for what, number in (("best", self.best), ("blackhole", self.blackhole and self.blackhole.link)):
            if number is not None and not 1 <= number <= len(self.links):
                raise ProfileError(f"{what}: link {number} of {len(self.links)}")

    def total(self, direction):
        """The sum of the links' rates in Mbit/s, but no more than the bottleneck's."""
        if self.varying:
            return self.varying.mean_total(len(self.links))
        total = sum(getattr(link, direction).capacity for link in self.links)
        return min(total, getattr(self.bottleneck, direction).capacity) if self.bottleneck else total

    def payload(self, direction):
        """What the headers of the tunnel leave of the sum."""
        return SHARE_OF_PAYLOAD * self.total(direction)

    def best_link(self, direction):
        """The index (0, 1, …) of the link that is best alone."""
        if self.best:
            return self.best - 1
        return max(range(len(self.links)), key=lambda index: getattr(self.links[index], direction).capacity)


def one_way(settings, default_queue_ms):
    """`settings`: the keys of OneWay. A queue that is not given holds the default, or one round trip if that is more."""
    if "delay" not in settings:
        raise ProfileError("a link needs a delay")
    return OneWay(**{"queue_ms": max(default_queue_ms, 2 * settings["delay"]), **settings})


def two_ways(settings, default_queue_ms):
    """`settings`: the keys of OneWay, for both directions, and the keys `down` and `up`: what differs in that one."""
    common = {key: value for key, value in settings.items() if key not in DIRECTIONS}
    return TwoWay(*(one_way({**common, **settings.get(direction, {})}, default_queue_ms) for direction in DIRECTIONS))


def profile(name, settings, default_queue_ms):
    parts = dict(settings)
    try:
        parts["links"] = tuple(two_ways(entry, default_queue_ms) for entry in parts["links"])
        for key, kind in (("varying", Varying), ("blackhole", Blackhole)):
            if key in parts:
                parts[key] = kind(**parts[key])
        if "bottleneck" in parts:
            parts["bottleneck"] = two_ways(parts["bottleneck"], default_queue_ms)
        return Profile(name=name, **parts)
    except (ProfileError, TypeError, KeyError) as error:
        raise ProfileError(f"profile {name}: {error}") from None


def load(path=FILE):
    """Returns {name: Profile} in the order of the file."""
    content = json.loads(pathlib.Path(path).read_text())
    return {name: profile(name, settings, content["queue_ms"]) for name, settings in content["profiles"].items()}


def choose(profiles, words):
    """`words`: names of profiles separated by commas, or "all"."""
    names = list(profiles) if words == "all" else words.split(",")
    unknown = [name for name in names if name not in profiles]
    if unknown:
        raise ProfileError(f"no profile {', '.join(unknown)}; there are {', '.join(profiles)}")
    return [profiles[name] for name in names]
