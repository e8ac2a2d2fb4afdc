#!/usr/bin/env python3
"""Prints test vectors of protected SCTP according to docs/protocol.md: whole INIT, INIT ACK, COOKIE ECHO and COOKIE ACK
packets with the ACCESS proof and the handshake MACs, the transcript, the key schedule from the TLS exporter on, and
whole sealed packets.

It uses nothing of Hawser and only Python's standard library; the ciphers are those of records.py. protection.txt is
the output of this program.

The vectors are four associations (each cipher, with and without a pre-shared key) of two epochs each, with one
packet of each side per epoch. All numbers are arbitrary, except for the hub's public key: RFC 8032 §7.1, test 1, has
the private one.

Usage: protection.py [--compare protection.txt]
"""

import hashlib
import hmac
import struct
import sys

sys.dont_write_bytecode = True
import records  # noqa: E402

PORT = 9899
LABEL = b"EXPORTER-hawser-record"
HUB = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
INIT_TAG, INIT_ACK_TAG = 0x1A2B3C4D, 0x5E6F7081
INIT_TSN, INIT_ACK_TSN = 0x01020304, 0xFFFFFFF0
PPID_IPV4 = 0x48570004
# The cost of sealing a packet at either end, in nanoseconds: the first pair makes both ends choose AES, the second
# ChaCha20.
COSTS = {1: ((480, 1900), (520, 2100)), 2: ((9800, 3100), (430, 1700))}

# Sender, path id and sequence of the packets of each epoch: the first values and the extremes.
PACKETS = ((("server", 0, 0), ("client", 0, 0)), (("server", 3, 0x010203040506), ("client", 255, (1 << 48) - 1)))


def made_up(label, size):
    """Returns bytes that look random, the same for each label."""
    out = b"".join(hashlib.sha256(label + bytes([i])).digest() for i in range(size // 32 + 1))
    return out[:size]


def crc32c(data):
    """CRC32c as in RFC 9260 appendix A, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def common_header(tag):
    return struct.pack(">HHII", PORT, PORT, tag, 0)


def with_checksum(packet):
    """Writes the checksum, which is sent lowest byte first (RFC 9260 appendix A)."""
    return packet[:8] + struct.pack("<I", crc32c(packet[:8] + bytes(4) + packet[12:])) + packet[12:]


def padded4(data):
    return data + bytes(-len(data) % 4)


def parameter(kind, value):
    return struct.pack(">HH", kind, 4 + len(value)) + value


def chunk(kind, flags, value):
    return struct.pack(">BBH", kind, flags, 4 + len(value)) + value


def own_parameters(costs):
    """The parameters that INIT and INIT ACK have in common: Supported Extensions (ASCONF, ASCONF-ACK, NR-SACK), Zero
    Checksum Acceptable, PROTECTION."""
    return (padded4(parameter(0x8008, bytes([0xC1, 0x80, 0x10]))) + parameter(0x8001, struct.pack(">I", 0x48570001))
            + parameter(0x8F57, struct.pack(">B3xII", 1, *costs)))


def fixed_fields(tag, tsn):
    return struct.pack(">IIHHI", tag, 4 << 20, 64, 64, tsn)


def mac_of(key, *parts):
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


def derive(psk, label, size):
    return records.expand_label(records.hkdf_extract(psk or bytes(32), HUB), label, b"", size)


def init(psk, costs, nonce):
    """Returns the INIT chunk. Its length is final before the proofs are computed; each covers all bytes before it. The
    hub MAC has 32 bytes, of which 16 are sent and the next 4 hide the hint."""
    value = fixed_fields(INIT_TAG, INIT_TSN) + own_parameters(costs) + parameter(0x8005, bytes(228))
    whole = chunk(1, 0, value + struct.pack(">HH", 0x8F58, 56) + nonce + bytes(36))[:-36]
    hub_mac = mac_of(derive(b"", b"hub", 32), whole)
    index = 4 * (nonce[0] % 64)
    hint = records.xor(derive(psk, b"hints", 256)[index:index + 4], hub_mac[16:20])
    whole += hub_mac[:16] + hint
    return whole + mac_of(derive(psk, b"access", 32), whole)[:16]


def signed(access_key, sender, context, packet):
    """Appends the handshake MAC chunk, and writes the checksum, which the MAC does not cover."""
    packet += struct.pack(">BBH", 0x5F, 0, 20)
    return with_checksum(packet + mac_of(access_key, b"hawser " + sender + b" handshake", context, packet)[:16])


def init_ack(costs, cookie):
    """Returns the chunk, and the part of it that is in the transcript. The cookie's size makes padding follow the
    chunk, which the chunk's length does not count."""
    front = fixed_fields(INIT_ACK_TAG, INIT_ACK_TSN) + own_parameters(costs)
    return chunk(2, 0, front + parameter(7, cookie)), front


def tls13_expand_label(secret, label, context, size):
    """HKDF-Expand-Label of RFC 8446 §7.1, up to 32 bytes (one block)."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + struct.pack("B", len(context)) + context
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()[:size]


def tls_exporter(master_secret, label, context):
    """The exporter of RFC 8446 §7.5."""
    derived = tls13_expand_label(master_secret, label, hashlib.sha256(b"").digest(), 32)
    return tls13_expand_label(derived, b"exporter", hashlib.sha256(context).digest(), 32)


def record_keys(cipher, epoch, exporter_secret, psk, sender):
    master = records.hkdf_extract(psk or bytes(32), exporter_secret)
    traffic = records.expand_label(master, sender.encode() + b" traffic", bytes([epoch, cipher]), 32)
    size = records.CIPHERS[cipher][1]
    return records.expand_label(traffic, b"key", b"", size), records.expand_label(traffic, b"iv", b"", 12)


def sack(cumulative_tsn):
    return chunk(3, 0, struct.pack(">IIHH", cumulative_tsn & 0xFFFFFFFF, 4 << 20, 0, 0))


def heartbeat(kind, label):
    return chunk(kind, 0, parameter(1, made_up(label, 20)))


def data(tsn, stream, ssn, payload):
    return padded4(chunk(0, 3, struct.pack(">IHHI", tsn & 0xFFFFFFFF, stream, ssn, PPID_IPV4) + payload))


def ipv4(size):
    """Returns a packet with a valid IPv4 header and UDP as its protocol; the payload is arbitrary."""
    addresses = bytes([10, 90, 0, 2, 10, 90, 0, 1])
    header = struct.pack(">BBHHHBBH", 0x45, 0, size, 0, 0x4000, 64, 17, 0) + addresses
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~total & 0xFFFF) + header[12:]
    return header + made_up(b"payload", size - len(header))


def chunks_of(sender, epoch):
    """The chunks of a packet: the server's first packet of an epoch and the client's answer to it; then data, once with
    padding after it and once with two chunks."""
    if sender == "server":
        return sack(INIT_TSN + 2) + heartbeat(4, b"nonce") if epoch == 0 else data(INIT_ACK_TSN + 20, 5, 7, ipv4(61))
    return heartbeat(5, b"nonce") if epoch == 0 else sack(INIT_ACK_TSN + 20) + data(INIT_TSN + 9, 2, 0, ipv4(300))


def sealed_packet(cipher, epoch, exporter_secret, psk, sender, path, sequence):
    key, iv = record_keys(cipher, epoch, exporter_secret, psk, sender)
    chunks = chunks_of(sender, epoch)
    header = common_header(INIT_ACK_TAG if sender == "client" else INIT_TAG)
    record = bytes([path, epoch]) + sequence.to_bytes(6, "big")
    aad = header + struct.pack(">BBH", 0x5E, 0, 4 + 8 + len(chunks) + 16) + record
    nonce = records.xor(iv, bytes(5) + bytes([path]) + sequence.to_bytes(6, "big"))
    text, tag = records.CIPHERS[cipher][2](key, nonce, aad, chunks)
    packet = aad + text + tag
    return [("cipher", records.CIPHERS[cipher][0]), ("epoch", epoch), ("exporter_secret", exporter_secret),
            ("preshared_key", psk), ("sender", sender), ("key", key), ("iv", iv), ("path", path),
            ("sequence", sequence), ("nonce", nonce), ("associated_data", aad), ("chunks", chunks),
            ("packet", packet), ("packet_with_checksum", with_checksum(packet))]


def association(cipher, psk):
    access_key = derive(psk, b"access", 32)
    client_costs, server_costs = COSTS[cipher]
    init_chunk = init(psk, client_costs, made_up(b"access nonce", 16))
    cookie = made_up(b"cookie", 181)
    ack_chunk, ack_front = init_ack(server_costs, cookie)
    init_hash = hashlib.sha256(init_chunk).digest()
    transcript = hashlib.sha256(init_chunk + ack_front).digest()
    echo = padded4(chunk(10, 0, cookie)) + padded4(chunk(0, 3, struct.pack(
        ">IHHI", INIT_TSN, 0, 0, 0x48570002) + b"\0" + made_up(b"ClientHello", 200)))
    yield [("hub_public_key", HUB), ("preshared_key", psk), ("hub_key", derive(b"", b"hub", 32)),
           ("access_key", access_key), ("hints", derive(psk, b"hints", 256)),
           ("init_packet", with_checksum(common_header(0) + init_chunk)), ("init_hash", init_hash),
           ("init_ack_packet",
            signed(access_key, b"hub", init_hash, common_header(INIT_TAG) + padded4(ack_chunk))),
           ("transcript", transcript),
           ("cookie_echo_packet", signed(access_key, b"edge", transcript, common_header(INIT_ACK_TAG) + echo)),
           ("cookie_ack_packet",
            signed(access_key, b"hub", transcript, common_header(INIT_TAG) + chunk(11, 0, b""))),
           ("agreed_cipher", records.CIPHERS[cipher][0])]
    for epoch in (0, 1):
        master_secret = made_up(b"exporter master secret %d" % epoch, 32)
        exporter_secret = tls_exporter(master_secret, LABEL, transcript)
        yield [("exporter_master_secret", master_secret), ("transcript", transcript),
               ("exporter_secret", exporter_secret)]
        for sender, path, sequence in PACKETS[epoch]:
            yield sealed_packet(cipher, epoch, exporter_secret, psk, sender, path, sequence)


def check():
    """Checks the CRC32c of 32 zeros (RFC 3720 §B.4), and TLS's HKDF-Expand-Label as QUIC uses it (RFC 9001 §A.1)."""
    assert struct.pack("<I", crc32c(bytes(32))) == bytes.fromhex("aa36918a")
    initial = bytes.fromhex("7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44")
    assert tls13_expand_label(initial, b"client in", b"", 32) == bytes.fromhex(
        "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea")
    records.check_ciphers()


def all_vectors():
    blocks = [block for cipher in (1, 2) for psk in (b"", made_up(b"psk", 32)) for block in association(cipher, psk)]
    return "\n".join(["# Written by protection.py, which describes the computation. Numbers are decimal, bytes hexadecimal.\n"]
                     + [records.text_of(block) for block in blocks])


if __name__ == "__main__":
    check()
    sys.exit(records.write_or_compare(all_vectors))
