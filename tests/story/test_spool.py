"""Bodies at the edge: who may keep how much, where, for how long, and what happens when there is no more room."""

import os
import pathlib
import select
import signal
import tempfile
import unittest

from client import Ended
from harness import PATIENCE, Edge, Story, config, poll, scratch

from mserver import MServer
from web import Web

H = b"Host: localhost\r\n"
AUTH = b"STW-Authorization: Basic QDo=\r\n"
MI = 1 << 20
QUARTER = MI // 4  # of the smallest total there is


def caller(number):
    """Who a trusted proxy says the caller is."""
    return b"X-Forwarded-For: 192.0.2.%d\r\n" % number


def post(size, extra=b"", path=b"/xml"):
    """The head of a POST."""
    return b"POST " + path + b" HTTP/1.1\r\n" + H + AUTH + extra + b"Content-Length: %d\r\n\r\n" % size


def chunked(extra=b"", path=b"/xml"):
    return b"POST " + path + b" HTTP/1.1\r\n" + H + AUTH + extra + b"Transfer-Encoding: chunked\r\n\r\n"


def chunk(size):
    return b"%x\r\n%s\r\n" % (size, bytes(size))


def get(path, extra=b""):
    return b"GET " + path + b" HTTP/1.1\r\n" + H + AUTH + extra + b"\r\n"


def spooled(edge):
    """Size and disk use of each file without a name that the program holds in its spool directory."""
    found = []
    for entry in pathlib.Path(f"/proc/{edge.process.pid}/fd").iterdir():
        try:
            if os.readlink(entry).startswith(str(edge.directory)) and os.readlink(entry).endswith("(deleted)"):
                about = os.stat(entry)
                found.append((about.st_size, about.st_blocks * 512))
        except FileNotFoundError:
            pass  # closed meanwhile
    return found


def left_behind(edge):
    return [path.name for path in edge.directory.iterdir() if path.name != "ledgergate.yaml"]


class SpoolStory(Story):
    def front_mserver(self, knobs=None, spool=None, **settings):
        server = self.standin(MServer, **(knobs or {}))
        edge = self.start(config(server, "mserver", spool=spool or {}, trusted_proxies=["127.0.0.0/8"], **settings))
        return server, edge

    def connect(self, edge, **options):
        client = edge.connect("lan", **options)
        self.addCleanup(client.close)
        return client

    def wait_for_file(self, edge, size, count=1):
        poll(f"a spool file of {size} bytes", lambda: [each for each, _ in spooled(edge)].count(size) == count)


class Shares(SpoolStory):
    """The smallest spool: 1 MiB on disk, a quarter of it for one client."""

    SPOOL = {"memory": "4KiB", "total": "1MiB"}

    def fill(self, edge, number, count=1):
        """A client that holds most of its share with a body that does not end; the `count`th that does so."""
        client = self.connect(edge)
        client.send(chunked(caller(number)) + chunk(QUARTER - 10_000))
        self.wait_for_file(edge, QUARTER - 10_000, count)
        return client

    def test_who_fills_its_share_is_refused_and_others_notice_nothing(self):
        server, edge = self.front_mserver(spool=self.SPOOL)
        first = self.fill(edge, 1)
        refused = edge.ask(post(20_000, caller(1)) + bytes(20_000), "lan")
        self.assert_refused(refused, 503, "spool_full")
        self.assertGreaterEqual(int(refused.get("Retry-After")), 1)
        self.assertEqual(edge.ask(post(1000, caller(1)) + bytes(1000), "lan").status, 200, "its small requests need no disk")
        self.assertEqual(edge.ask(post(QUARTER, caller(2)) + bytes(QUARTER), "lan").status, 200)
        first.send(chunk(5000) + b"0\r\n\r\n")
        self.assertEqual(first.reply().status, 200)
        self.assertEqual(edge.ask(post(QUARTER, caller(1)) + bytes(QUARTER), "lan").status, 200, "what it held is free again")
        self.assertEqual(len(server.requests), 4)

    def test_a_body_that_grows_beyond_the_share(self):
        server, edge = self.front_mserver(spool=self.SPOOL)
        self.fill(edge, 1)
        growing = self.connect(edge)
        growing.send(chunked(caller(1)) + chunk(8000) + chunk(8000))
        self.assert_refused(growing.reply(), 503, "spool_full")
        self.assertEqual(server.requests, [])

    def test_no_waiting_makes_room_for_more_than_a_share(self):
        server, edge = self.front_mserver(spool=self.SPOOL)
        self.assert_refused(edge.ask(post(QUARTER + 1), "lan"), 413, "body_too_large")
        self.assertEqual(server.requests, [])

    def test_all_shares_together_are_the_whole(self):
        _, edge = self.front_mserver(spool=self.SPOOL)
        for number in range(1, 5):
            self.fill(edge, number, number)
        self.assert_refused(edge.ask(post(50_000, caller(5)) + bytes(50_000), "lan"), 503, "spool_full")
        self.assertEqual(edge.ask(post(1000, caller(5)) + bytes(1000), "lan").status, 200)

    def test_who_hangs_up_gives_its_share_back(self):
        _, edge = self.front_mserver(spool=self.SPOOL)
        self.fill(edge, 1).close()
        edge.access_log(1)
        self.assertEqual(edge.ask(post(QUARTER, caller(1)) + bytes(QUARTER), "lan").status, 200)
        poll("return of the files", lambda: spooled(edge) == [])

    def test_a_reload_keeps_what_is_held_and_brings_new_bounds(self):
        server, edge = self.front_mserver(spool=self.SPOOL)
        first = self.fill(edge, 1)
        made = config(server, "mserver", spool={**self.SPOOL, "total": "2MiB"}, trusted_proxies=["127.0.0.0/8"])
        self.assertIn("reloaded", edge.reload(made))
        self.assertEqual(edge.ask(post(QUARTER, caller(1)) + bytes(QUARTER), "lan").status, 200)
        refused = edge.ask(post(2 * QUARTER, caller(1)) + bytes(2 * QUARTER), "lan")
        self.assert_refused(refused, 503, "spool_full")
        first.send(b"0\r\n\r\n")
        self.assertEqual(first.reply().status, 200)
        self.assertEqual(edge.ask(post(2 * QUARTER, caller(1)) + bytes(2 * QUARTER), "lan").status, 200)

    def test_beyond_the_memory_of_all_a_body_goes_to_its_file_at_once(self):
        _, edge = self.front_mserver(spool={"memory": "16KiB", "memory_total": "16KiB"})
        client = self.connect(edge)
        client.send(chunked() + chunk(5000))  # a quarter of 16 KiB is less
        self.wait_for_file(edge, 5000)
        client.send(b"0\r\n\r\n")
        self.assertEqual(client.reply().status, 200)


class Disk(SpoolStory):
    def test_a_full_disk_is_one_requests_trouble(self):
        server = self.standin(MServer)
        made = config(server, "mserver", spool={"memory": "4KiB"})
        edge = self.start(made, launcher=["prlimit", "--fsize=1000000"])
        waiting = self.connect(edge)
        waiting.send(chunked() + chunk(500_000))
        self.wait_for_file(edge, 500_000)
        self.assert_refused(edge.ask(post(2 * MI) + bytes(2 * MI), "lan"), 507, "spool_failed")
        waiting.send(b"0\r\n\r\n")
        self.assertEqual(waiting.reply().status, 200)
        self.assertEqual(len(server.requests), 1)
        self.assertEqual(spooled(edge), [])

    def test_a_directory_that_goes_away(self):
        server, spool = self.standin(MServer), pathlib.Path(tempfile.mkdtemp(dir=scratch()))
        edge = self.start(config(server, "mserver", spool={"directory": str(spool), "memory": "4KiB"}))
        spool.rmdir()
        self.assert_refused(edge.ask(post(5000) + bytes(5000), "lan"), 507, "spool_failed")
        self.assertEqual(edge.ask(post(1000) + bytes(1000), "lan").status, 200)
        spool.mkdir()
        self.assertEqual(edge.ask(post(5000) + bytes(5000), "lan").status, 200)

    def test_kill_leaves_nothing_behind(self):
        server = self.standin(MServer)
        made = config(server, "mserver", spool={"memory": "4KiB"})
        edge = Edge(made)
        client = self.connect(edge)
        client.send(chunked() + chunk(100_000))
        self.wait_for_file(edge, 100_000)
        self.assertEqual(left_behind(edge), [])
        edge.process.send_signal(signal.SIGKILL)
        edge.process.wait(PATIENCE)
        self.assertEqual(left_behind(edge), [])
        again = self.start({**made, "spool": {**made["spool"], "directory": str(edge.directory)}})
        self.assertEqual(again.ask(post(100_000) + bytes(100_000), "lan").status, 200)
        self.assertEqual(left_behind(edge), [])
        edge.told = True
        edge.stop(expect=-signal.SIGKILL)


class Replies(SpoolStory):
    def test_a_reply_that_says_it_is_too_large(self):
        server, edge = self.front_mserver(server={"reply_limit": "64KiB"})
        self.assert_refused(edge.ask(get(b"/documents/faktura.pdf"), "lan"), 502, "reply_too_large", "maybe")
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)
        asked = [request.path for request in server.requests if request.path != b"/status"]
        self.assertEqual(asked, [b"/documents/faktura.pdf", b"/xml"])

    def test_a_reply_that_grows_too_large_is_a_clean_refusal_while_it_is_held(self):
        _, edge = self.front_mserver({"fault": "chunked", "times": 1}, server={"reply_limit": "64KiB"})
        self.assert_refused(edge.ask(get(b"/documents/faktura.pdf"), "lan"), 502, "reply_too_large", "maybe")
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)

    def test_a_reply_that_grows_too_large_is_cut_once_it_went_out(self):
        server, edge = self.front_mserver({"fault": "chunked", "times": 1}, server={"reply_limit": "1MiB"})
        server.files["big.bin"] = ("application/octet-stream", bytes(8 * MI))
        client = self.connect(edge)
        client.send(get(b"/documents/big.bin"))
        with self.assertRaises(Ended) as cut:
            client.reply()
        self.assertEqual((cut.exception.how, cut.exception.partial.status), ("reset", 200))
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200, "the place is not held by it")
        self.assertIn("reply_too_large", [line.get("cause") for line in edge.access_log(2)])

    def test_a_reply_of_a_client_whose_share_is_used_up(self):
        spool = {"memory": "4KiB", "memory_total": "4KiB", "total": "1MiB"}
        server, edge = self.front_mserver(spool=spool)
        server.files["big.bin"] = ("application/octet-stream", bytes(200_000))
        holder = self.connect(edge)
        holder.send(chunked(caller(1)) + chunk(QUARTER - 50_000))
        self.wait_for_file(edge, QUARTER - 50_000)
        refused = edge.ask(get(b"/documents/big.bin", caller(1)), "lan")
        self.assert_refused(refused, 507, "spool_failed", "maybe")
        other = edge.ask(get(b"/documents/big.bin", caller(2)), "lan")
        self.assertEqual((other.status, len(other.body)), (200, 200_000))

    def test_a_slow_reader_beyond_its_share_is_cut_and_holds_no_place(self):
        server, edge = self.front_mserver(spool={"total": "4MiB"})
        server.files["big.bin"] = ("application/octet-stream", bytes(64 * MI))
        slow = self.connect(edge, receive_buffer=65536)
        slow.send(get(b"/documents/big.bin", caller(1)))
        slow.head()
        self.assertEqual(edge.ask(post(4, caller(2)) + b"<x/>", "lan").status, 200)
        self.assertIn("spool_failed", [line.get("cause") for line in edge.access_log(2)])
        self.assertEqual(slow.end(keep=False), "reset")
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    def test_what_a_slow_reader_has_taken_holds_no_disk(self):
        server, edge = self.front_mserver()
        size = 32 * MI
        server.files["big.bin"] = ("application/octet-stream", bytes(size))
        slow = self.connect(edge, receive_buffer=65536)
        slow.send(get(b"/documents/big.bin"))
        slow.head()
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)  # so the server is done with the first
        self.assertGreater(max(blocks for _, blocks in spooled(edge)), 16 * MI)
        slow.exactly(24 * MI, keep=False)
        poll("return of disk", lambda: max(blocks for _, blocks in spooled(edge)) < 10 * MI)
        self.assertEqual(max(length for length, _ in spooled(edge)), size)
        slow.exactly(size - 24 * MI, keep=False)
        poll("return of the file", lambda: spooled(edge) == [])

    def test_a_whole_reply_has_its_time(self):
        server, edge = self.front_mserver({"fault": "slow", "times": 1}, server={"timeouts": {"whole_reply": "300ms"}})
        refused = edge.ask(get(b"/documents/obrazky/zidle.jpg"), "lan")
        self.assert_refused(refused, 504, "reply_timeout", "maybe")
        server.drop_connections()
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)
        edge.said.wait(r"server upstream: a place was held for \d+ ms")

    def test_who_hangs_up_inside_a_reply_leaves_the_place_when_the_server_is_done(self):
        server, edge = self.front_mserver()
        server.files["big.bin"] = ("application/octet-stream", bytes(64 * MI))
        with edge.connect("lan", receive_buffer=65536) as client:
            client.send(get(b"/documents/big.bin"))
            client.head()
            client.reset()
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)


class Choices(SpoolStory):
    """`spool:` at the server and at the route, whatever the profile would do."""

    def test_off_at_a_one_slot_server_streams_inside_the_turn(self):
        server, edge = self.front_mserver(server={"spool": "off"})
        server.files["big.bin"] = ("application/octet-stream", bytes(40 * MI))
        first, second = self.connect(edge, receive_buffer=65536), self.connect(edge)
        first.send(post(10) + b"<x>")
        server.wait_for_heads(1)  # its body is not there yet
        second.send(get(b"/documents/big.bin"))
        first.send(b"</x>   ")
        self.assertEqual(first.reply().status, 200)
        self.assertEqual(len(second.reply().body), 40 * MI)
        self.assertEqual(spooled(edge), [])
        self.assertEqual(server.counters()["overlapping_connections"], 0)

    def test_off_lets_a_slow_reader_hold_the_place(self):
        server, edge = self.front_mserver(server={"spool": "off", "queue": {"wait": "200ms"}})
        server.files["big.bin"] = ("application/octet-stream", bytes(40 * MI))
        slow = self.connect(edge, receive_buffer=65536)
        slow.send(get(b"/documents/big.bin"))
        slow.head()
        self.assert_refused(edge.ask(post(4) + b"<x/>", "lan"), 503, "queue_timeout")
        slow.exactly(40 * MI, keep=False)
        self.assertEqual(edge.ask(post(4) + b"<x/>", "lan").status, 200)

    def test_request_at_a_one_slot_server_leaves_the_reply_in_the_turn(self):
        server, edge = self.front_mserver(server={"spool": "request", "queue": {"wait": "200ms"}})
        server.files["big.bin"] = ("application/octet-stream", bytes(40 * MI))
        waiting, slow = self.connect(edge), self.connect(edge, receive_buffer=65536)
        waiting.send(post(4) + b"<x")
        slow.send(get(b"/documents/big.bin"))
        slow.head()
        self.assertEqual(server.heads, 1, "who is not through with its body is not there")
        self.assert_refused(edge.ask(post(4) + b"<x/>", "lan"), 503, "queue_timeout")

    def test_request_at_an_unbounded_server_waits_for_the_body(self):
        server = self.standin(Web)
        edge = self.start(config(server, server={"spool": "request"}))
        client = self.connect(edge)
        client.send(post(6, path=b"/echo") + b"abc")
        self.assertEqual(edge.ask(get(b"/"), "lan").status, 200)
        self.assertEqual([request.path for request in server.requests], [b"/"])
        client.send(b"def")
        self.assertEqual(client.reply().body, b"abcdef")
        self.assertEqual(server.heads, 2)

    def test_reply_at_an_unbounded_server_lets_it_go(self):
        server = self.standin(Web)
        edge = self.start(config(server, server={"spool": "reply"}, workers=1))
        slow = self.connect(edge, receive_buffer=65536)
        slow.send(get(b"/bytes/%d" % (40 * MI)))
        slow.head()
        self.wait_for_file(edge, 40 * MI)
        self.assertEqual(server.in_flight, 0)
        self.assertEqual(edge.ask(get(b"/"), "lan").status, 200)
        self.assertEqual(server.connections, 1, "the connection went back to the pool")
        slow.exactly(40 * MI, keep=False)
        # A request still streams.
        slow.send(post(3, path=b"/echo") + b"a")
        server.wait_for_heads(3)
        slow.send(b"bc")
        self.assertEqual(slow.reply().body, b"abc")

    def test_the_route_has_the_last_word(self):
        server = self.standin(Web)
        made = config(server, server={"spool": "off"}, route={"spool": "both"})
        made["routes"].append({"path": "/echo", "server": "upstream", "access": "anonymous"})
        edge = self.start(made)
        streamed, kept = self.connect(edge), self.connect(edge)
        kept.send(post(4, path=b"/sink") + b"abc")
        streamed.send(post(4, path=b"/echo") + b"abc")
        server.wait_for_heads(1)
        streamed.send(b"d")
        self.assertEqual(streamed.reply().body, b"abcd")
        kept.send(b"d")
        self.assertEqual(kept.reply().body.split()[0], b"4")
        self.assertEqual([request.path for request in server.requests], [b"/echo", b"/sink"])


EXPECT = b"Expect: 100-continue\r\n"


class Invitations(SpoolStory):
    """100 (Continue) comes when the caller may really send, and to nobody who is refused."""

    def refused(self, edge, request, status, cause):
        client = self.connect(edge)
        client.send(request)
        reply = client.reply()
        self.assertEqual(reply.informational, [])
        self.assert_refused(reply, status, cause)

    def invited(self, client):
        self.assertEqual(client.until(b"\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n")

    def test_a_body_that_is_spooled_is_asked_for_before_the_turn(self):
        server, edge = self.front_mserver({"hold": True})
        busy, client = self.connect(edge), self.connect(edge)
        busy.send(get(b"/documents/faktura.pdf"))
        server.wait_for_requests(1)
        client.send(post(4, EXPECT))
        self.invited(client)
        client.send(b"<x/>")
        self.assertEqual(server.heads, 1)
        server.release()
        self.assertEqual(busy.reply().status, 200)
        self.assertEqual(client.reply().status, 200)
        self.assertIsNone(server.requests[1].get("Expect"), "the invitation was the edge's own")

    def test_who_is_refused_by_the_head_is_not_invited(self):
        server, edge = self.front_mserver(server={"body_limit": "1MiB"})
        self.refused(edge, post(2 * MI, EXPECT), 413, "body_too_large")
        self.refused(edge, post(4, EXPECT, path=b"/elsewhere"), 404, "no_route")
        self.assertEqual(server.connections, 0)

    def test_who_finds_the_spool_full_is_refused_instead(self):
        _, edge = self.front_mserver(spool={"memory": "4KiB", "total": "1MiB"})
        holder = self.connect(edge)
        holder.send(chunked(caller(1)) + chunk(QUARTER))
        self.wait_for_file(edge, QUARTER)
        self.refused(edge, post(20_000, caller(1) + EXPECT), 503, "spool_full")
        self.refused(edge, post(QUARTER + 1, caller(2) + EXPECT), 413, "body_too_large")
        other = self.connect(edge)
        other.send(post(QUARTER, caller(2) + EXPECT))
        self.invited(other)

    def test_a_streamed_body_is_asked_for_when_the_turn_has_come(self):
        server, edge = self.front_mserver({"hold": True}, server={"spool": "off", "queue": {"depth": 1}})
        busy, one, other = (self.connect(edge) for _ in range(3))
        busy.send(get(b"/documents/faktura.pdf"))
        server.wait_for_requests(1)
        one.send(post(4, EXPECT))
        other.send(post(4, EXPECT))
        # One of them finds the line full; then the other one stands in it.
        ready = select.select([one.sock, other.sock], [], [], PATIENCE)[0]
        refused, client = (one, other) if ready[0] is one.sock else (other, one)
        reply = refused.reply()
        self.assertEqual(reply.informational, [])
        self.assert_refused(reply, 503, "queue_full")
        self.assertEqual(select.select([client.sock], [], [], 0)[0], [], "not before its turn")
        self.assertEqual(server.connections, 1)
        server.release()
        self.assertEqual(busy.reply().status, 200)
        self.invited(client)
        server.wait_for_heads(2)
        client.send(b"<x/>")
        self.assertEqual(client.reply().status, 200)

    def test_a_streamed_body_is_not_asked_for_when_there_is_no_server(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        server.stop()
        self.refused(edge, post(4, EXPECT, path=b"/echo"), 502, "connect_refused")

    def test_a_streamed_body_is_asked_for_when_the_server_is_there(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        client = self.connect(edge)
        client.send(post(4, EXPECT, path=b"/echo"))
        self.invited(client)
        server.wait("a connection", lambda: server.connections == 1)
        client.send(b"abcd")
        self.assertEqual(client.reply().body, b"abcd")


if __name__ == "__main__":
    unittest.main()
