"""What hawserd may do after its set-up, as the kernel reports it, as its hook programs see it, and that it does all its
work with it."""

import os
import pathlib
import pwd
import socket
import subprocess
import time
import unittest

from lab.core import Lab, find_program, wait_until
from lab.daemon import USER, Daemon, edge_config, hub_config, private_key_file
from lab.mobility import MobileEdge, measure_recreate
from lab.topology import HUB_V4, NatNetwork

NET_BIND_SERVICE, NET_ADMIN, NET_RAW = 1 << 10, 1 << 12, 1 << 13
FILTERED = "2"  # SECCOMP_MODE_FILTER
# The limit that the unit sets: the rights to become the user are in it, those to pass over file modes are not.
UNIT_LIMIT = ("setpriv", "--bounding-set",
              "-all,+net_admin,+net_raw,+net_bind_service,+setuid,+setgid,+setpcap")

# Writes one line for each thing that it could do. Each would leave the system as it is.
ATTEMPTS = """#!/bin/sh
out={out}
try() {{ what=$1; shift; if "$@" 2>/dev/null; then echo "$what" >> $out; fi; }}
same() {{ v=$(cat $1) && echo "$v" > $1; }}
if [ "$HAWSER_EVENT" = tunnel-up ]; then
  try "core pattern" same /proc/sys/kernel/core_pattern
  try "vm setting" same /proc/sys/vm/swappiness
  try "private key" cat {key} >/dev/null
  try "shadow" cat /etc/shadow >/dev/null
  try "configuration" same {config}
  try "namespace" unshare --user true
  try "mount" unshare --mount true
  try "debugger" cat /proc/{parent}/environ >/dev/null
  try "packet socket" python3 -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'
  try "kernel log" dmesg >/dev/null
  try "route" ip route replace 198.51.100.0/24 dev "$HAWSER_INTERFACE"
  grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/self/status >> $out
  echo end >> $out
fi
"""


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


class Privileges(unittest.TestCase):
    def setUp(self):
        self.lab = self.enterContext(Lab(time_limit=60))

    def assert_dropped(self, daemon, kept):
        status = status_of(daemon.process.pid)
        user = pwd.getpwnam(USER)
        self.assertEqual(status["Uid"], [str(user.pw_uid)] * 4)
        self.assertEqual(status["Gid"], [str(user.pw_gid)] * 4)
        self.assertEqual(status.get("Groups"), [])
        for name in ("CapPrm", "CapEff", "CapInh", "CapBnd"):
            self.assertEqual(int(status[name][0], 16), kept, name)
        self.assertEqual(int(status["CapAmb"][0], 16), NET_ADMIN | NET_RAW)
        self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), (["1"], [FILTERED]))

    def test_a_tunnel_with_hooks_quotas_and_an_uplink_made_again_needs_two_capabilities(self):
        network = NatNetwork(self.lab)
        # Within the unit's limit, the directory belongs to the user before, as the unit's StateDirectory= does.
        prepared, state = self.lab.folder / "prepared", self.lab.folder / "state"
        prepared.mkdir(mode=0o700)
        os.chown(prepared, pwd.getpwnam(USER).pw_uid, -1)
        hub = Daemon(self.lab, network.hub, hub_config(state_directory=f'"{prepared}"'), prefix=UNIT_LIMIT)
        # A name is resolved in a thread, which the filter permits.
        config = edge_config(state_directory=f'"{state}"', endpoint=(f"{HUB_V4}:9899", "localhost:9899"))
        config = config.replace('label = "wan2"', 'label = "wan2"\nquota = "1 GB"')
        edge = Daemon(self.lab, network.edge.namespace, config)
        edge.wait_for_tunnel()
        for daemon in (hub, edge):
            self.assert_dropped(daemon, NET_ADMIN | NET_RAW)
        self.assertEqual(edge.stop(), 0)
        self.assertEqual(hub.stop(), 0)
        self.assertEqual([file.owner() for file in prepared.iterdir()], [USER])
        self.assertEqual({file.name: file.owner() for file in state.iterdir()},
                         {"hawser0.quota.json": USER, "hawser0.names.json": USER})
        self.assertFalse(os.path.exists(edge.control_socket))
        self.assertNotIn("hawser0", network.edge.namespace.interfaces())

    def test_an_uplink_that_is_made_again_is_used_after_the_drop(self):
        mobile = MobileEdge(self.lab)
        mobile.plug()
        mobile.configure()
        mobile.start_edge()
        self.assert_dropped(mobile.edge, NET_ADMIN | NET_RAW)
        self.assertLess(measure_recreate(mobile), 1)

    def test_a_port_below_1024_keeps_the_capability_for_it_and_not_for_hooks(self):
        daemon = Daemon(self.lab, self.lab.namespace("hub"), hub_config(listen=("0.0.0.0:443",)))
        self.assert_dropped(daemon, NET_ADMIN | NET_RAW | NET_BIND_SERVICE)

    def test_a_hook_changes_routes_but_reaches_neither_kernel_nor_keys(self):
        network = NatNetwork(self.lab)
        out, program = self.lab.folder / "could", self.lab.folder / "attempts.sh"
        program.touch(mode=0o755)
        hub = Daemon(self.lab, network.hub, hub_config() + f'\n[hooks]\ncommand = "{program}"\n')
        program.write_text(ATTEMPTS.format(out=out, key=private_key_file("hub"), config=hub.config_path,
                                           parent=hub.process.pid))
        Daemon(self.lab, network.edge.namespace, edge_config()).wait_for_tunnel()
        wait_until(lambda: out.exists() and out.read_text().endswith("end\n"), 10, "the hook to end")
        lines = [line.split() for line in out.read_text().splitlines()]
        self.assertEqual([line for line in lines if line[0][-1] != ":"], [["route"], ["end"]])
        seen = {line[0]: line[1:] for line in lines if line[0][-1] == ":"}
        self.assertEqual(seen["Uid:"], [str(pwd.getpwnam(USER).pw_uid)] * 4)
        self.assertEqual(int(seen["CapEff:"][0], 16), NET_ADMIN | NET_RAW)
        self.assertEqual((seen["NoNewPrivs:"], seen["Seccomp:"]), (["1"], [FILTERED]))
        self.assertIn("198.51.100.0/24", network.hub.run("ip", "route").stdout)

    def test_the_attempts_succeed_for_root_without_a_filter(self):
        out, program = self.lab.folder / "could", self.lab.folder / "attempts.sh"
        config = self.lab.folder / "any.toml"
        config.touch()
        program.write_text(ATTEMPTS.format(out=out, key=private_key_file("hub"), config=config, parent=os.getpid()))
        subprocess.run(["sh", program], env={"HAWSER_EVENT": "tunnel-up", "PATH": os.environ["PATH"]}, check=True)
        could = out.read_text().splitlines()
        for each in ("core pattern", "vm setting", "private key", "shadow", "configuration", "mount", "debugger",
                     "packet socket"):
            self.assertIn(each, could)

    def test_a_hook_that_the_user_cannot_run_is_refused(self):
        closed = self.lab.folder / "closed"
        closed.mkdir(mode=0o700)
        program = closed / "hook"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        done = self.check(edge_config() + f'\n[hooks]\ncommand = "{program}"\n', USER)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"hooks.command: {program}: user {USER} cannot run it: Permission denied; allowed: ", done.stderr)

    def test_an_unknown_user_is_refused(self):
        done = self.check(edge_config(), "no-such-user")
        self.assertEqual((done.returncode, done.stderr), (2, "--user no-such-user: no such user\n"))

    def check(self, text, user):
        path = self.lab.folder / "checked.toml"
        path.write_text(text)
        return subprocess.run([find_program("hawserd"), "--config", path, "--check", "--user", user], capture_output=True,
                              text=True)


class ServiceManager(unittest.TestCase):
    """The messages of sd_notify(3)."""

    def test_the_watchdog_is_fed_while_the_loop_turns_and_not_while_it_stands(self):
        with Lab(time_limit=30) as lab, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            path = lab.folder / "notify"
            manager.bind(str(path))
            path.chmod(0o777)
            manager.settimeout(5)
            daemon = Daemon(lab, lab.namespace("hub"), hub_config(),
                            prefix=("env", f"NOTIFY_SOCKET={path}", "WATCHDOG_USEC=200000"))
            messages = [manager.recv(100).decode() for _ in range(4)]
            self.assertIn("READY=1", messages)
            begin = time.monotonic()
            self.assertEqual([manager.recv(100).decode() for _ in range(5)], ["WATCHDOG=1"] * 5)
            self.assertAlmostEqual(time.monotonic() - begin, 0.5, delta=0.3)
            daemon.process.signal(19)  # SIGSTOP
            time.sleep(0.3)
            manager.settimeout(0)
            with self.assertRaises(BlockingIOError):
                while True:
                    manager.recv(100)
            time.sleep(0.5)
            with self.assertRaises(BlockingIOError):
                manager.recv(100)
            daemon.process.signal(18)  # SIGCONT
            manager.settimeout(5)
            self.assertEqual(manager.recv(100), b"WATCHDOG=1")
            self.assertEqual(daemon.stop(), 0)
            while manager.recv(100) != b"STOPPING=1":
                pass


if __name__ == "__main__":
    unittest.main(verbosity=2)
