"""The profiles of the sweep: the links of each, per direction, read from profiles.json."""

import dataclasses
import json
import pathlib

FILE = pathlib.Path(__file__).with_name("profiles.json")
DIRECTIONS = ("down", "up")
SHARE_OF_PAYLOAD = 0.893  # what the headers of the tunnel leave of a link's rate


class ProfileError(Exception):
    """A profile that makes no sense."""


@dataclasses.dataclass(frozen=True)
class OneWay:
    """One direction of a link. Rates in Mbit/s, times in ms, loss in percent."""

    rate: float
    delay: float
    jitter: float = 0
    loss: float = 0
    queue_ms: float = 100

    def queue_bytes(self):
        return round(self.rate * self.queue_ms * 125)

    def parameters(self):
        """The parameters of the laboratory's Link.set()."""
        return {"rate": self.rate, "delay": self.delay, "jitter": self.jitter, "loss": self.loss,
                "queue": self.queue_bytes()}


@dataclasses.dataclass(frozen=True)
class TwoWay:
    """A link."""

    down: OneWay
    up: OneWay

    def capacity(self, direction):
        return getattr(self, direction).rate


@dataclasses.dataclass(frozen=True)
class Profile:
    name: str
    links: tuple
    best: int | None = None  # the link (1, 2, …) that is best alone, where the fastest one is not

    def total(self, direction):
        """The sum of the links' rates in Mbit/s."""
        return sum(link.capacity(direction) for link in self.links)

    def payload(self, direction):
        """What the headers of the tunnel leave of the sum."""
        return SHARE_OF_PAYLOAD * self.total(direction)

    def best_link(self, direction):
        """The index (0, 1, …) of the link that is best alone."""
        if self.best:
            return self.best - 1
        return max(range(len(self.links)), key=lambda index: self.links[index].capacity(direction))


FIELDS = {field.name for field in dataclasses.fields(OneWay)}


def one_way(settings, default_queue_ms):
    """`settings`: the keys of OneWay. A queue that is not given holds the default or one round trip, if that is more."""
    unknown = set(settings) - FIELDS
    if unknown:
        raise ProfileError(f"unknown keys {sorted(unknown)}")
    missing = {"rate", "delay"} - set(settings)
    if missing:
        raise ProfileError(f"missing keys {sorted(missing)}")
    return OneWay(**{"queue_ms": max(default_queue_ms, 2 * settings["delay"]), **settings})


def link(settings, default_queue_ms):
    """`settings`: the keys of OneWay, for both directions, and the keys `down` and `up`: what differs in that one."""
    common = {key: value for key, value in settings.items() if key not in DIRECTIONS}
    return TwoWay(*(one_way({**common, **settings.get(direction, {})}, default_queue_ms) for direction in DIRECTIONS))


def profile(name, settings, default_queue_ms):
    settings = dict(settings)
    try:
        links = tuple(link(entry, default_queue_ms) for entry in settings.pop("links"))
        made = Profile(name=name, links=links, **settings)
    except (ProfileError, TypeError, KeyError) as error:
        raise ProfileError(f"profile {name}: {error}") from None
    if made.best is not None and not 1 <= made.best <= len(links):
        raise ProfileError(f"profile {name}: best = {made.best}, but it has {len(links)} links")
    return made


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
