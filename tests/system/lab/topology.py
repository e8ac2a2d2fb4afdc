"""The reference networks.

  edge --(link 1)-- nat1 --+
       --(link 2)-- nat2 --+-- core (a switch) -- hub, ONE public address
  edge2 …                  |

There is also a direct network: edge -- hub on a plain veth pair. All networks carry IPv4 and IPv6. Interface names
inside the namespaces: the edge's uplinks are wan1, wan2; a NAT router has lan and wan; the hub has eth0.
"""

import json

from .core import find_program
from .links import Link, LinkSpec

HUB_V4 = "203.0.113.1"
HUB_V6 = "2001:db8::1"

# `fully-random`: the source port after translation does not depend on the original port. Inbound packets without a
# mapping are dropped silently, as by consumer routers and carrier-grade NATs.
NAT_RULES = """
table inet nat {
  chain post {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade random,fully-random
  }
  chain forward {
    type filter hook forward priority filter
    ct state invalid drop
    iifname "wan" ct state new drop
  }
  chain input {
    type filter hook input priority filter
    iifname "wan" meta l4proto { tcp, udp } drop
  }
}
"""

NO_TOO_BIG_RULES = """
table inet silent {
  chain out {
    type filter hook output priority filter
    icmp type destination-unreachable icmp code frag-needed drop
    icmpv6 type packet-too-big drop
  }
}
"""


def _pair(left, left_name, right, right_name):
    left.ip(f"link add {left_name} type veth peer name {right_name} netns {right.name}")


def _quiet_ipv6(namespace, *interfaces):
    """Makes addresses usable immediately (no duplicate address detection), and ignores router advertisements."""
    for interface in interfaces:
        namespace.sysctl(**{f"net__ipv6__conf__{interface}__accept_dad": 0,
                            f"net__ipv6__conf__{interface}__accept_ra": 0})


def _offloads_off(namespace, *interfaces):
    namespace.run(find_program("linkem"), "offload-off", *interfaces)


class Edge:
    """An edge router's namespace with its uplinks. Each uplink is a Link to a NAT router of its own."""

    def __init__(self, lab, core, index, specs):
        self.index = index
        self.namespace = lab.namespace(f"edge{index}")
        self.links = []
        self.nats = []
        self.interfaces = []
        for number, spec in enumerate(specs, start=1):
            self._add_uplink(lab, core, number, spec)

    def _add_uplink(self, lab, core, number, spec):
        site = (self.index - 1) * 10 + number  # 1, 2 for the first edge; 11, 12 for the second
        edge, wire, nat = self.namespace, lab.namespace(f"link{site}"), lab.namespace(f"nat{site}")
        wan = f"wan{number}"
        _pair(edge, wan, wire, "side_a")
        _pair(nat, "lan", wire, "side_b")
        _pair(nat, "wan", core, f"port{site}")
        core.ip(f"link set port{site} master br0 up")
        _quiet_ipv6(edge, wan)
        _quiet_ipv6(nat, "lan", "wan")
        nat.sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
        nat.ip(f"addr add 192.168.{site}.1/24 dev lan", f"addr add fd00:{site}::1/64 dev lan",
               f"addr add 203.0.113.{100 + site}/24 dev wan", f"addr add 2001:db8::{100 + site}/64 dev wan",
               "link set lan up", "link set wan up")
        nat.run("nft", "-f", "-", input=NAT_RULES)
        edge.ip(f"addr add 192.168.{site}.2/24 dev {wan}", f"addr add fd00:{site}::2/64 dev {wan}",
                f"link set {wan} up",
                f"route add default via 192.168.{site}.1 dev {wan} metric {100 * number}",
                f"route add ::/0 via fd00:{site}::1 dev {wan} metric {100 * number}")
        _offloads_off(edge, wan)
        _offloads_off(nat, "lan")
        self.nats.append(nat)
        self.links.append(Link(lab, wire, spec, seed=site))
        self.interfaces.append(wan)

    def pin_neighbours(self, number):
        """Makes ARP unnecessary on uplink `number`: on a real line the modem is near, and only the way behind it is long."""
        site = (self.index - 1) * 10 + number
        ends = ((self.namespace, f"wan{number}", f"192.168.{site}.2"), (self.nats[number - 1], "lan", f"192.168.{site}.1"))
        for (here, device, _), (there, other, address) in (ends, ends[::-1]):
            hardware = json.loads(there.run("ip", "-j", "link", "show", other).stdout)[0]["address"]
            here.ip(f"neigh replace {address} lladdr {hardware} dev {device} nud permanent")

    def set_path_mtu(self, number, mtu):
        """Makes the router of uplink `number` (1, 2, …) forward no larger packet in either direction from now on. It
        fragments packets without DF, and its ICMP messages about the others are filtered. (The MTU of its interfaces
        does not change: veth would drop packets before the router could fragment them.)"""
        nat, site = self.nats[number - 1], (self.index - 1) * 10 + number
        nat.run("nft", "-f", "-", input=NO_TOO_BIG_RULES)
        nat.ip(f"route replace 192.168.{site}.0/24 dev lan scope link mtu lock {mtu}",
               f"route replace 203.0.113.0/24 dev wan scope link mtu lock {mtu}")


class NatNetwork:
    """Edges with emulated uplinks behind port-rewriting NATs, and the hub."""

    def __init__(self, lab, specs=(LinkSpec(), LinkSpec()), edges=1):
        self.core = lab.namespace("core")
        self.core.sysctl(net__ipv6__conf__all__disable_ipv6=1)
        self.core.ip("link add br0 type bridge", "link set br0 up")
        self.hub = lab.namespace("hub")
        _pair(self.hub, "eth0", self.core, "hubport")
        self.core.ip("link set hubport master br0 up")
        _quiet_ipv6(self.hub, "eth0")
        self.hub.ip(f"addr add {HUB_V4}/24 dev eth0", f"addr add {HUB_V6}/64 dev eth0", "link set eth0 up")
        self.edges = [Edge(lab, self.core, index, specs) for index in range(1, edges + 1)]

    @property
    def edge(self):
        return self.edges[0]

    def outside_host(self, lab):
        """Returns a namespace on the public network that belongs to neither hub nor edges."""
        namespace = lab.namespace("outside")
        _pair(namespace, "eth0", self.core, "outsideport")
        self.core.ip("link set outsideport master br0 up")
        _quiet_ipv6(namespace, "eth0")
        namespace.ip("addr add 203.0.113.66/24 dev eth0", "addr add 2001:db8::66/64 dev eth0", "link set eth0 up")
        return namespace


class CarrierNatNetwork(NatNetwork):
    """A NatNetwork whose NAT routers are behind the NAT of one carrier: both uplinks have the same public address."""

    PUBLIC_V4 = "203.0.113.200"

    def __init__(self, lab, specs=(LinkSpec(), LinkSpec())):
        super().__init__(lab, specs)
        carrier = lab.namespace("carrier")
        carrier.sysctl(net__ipv4__ip_forward=1)
        carrier.ip("link add lan type bridge", "link set lan up", "addr add 100.64.0.1/24 dev lan")
        _pair(carrier, "wan", self.core, "carrierport")
        self.core.ip("link set carrierport master br0 up")
        carrier.ip(f"addr add {self.PUBLIC_V4}/24 dev wan", "link set wan up")
        carrier.run("nft", "-f", "-", input=NAT_RULES)
        for number, nat in enumerate(self.edge.nats, start=1):
            nat.ip("link del wan")
            _pair(nat, "wan", carrier, f"customer{number}")
            carrier.ip(f"link set customer{number} master lan up")
            nat.ip(f"addr add 100.64.0.{10 + number}/24 dev wan", "link set wan up",
                   "route add default via 100.64.0.1")


class DirectNetwork:
    """Edge and hub on one plain veth pair: only the processor limits the tunnel."""

    def __init__(self, lab, offloads=True):
        self.edge = lab.namespace("edge")
        self.hub = lab.namespace("hub")
        _pair(self.edge, "wan1", self.hub, "eth0")
        _quiet_ipv6(self.edge, "wan1")
        _quiet_ipv6(self.hub, "eth0")
        self.hub.ip(f"addr add {HUB_V4}/24 dev eth0", f"addr add {HUB_V6}/64 dev eth0", "link set eth0 up")
        self.edge.ip("addr add 203.0.113.101/24 dev wan1", "addr add 2001:db8::101/64 dev wan1", "link set wan1 up",
                     f"route add default via {HUB_V4} dev wan1", f"route add ::/0 via {HUB_V6} dev wan1")
        if not offloads:
            _offloads_off(self.edge, "wan1")
            _offloads_off(self.hub, "eth0")
