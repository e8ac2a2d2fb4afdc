"""What is measured: a tunnel that was just started, or the kernel's TCP without a tunnel."""

from lab.core import wait_until
from lab.daemon import HUB_INNER_V4, Daemon, edge_config, hub_config, inner_v4
from lab.topology import HUB_V4


class Hawser:
    """A new hub and a new edge with some of the uplinks. Begins when both ends use all of them."""

    hub_address, edge_address = HUB_INNER_V4, inner_v4(1)
    device = "hawser0"
    prefix = ()
    ping_interface = None

    def __init__(self, lab, network, uplinks, settings):
        self._daemons = {"hub": Daemon(lab, network.hub, hub_config(**settings)),
                         "edge": Daemon(lab, network.edge, edge_config(uplinks, **settings))}
        self._daemons["edge"].wait_for_tunnel()
        wait_until(lambda: all(self._active(daemon) == len(uplinks) for daemon in self._daemons.values()), 10,
                   "every path to be active", interval=0.1)

    @staticmethod
    def _active(daemon):
        return sum(path["state"] == "active" for association in daemon.quick_status()["associations"]
                   for path in association["paths"])

    @property
    def processes(self):
        return {f"hawserd {name}": daemon.process.pid for name, daemon in self._daemons.items()}

    def status(self):
        return {name: daemon.quick_status() for name, daemon in self._daemons.items()}


class Plain:
    """The kernel's TCP, as it is."""

    hub_address = HUB_V4
    prefix = ()


class WithoutTunnel:
    """The kernel's TCP over one uplink, or its multipath TCP over all of them, begun on that one."""

    hub_address = HUB_V4
    device = None
    processes = {}

    def __init__(self, network, index, multipath):
        first = network.uplinks[index]
        network.edge.ip(f"route replace default via {network.gateway(index)} dev {first} metric 1")
        self.edge_address, self.ping_interface = network.address(index), first
        self.prefix = ("mptcpize", "run") if multipath else ()
        if not multipath:
            return
        for end in (network.edge, network.hub):
            end.sysctl(net__mptcp__enabled=1)
            end.run("ip", "mptcp", "limits", "set", "subflows", 8, "add_addr_accepted", 8)
        for number, uplink in enumerate(network.uplinks):
            if number != index:
                network.edge.run("ip", "mptcp", "endpoint", "add", network.address(number), "dev", uplink, "subflow")

    @staticmethod
    def status():
        return None


def build(lab, network, profile, plan):
    """Returns what `plan["rival"]` names: hawser, single, linkN, mptcp, plain."""
    rival, settings = plan["rival"], plan["settings"]
    best = profile.best_link("up" if plan["direction"] == "up" else "down")
    if rival == "hawser":
        return Hawser(lab, network, network.uplinks, settings)
    if rival == "single":
        return Hawser(lab, network, [network.uplinks[best]], settings)
    if rival.startswith("link"):
        return Hawser(lab, network, [network.uplinks[int(rival[4:]) - 1]], settings)
    if rival == "mptcp":
        return WithoutTunnel(network, 0, multipath=True)
    return WithoutTunnel(network, best, multipath=False)
