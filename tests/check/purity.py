#!/usr/bin/env python3
"""Checks that a static library does no input or output of its own.

The user of the engine passes the time, the datagrams and the random numbers in. So the engine's object files may refer
to no clock, socket, file, thread, environment or random source, and may own no writable global.
Usage: purity.py [--expect NAME] LIBRARY...   with --expect, NAME must be found (a test of this test).
"""
import argparse
import re
import subprocess
import sys

FORBIDDEN = {
    "clock": r"clock_(gettime|getres|nanosleep)|gettimeofday|time|times|ftime|clock|timespec_get|nanosleep|u?sleep"
             r"|timer_\w+|timerfd_\w+|setitimer|alarm|localtime(_r)?|gmtime(_r)?"
             r"|std::chrono::.*::now\(\)",
    "socket": r"socket(pair)?|bind|listen|accept4?|connect|shutdown|[gs]etsockopt|getsockname|getpeername"
              r"|send(to|msg|mmsg|file)?|recv(from|msg|mmsg)?|getaddrinfo|gethostby\w+|if_nametoindex|if_indextoname",
    "readiness": r"epoll_\w+|p?select|p?poll|eventfd\w*|kqueue|io_uring_\w+",
    "file": r"open(at)?(64)?|creat(64)?|fopen(64)?|fdopen|freopen(64)?|close|read|pread(64)?|readv|write|pwrite(64)?|writev"
            r"|ioctl|fcntl(64)?|mmap(64)?|pipe2?|dup[23]?|f(read|write|puts|putc|gets)|fputc|puts|putchar|perror|syslog"
            r"|(__)?v?f?printf(_chk)?|(__)?v?dprintf(_chk)?|std::(cout|cerr|clog|cin|ios_base::Init::.*|basic_[io]?fstream.*|basic_filebuf.*)",
    "thread": r"pthread_(create|join|detach|mutex_\w+|cond_\w+|rwlock_\w+|once|key_\w+)|thrd_\w+|mtx_\w+|cnd_\w+"
              r"|std::(thread|jthread|mutex|condition_variable|this_thread)\b.*|sem_(wait|post|init)",
    "process": r"fork|vfork|clone|exec[lv]\w*|system|popen|kill|raise|signal|sigaction|getpid|secure_getenv|getenv|[sp]?setenv|syscall",
    "random": r"getrandom|getentropy|s?rand(om)?(_r)?|[djlmn]rand48|arc4random\w*|RAND_\w+|std::random_device::.*",
}
# object and variable -> why it is allowed
ALLOWED_GLOBALS = {
    ("crc32c.cpp.o", "update("): "the fastest CRC32c of this CPU, chosen once",
}
RULES = [(kind, re.compile(rf"(?:{names})(?:@.*)?")) for kind, names in FORBIDDEN.items()]
WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(\.(?!rel\.ro).*)?")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined_symbols(library):
    """Yields (object, symbol) for all undefined symbols of the library's objects."""
    member = library
    for line in run("nm", "-C", "--undefined-only", library).splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
        elif found := re.match(r"\s+[Uwv]\s+(.+)", line):
            yield member, found[1]


def writable_globals(library):
    """Yields (object, symbol) for writable variables with static or thread storage."""
    member = library
    for line in run("objdump", "-tC", library).splitlines():
        if found := re.match(r"(\S+\.o):\s+file format", line):
            member = found[1]
        elif found := re.match(r"[0-9a-f]+ .{6}O (\S+)\s+[0-9a-f]+\s+(?:\.hidden )?(.+)", line):
            if WRITABLE.fullmatch(found[1]) and not found[2].startswith("DW.ref."):  # exception tables
                yield member, found[2]


def violations(library):
    for member, symbol in undefined_symbols(library):
        for kind, rule in RULES:
            if rule.fullmatch(symbol) or rule.fullmatch(symbol.split("(")[0]):
                yield f"{member}: {kind}: {symbol}"
    for member, symbol in writable_globals(library):
        if any(member == allowed and name in symbol for allowed, name in ALLOWED_GLOBALS):
            continue
        yield f"{member}: writable global: {symbol}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--expect", action="append", default=[])
    arguments.add_argument("library", nargs="+")
    options = arguments.parse_args()

    found, symbols = [], 0
    for library in options.library:
        symbols += sum(1 for _ in undefined_symbols(library))
        found += violations(library)
    print("\n".join(found))
    if options.expect:
        missed = [name for name in options.expect if not any(name in line for line in found)]
        print(f"{len(found)} violations, not found: {missed or 'none'}")
        return 1 if missed else 0
    if symbols == 0:
        print("no undefined symbol: nothing was examined")
        return 1
    print(f"{symbols} references examined, {len(found)} violations")
    return 1 if found else 0


sys.exit(main())
