"""A name server of the laboratory's own, and the resolv.conf of a namespace."""

import pathlib
import shutil
import socket
import struct
import threading

TYPES = {"A": 1, "AAAA": 28}
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3


def _question(query):
    """Returns (name, type, bytes of the question) of a DNS query."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    return ".".join(labels), struct.unpack_from("!H", query, at + 1)[0], query[12:at + 5]


class NameServer:
    """Answers A and AAAA queries that arrive at UDP port 53 of `address` in a namespace, from a thread, until stop().

    `records`: {(name, "A" or "AAAA"): addresses}. `failing`: every answer is SERVFAIL. `silent`: the types that get no
    answer. `asked`: the names and source addresses of the queries. Each may be changed at any time."""

    def __init__(self, namespace, address, records):
        self.records = records
        self.failing = False
        self.silent = set()
        self.asked = []
        self._socket = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))
        self._socket.settimeout(0.1)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._stopped.set()
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while not self._stopped.is_set():
            try:
                query, source = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            answer = self._answer(query, source)
            if answer:
                self._socket.sendto(answer, source)

    def _answer(self, query, source):
        name, kind, question = _question(query)
        self.asked.append((name, source[0]))
        kind_name = {number: word for word, number in TYPES.items()}.get(kind)
        if kind_name in self.silent:
            return None
        addresses = self.records.get((name, kind_name), ())
        known = any(host == name for host, _ in self.records)
        code = SERVER_FAILURE if self.failing else NO_ERROR if known else NO_SUCH_NAME
        if code:
            addresses = ()
        header = query[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        family = socket.AF_INET6 if kind_name == "AAAA" else socket.AF_INET
        data = [socket.inet_pton(family, address) for address in addresses]
        return header + question + b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 1, len(each)) + each for each in data)


def resolv_conf(namespace):
    """The file that programs in the namespace have as /etc/resolv.conf, if it exists when they start. Written in place,
    a change is seen by them."""
    return pathlib.Path("/etc/netns") / namespace.name / "resolv.conf"


def set_name_servers(namespace, *addresses):
    path = resolv_conf(namespace)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"nameserver {address}\n" for address in addresses))


def remove_resolv_conf(namespace):
    shutil.rmtree(resolv_conf(namespace).parent, ignore_errors=True)
