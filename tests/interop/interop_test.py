#!/usr/bin/env python3
"""Tests Hawser's engine against usrsctp over UDP, each of them as initiator and as responder.

    interop_test.py --bin DIR... [NAME...]    runs the tests (all, or those named); one --bin per folder of programs
    interop_test.py --list                    prints their names

Hawser uses the addresses 10.99.0.1 and .2; usrsctp uses 10.99.0.10 (and .11) in a network namespace of its own.
Where a test needs loss, a relay at 10.99.0.3 between them loses packets and rewrites ports, like a NAT.
"""

import argparse
import os
import sys
import unittest

import network
from network import HERE, HERE_V6, RELAY, THERE, THERE_V6

UDP = "9899"  # servers
RELAY_PORT = "7000"
PORT = "5001"
MEGABYTE = 1_000_000
LINGER = 4  # seconds within which a peer retransmits the last chunk of a shutdown when the relay lost it
BIN = ["."]  # folders of the programs
CAPTURE = None


def path_of(name):
    """The program in the first folder that has it."""
    paths = [os.path.join(folder, name) for folder in BIN]
    return next(filter(os.path.exists, paths), paths[0])


class InteropTest(unittest.TestCase):
    def setUp(self):
        self.network = network.Network()
        self.addCleanup(self.network.close)
        self.programs = []
        self.addCleanup(self._stop_programs)
        if CAPTURE:
            capture = self._start([], "tcpdump", ["-U", "-n", "-i", "here0", "-w", CAPTURE], path="tcpdump")
            capture.wait_for_text("tcpdump: listening")

    def _stop_programs(self):
        for program in self.programs:
            program.kill()
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            for program in self.programs:
                print(program.log(), file=sys.stderr)

    def _start(self, prefix, name, arguments, path=None):
        program = network.Program([*prefix, path or path_of(name), *map(str, arguments)])
        self.programs.append(program)
        return program

    # --- programs

    def usrsctp_server(self, mode, *arguments, local=(THERE[0],)):
        words = [mode, "--udp-port", UDP, "--port", PORT]
        for address in local:
            words += ["--local", address]
        server = self._start(self.network.there, "usrsctp_peer", [*words, *arguments])
        server.wait_for("listening")
        return server

    def usrsctp_client(self, mode, *arguments, local=THERE[0], remote=HERE[0], remote_udp_port=UDP):
        words = [mode, "--local", local, "--udp-port", "9900", "--port", "5002", "--remote", remote]
        words += ["--remote-port", PORT, "--remote-udp-port", remote_udp_port]
        return self._start(self.network.there, "usrsctp_peer", [*words, *arguments])

    def hawser_echo(self, *arguments, listen=HERE[0]):
        words = ["--listen", listen, "--udp-port", UDP, "--port", PORT, "--json-events"]
        server = self._start([], "sctp_echo", [*words, *arguments])
        server.wait_for("listening")
        return server

    def hawser_server(self, *arguments, listen=HERE[0]):
        words = ["server", "--listen", listen, "--udp-port", UDP, "--port", PORT, "--verify", "--json-events"]
        server = self._start([], "sctp_perf", [*words, "--associations", "1", *arguments])
        server.wait_for("listening")
        return server

    def hawser_client(self, *arguments, local=(HERE[0],), remote=THERE[0], udp_port=UDP, prefix=()):
        words = ["client", "--connect", remote, "--udp-port", udp_port, "--port", PORT, "--verify", "--json-events"]
        for address in local:
            words += ["--local", address]
        return self._start(list(prefix), "sctp_perf", [*words, *arguments])

    def relay(self, target, loss=1.0, seed=7):
        words = ["--listen", f"{RELAY}:{RELAY_PORT}", "--target", f"{target}:{UDP}", "--outer", RELAY]
        relay = self._start([], "lossy_relay", [*words, "--loss", loss, "--seed", seed])
        relay.wait_for("listening")
        return relay

    # --- expectations

    def assert_delivered(self, sent, received, messages=None):
        """Every message arrived exactly once, intact and in order."""
        self.assertEqual(sent["messages"], received["messages"])
        self.assertEqual(sent["bytes"], received["bytes"])
        self.assertEqual(sent["digest"], received["digest"])
        self.assertEqual(0, received["corrupt"])
        self.assertEqual(0, received["out_of_order"])
        if messages is not None:
            self.assertEqual(messages, sent["messages"])

    def reports(self, client, server, timeout=120):
        """Both ends exit by themselves, without an error."""
        self.assertEqual(0, client.finish(timeout), client.log())
        server_report = server.wait_for("report", 20)
        return client.wait_for("report"), server_report

    def assert_clean(self, usrsctp_report):
        """usrsctp found no fault in Hawser's packets."""
        for fault in ("checksum_errors", "auth_failed", "auth_missing"):
            self.assertEqual(0, usrsctp_report[fault], fault)

    def assert_lossy(self, relay):
        relay.terminate()
        self.assertEqual(0, relay.finish(10))
        self.assertGreater(relay.wait_for("report")["dropped"], 20)


class Association(InteropTest):
    """Set-up and the three ways to end an association."""

    def test_hawser_client_connects_and_shuts_down(self):
        server = self.usrsctp_server("server-discard")
        client = self.hawser_client("--messages", 100)
        mine, theirs = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assert_delivered(mine["sent"], theirs["received"], 100)
        self.assert_clean(theirs)
        self.assertEqual(1, client.count("closed"))

    def test_usrsctp_server_shuts_down_first(self):
        server = self.usrsctp_server("server-discard")
        client = self.hawser_client("--messages", 100, "--stay")
        client.wait_for("drained")
        server.terminate()
        mine, theirs = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assertEqual(1, client.count("closed"))
        self.assert_clean(theirs)

    def test_usrsctp_client_connects_and_shuts_down(self):
        server = self.hawser_server()
        client = self.usrsctp_client("client-send", "--messages", 100)
        theirs, mine = self.reports(client, server)
        self.assertTrue(mine["graceful"])
        self.assertEqual(0, server.finish(20))
        self.assert_delivered(theirs["sent"], mine["received"], 100)
        self.assert_clean(theirs)
        self.assertEqual(1, server.count("closed"))

    def test_hawser_server_shuts_down_first(self):
        server = self.hawser_echo()
        client = self.usrsctp_client("client-receive")
        client.wait_for("connected")
        server.wait_for("accepted")
        server.terminate()
        theirs, _ = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assertEqual(1, client.count("shutdown_received"))
        self.assertEqual(0, server.finish(20))
        self.assertEqual(1, server.count("closed"))

    def test_hawser_client_aborts_with_a_cause(self):
        server = self.usrsctp_server("server-discard")
        client = self.hawser_client("--messages", 10, "--abort")
        self.assertEqual(0, client.finish(20))
        server.wait_for("lost", cause=12)

    def test_usrsctp_client_aborts_with_a_cause(self):
        server = self.hawser_echo()
        client = self.usrsctp_client("client-send", "--messages", 10, "--echo", "--end", "abort")
        server.wait_for("aborted", cause=12)
        self.assertEqual(0, client.finish(20))

    def test_association_over_ipv6(self):
        server = self.usrsctp_server("server-echo", local=(THERE_V6,))
        client = self.hawser_client("--messages", 500, "--echo", local=(HERE_V6,), remote=THERE_V6)
        mine, theirs = self.reports(client, server)
        self.assert_delivered(mine["sent"], mine["received"], 500)
        self.assert_clean(theirs)

    def test_usrsctp_without_extensions(self):
        server = self.usrsctp_server("server-echo", "--no-asconf")
        client = self.hawser_client("--messages", 500, "--echo")
        mine, theirs = self.reports(client, server)
        self.assert_delivered(mine["sent"], mine["received"], 500)
        self.assertFalse(mine["association"]["dynamic_addresses"])
        self.assertFalse(mine["association"]["nr_sack"])
        self.assert_clean(theirs)


class Transfer(InteropTest):
    """Data transfer, with Hawser on either side."""

    def exchange_from_hawser(self, *client_arguments, server_arguments=(), loss=None, seed=7):
        server = self.usrsctp_server("server-echo", "--rto-min", 200, *server_arguments)
        relay = self.relay(THERE[0], loss, seed) if loss else None
        via = {"remote": RELAY, "udp_port": RELAY_PORT} if loss else {}
        client = self.hawser_client("--linger", LINGER if loss else 0, "--echo", "--rto-min", 200, *client_arguments, **via)
        mine, theirs = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assert_delivered(mine["sent"], theirs["received"])
        self.assert_delivered(theirs["sent"], mine["received"])
        self.assert_clean(theirs)
        if relay:
            self.assert_lossy(relay)
        return mine, theirs

    def exchange_from_usrsctp(self, *client_arguments, server_arguments=(), loss=None, seed=7):
        server = self.hawser_echo("--rto-min", 200, *server_arguments)
        relay = self.relay(HERE[0], loss, seed) if loss else None
        via = {"remote": RELAY, "remote_udp_port": RELAY_PORT} if loss else {}
        linger = ("--linger", LINGER if loss else 0)
        client = self.usrsctp_client("client-send", "--echo", "--rto-min", 200, *linger, *client_arguments, **via)
        self.assertEqual(0, client.finish(120), client.log())
        theirs = client.wait_for("report")
        self.assertTrue(theirs["graceful"])
        self.assert_delivered(theirs["sent"], theirs["received"])
        self.assert_clean(theirs)
        server.wait_for("closed")
        if relay:
            self.assert_lossy(relay)
        return theirs

    def test_10_mb_each_way_with_loss_from_hawser(self):
        mine, _ = self.exchange_from_hawser("--messages", 10_000, "--size", 1000, loss=1)
        self.assertEqual(10 * MEGABYTE, mine["received"]["bytes"])
        self.assertGreater(mine["association"]["retransmissions"], 20)

    def test_10_mb_each_way_with_loss_from_usrsctp(self):
        theirs = self.exchange_from_usrsctp("--messages", 10_000, "--size", 1000, loss=1)
        self.assertEqual(10 * MEGABYTE, theirs["received"]["bytes"])

    def test_10_mb_up_with_loss_into_usrsctp(self):
        server = self.usrsctp_server("server-discard")
        self.relay(THERE[0], 1)
        client = self.hawser_client("--messages", 10_000, "--size", 1000, "--linger", LINGER, remote=RELAY, udp_port=RELAY_PORT)
        mine, theirs = self.reports(client, server)
        self.assert_delivered(mine["sent"], theirs["received"], 10_000)
        self.assert_clean(theirs)

    def test_10_mb_with_loss_out_of_usrsctp(self):
        server = self.hawser_server()
        self.relay(HERE[0], 1)
        client = self.usrsctp_client(
            *("client-send", "--messages", 10_000, "--linger", LINGER), remote=RELAY, remote_udp_port=RELAY_PORT
        )
        theirs, mine = self.reports(client, server)
        self.assert_delivered(theirs["sent"], mine["received"], 10_000)

    def test_large_messages_from_hawser(self):
        self.exchange_from_hawser(
            *("--messages", 40, "--size", 262_144, "--size", 70_001), server_arguments=["--buffer", MEGABYTE], loss=0.5
        )

    def test_large_messages_from_usrsctp(self):
        self.exchange_from_usrsctp(
            *("--messages", 40, "--size", 262_144, "--size", 70_001, "--buffer", MEGABYTE), loss=0.5
        )

    def test_message_larger_than_the_receive_window(self):
        # Delivered piecewise (RFC 9260 §6.9): Hawser's receive window is a quarter of the message.
        server = self.hawser_server("--buffer", 65_536)
        client = self.usrsctp_client("client-send", "--messages", 10, "--size", 262_144, "--buffer", MEGABYTE)
        theirs, mine = self.reports(client, server)
        self.assert_delivered(theirs["sent"], mine["received"], 10)

    def test_many_streams_from_hawser(self):
        mine, _ = self.exchange_from_hawser(
            *("--messages", 6000, "--streams", 300, "--size", 100, "--size", 3000, "--size", 9),
            server_arguments=["--streams", 300],
            loss=1,
        )
        self.assertEqual(300, mine["association"]["outbound_streams"])

    def test_many_streams_from_usrsctp(self):
        self.exchange_from_usrsctp(
            *("--messages", 6000, "--streams", 300, "--size", 100, "--size", 3000, "--size", 9),
            server_arguments=["--streams", 300],
            loss=1,
        )

    def test_fewer_streams_granted_than_asked_for(self):
        mine, _ = self.exchange_from_hawser(
            "--messages", 500, "--streams", 1000, server_arguments=["--streams", 70]
        )
        self.assertEqual(70, mine["association"]["outbound_streams"])
        self.assertEqual(70, mine["association"]["inbound_streams"])

    def test_unordered_from_hawser(self):
        self.exchange_from_hawser("--messages", 2000, "--size", 1000, "--size", 5000, "--unordered", loss=1)

    def test_unordered_from_usrsctp(self):
        self.exchange_from_usrsctp("--messages", 2000, "--size", 1000, "--size", 5000, "--unordered", loss=1)

    def test_nr_sack_from_hawser(self):
        mine, _ = self.exchange_from_hawser("--messages", 5000, server_arguments=["--nr-sack"], loss=1)
        self.assertTrue(mine["association"]["nr_sack"])

    def test_nr_sack_from_usrsctp(self):
        server = self.hawser_server()
        self.relay(HERE[0], 1)
        client = self.usrsctp_client(
            *("client-send", "--messages", 5000, "--nr-sack", "--linger", LINGER),
            remote=RELAY,
            remote_udp_port=RELAY_PORT,
        )
        theirs, mine = self.reports(client, server)
        self.assertTrue(mine["association"]["nr_sack"])
        self.assert_delivered(theirs["sent"], mine["received"], 5000)


class PartialReliability(InteropTest):
    """RFC 3758 and RFC 7496, with 3 % loss each way; FORWARD TSN and its answer get lost, too."""

    MESSAGES = 5_000

    def from_hawser(self, *limit, all_sent=True):
        server = self.usrsctp_server("server-discard", "--rto-min", 200)
        relay = self.relay(THERE[0], 3)
        client = self.hawser_client(
            *("--messages", self.MESSAGES, "--size", 1000, "--linger", LINGER, "--rto-min", 200, *limit),
            **{"remote": RELAY, "udp_port": RELAY_PORT},
        )
        mine, theirs = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assert_clean(theirs)
        if all_sent:
            self.assert_lossy(relay)
        abandoned = mine["association"]["messages_abandoned"]
        self.assert_some_missing(mine["sent"], theirs["received"])
        self.assertGreaterEqual(theirs["received"]["messages"] + abandoned, self.MESSAGES)
        return mine

    def from_usrsctp(self, *limit):
        server = self.hawser_server("--rto-min", 200)
        relay = self.relay(HERE[0], 3)
        client = self.usrsctp_client(
            *("client-send", "--messages", self.MESSAGES, "--size", 1000, "--linger", LINGER, "--rto-min", 200, *limit),
            **{"remote": RELAY, "remote_udp_port": RELAY_PORT},
        )
        theirs, mine = self.reports(client, server)
        self.assertTrue(theirs["graceful"])
        self.assert_lossy(relay)
        self.assert_some_missing(theirs["sent"], mine["received"])

    def assert_some_missing(self, sent, received):
        """Some messages were abandoned, and those that arrived are intact."""
        self.assertEqual(self.MESSAGES, sent["messages"])
        self.assertLess(received["messages"], self.MESSAGES)
        self.assertGreater(received["messages"], 0)
        self.assertEqual(0, received["corrupt"])

    def test_limited_retransmissions_from_hawser(self):
        mine = self.from_hawser("--max-retransmissions", 0)
        self.assertEqual(0, mine["association"]["retransmissions"])

    def test_limited_retransmissions_of_fragments_from_hawser(self):
        self.from_hawser("--max-retransmissions", 0, "--size", 5000)

    def test_limited_lifetime_from_hawser(self):
        self.from_hawser("--lifetime", 30, all_sent=False)  # most messages expire before they are sent

    def test_unordered_limited_retransmissions_from_hawser(self):
        self.from_hawser("--max-retransmissions", 0, "--unordered")

    def test_limited_retransmissions_from_usrsctp(self):
        self.from_usrsctp("--max-retransmissions", 0)

    def test_limited_retransmissions_of_fragments_from_usrsctp(self):
        self.from_usrsctp("--max-retransmissions", 0, "--size", 5000)

    def test_limited_lifetime_from_usrsctp(self):
        self.from_usrsctp("--lifetime", 20)

    def test_unordered_limited_retransmissions_from_usrsctp(self):
        self.from_usrsctp("--max-retransmissions", 0, "--unordered")


class Multipath(InteropTest):
    """Addresses that are added and removed by ASCONF with AUTH, and data over all of them."""

    def second_uplink(self, *client_arguments, server_arguments=(), mode="server-discard", messages=10_000):
        # Without a limit, one of them may carry nearly all messages.
        self.network.limit_uplinks("50mbit")
        # usrsctp repeats the HEARTBEAT that validates a new address only after a whole heartbeat interval.
        server = self.usrsctp_server(mode, "--heartbeat", 500, *server_arguments)
        # usrsctp delays the SACK of a last packet by 200 ms; a shorter RTO would take that for a loss.
        client = self.hawser_client(
            *("--messages", messages, "--wait-paths", 2, "--rto-min", 500, "--stay", *client_arguments), local=HERE
        )
        server.wait_for("address", address=HERE[1], state="added")
        server.wait_for("address", address=HERE[1], state="confirmed")
        client.wait_for("drained", 60)
        client.wait_until_paths_are_up()  # A burst may overflow the socket buffer and lose its last packets.
        client.terminate()
        mine, theirs = self.reports(client, server)
        self.assert_delivered(mine["sent"], theirs["received"], messages)
        self.assert_clean(theirs)
        self.assertEqual(2, mine["association"]["path_count"])
        for path in mine["association"]["paths"]:
            self.assertEqual("active", path["state"])
            self.assertGreater(path["data_chunks_sent"], messages / 50)
        return mine, theirs

    def test_wildcard_asconf_adds_an_uplink(self):
        # usrsctp sends its first packets to the new uplink without UDP; the next packet from there corrects that.
        self.second_uplink()

    def test_wildcard_asconf_answered_at_the_wrong_port(self):
        # With a default encapsulation port, usrsctp sends its first packets for the new uplink to that port.
        self.second_uplink(server_arguments=["--remote-udp-port", 7777])

    def test_wildcard_asconf_with_a_shared_key(self):
        key = "a shared secret"
        self.second_uplink("--auth-key", f"1:{key.encode().hex()}", server_arguments=["--auth-key", key])

    def test_wildcard_asconf_with_nr_sack_and_cmt_on_both_sides(self):
        # The delay lets usrsctp validate the second uplink, so that it uses both from the first message on.
        server_arguments = ["--nr-sack", "--cmt", 1, "--rto-min", 200]
        mine, theirs = self.second_uplink(
            *("--echo", "--delay", 2), mode="server-echo", server_arguments=server_arguments, messages=10_000
        )
        self.assert_delivered(theirs["sent"], mine["received"], 10_000)
        for path in mine["association"]["paths"]:
            self.assertGreater(path["bytes_received"], MEGABYTE)

    def test_wrong_shared_key_adds_nothing(self):
        server = self.usrsctp_server("server-discard", "--auth-key", "one secret")
        client = self.hawser_client(
            *("--messages", 100, "--auth-key", f"1:{b'another'.hex()}", "--rto-min", 200, "--stay"), local=HERE
        )
        client.wait_for("drained")
        with self.assertRaises(AssertionError):
            server.wait_for("address", 3, address=HERE[1], state="added")
        client.terminate()
        mine, theirs = self.reports(client, server)
        self.assertGreater(theirs["auth_failed"], 0)
        self.assert_delivered(mine["sent"], theirs["received"], 100)

    def test_literal_addresses_added_and_deleted_by_usrsctp(self):
        # usrsctp lets the kernel choose the source address, so the kernel's choice moves from the old to the new
        # address.
        server = self.hawser_echo("--rto-min", 200, listen="0.0.0.0")
        client = self.usrsctp_client(
            *("client-send", "--messages", 5000, "--echo", "--add-address", THERE[1], "--delete-address", THERE[0])
        )
        added = server.wait_for("path_added", remote=f"{THERE[1]}:9900")
        self.network.prefer_source_there(THERE[1])
        server.wait_for("path_up", path=added["path"])
        server.wait_for("path_removed", path=0)
        self.assertEqual(0, client.finish(120), client.log())
        theirs = client.wait_for("report")
        self.assert_delivered(theirs["sent"], theirs["received"], 5000)
        self.assert_clean(theirs)
        server.wait_for("closed")

    def test_usrsctp_server_with_two_addresses(self):
        # usrsctp lists both in its INIT ACK (RFC 9260 §5.1.2). The association must work in any case.
        server = self.usrsctp_server("server-echo", local=THERE)
        client = self.hawser_client("--messages", 2000, "--echo")
        mine, theirs = self.reports(client, server)
        self.assert_delivered(mine["sent"], mine["received"], 2000)
        self.assert_clean(theirs)


class OwnPrograms(InteropTest):
    """sctp_perf and sctp_echo against each other."""

    def test_perf_against_echo_with_loss(self):
        server = self.hawser_echo()
        self.relay(HERE[0], 1)
        client = self.hawser_client(
            *("--messages", 10_000, "--size", 1000, "--echo", "--rto-min", 200, "--linger", LINGER),
            remote=RELAY,
            udp_port=RELAY_PORT,
        )
        self.assertEqual(0, client.finish(120), client.log())
        mine = client.wait_for("report")
        self.assert_delivered(mine["sent"], mine["received"], 10_000)
        server.wait_for("closed")

    def test_two_uplinks_with_data_on_both(self):
        server = self.hawser_server()
        client = self.hawser_client(
            *("--messages", 30_000, "--wait-paths", 2), local=THERE, remote=HERE[0], prefix=self.network.there
        )
        mine, report = self.reports(client, server)
        self.assert_delivered(mine["sent"], report["received"], 30_000)
        self.assertEqual(2, mine["association"]["path_count"])
        for path in mine["association"]["paths"]:
            self.assertGreater(path["data_chunks_sent"], 300)

    def test_measures_by_time(self):
        server = self.hawser_server()
        client = self.hawser_client("--seconds", 1, local=[THERE[0]], remote=HERE[0], prefix=self.network.there)
        mine, report = self.reports(client, server)
        self.assertGreater(mine["seconds"], 0.9)
        self.assertGreater(mine["mbit_s"], 10)
        self.assertGreater(mine["messages_per_s"], 1000)
        self.assert_delivered(mine["sent"], report["received"])


class Tsctp(InteropTest):
    """usrsctp's own throughput program as the peer."""

    PATH = "/usr/lib/usrsctp/tsctp"

    def setUp(self):
        if not os.path.exists(self.PATH):
            self.skipTest("package libusrsctp-examples is not installed")
        super().setUp()

    def test_tsctp_receives(self):
        server = self._start(
            self.network.there, "tsctp", ["-L", THERE[0], "-E", UDP, "-p", PORT], path=self.PATH
        )
        client = self.hawser_client("--messages", 5000, "--size", 1000)
        self.assertEqual(0, client.finish(120), client.log())
        result = server.wait_for_text("1000,")
        self.assertEqual(["1000", " 5000"], result.split(",")[:2])

    def test_tsctp_sends(self):
        server = self.hawser_server()
        words = ["-L", THERE[0], "-E", "9900", "-U", UDP, "-p", PORT, "-n", "5000", "-l", "1000", HERE[0]]
        client = self._start(self.network.there, "tsctp", words, path=self.PATH)
        report = server.wait_for("report", 120)
        self.assertTrue(report["graceful"])
        self.assertEqual(5000, report["messages"])
        self.assertEqual(5 * MEGABYTE, report["bytes"])
        self.assertEqual(0, client.finish(20))


def names(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from names(item)
        else:
            yield item.id().removeprefix("__main__.")


def main():
    global BIN, CAPTURE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", action="append", metavar="DIR", help="folder of programs")
    parser.add_argument("--list", action="store_true", help="print the names of the tests")
    parser.add_argument("--capture", metavar="FILE", help="write all packets into a pcap file")
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_args()
    BIN, CAPTURE = arguments.bin or BIN, arguments.capture
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    if arguments.list:
        print("\n".join(names(loader.loadTestsFromModule(module))))
        return
    if not network.enter_namespace():
        network.fail_or_skip("no permission to create a network namespace")
    suite = loader.loadTestsFromNames(arguments.tests, module) if arguments.tests else loader.loadTestsFromModule(module)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.skipped and result.testsRun == len(result.skipped):
        network.fail_or_skip(result.skipped[0][1])
    sys.exit(not result.wasSuccessful())


if __name__ == "__main__":
    main()
