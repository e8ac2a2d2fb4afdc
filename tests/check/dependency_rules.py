#!/usr/bin/env python3
"""Proves that the parts of the source tree, and the rooms of a part, see only what the architecture lets them see.

Usage: dependency_rules.py ROOT          checks include/, src/ and docs/examples/ of that tree
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
    "trace": {"base", "sctp"},
    "io": {"base"},
    "tunnel": {"base", "crypto", "sctp", "io"},
    "control": {"base"},
    "daemon": {"base", "crypto", "sctp", "trace", "io", "tunnel", "control"},
    "cli": {"base", "crypto", "control"},
    "examples": {"base", "crypto", "sctp", "io"},
}
# What the example programs include besides public headers: the sockets.
EXAMPLES_SEE = re.compile(r"examples/.*|io/(datagram_socket|setup_error|udp/udp_socket)\.hpp")
# What no other part includes: all of the engine but include/hawser/sctp/, and what serves one part alone.
PRIVATE = re.compile(r"sctp/.*|crypto/(base64|certificate|evp_key)\.hpp"
                     r"|io/(netlink/netlink|sockaddr|throw_setup_error|udp/(socket_option|udp_receiver|udp_sender))\.hpp"
                     r"|tunnel/(checksum|icmp_error|mss_clamp)\.hpp|control/json\.hpp|daemon/.*|cli/.*")
WIRE_TO_HANDSHAKE = {"wire", "rx", "auth", "control", "path", "security", "tx", "asconf", "handshake"}
# part -> room (a folder of the part) -> the other rooms of the part that it may include
ROOMS = {
    "sctp": {
        "wire": set(),
        "rx": {"wire"},
        "auth": {"wire"},
        "control": {"wire"},
        "path": {"wire", "control"},
        "security": {"wire", "path"},
        "tx": {"wire", "rx", "auth", "control", "path", "security"},
        "asconf": {"wire", "control", "path"},
        "handshake": {"wire", "auth", "control", "path", "security"},
        "association": WIRE_TO_HANDSHAKE,
        "endpoint": WIRE_TO_HANDSHAKE | {"association"},
    },
    "io": {
        "netlink": set(),
        "tun": {"netlink"},  # a TUN device sets its addresses, routes and MTU
        "udp": set(),
    },
    "daemon": {
        "config": set(),
        "uplinks": {"config"},
        "hooks": {"config", "uplinks"},
        "quota": {"config", "uplinks"},
        "names": set(),
        "peering": {"config", "uplinks"},
        "routing": {"config"},
        "status": {"config", "uplinks", "quota", "peering"},
        "control": set(),
        "privileges": {"config"},
    },
    "examples": {
        "common": set(),
        "echo": {"common"},
        "perf": {"common"},
    },
}
# part -> file outside of rooms that rooms include -> (the rooms that may include it, the rooms that it may include).
# All other files outside of rooms may include every room, and no room may include them. A part without an entry has
# no files outside of rooms.
OUTSIDE_ROOMS = {
    "io": {
        "datagram_socket.hpp": ({"udp"}, set()),
        "packet_device.hpp": ({"tun"}, set()),
        "setup_error.hpp": ({"netlink", "tun", "udp"}, set()),
        "sockaddr.hpp": ({"udp"}, set()),
        "throw_setup_error.hpp": ({"netlink", "tun", "udp"}, set()),
    },
    "daemon": {
        "hook_event.hpp": ({"hooks"}, set()),
        "log_fold.hpp": ({"peering"}, set()),
        "name_lookup.hpp": ({"names", "peering", "uplinks"}, set()),
        "platform.hpp": ({"hooks", "peering", "quota", "uplinks"}, set()),
        "state_file.hpp": ({"peering", "quota"}, set()),
        "version.hpp": ({"status"}, set()),
    },
}
# outside header (whole name) -> the only parts that may include it
OUTSIDE = [(re.compile(names), parts) for names, parts in (
    (r"openssl/.*", {"crypto"}),
    (r"boost/(asio|beast)\b.*", {"io", "daemon", "cli"}),
    (r"boost/json\b.*", {"control", "daemon", "cli", "examples"}),
    (r"spdlog/.*", {"base", "daemon", "cli"}),
    (r"CLI/.*", {"daemon", "cli", "examples"}),
    (r"toml\+\+.*|toml\.hpp", {"daemon", "cli"}),
    (r"ares.*\.h", {"daemon"}),
    (r"netlink/.*", {"io"}),
    (r"(sys|net|netinet|arpa|linux)/.*|(netdb|poll|unistd|fcntl)\.h",
     {"base", "io", "crypto", "control", "daemon", "cli", "examples"}),
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


def place_of(steps):
    """('path', 'pacer.hpp') for the steps of sctp/path/pacer.hpp, (None, 'platform.hpp') for daemon/platform.hpp."""
    return (steps[1] if len(steps) > 2 else None), steps[-1]


def check_rooms(part, path, steps):
    """Returns what is wrong with an include of a private header of the same part, or None."""
    room, file = place_of(path.parts[1:])
    other, header = place_of(steps)
    rooms, outside = ROOMS[part], OUTSIDE_ROOMS.get(part, {})
    if other is None:
        allowed, _ = outside.get(header, (set(), set()))
        return None if room is None or room in allowed else f"room '{room}' must not see '{header}'"
    if room is not None:
        visible = rooms[room]
    else:
        _, visible = outside.get(pathlib.Path(file).stem + ".hpp", (set(), rooms.keys()))
    return None if other == room or other in visible else f"'{room or file}' must not see room '{other}'"


def check_include(path, part, public, quoted, header):
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
        if part == "examples" and not EXAMPLES_SEE.fullmatch(header):
            return "an example includes public headers and sockets"
        if other == part and part in ROOMS:
            return check_rooms(part, path, steps)
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
    if not public and part in ROOMS:
        room, _ = place_of(path.parts[1:])
        if room is None and part not in OUTSIDE_ROOMS:
            yield f"{path}: outside of the rooms of '{part}'"
            return
        if room is not None and room not in ROOMS[part]:
            yield f"{path}: '{room}' is not a room of '{part}'"
            return
    if path.suffix == ".hpp" and "#pragma once" not in lines:
        yield f"{path}: no '#pragma once'"
    for number, line in enumerate(lines, 1):
        if CONDITION.match(line) and part != "io" and str(path) not in CONDITIONS_ALLOWED:
            yield f"{path}:{number}: preprocessor condition outside io/: {line.strip()}"
        if found := INCLUDE.match(line):
            header = found[2] or found[3]
            if wrong := check_include(path, part, public, found[3] is not None, header):
                yield f"{path}:{number}: {header}: {wrong}"


def check_tree(root):
    files = sorted(path.relative_to(root) for top in ("include/hawser", "src", "docs/examples")
                   for path in (root / top).rglob("*")
                   if path.suffix in (".hpp", ".cpp", ".h"))
    return files, [problem for path in files for problem in check_file(root, path)]


def self_test():
    bad = {
        "src/sctp/wire/a.cpp": ['#include "io/udp/udp_socket.hpp"', '#include <openssl/evp.h>', "#ifdef __linux__",
                                "#include <sys/socket.h>", "#include <thread>", '#include "tunnel/x.hpp"',
                                '#include "../base/x.hpp"', '#include "x.hpp"', "#include <time.h>",
                                "#include <random>"],
        "src/io/udp/b.cpp": ['#include "hawser/sctp/association.hpp"', '#include "hawser/crypto/hmac.hpp"'],
        "src/base/c.cpp": ['#include "hawser/crypto/hmac.hpp"'],
        "src/tunnel/d.cpp": ['#include "sctp/tx/builder.hpp"', '#include "hawser/daemon/x.hpp"',
                             "#include <boost/asio/io_context.hpp>", "#include <spdlog/spdlog.h>"],
        "src/daemon/h.cpp": ['#include "sctp/tx/builder.hpp"', '#include "io/netlink/netlink.hpp"',
                             '#include "tunnel/checksum.hpp"', '#include "crypto/evp_key.hpp"'],
        "src/cli/e.cpp": ['#include "tunnel/tunnel.hpp"', '#include "hawser/sctp/association.hpp"',
                          '#include "helper.hpp"'],
        "include/hawser/sctp/f.hpp": ['#include "sctp/tx/builder.hpp"'],
        "src/extra/g.cpp": ["int x;"],
        # rooms
        "src/sctp/wire/i.hpp": ['#include "sctp/path/path.hpp"', '#include "sctp/core.hpp"'],
        "src/sctp/path/pmtu/j.hpp": ['#include "sctp/association/core.hpp"', '#include "sctp/tx/outstanding.hpp"'],
        "src/sctp/tx/k.cpp": ['#include "sctp/handshake/cookie.hpp"', '#include "sctp/asconf/initiator.hpp"'],
        "src/sctp/asconf/l.cpp": ['#include "sctp/auth/auth.hpp"', '#include "sctp/security/record_layer.hpp"'],
        "src/sctp/association/m.cpp": ['#include "sctp/endpoint/endpoint.hpp"'],
        "src/sctp/flat.cpp": ["int x;"],
        "src/sctp/attic/n.cpp": ["int x;"],
        "src/io/udp/o.cpp": ['#include "io/tun/tun_device.hpp"', '#include "io/packet_device.hpp"'],
        "src/io/sockaddr.cpp": ['#include "io/udp/udp_socket.hpp"'],
        "src/daemon/config/p.cpp": ['#include "daemon/hooks/runner.hpp"', '#include "daemon/platform.hpp"'],
        "src/daemon/quota/q.cpp": ['#include "daemon/event_loop.hpp"'],
        "src/daemon/platform.hpp": ['#include "daemon/names/resolver.hpp"'],
        "src/daemon/attic/r.cpp": ["int x;"],
        # examples
        "docs/examples/common/t.cpp": ['#include "examples/perf/client.hpp"'],
        "docs/examples/u.cpp": ["int x;"],
        "docs/examples/echo/s.cpp": ['#include "sctp/wire/packet.hpp"', '#include "io/udp/udp_sender.hpp"',
                                     '#include "io/tun/tun_device.hpp"', '#include "base/ring_queue.hpp"',
                                     '#include "hawser/tunnel/x.hpp"', '#include "s.hpp"', "#include <openssl/evp.h>"],
    }
    good = {
        "src/sctp/tx/a.cpp": ['#include "hawser/base/bytes.hpp"', '#include "hawser/crypto/hmac.hpp"',
                              "#include <span>", '#include "sctp/tx/builder.hpp"', '#include "sctp/wire/packet.hpp"',
                              "#include <chrono>", '#include "sctp/path/congestion/controller.hpp"'],
        "src/sctp/endpoint/e.cpp": ['#include "sctp/association/association.hpp"', '#include "sctp/wire/packet.hpp"'],
        "src/io/udp/b.cpp": ["#ifdef UDP_SEGMENT", "#endif", "#include <sys/socket.h>", "#include <netlink/netlink.h>",
                             '#include "io/sockaddr.hpp"'],
        "src/io/sockaddr.cpp": ['#include "io/sockaddr.hpp"'],
        "src/daemon/event_loop.cpp": ['#include "daemon/hooks/runner.hpp"', '#include "daemon/platform.hpp"'],
        "src/daemon/quota/q.cpp": ['#include "daemon/state_file.hpp"', '#include "daemon/config/config.hpp"'],
        "include/hawser/io/c.hpp": ["#pragma once", '#include "hawser/base/address.hpp"'],
        "src/crypto/d.cpp": ["#include <openssl/evp.h>"],
        "docs/examples/echo/s.cpp": ['#include "examples/common/driver.hpp"', '#include "hawser/sctp/endpoint.hpp"',
                                     '#include "io/udp/udp_socket.hpp"', "#include <CLI/CLI.hpp>"],
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
                if not any(p.startswith((f"{name}:{number}:", f"{name}: '", f"{name}: out")) for p in problems):
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
