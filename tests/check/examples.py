#!/usr/bin/env python3
"""Proves that every configuration shown to users is accepted by hawserd, and that a spoiled one is not.

Examples are the files of conf/, the blocks in README.md, and the literal displays in the manual page of the format.
Usage: examples.py HAWSERD ROOT
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def examples(root):
    """Yields (where, text)."""
    for path in sorted((root / "conf").glob("*.toml")):
        yield path.relative_to(root), path.read_text()
    for block in re.finditer(r"<<'CONF'\n(.*?)^CONF$", (root / "README.md").read_text(), re.DOTALL | re.MULTILINE):
        yield "README.md", block[1]
    page = (root / "docs/man/hawser.toml.5").read_text()
    for block in re.finditer(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.DOTALL | re.MULTILINE):
        yield "hawser.toml(5)", block[1]


def accepted(hawserd, text):
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([hawserd, "--config", file.name, "--check"], capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def main():
    hawserd, root = sys.argv[1], pathlib.Path(sys.argv[2])
    seen, failures = {}, 0
    for where, text in examples(root):
        seen[str(where)] = seen.get(str(where), 0) + 1
        good, output = accepted(hawserd, text)
        spoiled, _ = accepted(hawserd, text.replace("[interface]", "[interface]\nno_such_key = 1", 1))
        if not good or spoiled:
            failures += 1
            print(f"{where}: {'refused: ' + output if not good else 'accepted even when spoiled'}")
    print("examples:", ", ".join(f"{where} ({count})" for where, count in seen.items()))
    enough = seen.get("README.md", 0) == 2 and seen.get("hawser.toml(5)", 0) >= 2 and len(seen) >= 4
    if not enough:
        print("expected two in README.md, two in hawser.toml(5), and a file for each role in conf/")
    return 0 if enough and not failures else 1


sys.exit(main())
