"""hawserd and hawser in the laboratory's namespaces."""

import atexit
import functools
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

from .core import LabError, find_program, wait_until
from .topology import HUB_V4
from .traffic import ping

UDP_PORT = 9899
USER = "nobody"  # every system has this user; it owns nothing, and the daemon's package need not be installed
HUB_INNER_V4, HUB_INNER_V6 = "10.90.0.1", "fd90::1"


def hawser(*words, given=None):
    """Returns the output of `hawser WORDS` with the input `given`."""
    done = subprocess.run([find_program("hawser"), *words], input=given, capture_output=True, text=True, timeout=10)
    if done.returncode != 0:
        raise LabError(f"hawser {' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stdout


@functools.cache
def _key_folder():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hawser-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def private_key_file(name):
    """Returns the file of a private key; `hawser genkey` makes it once for each name, e.g. "hub" or "edge1"."""
    path = _key_folder() / f"{name}.key"
    path.touch(mode=0o600)
    path.write_text(hawser("genkey"))
    return str(path)


@functools.cache
def public_key(name):
    return hawser("pubkey", given=pathlib.Path(private_key_file(name)).read_text()).strip()


def inner_v4(index):
    """The address of edge `index` (1, 2, …) inside the tunnel."""
    return f"10.90.0.{index + 1}"


def inner_v6(index):
    return f"fd90::{index + 1:x}"


def _list(values):
    return "[" + ", ".join(f'"{value}"' for value in values) + "]"


def _settings(settings):
    """Additional lines of a table, e.g. for rekey_after_seconds=2."""
    return "".join(f"{key} = {value}\n" for key, value in settings.items())


def hub_config(edges=1, listen=("0.0.0.0:9899", "[::]:9899"), **interface):
    text = f"""
[interface]
name = "hawser0"
private_key_file = "{private_key_file("hub")}"
address = ["{HUB_INNER_V4}/24", "{HUB_INNER_V6}/64"]
listen = {_list(listen)}
{_settings(interface)}"""
    for index in range(1, edges + 1):
        text += f"""
[[peer]]
name = "edge{index}"
public_key = "{public_key(f"edge{index}")}"
allowed_ips = ["{inner_v4(index)}/32", "{inner_v6(index)}/128"]
"""
    return text


def edge_config(uplinks=("wan1", "wan2"), index=1, endpoint=f"{HUB_V4}:{UDP_PORT}", hub="hub",
                allowed_ips=("10.90.0.0/24", "fd90::/64"), **interface):
    """`uplinks`: interfaces, or pairs of interface and label. `endpoint`: one, or several. `hub`: the name of the key
    that the edge uses as the hub's."""
    endpoints = (endpoint,) if isinstance(endpoint, str) else endpoint
    text = f"""
[interface]
name = "hawser0"
private_key_file = "{private_key_file(f"edge{index}")}"
address = ["{inner_v4(index)}/24", "{inner_v6(index)}/64"]
{_settings(interface)}"""
    for uplink in uplinks:
        interface_name, label = (uplink, uplink) if isinstance(uplink, str) else uplink
        text += f"""
[[uplink]]
interface = "{interface_name}"
label = "{label}"
"""
    return text + f"""
[[peer]]
name = "hub"
public_key = "{public_key(hub)}"
endpoint = {_list(endpoints)}
allowed_ips = {_list(allowed_ips)}
"""


class Daemon:
    """A running hawserd. The laboratory owns its configuration file and its control socket."""

    def __init__(self, lab, namespace, config, label=None, prefix=(), user=USER):
        """`prefix`: the words of a command that runs hawserd, e.g. with fewer rights. `user`: whom hawserd becomes."""
        self.namespace = namespace
        self.label = label or f"hawserd-{namespace.short_name}"
        stem = f"{self.label}-{len(lab.processes)}"
        self.control_socket = str(lab.folder / f"{stem}.sock")
        self.config_path = lab.folder / f"{stem}.toml"
        own = f'control_socket = "{self.control_socket}"\n'
        if "state_directory" not in config:
            own += f'state_directory = "{lab.folder}/state-{self.label}"\n'
        self.config_path.write_text(config.replace("[interface]\n", f"[interface]\n{own}", 1))
        self.process = namespace.start(*prefix, find_program("hawserd"), "--config", self.config_path, "--log-level",
                                       "debug", "--user", user, label=self.label)
        wait_until(self._answers, 10, f"the control socket of {self.label}")

    def _answers(self):
        if not self.process.running():
            raise LabError(f"{self.label} ended immediately:\n{self.process.output()}")
        return self.cli("status", "--json", check=False).returncode == 0

    def cli(self, *words, check=True):
        """Runs `hawser WORDS` with this daemon's socket."""
        done = subprocess.run([find_program("hawser"), *words, "--socket", self.control_socket], capture_output=True,
                              text=True, timeout=10)
        if check and done.returncode != 0:
            raise LabError(f"hawser {' '.join(words)}: {done.stderr}{done.stdout}")
        return done

    def status(self):
        return json.loads(self.cli("status", "--json").stdout)

    def quick_status(self):
        """Does the same as status(), but without starting a process, for timed measurements."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.control_socket)
            client.sendall(b'{"command":"status"}\n')
            return json.loads(client.makefile().readline())

    def wait_for_tunnel(self, target=HUB_INNER_V4, timeout=15):
        """Waits until a ping through the tunnel is answered."""
        wait_until(lambda: ping(self.namespace, target, count=1, wait=1)[0] == 1, timeout,
                   f"{target} to answer through the tunnel of {self.label}")

    def stop(self, timeout=10):
        """Sends SIGTERM and returns the exit code; raises LabError when the daemon does not end in time."""
        self.process.signal(15)
        return self.process.wait(timeout)
