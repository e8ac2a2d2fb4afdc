"""An edge with a modem that is removed, added and changed, and the time until the tunnel uses it again.

Each measure_* function changes something and returns the seconds from the moment at which the uplink became usable
(its last command has returned) until its path carries data: the path is active at both ends, and the hub has it at
the uplink's current address. Each function leaves the laboratory in a state in which it can be called again.
"""

import concurrent.futures
import itertools
import time

from .core import wait_until
from .daemon import HUB_INNER_V4, UDP_PORT, Daemon, edge_config, hub_config
from .links import LinkSpec
from .topology import HUB_V4, HUB_V6, NatNetwork
from .traffic import UdpSource, ping

CABLE = "wan2"  # the modem is a macvlan device on top of it, and replaces the edge's second uplink
GATEWAY_V4, GATEWAY_V6 = "192.168.2.1", "fd00:2::1"
PUBLIC_V4, PUBLIC_V6 = "203.0.113.102", "[2001:db8::102]"  # of the NAT behind the modem
PATIENCE = 12  # seconds; after this time the measurement has failed
ENDPOINTS = (f"{HUB_V4}:{UDP_PORT}", f"[{HUB_V6}]:{UDP_PORT}")
LISTED = ("wan1", ("modem*", "modem"))


class MobileEdge:
    """The reference network with a modem, and a hub. start_edge() starts the edge's daemon."""

    def __init__(self, lab):
        self.lab = lab
        self.network = NatNetwork(lab, specs=(LinkSpec(delay=10), LinkSpec(delay=10)))
        self.namespace = self.network.edge.namespace
        self.namespace.sysctl(net__ipv6__conf__default__accept_dad=0, net__ipv6__conf__default__accept_ra=0)
        self.namespace.ip(f"addr flush dev {CABLE}")
        self.hub = Daemon(lab, self.network.hub, hub_config())
        self.edge = None
        self.modem = None

    def start_edge(self, uplinks=LISTED, wait_for=2, **config):
        self.edge = Daemon(self.lab, self.namespace, edge_config(uplinks=uplinks, **config))
        if wait_for:
            wait_until(lambda: len(active_paths(self.edge)) == wait_for, PATIENCE, f"{wait_for} active paths")

    def stop_edge(self):
        self.edge.stop()

    def restart_hub(self):
        self.hub.stop()
        self.hub = Daemon(self.lab, self.network.hub, hub_config())

    # --- modem

    def plug(self, name="modem0"):
        self.namespace.ip(f"link add link {CABLE} name {name} type macvlan mode private")
        self.modem = name

    def unplug(self):
        self.namespace.ip(f"link del {self.modem}")
        self.modem = None

    def configure(self, host=2, v4=True, v6=True, routes=True):
        """Brings the modem up with addresses and default routes. Except without routes, it is usable on return."""
        commands = [f"link set {self.modem} up"]
        if v6:
            commands += [f"addr replace fd00:2::{host}/64 dev {self.modem}"]
        if v4:
            commands += [f"addr replace 192.168.2.{host}/24 dev {self.modem}"]
        self.namespace.ip(*commands, *(self.route_commands(v4, v6) if routes else ()))

    def route_commands(self, v4=True, v6=True, verb="replace"):
        commands = [f"route {verb} ::/0 via {GATEWAY_V6} dev {self.modem} metric 200"] if v6 else []
        if v4:
            commands += [f"route {verb} default via {GATEWAY_V4} dev {self.modem} metric 200"]
        return commands

    def carrier(self, on):
        self.namespace.ip(f"link set {CABLE} {'up' if on else 'down'}")

    # --- status of the daemons

    def uplink(self, label="modem"):
        """The edge's status of an uplink; None when it has none."""
        return next((uplink for uplink in self.edge.quick_status()["uplinks"] if uplink["label"] == label), None)

    def wait_for_reason(self, reason, label="modem"):
        wait_until(lambda: self.uplink(label)["reason"] == reason, 3, f"{label} to report {reason!r}")

    def seen_by_hub(self):
        """The transport addresses of the hub's active paths to the modem."""
        return {path["remote"] for path in active_paths(self.hub)
                if path["remote"].startswith((PUBLIC_V4, PUBLIC_V6))}

    def path_ids(self, label="modem"):
        """The ids of the edge's active paths over the uplink."""
        return {path["id"] for path in active_paths(self.edge) if path["label"] == label}

    def seconds_until_it_carries(self, label="modem", before=frozenset(), old_ids=frozenset()):
        """Returns the seconds from now until both ends use the modem's path, at the hub with an address outside
        `before`, at the edge with an id outside `old_ids`."""
        begin = time.monotonic()
        wait_until(lambda: self.seen_by_hub() - before and self.path_ids(label) - old_ids, PATIENCE,
                   f"the path over {label} to carry data", interval=0.002)
        return time.monotonic() - begin


def active_paths(daemon):
    associations = daemon.quick_status()["associations"]
    return [path for association in associations for path in association["paths"] if path["state"] == "active"]


def labels(daemon):
    return {path["label"] for path in active_paths(daemon)}


def _loses_path(mobile, label="modem"):
    wait_until(lambda: label not in labels(mobile.edge), PATIENCE, f"the path over {label} to disappear")


def measure_recreate(mobile):
    """Deletes the interface and creates it again with the same name."""
    return measure_replug(mobile, mobile.modem)


_names = itertools.count(1)
_hosts = itertools.cycle(range(10, 250))


def measure_replug(mobile, name=None, label="modem", **addresses):
    """Unplugs the modem and plugs it in again as another interface (by default with a new name each time)."""
    mobile.unplug()  # the new socket has the port of the old one, so that the hub may see the same address
    _loses_path(mobile, label)
    name = name or f"modem{next(_names)}"
    mobile.plug(name)
    mobile.configure(**addresses)
    return mobile.seconds_until_it_carries(name if label != "modem" else label)


def measure_address_change(mobile):
    """Replaces the address by another one: the hub must learn it, although there is no other traffic."""
    before = mobile.seen_by_hub()
    # Never an address that was used before: the NAT would still have its mapping, and the hub would see the old one.
    mobile.namespace.ip(f"addr flush to 192.168.2.0/24 dev {mobile.modem}")
    mobile.namespace.ip(f"addr add 192.168.2.{next(_hosts)}/24 dev {mobile.modem}", *mobile.route_commands(v6=False))
    return mobile.seconds_until_it_carries(before=before)


PUBLIC = {"wan1": ("203.0.113.101", "[2001:db8::101]"), "modem": (PUBLIC_V4, PUBLIC_V6)}  # behind which NAT


class Move:
    """Replaces the address of an uplink, which the edge's daemon uses already, again and again."""

    def __init__(self, mobile, label, v6=False):
        self.mobile, self.label, self.v6 = mobile, label, v6
        self.interface = "wan1" if label == "wan1" else mobile.modem
        self.site = 1 if label == "wan1" else 2

    def _seen_by_hub(self):
        public = PUBLIC[self.label][self.v6]
        return {path["remote"] for path in active_paths(self.mobile.hub) if path["remote"].startswith(public)}

    def _commands(self):
        metric = f"dev {self.interface} metric {100 * self.site}"
        if self.v6:
            return (f"addr flush dev {self.interface} to fd00:{self.site}::/64",
                    f"addr add fd00:{self.site}::{next(_hosts)}/64 dev {self.interface}",
                    f"route replace ::/0 via fd00:{self.site}::1 {metric}")
        return (f"addr flush dev {self.interface} to 192.168.{self.site}.0/24",
                f"addr add 192.168.{self.site}.{next(_hosts)}/24 dev {self.interface}",
                f"route replace default via 192.168.{self.site}.1 {metric}")

    def measure(self):
        """Returns the seconds until both ends use the path at the new address."""
        before = self._seen_by_hub()
        self.mobile.namespace.ip(*self._commands())
        begin = time.monotonic()
        wait_until(lambda: self._seen_by_hub() - before and self.label in labels(self.mobile.edge), PATIENCE,
                   f"the path over {self.label} to move", interval=0.005)
        return time.monotonic() - begin


def measure_route_return(mobile, away=0.5):
    """Removes the default route under traffic until `away` seconds after the path has failed; then restores it."""
    source = UdpSource(mobile.namespace, HUB_INNER_V4, 7, mbps=2)
    try:
        mobile.namespace.ip(*mobile.route_commands(v6=False, verb="del"))
        mobile.wait_for_reason("no route")
        _loses_path(mobile)
        time.sleep(away)
        mobile.namespace.ip(*mobile.route_commands(v6=False))
        return mobile.seconds_until_it_carries()
    finally:
        source.stop()


def measure_rule(mobile):
    """Moves the modem's default route to a separate table; a rule selects it for packets from the modem's address."""
    namespace, table = mobile.namespace, f"default via {GATEWAY_V4} dev {mobile.modem} table 77"
    rule = "from 192.168.2.0/24 lookup 77"
    old_ids = mobile.path_ids()
    namespace.ip(*mobile.route_commands(v6=False, verb="del"))
    mobile.wait_for_reason("no route")
    namespace.ip(f"rule add {rule}", f"route add {table}")
    seconds = mobile.seconds_until_it_carries(old_ids=old_ids)  # by a socket at the same port, bound to the address
    old_ids = mobile.path_ids()
    namespace.ip(*mobile.route_commands(v6=False), f"rule del {rule}", f"route del {table}")
    mobile.seconds_until_it_carries(old_ids=old_ids)  # by a socket that is not bound to an address
    return seconds


def measure_route_burst(mobile, routes=5000):
    """Returns (the share of one processor that the edge's daemon uses while the routes appear, answered pings of
    twenty)."""
    commands = [f"route add 10.100.{number // 256}.{number % 256}/32 dev wan1" for number in range(routes)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answers = pool.submit(ping, mobile.namespace, HUB_INNER_V4, count=20, interval=0.05)
        begin, used = time.monotonic(), mobile.edge.process.cpu_seconds()
        mobile.namespace.ip(*commands)
        used, took = mobile.edge.process.cpu_seconds() - used, time.monotonic() - begin
        mobile.namespace.ip(*(command.replace("add", "del") for command in commands))
        return used / took, answers.result()[0]


OBSTACLES = ("no interface", "down", "no carrier", "no address", "no route")


def measure_start(mobile, obstacle, uplinks=(("modem*", "modem"),)):
    """Starts the daemon while `obstacle` makes its only uplink unusable, then removes the obstacle."""
    if mobile.modem:
        mobile.unplug()
    if obstacle != "no interface":
        mobile.plug()
        mobile.carrier(obstacle != "no carrier")
        if obstacle in ("no carrier", "no address", "no route"):
            mobile.namespace.ip(f"link set {mobile.modem} up")
        if obstacle == "no route":
            mobile.configure(v6=False, routes=False)
    mobile.start_edge(uplinks, wait_for=0)
    try:
        mobile.wait_for_reason(obstacle)
        time.sleep(0.7)  # avoids the phase of periodic work that runs each second
        before = mobile.seen_by_hub()
        if obstacle == "no interface":
            mobile.plug()
        mobile.configure(v6=False)
        if obstacle == "no carrier":
            mobile.carrier(True)
        return mobile.seconds_until_it_carries(before=before)
    finally:
        mobile.stop_edge()
