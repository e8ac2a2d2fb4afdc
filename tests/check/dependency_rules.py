#!/usr/bin/env python3
"""Proves that the parts of the source tree see only what the architecture lets them see.

Usage: dependency_rules.py ROOT          checks include/ and src/ of that tree
       dependency_rules.py --self-test   proves that every rule can fail
"""
import pathlib
import re
import sys
import tempfile

# part -> the other parts whose headers it may include
MAY_SEE = {
    "base": set(),
    "crypto": {"base"},
    "sctp": {"base", "crypto"},
    "io": {"base"},
    "tunnel": {"base", "crypto", "sctp", "io"},
    "control": {"base"},
    "daemon": {"base", "crypto", "sctp", "io", "tunnel", "control"},
    "cli": {"base", "crypto", "control"},
}
# What no other part includes: all of the engine but include/hawser/sctp/, and what serves one part alone.
PRIVATE = re.compile(r"sctp/.*|crypto/(aead_cipher|base64|certificate|chacha20_poly1305|evp_key)\.hpp"
                     r"|io/(netlink/netlink|sockaddr|throw_setup_error|udp/udp_receiver|udp/udp_sender)\.hpp"
                     r"|tunnel/(checksum|icmp_error|mss_clamp)\.hpp|control/json\.hpp|daemon/.*|cli/.*")
# outside header (whole name) -> the only parts that may include it
OUTSIDE = [(re.compile(names), parts) for names, parts in (
    (r"openssl/.*", {"crypto"}),
    (r"boost/(asio|beast)\b.*", {"io", "daemon", "cli"}),
    (r"boost/json\b.*", {"control", "daemon", "cli"}),
    (r"spdlog/.*", {"base", "daemon", "cli"}),
    (r"CLI/.*", {"daemon", "cli"}),
    (r"toml\+\+.*|toml\.hpp", {"daemon", "cli"}),
    (r"netlink/.*", {"io"}),
    (r"(sys|net|netinet|arpa|linux)/.*|(netdb|poll|unistd|fcntl)\.h", {"base", "io", "crypto", "control", "daemon", "cli"}),
    (r"thread|mutex|condition_variable|future|random|fstream|iostream|ctime|(time|pthread)\.h",
     {"base", "io", "crypto", "control", "daemon", "cli"}),
)]
# file -> why it may hold a preprocessor condition
CONDITIONS_ALLOWED = {
    "src/sctp/wire/crc32c.cpp": "the CPU's CRC32 instruction exists on some architectures only",
}
INCLUDE = re.compile(r'\s*#\s*include\s*(<([^>]+)>|"([^"]+)")')
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif)\b")


def part_of(path):
    """('sctp', public?) for include/hawser/sctp/x.hpp and src/sctp/x.cpp."""
    if path.parts[0] == "include":
        return path.parts[2], True
    return path.parts[1], False


def check_include(part, public, quoted, header):
    """Returns what is wrong with one include, or None."""
    steps = header.split("/")
    if ".." in steps or "." in steps:
        return "relative include"
    if steps[0] == "hawser":
        other = steps[1]
        if other not in MAY_SEE:
            return f"unknown part '{other}'"
        return None if other == part or other in MAY_SEE[part] else f"'{part}' must not see '{other}'"
    if steps[0] in MAY_SEE and quoted:
        other = steps[0]
        if public:
            return "private header in a public one"
        if other != part and PRIVATE.fullmatch(header):
            return f"private header of '{other}' in '{part}'"
        return None if other == part or other in MAY_SEE[part] else f"'{part}' must not see '{other}'"
    if quoted:
        return "neither hawser/<part>/… nor <part>/…"
    for pattern, parts in OUTSIDE:
        if pattern.fullmatch(header) and part not in parts:
            return f"only {', '.join(sorted(parts))} may include it"
    return None


def check_file(root, path):
    part, public = part_of(path)
    lines = (root / path).read_text().splitlines()
    if part not in MAY_SEE:
        yield f"{path}: '{part}' is not a part of the architecture"
        return
    if path.suffix == ".hpp" and "#pragma once" not in lines:
        yield f"{path}: no '#pragma once'"
    for number, line in enumerate(lines, 1):
        if CONDITION.match(line) and part != "io" and str(path) not in CONDITIONS_ALLOWED:
            yield f"{path}:{number}: preprocessor condition outside io/: {line.strip()}"
        if found := INCLUDE.match(line):
            header = found[2] or found[3]
            if wrong := check_include(part, public, found[3] is not None, header):
                yield f"{path}:{number}: {header}: {wrong}"


def check_tree(root):
    files = sorted(path.relative_to(root) for top in ("include/hawser", "src") for path in (root / top).rglob("*")
                   if path.suffix in (".hpp", ".cpp", ".h"))
    return files, [problem for path in files for problem in check_file(root, path)]


def self_test():
    bad = {
        "src/sctp/a.cpp": ['#include "io/udp/udp_socket.hpp"', '#include <openssl/evp.h>', "#ifdef __linux__",
                           "#include <sys/socket.h>", "#include <thread>", '#include "tunnel/x.hpp"',
                           '#include "../base/x.hpp"', '#include "x.hpp"', "#include <time.h>", "#include <random>"],
        "src/io/b.cpp": ['#include "hawser/sctp/association.hpp"', '#include "hawser/crypto/hmac.hpp"'],
        "src/base/c.cpp": ['#include "hawser/crypto/hmac.hpp"'],
        "src/tunnel/d.cpp": ['#include "sctp/tx/builder.hpp"', '#include "hawser/daemon/x.hpp"',
                             "#include <boost/asio/io_context.hpp>", "#include <spdlog/spdlog.h>"],
        "src/daemon/h.cpp": ['#include "sctp/tx/builder.hpp"', '#include "io/netlink/netlink.hpp"', '#include "tunnel/checksum.hpp"',
                             '#include "crypto/evp_key.hpp"'],
        "src/cli/e.cpp": ['#include "tunnel/tunnel.hpp"', '#include "hawser/sctp/association.hpp"', '#include "helper.hpp"'],
        "include/hawser/sctp/f.hpp": ['#include "sctp/tx/builder.hpp"'],
        "src/extra/g.cpp": ["int x;"],
    }
    good = {
        "src/sctp/a.cpp": ['#include "hawser/base/bytes.hpp"', '#include "hawser/crypto/hmac.hpp"', "#include <span>",
                           '#include "sctp/tx/builder.hpp"', "#include <chrono>"],
        "src/io/b.cpp": ["#ifdef UDP_SEGMENT", "#endif", "#include <sys/socket.h>", "#include <netlink/netlink.h>"],
        "include/hawser/io/c.hpp": ["#pragma once", '#include "hawser/base/address.hpp"'],
        "src/crypto/d.cpp": ["#include <openssl/evp.h>"],
    }
    failures = []
    for tree, expected in ((bad, None), (good, [])):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, lines in tree.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text("\n".join(lines) + "\n")
            _, problems = check_tree(root)
        if expected is not None:
            failures += [f"wrongly refused: {problem}" for problem in problems]
            continue
        for name, lines in tree.items():
            for number, line in enumerate(lines, 1):
                if not any(p.startswith((f"{name}:{number}:", f"{name}: '")) for p in problems):
                    failures.append(f"not noticed: {name}:{number}: {line}")
        if not any("no '#pragma once'" in problem for problem in problems):
            failures.append("not noticed: missing #pragma once")
    print("\n".join(failures) or "every rule can fail")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    files, problems = check_tree(pathlib.Path(sys.argv[1]))
    print("\n".join(problems))
    print(f"{len(files)} files, {len(problems)} problems")
    return 1 if problems or not files else 0


sys.exit(main())
