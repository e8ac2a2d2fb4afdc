"""Mistakes in the configuration: named precisely, exit status 2, and the network untouched."""

import unittest

from lab.core import Lab, find_program
from lab.daemon import edge_config, hub_config

# (name, configuration, words the message must contain besides the file's name)
MISTAKES = [
    ("not TOML", "[interface\nname = 3", ["1"]),
    ("unknown key", edge_config().replace('identity = "edge1"', 'identity = "edge1"\nidentitty = "x"'), ["identitty"]),
    ("wrong type", edge_config().replace('name = "hawser0"', "name = 7", 1), ["name", "7"]),
    ("bad address", edge_config().replace("10.90.0.2/24", "10.90.0.2/99"), ["address", "10.90.0.2/99"]),
    ("bad endpoint", edge_config(endpoint="203.0.113.1:99999"), ["endpoint", "99999"]),
    ("bad allowed IPs", edge_config().replace("fd90::/64", "fd90::/640"), ["allowed_ips", "fd90::/640"]),
    ("bad role", edge_config().replace('label = "wan1"', 'label = "wan1"\nrole = "sometimes"'), ["role", "sometimes"]),
    ("bad listen address", hub_config(listen=("nowhere:1:2",)), ["listen", "nowhere:1:2"]),
    ("two peers of one name", hub_config(edges=2).replace('"edge2"', '"edge1"'), ["name", "edge1"]),
    ("no peer", edge_config().split("[[peer]]")[0], ["peer"]),
    ("interface name too long", edge_config().replace('"hawser0"', '"hawser0123456789"'), ["name", "hawser0123456789"]),
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

    def test_each_is_named_with_file_line_and_value_and_exits_2_before_touching_the_network(self):
        for name, text, words in MISTAKES:
            with self.subTest(name):
                done = self.start(text, "--insecure-plaintext")
                self.assertEqual(done.returncode, 2, done.stderr)
                for word in ["mistake.toml:", *words]:
                    self.assertIn(word, done.stderr)
                self.assertEqual(self.namespace.interfaces(), ["lo"])

    def test_plaintext_must_be_asked_for(self):
        done = self.start(edge_config())
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--insecure-plaintext", done.stderr)
        self.assertEqual(self.namespace.interfaces(), ["lo"])

    def test_a_missing_file_is_named(self):
        done = self.namespace.run(find_program("hawserd"), "--config", "/nonexistent/hawser.toml",
                                  "--insecure-plaintext", check=False, timeout=5)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("/nonexistent/hawser.toml", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
