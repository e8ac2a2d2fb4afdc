"""Mistakes in the configuration and in key files: the message names them precisely, the exit status is 2, and the
network does not change."""

import os
import pathlib
import subprocess
import unittest

from lab.core import Lab, find_program, wait_until
from lab.daemon import Daemon, edge_config, hawser, hub_config, private_key_file, public_key


def mistakes():
    """Returns (name, configuration, words that the message must contain in addition to the file's name) for each
    mistake."""
    edge, hub = edge_config(), hub_config(edges=2)
    return [
        ("not TOML", "[interface\nname = 3", ["1"]),
        ("unknown key", edge.replace("private_key_file", 'identitty = "x"\nprivate_key_file'), ["identitty"]),
        ("wrong type", edge.replace('name = "hawser0"', "name = 7", 1), ["name", "7"]),
        ("bad address", edge.replace("10.90.0.2/24", "10.90.0.2/99"), ["address", "10.90.0.2/99"]),
        ("bad endpoint", edge_config(endpoint="203.0.113.1:99999"), ["endpoint", "99999"]),
        ("bad allowed IPs", edge.replace("fd90::/64", "fd90::/640"), ["allowed_ips", "fd90::/640"]),
        ("bad role", edge.replace('label = "wan1"', 'label = "wan1"\nrole = "sometimes"'), ["role", "sometimes"]),
        ("bad listen address", hub_config(listen=("nowhere:1:2",)), ["listen", "nowhere:1:2"]),
        ("two peers of one name", hub.replace('"edge2"', '"edge1"'), ["name", "edge1"]),
        ("two peers of one key", hub.replace(public_key("edge2"), public_key("edge1")), ["public_key", "edge1"]),
        ("our own key", edge_config(hub="edge1"), ["public_key", "this end's own key"]),
        ("bad public key", edge.replace(public_key("hub"), "x" * 20), ["public_key", "x" * 20, "44 characters of base64"]),
        ("no private key", "\n".join(line for line in edge.splitlines() if "private_key_file" not in line),
         ["interface.private_key_file: missing"]),
        ("no key file", edge.replace(private_key_file("edge1"), "/nonexistent/edge.key"),
         ["interface.private_key_file: /nonexistent/edge.key: No such file or directory"]),
        ("keys too old", edge_config(rekey_after_seconds=901), ["rekey_after_seconds", "901", "1 to 900"]),
        ("automatic mode with uplinks", edge_config(exclude_uplinks='["usb*"]'),
         ["interface.exclude_uplinks", "usb*", "only in a file without [[uplink]]"]),
        ("uplink pattern with a slash", edge_config(uplinks=("wan*/", )), ["uplink.interface", "wan*/", "a pattern of names"]),
        ("no peer", edge.split("[[peer]]")[0], ["peer"]),
        ("interface name too long", edge.replace('"hawser0"', '"hawser0123456789"'), ["name", "hawser0123456789"]),
    ]


class Mistakes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab(time_limit=60))
        cls.namespace = cls.lab.namespace("nothing")

    def start(self, text, *options):
        path = self.lab.folder / "mistake.toml"
        path.write_text(text)
        return self.namespace.run(find_program("hawserd"), "--config", path, *options, check=False, timeout=5)

    def assert_refused(self, text, words):
        for options in ((), ("--check",)):
            done = self.start(text, *options)
            self.assertEqual(done.returncode, 2, done.stderr)
            for word in ["mistake.toml:", *words]:
                self.assertIn(word, done.stderr)
            self.assertEqual(self.namespace.interfaces(), ["lo"])
        return done.stderr

    def test_each_is_named_with_file_line_and_value_and_exits_2_before_touching_the_network(self):
        for name, text, words in mistakes():
            with self.subTest(name):
                self.assert_refused(text, words)

    def test_a_missing_file_is_named(self):
        done = self.namespace.run(find_program("hawserd"), "--config", "/nonexistent/hawser.toml", check=False, timeout=5)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("/nonexistent/hawser.toml", done.stderr)

    def test_a_key_file_that_others_may_read_is_refused_with_the_command_that_closes_it(self):
        path = self.lab.folder / "open.key"
        path.write_text(hawser("genkey"))
        text = edge_config().replace(private_key_file("edge1"), str(path))
        line = 1 + text.split("private_key_file")[0].count("\n")
        for mode in (0o644, 0o640, 0o604):
            os.chmod(path, mode)
            self.assert_refused(text, [f"mistake.toml:{line}: interface.private_key_file: {path}: other users may "
                                       f"access the key (mode 0{mode:o}); run: chmod 600 {path}\n"])
        message = self.start(text).stderr
        self.namespace.run("sh", "-c", message.rpartition("run: ")[2])
        self.assertEqual(self.start(text, "--check").returncode, 0)

    def test_a_policy_of_openssl_that_forbids_our_algorithms_is_noticed_at_the_start(self):
        policy = self.lab.folder / "openssl.cnf"
        policy.write_text("openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = rules\n"
                          "[rules]\nCipherString = DEFAULT@SECLEVEL=5\n")  # 256 bits; X25519 and Ed25519 have 128
        path = self.lab.folder / "good.toml"
        path.write_text(hub_config())
        for options in ((), ("--check",)):
            done = self.namespace.run("env", f"OPENSSL_CONF={policy}", find_program("hawserd"), "--config", path, *options,
                                      check=False, timeout=5)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("openssl does not offer tls 1.3 with x25519 and ed25519", done.stderr)
            self.assertEqual(self.namespace.interfaces(), ["lo"])

    def test_no_message_shows_a_private_key(self):
        key = pathlib.Path(private_key_file("edge1")).read_text().strip()
        almost = self.lab.folder / "almost.key"
        almost.touch(mode=0o600)
        almost.write_text(key[:-2] + "\n")
        text = edge_config()
        file = private_key_file("edge1")
        for wrong in (text.replace(file, key), text.replace(file, str(almost)), text.replace(file, "/" + key[1:]),
                      text.replace("private_key_file", f'private_key = "{key}"\nprivate_key_file'),
                      text.replace(public_key("hub"), key[:-1])):
            self.assertNotIn(key[1:20], self.assert_refused(wrong, ["key"]))

    def test_a_key_is_neither_shown_nor_within_reach_of_other_programs(self):
        # Root without CAP_SYS_PTRACE may inspect its own processes, unless they forbid it. So the daemon stays root here.
        as_plain_root = ("setpriv", "--bounding-set", "-sys_ptrace")
        namespace = self.lab.namespace("edge")
        daemon = Daemon(self.lab, namespace, edge_config(), prefix=as_plain_root, user="root")
        idle = namespace.start(*as_plain_root, "sleep", 60)

        def is_open(process):  # to debuggers and core dumps: the kernel checks the same flag for both
            return namespace.run(*as_plain_root, "readlink", f"/proc/{process.pid}/exe", check=False).returncode == 0

        wait_until(lambda: is_open(idle), 5, "a process without secrets to be readable")
        self.assertFalse(is_open(daemon.process))
        key = pathlib.Path(private_key_file("edge1")).read_text().strip()
        self.assertNotIn(key, pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_text())
        self.assertNotIn(key, daemon.cli("status", "--json").stdout)
        daemon.stop()
        self.assertNotIn(key, daemon.process.output())


class Keys(unittest.TestCase):
    """The commands that create keys, used from a shell."""

    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=30))
        self.namespace = self.lab.namespace("nothing")

    def sh(self, line, check=True):
        return self.namespace.run("sh", "-c", f'PATH="{pathlib.Path(find_program("hawser")).parent}:$PATH"; cd '
                                  f'{self.lab.folder}; {line}', check=check)

    def test_the_pipe_of_the_manual_leaves_a_file_that_the_daemon_takes_and_prints_its_public_key(self):
        done = self.sh("(umask 077; hawser genkey | tee new.key | hawser pubkey)")
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout, self.sh("hawser pubkey < new.key").stdout)
        config = self.lab.folder / "new.toml"
        config.write_text(edge_config().replace(private_key_file("edge1"), f"{self.lab.folder}/new.key"))
        self.namespace.run(find_program("hawserd"), "--config", config, "--check")

    def test_a_file_that_others_may_read_is_warned_about(self):
        for command in ("genkey", "genpsk"):
            done = self.sh(f"umask 022; hawser {command} > open.key")
            self.assertEqual(done.stderr, "hawser: warning: writing to world accessible file; consider setting the umask to "
                             "077 and trying again\n")
            self.assertEqual(self.sh(f"umask 077; hawser {command} > closed-{command}.key").stderr, "")

    def test_an_unknown_option_of_the_daemon_is_named(self):
        for words, message in (("--chek", "not expected: --chek"), ("foo", "not expected: foo"), ("", "--config is required")):
            with self.subTest(words=words):
                done = subprocess.run([find_program("hawserd"), *words.split()], capture_output=True, text=True, timeout=5)
                self.assertEqual(done.returncode, 2)
                self.assertIn(message, done.stderr)

    def test_an_unknown_command_is_named(self):
        for words, unknown in (("foo", "foo"), ("path foo", "foo"), ("stauts --json", "stauts")):
            done = self.sh(f"hawser {words}", check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr),
                             (2, "", f'hawser: unknown command "{unknown}"; hawser --help lists the commands\n'))
        self.assertEqual(self.sh("hawser", check=False).returncode, 2)

    def test_what_is_no_key_is_refused_without_being_shown(self):
        done = self.sh("(hawser genkey; echo more) | hawser pubkey", check=False)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "hawser: standard input: the key is not one line of 44 characters\n"))
        self.assertEqual(self.sh("hawser genkey more", check=False).returncode, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
