#!/usr/bin/env python3
"""Checks that hawserd accepts every configuration shown to users, and rejects it after a key was misspelt.

The examples are the files of conf/, the blocks in README.md, and the literal displays in the manual page of the
format. Their key files do not exist here: `hawser genkey` or `hawser genpsk` makes each of them in a temporary
folder, and the example is checked with that path instead. The keys that a reader of README.md fills in are valid
ones, too.
Usage: examples.py HAWSERD HAWSER ROOT
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KEY_FILE = re.compile(r'^(?:# )?((private|preshared)_key_file = )"(/etc/hawser/[^"]+)"', re.MULTILINE)


class Programs:
    def __init__(self, hawserd, hawser, folder):
        self.hawserd, self.hawser, self.folder = hawserd, hawser, folder

    def key(self, *words, given=None):
        return subprocess.run([self.hawser, *words], input=given, capture_output=True, text=True, check=True).stdout

    def key_file(self, kind, name, mode=0o600):
        path = self.folder / name
        path.write_text(self.key("genkey" if kind == "private" else "genpsk"))
        os.chmod(path, mode)
        return path

    def public_key(self):
        return self.key("pubkey", given=self.key("genkey")).strip()

    def check(self, text):
        """Returns (whether `hawserd --check` accepts it, its output)."""
        path = self.folder / "example.toml"
        path.write_text(text)
        done = subprocess.run([self.hawserd, "--config", path, "--check"], capture_output=True, text=True)
        return done.returncode == 0, done.stdout + done.stderr


def examples(root, programs):
    """Yields (source, text) of each example."""
    for path in sorted((root / "conf").glob("*.toml")):
        yield path.relative_to(root), path.read_text()
    for block in re.finditer(r"<<CONF\n(.*?)^CONF$", (root / "README.md").read_text(), re.DOTALL | re.MULTILINE):
        text = re.sub(r"\$(hub|edge)_key", lambda _: programs.public_key(), block[1])
        yield "README.md", text.replace("$hub:", "hub.example.net:")
    page = (root / "docs/man/hawser.toml.5").read_text()
    for block in re.finditer(r"^\.Bd -literal.*?\n(.*?)^\.Ed$", page, re.DOTALL | re.MULTILINE):
        yield "hawser.toml(5)", block[1]


def problems(text, programs):
    """Yields the problems of one example. Commented-out key files are checked as well, as if they were in use."""
    missing, _ = programs.check(text)
    if missing:
        yield "accepted although its key file does not exist"

    def with_files(mode):
        return KEY_FILE.sub(lambda m: f'{m[1]}"{programs.key_file(m[2], pathlib.Path(m[3]).name, mode)}"', text)

    good, output = programs.check(with_files(0o600))
    if not good:
        yield "rejected: " + output
    readable, output = programs.check(with_files(0o644))
    if readable or "run: chmod 600 /" not in output:
        yield "not rejected with the command that restricts its key file:  " + output
    spoiled, _ = programs.check(with_files(0o600).replace("[interface]", "[interface]\nno_such_key = 1", 1))
    if spoiled:
        yield "accepted with an unknown key"


def main():
    root = pathlib.Path(sys.argv[3])
    seen, failures = {}, 0
    with tempfile.TemporaryDirectory() as folder:
        programs = Programs(sys.argv[1], sys.argv[2], pathlib.Path(folder))
        for where, text in examples(root, programs):
            seen[str(where)] = seen.get(str(where), 0) + 1
            for problem in problems(text, programs):
                failures += 1
                print(f"{where}: {problem}")
    print("examples:", ", ".join(f"{where} ({count})" for where, count in seen.items()))
    enough = seen.get("README.md", 0) == 2 and seen.get("hawser.toml(5)", 0) >= 2 and len(seen) >= 4
    if not enough:
        print("expected two in README.md, two in hawser.toml(5), and a file for each role in conf/")
    return 0 if enough and not failures else 1


sys.exit(main())
