#!/usr/bin/env python3
"""Proves that classes, functions and files keep their limits, and that no module and no room stands in a cycle.

Usage: structure.py CTAGS ROOT            checks include/hawser/ and src/ of that tree
       structure.py CTAGS --report ROOT   prints the measures instead
       structure.py CTAGS --self-test     proves that every rule can fail
CTAGS is universal-ctags.

How it counts:
- A method is a declaration or an inline definition in the body of a class or struct, of any access. Each overload
  counts. Constructors, destructors, friends, and what is `= delete` or `= default` do not count; nested classes count
  their own.
- The lines of a class are its definition and the definitions of its member functions, in all files. One class has a
  limit of lines: Association, and for it every line counts of every file that holds any of these, so that helper
  functions and comments beside the members do not escape the limit.
- The lines of a function go from the line with its name to its closing brace.
- A module is a header with the source of the same name: src/x/y.cpp belongs to src/x/y.hpp, or else to
  include/hawser/x/y.hpp; a source in a room (src/x/room/y.cpp) may also belong to include/hawser/x/y.hpp.
- A room is a folder of a part (src/x/room with all folders below it). The order of the parts is the business of
  dependency_rules.py.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

MAX_METHODS = 45
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
MAX_CLASS_FILE_LINES = {"hawser::sctp::association::Association": 500}
# The state of a path is written here alone: no other class of the engine has a member of type PathState, and this one
# is private. Public headers show it in status structs.
PATH_STATE_FILES = {"src/sctp/path/path_state.hpp", "src/sctp/path/path_state.cpp"}

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')
NOT_CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
CALLBACK = re.compile(r"\bstd\s*::\s*(move_only_|copyable_)?function\b")
FRIEND = re.compile(r"\bfriend\b[^;{]*")
VALUE_COMPARISON = re.compile(r"friend\s.*\boperator\s*(==|<=>)\s*\([^()]*\)\s*(noexcept\s*)?=\s*default\s*", re.DOTALL)
STATE_ASSIGNMENT = re.compile(r"(?<!PathState )\bstate_?\s*=\s*(?:\w+\s*::\s*)*PathState\s*::")


class Class:
    def __init__(self, tag):
        self.name = scoped(tag)
        self.path, self.first, self.last = tag["path"], tag["line"], tag["end"]
        self.where = f"{self.path}:{self.first}"
        self.methods = 0
        self.lines = self.last - self.first + 1
        self.files = {self.path}


class Tree:
    """What the checks need to know of a source tree: its files, its classes and functions, who includes whom."""

    def __init__(self, ctags, root):
        self.text = {str(path.relative_to(root)): path.read_text()
                     for top in ("include/hawser", "src") for path in sorted((root / top).rglob("*"))
                     if path.suffix in (".hpp", ".cpp", ".h")}
        self.tags = list(read_tags(ctags, root, self.text))
        self.functions = [tag for tag in self.tags if tag["kind"] == "function"]
        self.classes = {}
        for tag in self.tags:
            if tag["kind"] in ("class", "struct"):
                self.classes[scoped(tag)] = Class(tag)
        self.count_methods()
        self.includes = {path: includes(path, text, self.text) for path, text in self.text.items()}

    def count_methods(self):
        for tag in self.tags:
            owner = self.classes.get(tag.get("scope"))
            if owner is None or tag["kind"] not in ("function", "prototype"):
                continue
            if tag["path"] == owner.path and owner.first <= tag["line"] <= owner.last:
                owner.methods += is_method(tag, owner)
            elif tag["kind"] == "function":
                owner.lines += length(tag)
                owner.files.add(tag["path"])

    def file_lines(self, path):
        return self.text[path].count("\n")


def read_tags(ctags, root, paths):
    """Classes, functions, declarations of functions, and data members."""
    done = subprocess.run([ctags, "--languages=C++", "--language-force=C++", "--output-format=json", "--sort=no",
                           "--kinds-C++=csfpm", "--fields=+neKZa", "--fields-C++=+{properties}", "-f", "-", "-L", "-"],
                          cwd=root, input="\n".join(paths), capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        if tag.get("_type") == "tag":
            tag.setdefault("end", tag["line"])
            yield tag


def scoped(tag):
    return f"{tag['scope']}::{tag['name']}" if "scope" in tag else tag["name"]


def length(tag):
    return tag["end"] - tag["line"] + 1


def is_method(tag, owner):
    own_name = owner.name.rsplit("::", 1)[-1]
    properties = set(tag.get("properties", "").split(","))
    return tag["name"].lstrip("~") != own_name and not properties & {"delete", "default", "friend"}


def code_of(text):
    """The text without comments and strings; lines stay where they are."""
    return NOT_CODE.sub(lambda match: "\n" * match[0].count("\n"), text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def includes(path, text, known):
    """The files of the tree that a file includes."""
    found = set()
    for line in text.splitlines():
        if match := INCLUDE.match(line):
            name = match[1]
            target = f"include/{name}" if name.startswith("hawser/") else f"src/{name}"
            if target in known and target != path:
                found.add(target)
    return found


def module_of(path, known):
    inner = re.sub(r"^(include/hawser|src)/", "", path)
    stem = inner.rsplit(".", 1)[0]
    if not inner.endswith(".cpp") or f"src/{stem}.hpp" in known:
        return stem
    public = f"{stem.split('/')[0]}/{stem.split('/')[-1]}"
    return public if f"include/hawser/{public}.hpp" in known else stem


def room_of(path):
    """'sctp/path' for src/sctp/path/pmtu/search.cpp; nothing for files outside rooms."""
    parts = path.split("/")
    return f"{parts[1]}/{parts[2]}" if parts[0] == "src" and len(parts) > 3 else None


def cycles(tree, node_of):
    """The strongly connected sets of two and more nodes, each with the includes that tie it together."""
    edges, reasons = collections.defaultdict(set), {}
    for path, targets in tree.includes.items():
        for target in sorted(targets):
            a, b = node_of(path), node_of(target)
            if a and b and a != b:
                edges[a].add(b)
                reasons.setdefault((a, b), f"{path} -> {target}")
    reach = {node: reachable(node, edges) for node in list(edges)}
    seen = set()
    for node in sorted(reach):
        group = {other for other in reach[node] if node in reach.get(other, ())}
        if node in seen or len(group) < 2:
            continue
        seen |= group
        yield sorted(group), [reasons[a, b] for a, b in sorted(reasons) if a in group and b in group]


def reachable(start, edges):
    found, open_nodes = set(), [start]
    while open_nodes:
        for node in edges.get(open_nodes.pop(), ()):
            if node not in found:
                found.add(node)
                open_nodes.append(node)
    return found


def check_sizes(tree):
    for path in tree.text:
        if (lines := tree.file_lines(path)) > MAX_FILE_LINES:
            yield f"{path}: file of {lines} lines, at most {MAX_FILE_LINES}"
    for tag in tree.functions:
        if length(tag) > MAX_FUNCTION_LINES:
            where = f"{tag['path']}:{tag['line']}"
            yield f"{where}: function {tag['name']} of {length(tag)} lines, at most {MAX_FUNCTION_LINES}"
    for each in tree.classes.values():
        if each.methods > MAX_METHODS:
            yield f"{each.where}: class {each.name} has {each.methods} methods, at most {MAX_METHODS}"
        limit = MAX_CLASS_FILE_LINES.get(each.name)
        lines = sum(map(tree.file_lines, each.files))
        if limit and lines > limit:
            yield f"{each.where}: class {each.name} has {lines} lines in {len(each.files)} files, at most {limit}"
    for name in MAX_CLASS_FILE_LINES.keys() - tree.classes.keys():
        yield f"{name}: no such class: its limit would mean nothing"


def check_callbacks_and_friends(tree):
    """No part of the engine calls back up, and no class opens itself to another."""
    for path, text in tree.text.items():
        if not path.startswith("src/sctp/"):
            continue
        code = code_of(text)
        for match in CALLBACK.finditer(code):
            yield f"{path}:{line_of(code, match.start())}: {match[0]} in the engine"
        for match in FRIEND.finditer(code):
            if not VALUE_COMPARISON.fullmatch(match[0]):
                yield f"{path}:{line_of(code, match.start())}: friend in the engine: {' '.join(match[0].split())}"


def check_path_state(tree):
    for path, text in tree.text.items():
        if not path.startswith("src/sctp/") or path in PATH_STATE_FILES:
            continue
        code = code_of(text)
        for match in STATE_ASSIGNMENT.finditer(code):
            yield f"{path}:{line_of(code, match.start())}: PathState assigned outside path/path_state"
    for tag in tree.tags:
        mutable = tag["kind"] == "member" and re.fullmatch(r"typename:([\w:]+::)?PathState", tag.get("typeref", ""))
        if not mutable or not tag["path"].startswith("src/sctp/"):
            continue
        if tag["path"] not in PATH_STATE_FILES:
            yield f"{tag['path']}:{tag['line']}: member {tag['name']} of type PathState outside path/path_state"
        elif tag.get("access") != "private":
            yield f"{tag['path']}:{tag['line']}: member {tag['name']} of type PathState is not private"


def check_cycles(tree):
    for kind, node_of in (("modules", lambda path: module_of(path, tree.text)), ("rooms", room_of)):
        for group, reasons in cycles(tree, node_of):
            yield f"cycle of {kind}: {', '.join(group)}\n" + "\n".join(f"    {reason}" for reason in reasons)


def check_tree(tree):
    return [problem for check in (check_sizes, check_callbacks_and_friends, check_path_state, check_cycles)
            for problem in check(tree)]


def readable(name):
    """Without the prefix that all names share and the names that ctags makes for unnamed namespaces."""
    return re.sub(r"__anon\w+::", "", name.removeprefix("hawser::"))


def report(tree):
    print("methods  lines  files  class")
    for each in sorted(tree.classes.values(), key=lambda each: (-each.lines, each.name))[:10]:
        print(f"{each.methods:7}{each.lines:7}{len(each.files):7}  {readable(each.name)}")
    print("\n  lines  file")
    for path in sorted(tree.text, key=lambda path: (-tree.file_lines(path), path))[:10]:
        print(f"{tree.file_lines(path):7}  {path}")
    print("\n  lines  function")
    for tag in sorted(tree.functions, key=lambda tag: -length(tag))[:10]:
        print(f"{length(tag):7}  {readable(scoped(tag))}  {tag['path']}:{tag['line']}")


def methods(count):
    return [f"  void method_{i}();" for i in range(count)]


def association(*members):
    return ["#pragma once", "namespace hawser::sctp::association {", "class Association {", " public:",
            "  Association();", "  ~Association();", "  Association(const Association&) = delete;", *members, "};", "}"]


COMMENT = ["  // a line"]
HEADER, DATA = "src/sctp/association/association.hpp", "src/sctp/association/association_data.cpp"
KEY, READ, PATH_STATE = "src/sctp/path/key.hpp", "src/sctp/path/read.cpp", "src/sctp/path/path_state.hpp"
FULL, LONG = "src/daemon/full.hpp", "src/daemon/long.cpp"
# A tree that keeps every limit exactly, with what looks like a violation and is none.
GOOD = {
    "include/hawser/sctp/status.hpp": [
        "namespace hawser::sctp {", "enum class PathState { joining, active };", "struct PathStatus {",
        "  PathState state = PathState::joining;", "};", "}"],
    HEADER: association(*methods(MAX_METHODS)),
    "src/sctp/association/association.cpp": [
        '#include "sctp/association/association.hpp"', '#include "sctp/path/path_state.hpp"',
        "namespace hawser::sctp::association {", "Association::Association() {}", "void Association::method_0() {",
        *COMMENT * (MAX_FUNCTION_LINES - 2), "}", "}"],
    PATH_STATE: [
        '#include "hawser/sctp/status.hpp"', "namespace hawser::sctp::path {", "class PathLifecycle {", " public:",
        "  void activate() { state_ = PathState::active; }", " private:", "  PathState state_ = PathState::joining;",
        "};", "}"],
    KEY: [
        "// a friend with a std::function", "struct Key {", "  int a;",
        "  friend bool operator==(const Key&, const Key&) = default;",
        "  friend constexpr auto operator<=>(", "      const Key&, const Key&) = default;", "};"],
    READ: [
        '#include "hawser/sctp/status.hpp"', "namespace hawser::sctp {", "bool f(PathState state) {",
        "  const PathState other = PathState::active;", "  return state == PathState::active;", "}", "}"],
    FULL: [
        "class Full {", *methods(MAX_METHODS), "  void gone() = delete;", "  Full& operator=(const Full&) = default;",
        "  struct Inner {", "    void method();", "  };", "};"],
    LONG: COMMENT * MAX_FILE_LINES,
}
# (what is planted into GOOD, the files that change, what the one problem must say)
PLANTED = [
    ("one method too many", {HEADER: association(*methods(MAX_METHODS + 1))}, "Association has 46 methods"),
    ("too many lines over all files",
     {DATA: ["namespace hawser::sctp::association {", *["int helper();"] * 400,
             "void Association::method_1() {}", "}"]},
     "Association has 522 lines in 3 files"),
    ("a limit without its class", {HEADER: [], "src/sctp/association/association.cpp": []},
     "Association: no such class"),
    ("another large class",
     {FULL: ["class Full {", *methods(44), "  int a() const { return 1; }", "  int a(int);", "};"]},
     "Full has 46 methods"),
    ("a long file", {LONG: COMMENT * (MAX_FILE_LINES + 1)}, "file of 601 lines"),
    ("a long function", {LONG: ["int f() {", *COMMENT * (MAX_FUNCTION_LINES - 1), "}"]}, "function f of 61 lines"),
    ("a callback", {KEY: ["struct Key { std::function<void(int)> call; };"]}, "std::function in the engine"),
    ("a friend class", {KEY: ["class Key {", "  friend class Lock;", "};"]}, "in the engine: friend class Lock"),
    ("a friend function", {KEY: ["class Key {", "  friend void open(Key&);", "};"]}, "friend void open(Key&)"),
    ("a comparison that reads more than values",
     {KEY: ["class Key {", "  friend bool operator==(const Key& a, const Lock& b) { return a.b == b.a; }", "};"]},
     "friend bool operator=="),
    ("a write to a path", {READ: ["void f(P& path) {", "  path.state = PathState::active;", "}"]},
     "PathState assigned"),
    ("a write through a pointer", {READ: ["void f(P* path) {", "  path->state =", "    sctp::PathState::active;", "}"]},
     "PathState assigned"),
    ("a write to a member", {READ: ["void P::f() {", "  state_ = PathState::active;", "}"]}, "PathState assigned"),
    ("a second state", {READ: ["struct Path {", "  sctp::PathState state = sctp::PathState::active;", "};"]},
     "member state of type PathState outside"),
    ("an open state", {PATH_STATE: ["struct PathLifecycle {", "  PathState state_;", "};"]}, "is not private"),
    ("a cycle of modules",
     {"src/crypto/a.hpp": ['#include "crypto/b.hpp"'], "src/crypto/a.cpp": ['#include "crypto/a.hpp"'],
      "src/crypto/b.hpp": [], "src/crypto/b.cpp": ['#include "crypto/b.hpp"', '#include "crypto/a.hpp"']},
     "cycle of modules: crypto/a, crypto/b"),
    ("a cycle through a public header",
     {"include/hawser/sctp/a.hpp": [], "src/sctp/path/a.cpp": ['#include "sctp/path/b.hpp"'],
      "src/sctp/path/b.hpp": ['#include "hawser/sctp/a.hpp"']},
     "cycle of modules: sctp/a, sctp/path/b"),
    ("a cycle of rooms",
     {"src/io/tun/a.hpp": ['#include "io/udp/b.hpp"'], "src/io/udp/b.hpp": [],
      "src/io/udp/c.hpp": ['#include "io/tun/d/e.hpp"'], "src/io/tun/d/e.hpp": []},
     "cycle of rooms: io/tun, io/udp"),
]


def problems_of(ctags, files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, lines in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("".join(line + "\n" for line in lines))
        return check_tree(Tree(ctags, root))


def self_test(ctags):
    failures = [f"wrongly refused: {problem}" for problem in problems_of(ctags, GOOD)]
    for what, changes, expected in PLANTED:
        problems = problems_of(ctags, {**GOOD, **changes})
        if len(problems) != 1 or expected not in problems[0]:
            failures.append(f"{what}: expected one problem '{expected}', found {problems}")
    print("\n".join(failures) or "every rule can fail")
    return 1 if failures else 0


def main():
    ctags, *arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        return self_test(ctags)
    tree = Tree(ctags, pathlib.Path(arguments[-1]))
    if arguments[0] == "--report":
        report(tree)
        return 0
    problems = check_tree(tree)
    print("\n".join(problems))
    counts = f"{len(tree.text)} files, {len(tree.classes)} classes, {len(tree.functions)} functions"
    print(f"{counts}, {len(problems)} problems")
    return 1 if problems or not tree.functions else 0


sys.exit(main())
