"""The network of one measurement: an edge and a hub, joined by emulated links.

  edge --wan1-- link1 --eth1-- hub (203.0.113.1 on its loopback interface)
       --wan2-- link2 --eth2--

There are no NATs, because each forwarder costs processor time that the machine does not have: everything runs on the
two cores that the daemons need.
"""

from lab.core import find_program
from lab.links import Link, LinkSpec
from lab.topology import HUB_V4


def _quiet(namespace, interface):
    namespace.sysctl(**{f"net__ipv6__conf__{interface}__accept_dad": 0, f"net__ipv6__conf__{interface}__accept_ra": 0})


class Network:
    """`edge` and `hub` are namespaces, `uplinks` the edge's interfaces, `links` the running links."""

    def __init__(self, lab, profile):
        self.edge, self.hub = lab.namespace("edge"), lab.namespace("hub")
        self.uplinks, self.links = [], []
        for end in (self.edge, self.hub):
            end.sysctl(net__ipv4__conf__all__rp_filter=0)
        self.hub.ip(f"addr add {HUB_V4}/32 dev lo")
        for number, link in enumerate(profile.links, start=1):
            self._add(lab, number, link)

    def _add(self, lab, number, link):
        wan, eth, wire = f"wan{number}", f"eth{number}", lab.namespace(f"link{number}")
        for end, outer, inner in ((self.edge, wan, "side_a"), (self.hub, eth, "side_b")):
            end.ip(f"link add {outer} type veth peer name {inner} netns {wire.name}")
            _quiet(end, outer)
        self.edge.ip(f"addr add 192.168.{number}.2/24 dev {wan}", f"link set {wan} up",
                     f"route add default via 192.168.{number}.1 dev {wan} metric {100 * number}",
                     f"route add default via 192.168.{number}.1 dev {wan} table {100 + number}",
                     f"rule add from 192.168.{number}.2 table {100 + number}")
        self.hub.ip(f"addr add 192.168.{number}.1/24 dev {eth}", f"link set {eth} up")
        for end, outer in ((self.edge, wan), (self.hub, eth)):
            end.run(find_program("linkem"), "offload-off", outer)
        self.uplinks.append(wan)
        self.links.append(self._start(lab, wire, link, number))

    @staticmethod
    def _start(lab, wire, link, seed):
        running = Link(lab, wire, LinkSpec(rate=0, delay=0, queue=0), seed=seed)
        for direction, side in (("up", "a2b"), ("down", "b2a")):
            running.set(side, **getattr(link, direction).parameters())
        return running
