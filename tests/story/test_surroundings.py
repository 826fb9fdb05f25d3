"""The wall clock jumps, and the name server is gone: what does not need them does not notice, and what does comes back by itself."""

import threading
import unittest

from harness import config, poll
from other_world import DEAD_HANG, FAIL, GOOD, HANG, World

from web import Web

ASK = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
YEAR = 365 * 24 * 3600


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

    def test_that_hang_keep_no_other_name_from_being_asked(self):
        server = self.standin(Web)
        made = self.settings(server, timeouts={"connect": "30s"})
        for n in range(6):
            made["servers"][f"dead{n}"] = {**made["servers"]["named"], "url": f"http://n{n}.dead.world.test:1", "timeouts": {"connect": "300ms"}}
            made["routes"].append({"path": f"/dead{n}", "server": f"dead{n}", "access": "anonymous"})
        edge = self.begin(made)
        self.turn(names=DEAD_HANG)
        for n in range(6):
            self.assertIn("dns_timeout", edge.ask(ASK % b"dead%d" % n).get("Proxy-Status"))
        self.assertEqual(edge.ask(ASK % b"named").status, 200)

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
        self.assertNotIn("leaving it behind", edge.said.text)


if __name__ == "__main__":
    unittest.main()
