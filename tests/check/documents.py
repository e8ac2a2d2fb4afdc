#!/usr/bin/env python3
"""Checks that the documents refer only to things that exist.

Every relative link of every Markdown file leads to a file, and every `Class::function` and every file of the tree
that docs/life-of-a-packet.md and docs/ARCHITECTURE.md name exists.
Usage: documents.py ROOT [--expect-missing NAME]   the second form checks that a missing function is detected
"""
import pathlib
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
FUNCTION = re.compile(r"`(?:\w+::)*(\w+)::(\w+)`")
PATH = re.compile(r"`((?:src|include|tests|docs|conf|packaging)/[\w./@-]+)`")


def sources(root):
    return {path: path.read_text() for top in ("src", "include") for path in sorted((root / top).rglob("*"))
            if path.suffix in (".cpp", ".hpp")}


def is_there(owner, function, texts):
    defined = re.compile(rf"\b{owner}::{function}\s*\(")
    owns = re.compile(rf"\b(class|struct|namespace)\s+(\w+::)*{owner}\b")
    declared = re.compile(rf"\b{function}\s*\(")
    return any(defined.search(text) or (owns.search(text) and declared.search(text)) for text in texts.values())


def problems(root, texts):
    for document in [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]:
        text = document.read_text()
        name = document.relative_to(root)
        for link in LINK.findall(text):
            if not re.match(r"[a-z]+:", link) and not (document.parent / link).exists():
                yield f"{name}: link to {link}, which does not exist"
        if document.name not in ("life-of-a-packet.md", "ARCHITECTURE.md"):
            continue
        for owner, function in sorted(set(FUNCTION.findall(text))):
            if owner != "hawser" and owner != "check" and not is_there(owner, function, texts):
                yield f"{name}: {owner}::{function} does not exist"
        for path in sorted(set(PATH.findall(text))):
            if not (root / path).exists():
                yield f"{name}: {path} does not exist"


def main():
    root = pathlib.Path(sys.argv[1])
    texts = sources(root)
    if sys.argv[2:3] == ["--expect-missing"]:
        owner, function = sys.argv[3].split("::")
        return 0 if not is_there(owner, function, texts) and is_there("Endpoint", "poll_transmit", texts) else 1
    found = list(problems(root, texts))
    print("\n".join(found) or "the documents refer only to things that exist")
    return 1 if found else 0


sys.exit(main())
