"""Records SCTP over UDP on an interface: which packets pass when, in which direction, and their visible content.

Once there are keys, all chunks of a packet are inside one sealed chunk: only its size shows whether it contains
data.
"""

import collections
import socket
import struct
import threading
import time

INIT, SEALED = 0x01, 0x5E
DATA_SIZE = 1000  # bytes of UDP payload; only packets with data are larger, except for the INIT and PMTU probes
FIRST_DATA_SIZE = 1400  # the first PMTU probe has the size of the links, 1472; a packet of 1300 inner bytes has 1384

Seen = collections.namedtuple("Seen", "time interface outgoing tag chunks payload")

_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_PACKET_OTHERHOST, _PACKET_OUTGOING = 3, 4
_UDP_HEADER, _SCTP_HEADER = 8, 12


def _udp_payload(packet, port):
    """Returns the payload of an unfragmented IP packet from or to UDP `port`, or None."""
    if packet[0] >> 4 == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
    else:
        header, protocol = 40, packet[6]
    if protocol != socket.IPPROTO_UDP or len(packet) < header + _UDP_HEADER + _SCTP_HEADER:
        return None
    if port not in struct.unpack_from("!HH", packet, header):
        return None
    return packet[header + _UDP_HEADER:]


def chunk_types(sctp):
    """Returns the types of a packet's chunks in order; stops at the first malformed length."""
    types, at = [], _SCTP_HEADER
    while at + 4 <= len(sctp):
        kind, _, length = struct.unpack_from("!BBH", sctp, at)
        if length < 4:
            break
        types.append(kind)
        at += (length + 3) & ~3
    return tuple(types)


class Sniffer:
    """Records every SCTP-over-UDP packet on interfaces of a namespace until stop(). Times are time.monotonic()."""

    def __init__(self, namespace, interfaces, port=9899):
        self.seen = []
        self._port = port
        self._stopping = False
        self._offset = time.time() - time.monotonic()
        self._threads = []
        for interface in interfaces:
            with namespace.entered():
                tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
            tap.bind((interface, _ETH_P_ALL))
            tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            tap.settimeout(0.1)
            thread = threading.Thread(target=self._watch, args=(tap, interface), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _watch(self, tap, interface):
        with tap:
            while not self._stopping:
                try:
                    packet, ancillary, _, address = tap.recvmsg(65536, 64)
                except TimeoutError:
                    continue
                sctp = _udp_payload(packet, self._port) if len(packet) > 28 else None
                if sctp is None or address[2] == _PACKET_OTHERHOST:  # a switch floods frames for others
                    continue
                seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
                self.seen.append(Seen(seconds + nanoseconds / 1e9 - self._offset, interface,
                                      address[2] == _PACKET_OUTGOING, struct.unpack_from("!I", sctp, 4)[0],
                                      chunk_types(sctp), bytes(sctp)))

    def stop(self):
        self._stopping = True
        for thread in self._threads:
            thread.join(2)
        return sorted(self.seen)

    def first(self, condition, timeout):
        """Returns the earliest packet for which condition(packet) holds; waits up to `timeout` s, then returns None."""
        deadline = time.monotonic() + timeout
        while True:
            matching = [packet for packet in list(self.seen) if condition(packet)]
            if matching:
                return min(matching)
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)


def joining_of_second_path(sniffer, timeout):
    """Returns (the ASCONF, the first data after it on the same interface), as seen at the edge; None for a missing
    packet.

    Until its ASCONF is acknowledged, an uplink carries nothing else: the ASCONF is the first packet on the interface
    over which the association was not initiated.
    """
    init = sniffer.first(lambda p: p.outgoing and INIT in p.chunks, timeout)
    if init is None:
        return None, None
    asconf = sniffer.first(lambda p: p.outgoing and SEALED in p.chunks and p.interface != init.interface, timeout)
    if asconf is None:
        return None, None
    data = sniffer.first(lambda p: p.interface == asconf.interface and p.time > asconf.time and
                         SEALED in p.chunks and DATA_SIZE < len(p.payload) <= FIRST_DATA_SIZE, timeout)
    return asconf, data
