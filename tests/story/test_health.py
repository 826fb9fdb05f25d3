"""Servers that are down, closed or open on the wrong company: 503 at once, without trying; and how the edge finds out."""

import base64
import datetime
import os
import secrets
import struct
import unittest

from harness import Story, certificates, config, free_port, poll, scratch

from apicomprem import ApiComPrem
from mserver import MServer
from shop import Shop
from web import Web

H = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + H + b"\r\n"
XML = b"POST /xml HTTP/1.1\r\n" + H + b"STW-Authorization: Basic QDo=\r\nContent-Length: 4\r\n\r\n<x/>"
OFTEN = {"interval": "30ms", "timeout": "5s", "fall": 2, "rise": 2}
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class Health(Story):
    def assert_down(self, edge, request=GET, cause="server_down"):
        reply = edge.ask(request, "lan")
        self.assert_refused(reply, 503, cause, "no")
        self.assertIn("destination_unavailable", reply.get("Proxy-Status"))
        self.assertGreaterEqual(int(reply.get("Retry-After")), 1)
        return reply

    def watched(self, kind, profile, health=None, knobs=None, **settings):
        """A stand-in and an edge that asks it all the time, beside a second server whose questions measure time."""
        server = self.standin(kind, **(knobs or {}))
        self.clock = self.standin(Web)
        made = config(server, profile, **settings)
        made["servers"]["upstream"]["health"] = {**OFTEN, **(health or {})}
        made["servers"]["clock"] = {"url": self.clock.url, "health": {**OFTEN, "path": "/tick"}}
        return server, self.start(made)

    def some_intervals(self):
        asked = len(self.clock.requests)
        self.clock.wait_for_requests(asked + 6)

    # found out by requests -------------------------------------------------------------------------------------------------------

    def test_a_server_that_refuses_is_down_and_is_not_tried_again(self):
        port = free_port()
        edge = self.start(config(f"http://127.0.0.1:{port}"))
        for _ in range(3):
            self.assert_refused(edge.ask(GET, "lan"), 502, "connect_refused", "no")
        edge.said.wait("server upstream is down: connect_refused")
        server = self.standin(Web, port=port)
        for _ in range(10):
            self.assertEqual(self.assert_down(edge).get("Retry-After"), "10")
        self.assertEqual(server.connections, 0)
        self.assertEqual({line["cause"] for line in edge.access_log(13)}, {"connect_refused", "server_down"})

    def test_a_connection_in_between_counts(self):
        port = free_port()
        edge = self.start(config(f"http://127.0.0.1:{port}"))
        for _ in range(2):
            for _ in range(2):
                self.assert_refused(edge.ask(GET, "lan"), 502, "connect_refused", "no")
            with Web(port=port) as server:
                self.assertEqual(edge.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), "lan").status, 200)
                server.drop_connections()

    def test_a_body_is_not_taken_for_a_server_that_is_down(self):
        edge = self.start(config(f"http://127.0.0.1:{free_port()}", "mserver"))
        for _ in range(3):
            edge.ask(XML, "lan")
        with edge.connect("lan") as client:
            client.send(b"POST /xml HTTP/1.1\r\n" + H + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n")
            reply = client.reply()
            self.assert_refused(reply, 503, "server_down", "no")
            self.assertEqual(reply.informational, [])

    def test_health_off_tries_each_time(self):
        edge = self.start(config(f"http://127.0.0.1:{free_port()}", server={"health": "off"}))
        for _ in range(8):
            self.assert_refused(edge.ask(GET, "lan"), 502, "connect_refused", "no")

    # found out by asking ---------------------------------------------------------------------------------------------------------

    def test_it_goes_down_and_comes_up_by_itself(self):
        port = free_port()
        edge = self.start(config(f"http://127.0.0.1:{port}", server={"health": {**OFTEN, "path": "/well?x=1"}}))
        edge.said.wait("server upstream is down: connect_refused")
        self.assert_down(edge)
        server = self.standin(Web, port=port)
        edge.said.wait(r"server upstream is up again after \d+ s")
        self.assertGreaterEqual(len(server.requests), 2)
        self.assertEqual({r.target for r in server.requests}, {b"/well?x=1"})
        self.assertEqual(edge.ask(GET, "lan").status, 200)
        self.assertEqual(len([line for line in edge.said.lines if "is down" in line]), 1)

    def test_an_error_of_the_servers_own_is_not_well(self):
        server, edge = self.watched(Web, "http", {"path": "/status/503"})
        edge.said.wait("server upstream is down: it answers with an error of its own")
        self.assert_down(edge)
        self.assertNotIn(b"/", [r.path for r in server.requests])

    def test_a_server_that_is_asked_seldom_is_asked_when_the_edge_starts(self):
        server, _ = self.watched(Web, "http", {"path": "/well", "interval": "1h"})
        server.wait_for_requests(1)
        self.some_intervals()
        self.assertEqual(len(server.requests), 1)

    def test_a_server_that_need_not_be_asked_is_asked_only_while_it_is_down(self):
        port = free_port()
        clock = self.standin(Web)
        made = config(f"http://127.0.0.1:{port}")
        made["servers"]["clock"] = {"url": clock.url, "health": {**OFTEN, "path": "/tick"}}
        server = self.standin(Web, port=port)
        edge = self.start(made)
        self.clock = clock
        for _ in range(3):
            self.some_intervals()
        self.assertEqual(server.connections, 0)
        self.assertEqual(edge.ask(GET, "lan").status, 200)

    def test_a_missing_page_is_well(self):
        _, edge = self.watched(Web, "http", {"path": "/status/404"})
        self.some_intervals()
        self.assertEqual(edge.ask(GET, "lan").status, 200)
        self.assertNotIn("is down", edge.said.text)

    def test_without_a_path_a_connection_is_enough(self):
        server, edge = self.watched(Web, "http")
        server.wait("three connections", lambda: server.connections >= 3)
        self.assertEqual(server.requests, [])
        server.stop()
        edge.said.wait("server upstream is down: connect_refused")

    def test_a_busy_mserver_is_up(self):
        server, edge = self.watched(MServer, "mserver", knobs={"hold": True, "state": "working"})
        with edge.connect("lan") as client:
            client.send(XML)
            server.wait_for_requests(1)
            server.wait_for_status(server.asked_status + 2)  # each answer is good for a second
            server.release()
            self.assertEqual(client.reply().status, 200)
        self.assertNotIn("is down", edge.said.text)

    def test_an_mserver_that_does_not_say_its_status_is_down_where_it_is_asked(self):
        server, edge = self.watched(MServer, "mserver", knobs={"hold_status": True}, health={"timeout": "500ms"})
        edge.said.wait("server upstream is down: reply_timeout")
        self.assert_down(edge, XML)
        server.release_status()
        edge.said.wait("server upstream is up again after .* s: idle, processing 0")
        self.assertEqual(edge.ask(XML, "lan").status, 200)

    def test_apicomprem_is_asked_for_its_version_in_its_turn(self):
        unit = "c8175fe2-5aba-460e-a492-5da487105394"
        file = self.credentials("gras:gr17")
        server, edge = self.watched(ApiComPrem, "apicomprem", server={"credentials": file, "units": [unit]}, knobs={"require_auth": True})
        asked = server.wait_for_requests(2)
        self.assertIn(b"VERZEAPI", asked.body)
        self.assertEqual(asked.get("Authorization"), b"Basic " + base64.b64encode(b"gras:gr17"))
        self.assertEqual(asked.get("ID-UJ").decode().lower(), unit)
        body = b'{"command":{"inComm":"INFO","inParam":{"parameters":{}}}}'
        command = b"POST /api/comm HTTP/1.1\r\n" + H + b"ID-UJ: " + unit.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        with edge.connect("lan") as client:
            server.turn(hold=True)
            client.send(command)
            server.wait("the command", lambda: any(b"INFO" in r.body for r in server.requests))
            asked = len(server.requests)
            self.some_intervals()
            self.assertEqual(len(server.requests), asked, "asked while it is at work")
            server.release()
            self.assertEqual(client.reply().status, 200)
        server.wait_for_requests(asked + 2)
        self.assertEqual((server.killed, server.counters()["overlapping_connections"]), (0, 0))
        self.assertNotIn("is down", edge.said.text)

    def test_apicomprem_without_credentials_is_only_connected_to(self):
        server, edge = self.watched(ApiComPrem, "apicomprem")
        server.wait("three connections", lambda: server.connections >= 3)
        self.assertEqual((server.heads, server.counters()["overlapping_connections"]), (0, 0))
        self.assertNotIn("is down", edge.said.text)

    def test_a_shop_is_well_when_its_certificate_is(self):
        files = [certificates() / "shop.pem", certificates() / "shop.key"]
        trusted = {"ca": str(certificates() / "ca.pem"), "name": "shop.example.test"}
        for name, down in (("shop.example.test", False), ("another.example.test", True)):
            with self.subTest(name=name):
                shop = self.standin(Shop, tls=tuple(str(file) for file in files))
                settings = config(shop, "eshop", server={"tls": {**trusted, "name": name}, "health": OFTEN}, route={"listeners": ["lan"]})
                edge = self.start(settings)
                shop.wait("four connections", lambda shop=shop: shop.connections >= 4)
                if down:
                    edge.said.wait("server upstream is down: upstream_certificate")
                self.assertEqual(shop.heads, 0)
                self.assertEqual("is down" in edge.said.text, down)

    # the company -----------------------------------------------------------------------------------------------------------------

    def test_nothing_goes_to_an_mserver_that_is_open_on_another_company(self):
        file = self.credentials("@:")
        wanted = {"company": "Novák", "database": "12345678_2021.mdb", "year": "2021"}
        server, edge = self.watched(MServer, "mserver", wanted, knobs={"year": 2020}, server={"credentials": file})
        line = edge.said.wait("server upstream is taken for down")
        self.assertIn('year "2020"', line)
        self.assertIn("error", line)
        self.assert_down(edge, XML)
        self.assertIn("another company", edge.access_log(1)[0]["detail"])
        self.assertNotIn(b"/xml", [r.path for r in server.requests])
        server.turn(year=2021)
        edge.said.wait("server upstream is open on the right company")
        self.assertEqual(edge.ask(XML, "lan").status, 200)
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    def test_the_company_is_asked_for_again_when_the_server_was_away(self):
        port = free_port()
        server = MServer(port=port)
        file = self.credentials("@:")
        edge = self.start(config(server, "mserver", server={"credentials": file, "health": {**OFTEN, "year": "2021"}}))
        edge.said.wait("server upstream is open on the right company")
        server.stop()
        edge.said.wait("server upstream is down")
        self.standin(MServer, port=port, year=2020)
        edge.said.wait("server upstream is taken for down")
        self.assert_down(edge, XML)

    def test_a_company_that_is_not_told_is_not_the_right_one(self):
        server, edge = self.watched(MServer, "mserver", {"year": "2021"}, server={"credentials": self.credentials("@:wrong")})
        edge.said.wait("server upstream is taken for down.* answers 401")
        self.assert_down(edge, XML)
        self.assertNotIn(b"/xml", [r.path for r in server.requests])

    # opening hours ---------------------------------------------------------------------------------------------------------------

    @staticmethod
    def hours(ahead):
        """Open for one whole day, so many days from now: never the day that begins while the test runs."""
        return [DAYS[(datetime.datetime.now().weekday() + ahead) % 7] + " 00:00-24:00"]

    def test_outside_its_hours_nothing_is_sent(self):
        server, edge = self.watched(Web, "http", server={"hours": self.hours(3)}, health={"path": "/well"})
        reply = self.assert_down(edge, cause="server_closed")
        self.assertGreater(int(reply.get("Retry-After")), 86400)
        self.assertLessEqual(int(reply.get("Retry-After")), 3 * 86400 + 3600)
        self.some_intervals()
        self.assertEqual(server.connections, 0)
        self.assertNotIn("is down", edge.said.text)

    def test_inside_its_hours_all_is_as_always(self):
        always = [day + " 00:00-24:00" for day in DAYS]
        _, edge = self.watched(Web, "http", server={"hours": always})
        self.assertEqual(edge.ask(GET, "lan").status, 200)

    def test_hours_go_by_the_time_zone_that_the_machine_has_now(self):
        """TZ names a file here, as /etc/localtime is one; it is replaced, as timedatectl does."""
        place = scratch() / f"zone-{secrets.token_hex(4)}"
        place.mkdir()
        written = iter(range(1_000_000_000, 1_000_000_100))

        def put(hours):
            information = b"TZif" + bytes(16) + struct.pack(">6i", 0, 0, 0, 0, 1, 4) + struct.pack(">ibb", hours * 3600, 0, 0) + b"ABC\0"
            (place / "new").write_bytes(information)
            # The C library tells files apart by inode and second: one that is written anew within a second may have both of an older one.
            second = next(written)
            os.utime(place / "new", (second, second))
            (place / "new").rename(place / "localtime")

        put(0)
        hour = datetime.datetime.now(datetime.timezone.utc).hour
        around = f"{(hour - 2) % 24:02}:00-{(hour + 3) % 24:02}:00"
        settings = config(self.standin(Web), server={"hours": [f"{day} {around}" for day in DAYS]})
        edge = self.start(settings, environment={"TZ": f":{place}/localtime"})
        for zone, status in ((0, 200), (12, 503), (1, 200), (-11, 503)):
            put(zone)
            poll(f"the hours of {zone}", lambda status=status: edge.ask(GET, "lan").status == status)

    # life ------------------------------------------------------------------------------------------------------------------------

    def test_a_reload_brings_new_rules_and_keeps_what_is_known(self):
        port = free_port()
        settings = config(f"http://127.0.0.1:{port}")
        edge = self.start(settings)
        for _ in range(3):
            edge.ask(GET, "lan")
        edge.said.wait("server upstream is down")
        edge.reload(settings)
        self.assert_down(edge)
        server = self.standin(Web, port=port)
        settings["servers"]["upstream"]["health"] = {**OFTEN, "path": "/well"}
        edge.reload(settings)
        edge.said.wait("server upstream is up again")
        settings["servers"]["upstream"]["health"] = "off"
        edge.reload(settings)
        self.assertEqual(edge.ask(GET, "lan").status, 200)
        asked = len(server.requests)
        server.stop()
        for _ in range(5):
            self.assert_refused(edge.ask(GET, "lan"), 502, "connect_refused", "no")
        self.assertEqual(len(server.requests), asked)

    def test_a_question_on_its_way_does_not_stand_in_the_way_of_a_drain(self):
        server = self.standin(Web, fault="hang")
        health = {"path": "/well", "interval": "30ms", "timeout": "10min"}
        edge = self.start(config(server, server={"health": health}, timeouts={"drain": "10min"}))
        server.wait_for_requests(1)
        edge.stop()

    def test_metrics_say_it(self):
        port = free_port()
        edge = self.start(config(f"http://127.0.0.1:{port}", admin={"address": "127.0.0.1:0"}))
        metrics = b"GET /metrics HTTP/1.1\r\n" + H + b"\r\n"
        self.assertIn(b'ledgergate_server_up{server="upstream"} 1', edge.ask(metrics, "admin", tls=False).body)
        for _ in range(3):
            edge.ask(GET, "lan")
        edge.said.wait("server upstream is down")
        self.assertIn(b'ledgergate_server_up{server="upstream"} 0', edge.ask(metrics, "admin", tls=False).body)


if __name__ == "__main__":
    unittest.main()
