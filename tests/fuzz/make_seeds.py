#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets for protected associations, configuration and control messages. Run it by hand
when their commands or formats change.

Usage: make_seeds.py
"""

import json
import pathlib
import re
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, name, *parts):
    folder = CORPUS / target
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"".join(bytes(part) for part in parts))


def padded(data):
    return data + bytes(-len(data) % 4)


def parameter(kind, value=b""):
    return padded(struct.pack(">HH", kind, 4 + len(value)) + value)


# --- access: flags, offset at which a cookie is altered (2 bytes), the tag unless it is zero, chunk or parameters

SIGN, RAW, WITH_ACCESS, BARE, TAG, WRONG_LENGTH = 1, 2, 4, 8, 16, 32
PADDING = parameter(0x8005, bytes(224))
PROTECTION = parameter(0x8F57, struct.pack(">BxxxII", 1, 500, 900))
ZERO_CHECKSUM = parameter(0x8001, struct.pack(">I", 0x48570001))
EXTENSIONS = parameter(0x8008, bytes([0xC1, 0x80, 0x10]))
ACCESS = parameter(0x8F58, bytes(52))
OTHERS = {
    "addresses": parameter(5, bytes([192, 0, 2, 1])) + parameter(6, bytes(16)),
    "cookie_preservative": parameter(9, struct.pack(">I", 60_000)),
    "host_name": parameter(11, b"example.net\0"),
    "address_types": parameter(12, struct.pack(">HH", 5, 6)),
    "auth": parameter(0x8002, bytes(32)) + parameter(0x8003, b"\xc1\x80") + parameter(0x8004, b"\0\3\0\1"),
    "unknown_stop": parameter(0x0F00, b"abcd"),
    "unknown_skip_and_report": parameter(0xCF00, b"abcd"),
    "adaptation": parameter(0xC006, bytes(4)),
    "ecn": parameter(0x8000),
    "access_twice": ACCESS,
}


def init(parameters, streams=(8, 8), window=65_536, tag=0x01020304):
    body = struct.pack(">IIHHI", tag, window, *streams, 1000) + parameters
    return struct.pack(">BBH", 1, 0, 4 + len(body)) + body


def access_seeds():
    def seed(name, how, body, cookie_at=7):
        tag = b"\1" if how & TAG else b""
        write("access", name, [how], struct.pack(">H", cookie_at), tag, body)

    for name, how in {"valid": SIGN, "unsigned": 0, "wrong_length": SIGN | WRONG_LENGTH, "with_tag": SIGN | TAG}.items():
        seed(name, how | WITH_ACCESS, PADDING)
    seed("too_small", SIGN | WITH_ACCESS, b"")
    seed("without_access", SIGN, PADDING)
    seed("without_protection", SIGN | WITH_ACCESS | BARE, ZERO_CHECKSUM + PADDING)
    seed("without_zero_checksum", SIGN | WITH_ACCESS | BARE, PROTECTION + PADDING)
    seed("as_hawser_does", SIGN | RAW | WITH_ACCESS, init(EXTENSIONS + ZERO_CHECKSUM + PROTECTION + PADDING))
    seed("no_streams", SIGN | RAW | WITH_ACCESS, init(PROTECTION + PADDING, streams=(0, 8)))
    seed("no_window", SIGN | RAW | WITH_ACCESS, init(PROTECTION + PADDING, window=1499))
    seed("no_tag", SIGN | RAW | WITH_ACCESS, init(PROTECTION + PADDING, tag=0))
    for name, other in OTHERS.items():
        seed(name, SIGN | WITH_ACCESS, other + PADDING, cookie_at=40)


# --- handshake_messages: hub or edge, a variant, commands

GENUINE, ALTERED, FRAGMENTS, MESSAGE, RECORD, DATA, CHUNKS, SEALED, TIME, ECHO, UNSIGNED = 0, *range(2, 12)


def handshake_seeds():
    for victim, start in {"hub": [0, 0], "edge": [1, 1]}.items():
        def seed(name, *parts):
            write("handshake_messages", f"{victim}_{name}", start, *parts)

        seed("complete", [GENUINE, SEALED, SEALED, TIME, 100, GENUINE])
        seed("in_fragments", [FRAGMENTS, 1] + [99] * 30, [SEALED])
        seed("in_odd_fragments", [FRAGMENTS, 0] + [200, 3] * 10, [SEALED])
        seed("altered_early", [ALTERED, 0, 0, 7, 0x16, SEALED])
        seed("altered_late", [ALTERED, 3, 0, 200, 1, 0, 90, 2, 0, 60, 3, 0, 30, 4, TIME, 255])
        seed("arbitrary_message", [MESSAGE, 0, 8], bytes(range(32)), [GENUINE, SEALED])
        seed("another_epoch", [MESSAGE, 1, 8], bytes(range(32)), [GENUINE, SEALED, MESSAGE, 1, 0])
        seed("alert", [RECORD, 2, 2, 40, 1], [TIME, 200])
        seed("client_hello", [RECORD, 48, 1, 0, 0, 44, 3, 3], bytes(42), [2], [GENUINE])
        seed("user_data", [DATA, 0x43, 0, 1, 4], b"user", [DATA, 0x8B, 1, 4], b"data")
        seed("data_ahead", [DATA, 0x33, 5, 5, 4], b"late", [GENUINE, SEALED])
        seed("half_a_message", [DATA, 0x81, 8], bytes(8), [DATA, 0x80, 8], bytes(8), [DATA, 0x82, 8], bytes(8))
        seed("abort", [CHUNKS, 1, 6, 0, 0, 4], [GENUINE, SEALED])
        seed("error_and_shutdown", [CHUNKS, 3, 9, 0, 0, 4, 7, 0, 0, 8, 0, 0, 0, 1], [GENUINE, SEALED])
        seed("unsigned", [UNSIGNED, 1, 11, 0, 0, 4, GENUINE, UNSIGNED, 0, SEALED, UNSIGNED, 0, GENUINE])
        seed("too_slow", [TIME, 255] * 5, [GENUINE, SEALED])
    write("handshake_messages", "hub_echo_again", [0, 1, ECHO, TIME, 200, ECHO, GENUINE, ECHO, SEALED, ECHO])
    write("handshake_messages", "edge_without_cookie_ack", [1, 0, GENUINE, SEALED])


# --- sealed_record: commands

ARBITRARY, RECORD_AROUND, DAMAGED, CUT, REPEATED, USE, PASS, UNSEALED = 0, 1, 3, 4, 5, 6, 7, 8


def around(chunks, other_route=False):
    chunks = padded(chunks)[: 255 * 4]
    return bytes([RECORD_AROUND, len(chunks) // 4]) + chunks + bytes([0, 20, 3, 0 if other_route else 1])


def data(tsn, stream=1, ssn=0, payload=b"payload.", flags=3):
    return padded(struct.pack(">BBHIHHI", 0, flags, 16 + len(payload), tsn, stream, ssn, 7) + payload)


def sealed_seeds():
    # Wrap the chunks of plain packets in records.
    for packet in sorted((CORPUS / "packet_parser").iterdir()):
        chunks = packet.read_bytes()[12:]
        write("sealed_record", f"chunks_{packet.name}", around(chunks), around(chunks, other_route=True), [PASS, 50])
    first = 0x1002  # the two TSNs before it were used by ClientHello and Finished
    heartbeat = bytes([4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4])
    roles = data(first, 0, 2, bytes([0, 0, 3]))[:12] + struct.pack(">I", 0x48570003) + bytes([0, 0, 3, 0])
    write("sealed_record", "data_in_order", around(data(first)), around(data(first + 1, ssn=1)), [PASS, 50])
    write("sealed_record", "data_with_gap", around(data(first + 2)), around(data(first)), [PASS, 50])
    write("sealed_record", "moved", around(heartbeat), around(heartbeat, other_route=True), [PASS, 50, PASS, 255])
    write("sealed_record", "rekey", around(data(first, 0, 2, bytes([1]) + bytes(40))), [PASS, 50])
    write("sealed_record", "roles", around(roles), [PASS, 50])
    write("sealed_record", "shutdown", around(bytes([7, 0, 0, 8]) + struct.pack(">I", 1)), [PASS, 255, PASS, 255])
    write("sealed_record", "used", [USE, 1, 0, 4], b"user", [USE, 2, 0, 4], b"data", [PASS, 50])
    write("sealed_record", "hostile", [ARBITRARY, 12], bytes(48), [1, 1], [DAMAGED, 8], bytes(8), [0, 16, 1, 1],
          [CUT, 8], bytes(8), [0, 30, 1], around(heartbeat), [REPEATED, 1, 0, UNSEALED, 1, 0, 1, 6, 0, 0, 4])
    # The cached answer is large; each duplicate that fetches it is small, and comes from another address.
    serial_and_lookup = struct.pack(">I", 0x1000) + parameter(5, bytes(4))
    delete = struct.pack(">HHI", 0xC002, 16, 1) + parameter(5, bytes([9, 9, 9, 9]))
    large = serial_and_lookup + delete * 40
    duplicate = struct.pack(">BBH", 0xC1, 0, 16) + serial_and_lookup
    write("sealed_record", "asconf_duplicates", around(struct.pack(">BBH", 0xC1, 0, 4 + len(large)) + large),
          around(duplicate * 60, other_route=True), around(duplicate, other_route=True), [PASS, 50])
    many = bytes([0xFF, 0, 0, 4]) * 80 + bytes([4, 0, 0, 8, 0, 1, 0, 4]) * 80
    write("sealed_record", "many_small_chunks", around(many), around(many, other_route=True), [PASS, 50])
    write("sealed_record", "silence", [PASS, 255] * 40)


# --- path_preferences: commands

RAW_MESSAGE, WHOLE, PIECES, OWN, WAIT, MOVE = 0, 1, 2, 3, 4, 5


def entry(path_id=0, role=0, cap_bit=20, low=0, capped=True):
    return bytes([cap_bit, 3 if path_id else 0, role, 1 if capped else 0]) + (struct.pack(">H", low) if capped else b"")


def preference_seeds():
    def whole(*entries, size=12):
        return bytes([size - 12, len(entries)]) + b"".join(entries)

    wire_entry = struct.pack(">BBBxQ", 0, 0, 2, 5_000_000)
    write("path_preferences", "role_and_cap", [WHOLE], whole(entry(role=2)), [WAIT, 100])
    write("path_preferences", "no_cap", [WHOLE], whole(entry(role=1, capped=False)))
    write("path_preferences", "unknown_path", [WHOLE], whole(entry(path_id=1, role=3)))
    write("path_preferences", "unknown_role_after_a_good_one", [WHOLE], whole(entry(role=3), entry(role=4), entry(role=1)))
    write("path_preferences", "cap_too_low_and_too_high", [WHOLE], whole(entry(cap_bit=3)), [WHOLE], whole(entry(cap_bit=50)))
    write("path_preferences", "longer_entries", [WHOLE], whole(*[entry(role=n % 4) for n in range(31)], size=19))
    write("path_preferences", "in_pieces", [PIECES], whole(entry(role=2), entry(role=1)), [7, WAIT, 200])
    write("path_preferences", "raw", [RAW_MESSAGE, 13, 1, 12], wire_entry)
    write("path_preferences", "another_version", [RAW_MESSAGE, 13, 2, 12], wire_entry)
    write("path_preferences", "removal_of_the_only_path", [RAW_MESSAGE, 13, 1, 12], struct.pack(">BBBBQ", 0, 0, 2, 1, 5_000_000))
    write("path_preferences", "both_ends", [OWN, 3, 0, 200, WHOLE], whole(entry(role=1, cap_bit=17)), [OWN, 0, 0, 0, WAIT, 255])
    write("path_preferences", "moved", [MOVE, WAIT, 50, WHOLE], whole(entry(role=1)), [MOVE, MOVE, WAIT, 255])


# --- control_messages: a line; config_file: a file

def control_seeds():
    def line(name, value):
        write("control_messages", name, (value if isinstance(value, str) else json.dumps(value)).encode() + b"\n")

    setting = {"command": "path_set", "label": "lte", "setting": "max_upload", "value": "20 Mbit/s"}
    path = {"id": 0, "label": "lte", "remote": "203.0.113.1:9899", "state": "active", "rtt_ms": 41.3, "cwnd": 310_000}
    line("status", {"command": "status"})
    line("path_set", setting)
    line("path_set_with_escapes", setting | {"label": "\u00e9\n\"\\", "value": ""})
    line("unknown_command", {"command": ["status"]})
    line("unknown_key", {"command": "status", "verbose": True})
    line("wrong_type", setting | {"value": 7})
    line("twice", '{"command":"status","command":"path_set"}')
    line("deep", "[" * 40 + "]" * 40)
    line("error", {"error": "no such uplink"})
    line("status_reply", {"version": "0.1.0", "interface": {"name": "hawser0", "mtu": 1392}, "peers": [
        {"name": "hub", "state": "up", "allowed_ips": ["0.0.0.0/0"], "tx_bytes": 812_000_000}], "associations": [
        {"id": 1, "peer": "hub", "paths": [path]}], "drops": {"engine": {"no_access": 3}}, "uplinks": [
        {"label": "lte", "quota": None}], "hooks": {"run": 1}})
    numbers = {"large_number": "1.7976931348623157e308", "inexact_number": "5.4097607429647384e+124",
               "number_that_boost_reads_as_nan": "0e797158"}
    for name, number in numbers.items():
        line(name, '{"version":"1","associations":[{"paths":[{"rtt_ms":%s}]}]}' % number)
    line("path_change", {"label": "lte", "setting": "role", "before": "always", "after": "backup", "over_quota": True})


def config_seeds():
    write("config_file", "key_with_control_characters", b'"a\\n\\u001b[31mb" = 1\n')
    write("config_file", "header_without_a_name", b"[= 1\n")  # toml++ 3.3 has an assertion here
    write("config_file", "letter_in_a_string_that_is_none", '1=1\x7f\x7f??11="a\u00b2a'.encode())  # undefined in toml++ 3.3
    write("config_file", "letter_after_white_space", 'a = """b\\\n \u00e4"""'.encode())
    for example in sorted((CORPUS.parents[2] / "conf").glob("*.toml")):
        text = example.read_text()
        write("config_file", example.stem, text.encode())
        # All that is only shown in comments as well, and without the text.
        lines = [re.sub(r"^# ?(?=[\[a-z_\]]+ ?(=|\]|$))", "", line).split("  #")[0] for line in text.splitlines()]
        write("config_file", f"{example.stem}_everything",
              "\n".join(line for line in lines if not line.startswith("#")).encode())


access_seeds()
preference_seeds()
control_seeds()
config_seeds()
handshake_seeds()
sealed_seeds()
