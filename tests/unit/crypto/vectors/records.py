#!/usr/bin/env python3
"""Prints test vectors of the key schedule and of sealed records.

It uses nothing of Hawser and only Python's standard library: HKDF over hmac, and slow, simple implementations of
AES-128-GCM (FIPS 197, NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439) below. records.txt is the output of this
program.

Usage: records.py [--compare records.txt]
"""

import hashlib
import hmac
import struct
import sys


def hkdf_extract(salt, material):
    return hmac.new(salt, material, hashlib.sha256).digest()


def expand_label(secret, label, context, size):
    label = b"hawser " + label
    info = struct.pack(">HB", size, len(label)) + label + struct.pack("B", len(context)) + context
    out, block, counter = b"", b"", 1
    while len(out) < size:
        block = hmac.new(secret, block + info + bytes([counter]), hashlib.sha256).digest()
        out, counter = out + block, counter + 1
    return out[:size]


def rotate(word, bits):
    return (word << bits | word >> (32 - bits)) & 0xFFFFFFFF


def chacha20_block(key, counter, nonce):
    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + (counter,)
                 + struct.unpack("<3I", nonce))
    s = start[:]

    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], bits)

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(s, start)))


def padded16(data):
    return data + bytes(-len(data) % 16)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def chacha20_poly1305(key, nonce, aad, text):
    one_time = chacha20_block(key, 0, nonce)
    sealed = b"".join(xor(text[i:i + 64], chacha20_block(key, 1 + i // 64, nonce)) for i in range(0, len(text), 64))
    r = int.from_bytes(one_time[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    s = int.from_bytes(one_time[16:32], "little")
    message = padded16(aad) + padded16(sealed) + struct.pack("<QQ", len(aad), len(sealed))
    total = 0
    for i in range(0, len(message), 16):
        total = (total + int.from_bytes(message[i:i + 16] + b"\x01", "little")) * r % ((1 << 130) - 5)
    return sealed, ((total + s) % (1 << 128)).to_bytes(16, "little")


def aes_times(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = a << 1 ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def aes_sbox():
    box = []
    for value in range(256):
        inverse = next((x for x in range(256) if aes_times(value, x) == 1), 0)
        out = 0x63
        for shift in range(5):
            out ^= (inverse << shift | inverse >> (8 - shift)) & 0xFF
        box.append(out)
    return box


SBOX = aes_sbox()


def aes128_round_keys(key):
    words, constant = [key[i:i + 4] for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word, constant = bytes([word[0] ^ constant]) + word[1:], aes_times(constant, 2)
        words.append(xor(words[i - 4], word))
    return [b"".join(words[i:i + 4]) for i in range(0, 44, 4)]


def aes128(round_keys, block):
    state = xor(block, round_keys[0])
    for number in range(1, 11):
        state = bytes(SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16))
        if number != 10:
            mixed = bytearray()
            for c in range(0, 16, 4):
                column = state[c:c + 4]
                mixed += bytes(aes_times(column[i], 2) ^ aes_times(column[(i + 1) % 4], 3) ^ column[(i + 2) % 4]
                               ^ column[(i + 3) % 4] for i in range(4))
            state = bytes(mixed)
        state = xor(state, round_keys[number])
    return state


def gcm_times(x, y):
    product = 0
    for bit in range(127, -1, -1):
        product ^= y if x >> bit & 1 else 0
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return product


def aes_128_gcm(key, nonce, aad, text):
    keys = aes128_round_keys(key)
    sealed = b"".join(xor(text[i:i + 16], aes128(keys, nonce + struct.pack(">I", 2 + i // 16)))
                      for i in range(0, len(text), 16))
    h = int.from_bytes(aes128(keys, bytes(16)), "big")
    message = padded16(aad) + padded16(sealed) + struct.pack(">QQ", 8 * len(aad), 8 * len(sealed))
    total = 0
    for i in range(0, len(message), 16):
        total = gcm_times(total ^ int.from_bytes(message[i:i + 16], "big"), h)
    return sealed, xor(total.to_bytes(16, "big"), aes128(keys, nonce + b"\x00\x00\x00\x01"))


CIPHERS = {1: ("aes-128-gcm", 16, aes_128_gcm), 2: ("chacha20-poly1305", 32, chacha20_poly1305)}


def check_ciphers():
    """Checks GCM specification, test case 2, and RFC 8439 §2.8.2 (its tag depends on all inputs)."""
    assert aes_128_gcm(bytes(16), bytes(12), b"", bytes(16)) == (
        bytes.fromhex("0388dace60b6a392f328c2b971b2fe78"), bytes.fromhex("ab6e47d42cec13bdf53a67b21257bddf"))
    text = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
            b"sunscreen would be it.")
    tag = chacha20_poly1305(bytes(range(0x80, 0xA0)), bytes.fromhex("070000004041424344454647"),
                            bytes.fromhex("50515253c0c1c2c3c4c5c6c7"), text)[1]
    assert tag == bytes.fromhex("1ae10b594f09e26a7e902ecbd0600691")


def vector(cipher, epoch, exporter_secret, psk, path, sequence, aad, text):
    name, key_size, seal = CIPHERS[cipher]
    master = hkdf_extract(psk or bytes(32), exporter_secret)
    lines = [("cipher", name), ("epoch", epoch), ("exporter_secret", exporter_secret), ("preshared_key", psk),
             ("master", master)]
    for side in ("client", "server"):
        traffic = expand_label(master, side.encode() + b" traffic", bytes([epoch, cipher]), 32)
        key, iv = expand_label(traffic, b"key", b"", key_size), expand_label(traffic, b"iv", b"", 12)
        nonce = xor(iv, bytes(5) + bytes([path]) + sequence.to_bytes(6, "big"))
        sealed, tag = seal(key, nonce, aad, text)
        lines += [(side + "_key", key), (side + "_iv", iv), (side + "_nonce", nonce), (side + "_ciphertext", sealed),
                  (side + "_tag", tag)]
    lines[4:4] = [("path", path), ("sequence", sequence), ("associated_data", aad), ("plaintext", text)]
    return lines


def text_of(lines):
    return "".join(("%s = %s" % (key, value.hex() if isinstance(value, bytes) else value)).rstrip() + "\n"
                   for key, value in lines)


def all_vectors():
    def material(label, size):
        return (hashlib.sha256(label).digest() * (size // 32 + 1))[:size]

    parts = ["# Written by records.py, which describes the computation. Numbers are decimal, bytes hexadecimal.\n"]
    for cipher in (1, 2):
        parts.append(text_of(vector(cipher, 0, material(b"exporter", 32), b"", 0, 0, material(b"header", 24), b"")))
        parts.append(text_of(vector(cipher, 1, material(b"exporter 1", 32), material(b"psk", 32), 3, 0x010203040506,
                              material(b"header", 24), material(b"chunks", 100))))
        parts.append(text_of(vector(cipher, 255, material(b"exporter 255", 32), material(b"psk", 32), 255, (1 << 48) - 1,
                              material(b"header", 24), material(b"chunks", 1372))))
    hub, psk = material(b"hub", 32), material(b"psk", 32)
    for key in (b"", psk):
        access = expand_label(hkdf_extract(key or bytes(32), hub), b"access", b"", 32)
        parts.append(text_of([("hub_public_key", hub), ("preshared_key", key), ("access_key", access)]))
    return "\n".join(parts)


def write_or_compare(all_vectors):
    """Prints the vectors; with --compare FILE, compares them with the file."""
    if sys.argv[1:2] == ["--compare"]:
        with open(sys.argv[2], encoding="ascii") as file:
            return 0 if file.read() == all_vectors() else "%s is not what this program writes" % sys.argv[2]
    sys.stdout.write(all_vectors())
    return 0


if __name__ == "__main__":
    check_ciphers()
    sys.exit(write_or_compare(all_vectors))
