"""The wall clock jumps, and the name server is gone: what does not need them does not notice, and what does comes back by itself."""

import os
import pathlib
import struct
import threading
import unittest

from harness import Story, config, poll, program, scratch

from web import Web

ASK = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
YEAR = 365 * 24 * 3600
GOOD, FAIL, HANG = 0, 1, 2


class World(Story):
    """An edge in another world (tests/faults/other_world.c)."""

    def setUp(self):
        self.library = pathlib.Path(program()).parent / "tests" / "libother_world.so"
        if not self.library.exists():
            self.skipTest(f"{self.library} is not built")
        self.file = scratch() / f"world-{id(self)}"
        self.turn()

    def turn(self, ahead=0, names=GOOD):
        with open(self.file, "r+b" if self.file.exists() else "w+b") as file:
            file.write(struct.pack("=qq", ahead, names))

    def begin(self, settings):
        world = {
            "LD_PRELOAD": str(self.library),
            "LEDGERGATE_TEST_WORLD": str(self.file),
            # A sanitizer's library wants to be the first; this one is no more than a few functions.
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
            # The exit leaves a thread behind that waits for a name, on purpose.
            "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + ":report_thread_leaks=0",
        }
        return self.start(settings, environment=world)


class Clock(World):
    def jumps(self, ahead):
        server = self.standin(Web)
        edge = self.begin(config(server))
        with edge.connect() as idle, edge.connect() as busy:
            for client in (idle, busy):
                client.send(ASK % b"")
                self.assertEqual(client.reply().status, 200)
            server.turn(hold=True)
            busy.send(ASK % b"")
            server.wait_for_requests(3)
            year = edge.access_log(2)[0]["time"][:4]
            self.turn(ahead)
            server.release()
            self.assertEqual(busy.reply().status, 200, "no time of a request is a time of the wall clock")
            idle.send(ASK % b"")
            self.assertEqual(idle.reply().status, 200)
        self.assertEqual(edge.ask(ASK % b"").status, 200)
        years = [int(line["time"][:4]) - int(year) for line in edge.access_log(5)]
        self.assertIn(ahead // YEAR, years, "lines of two workers have no order")

    def test_jumps_ahead(self):
        self.jumps(2 * YEAR)

    def test_jumps_back(self):
        self.jumps(-2 * YEAR)


class Names(World):
    def settings(self, server, **more):
        made = config(server)
        made["servers"]["named"] = {"profile": "http", "url": f"http://named.world.test:{server.port}", "timeouts": {"connect": "500ms"}, "health": "off", **more}
        made["routes"] = [
            {"path": "/named", "server": "named", "access": "anonymous"},
            {"path": "/", "server": "upstream", "access": "anonymous"},
        ]
        return made

    def back(self, edge):
        self.turn(names=GOOD)
        poll("an answer, now that names are back,", lambda: edge.ask(ASK % b"named").status == 200)

    def test_that_hang_are_the_trouble_of_their_routes_alone(self):
        server = self.standin(Web)
        edge = self.begin(self.settings(server))
        self.turn(names=HANG)
        replies = []
        waiting = [threading.Thread(target=lambda: replies.append(edge.ask(ASK % b"named"))) for _ in range(8)]
        for each in waiting:
            each.start()
        for _ in range(20):
            self.assertEqual(edge.ask(ASK % b"").status, 200)
        for each in waiting:
            each.join()
        for reply in replies:
            self.assertIn(reply.status, (503, 504), reply)
        self.assertIn("dns_timeout", replies[0].get("Proxy-Status"))
        self.back(edge)

    def test_that_fail_come_back(self):
        server = self.standin(Web)
        edge = self.begin(self.settings(server))
        self.turn(names=FAIL)
        self.assert_refused(edge.ask(ASK % b"named"), 502, "dns_error")
        self.assertEqual(edge.ask(ASK % b"").status, 200)
        self.back(edge)

    def test_a_good_answer_outlives_the_name_server(self):
        server = self.standin(Web)
        edge = self.begin({**self.settings(server, resolve_every="1s", keep_idle=0), "workers": 1})
        self.assertEqual(edge.ask(ASK % b"named").status, 200)
        for names in (HANG, FAIL):
            self.turn(names=names)
            for _ in range(4):
                self.assertEqual(edge.ask(ASK % b"named").status, 200)
        self.turn(names=GOOD)

    def test_that_hang_do_not_hold_the_exit(self):
        server = self.standin(Web)
        edge = self.begin(self.settings(server))
        self.turn(names=HANG)
        self.assertIn("dns_timeout", edge.ask(ASK % b"named").get("Proxy-Status"))
        edge.terminate()
        self.assertEqual(edge.wait_for_exit(), 0)
        edge.said.wait("leaving it behind")


if __name__ == "__main__":
    unittest.main()
