"""The network of one measurement: an edge and a hub, joined by emulated links.

  edge --wan1-- link1 --eth1-- hub (203.0.113.1 on its loopback interface)
       --wan2-- link2 --eth2--

or, when the links share a bottleneck,

  edge --wan1-- link1 --eth1-- access --port-- bottleneck --eth0-- hub
       --wan2-- link2 --eth2--   |
  neighbour --lan----------------+

There are no NATs, because each forwarder costs processor time that the daemons need: everything runs on one machine.
"""

import threading
import time

from lab.core import find_program
from lab.links import Link, LinkSpec
from lab.topology import HUB_V4

NOTHING = LinkSpec(rate=0, delay=0, queue=0)
SIDES = {"up": "a2b", "down": "b2a"}  # side a is the edge's


class Network:
    """`edge`, `hub` and `neighbour` (None without a bottleneck) are namespaces, `uplinks` the edge's interfaces,
    `links` the running links, the bottleneck last."""

    def __init__(self, lab, profile):
        self._lab = lab
        self.edge, self.hub = lab.namespace("edge"), lab.namespace("hub")
        self.uplinks, self.links, self.neighbour = [], [], None
        for end in (self.edge, self.hub):
            end.sysctl(net__ipv4__conf__all__rp_filter=0)
        self.hub.ip(f"addr add {HUB_V4}/32 dev lo")
        far = lab.namespace("access") if profile.bottleneck else self.hub
        for number, link in enumerate(profile.links, start=1):
            self._add_uplink(far, number, link)
        if profile.bottleneck:
            self._share(far, profile.bottleneck)

    @staticmethod
    def address(index):
        """The edge's address on uplink `index` (0, 1, …)."""
        return f"192.168.{index + 1}.2"

    @staticmethod
    def gateway(index):
        return f"192.168.{index + 1}.1"

    def _add_uplink(self, far, number, link):
        wan, here, there = f"wan{number}", self.address(number - 1), self.gateway(number - 1)
        self._join(self.edge, wan, far, f"eth{number}", link, number)
        self.edge.ip(f"addr add {here}/24 dev {wan}", f"link set {wan} up",
                     f"route add default via {there} dev {wan} metric {100 * number}",
                     f"route add default via {there} dev {wan} table {100 + number}",
                     f"rule add from {here} table {100 + number}")
        far.ip(f"addr add {there}/24 dev eth{number}", f"link set eth{number} up")
        self.uplinks.append(wan)

    def _share(self, access, link):
        access.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__all__rp_filter=0)
        self._join(access, "port", self.hub, "eth0", link, 90)
        access.ip("addr add 192.168.90.2/24 dev port", "link set port up", f"route add {HUB_V4} via 192.168.90.1")
        self.hub.ip("addr add 192.168.90.1/24 dev eth0", "link set eth0 up",
                    "route add 192.168.0.0/16 via 192.168.90.2")
        self.neighbour = self._lab.namespace("neighbour")
        self.neighbour.ip(f"link add lan type veth peer name lan netns {access.name}",
                          "addr add 192.168.91.2/24 dev lan", "link set lan up")
        access.ip("addr add 192.168.91.1/24 dev lan", "link set lan up")
        self.neighbour.ip("route add default via 192.168.91.1")

    def _join(self, left, left_name, right, right_name, link, number):
        wire = self._lab.namespace(f"link{number}")
        for end, outer, inner in ((left, left_name, "side_a"), (right, right_name, "side_b")):
            end.ip(f"link add {outer} type veth peer name {inner} netns {wire.name}")
            end.sysctl(**{f"net__ipv6__conf__{outer}__accept_dad": 0, f"net__ipv6__conf__{outer}__accept_ra": 0})
            end.run(find_program("linkem"), "offload-off", outer)
        running = Link(self._lab, wire, NOTHING, seed=number)
        for direction, side in SIDES.items():
            running.set(side, **getattr(link, direction).parameters())
        self.links.append(running)


class Changes:
    """Applies what a profile changes during a flow, at its times, in a thread of this process."""

    def __init__(self, network, profile, seconds):
        self._network, self._profile = network, profile
        self._steps = []
        if profile.varying:
            self._steps += [(at, self._set_rates, rates) for at, rates in
                            profile.varying.schedule(len(profile.links), seconds)]
        if profile.blackhole:
            link = network.links[profile.blackhole.link - 1]
            self._steps.append((profile.blackhole.at, link.blackhole, True))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begin = None

    def prepare(self):
        """Applies what counts from the beginning."""
        for at, action, value in self._steps:
            if at == 0:
                action(value)

    def start(self):
        self._begin = time.monotonic()
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join(5)

    def _run(self):
        for at, action, value in sorted(self._steps, key=lambda step: step[0]):
            if at > 0:
                if self._stop.wait(max(0.0, self._begin + at - time.monotonic())):
                    return
                action(value)

    def _set_rates(self, rates):
        for link, running, rate in zip(self._profile.links, self._network.links, rates):
            for direction, side in SIDES.items():
                running.set(side, rate=rate, queue=getattr(link, direction).queue_bytes(rate))
