"""hawserd and hawser in the laboratory's namespaces."""

import json
import subprocess

from .core import LabError, find_program, wait_until
from .topology import HUB_V4
from .traffic import ping

UDP_PORT = 9899
HUB_INNER_V4, HUB_INNER_V6 = "10.90.0.1", "fd90::1"


def inner_v4(index):
    """The address of edge `index` (1, 2, …) inside the tunnel."""
    return f"10.90.0.{index + 1}"


def inner_v6(index):
    return f"fd90::{index + 1:x}"


def _list(values):
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def hub_config(edges=1, listen=("0.0.0.0:9899", "[::]:9899")):
    text = f"""
[interface]
name = "hawser0"
identity = "hub"
address = ["{HUB_INNER_V4}/24", "{HUB_INNER_V6}/64"]
listen = {_list(listen)}
"""
    for index in range(1, edges + 1):
        text += f"""
[[peer]]
name = "edge{index}"
allowed_ips = ["{inner_v4(index)}/32", "{inner_v6(index)}/128"]
"""
    return text


def edge_config(uplinks=("wan1", "wan2"), index=1, endpoint=f"{HUB_V4}:{UDP_PORT}"):
    text = f"""
[interface]
name = "hawser0"
identity = "edge{index}"
address = ["{inner_v4(index)}/24", "{inner_v6(index)}/64"]
"""
    for uplink in uplinks:
        text += f"""
[[uplink]]
interface = "{uplink}"
label = "{uplink}"
"""
    return text + f"""
[[peer]]
name = "hub"
endpoint = ["{endpoint}"]
allowed_ips = ["10.90.0.0/24", "fd90::/64"]
"""


class Daemon:
    """A running hawserd. Its configuration and control socket are files of the laboratory."""

    def __init__(self, lab, namespace, config, label=None):
        self.namespace = namespace
        self.label = label or f"hawserd-{namespace.short_name}"
        stem = f"{self.label}-{len(lab.processes)}"
        self.control_socket = str(lab.folder / f"{stem}.sock")
        self.config_path = lab.folder / f"{stem}.toml"
        self.config_path.write_text(
            config.replace("[interface]\n", f'[interface]\ncontrol_socket = "{self.control_socket}"\n', 1))
        self.process = namespace.start(find_program("hawserd"), "--config", self.config_path, "--insecure-plaintext",
                                       label=self.label)
        wait_until(self._answers, 10, f"the control socket of {self.label}")

    def _answers(self):
        if not self.process.running():
            raise LabError(f"{self.label} ended at once:\n{self.process.output()}")
        return self.cli("status", "--json", check=False).returncode == 0

    def cli(self, *words, check=True):
        """Runs `hawser WORDS` against this daemon's socket."""
        done = subprocess.run([find_program("hawser"), *words, "--socket", self.control_socket], capture_output=True,
                              text=True, timeout=10)
        if check and done.returncode != 0:
            raise LabError(f"hawser {' '.join(words)}: {done.stderr}{done.stdout}")
        return done

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def wait_for_tunnel(self, target=HUB_INNER_V4, timeout=15):
        """Until a ping through the tunnel is answered."""
        wait_until(lambda: ping(self.namespace, target, count=1, wait=1)[0] == 1, timeout,
                   f"{target} to answer through the tunnel of {self.label}")

    def stop(self, timeout=10):
        """SIGTERM; the exit code (LabError when it has to be killed)."""
        self.process.signal(15)
        return self.process.wait(timeout)
