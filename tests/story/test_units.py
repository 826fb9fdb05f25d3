"""Accounting units of an ApiComPrem: each is asked one thing at a time, listed ones side by side, and a route can send them to
servers of their own."""

import json
import select
import threading
import unittest

from harness import PATIENCE, Story, config

from apicomprem import ApiComPrem

A, B = "c8175fe2-5aba-460e-a492-5da487105394", "3ce17312-8dbd-49a0-94d3-2e01b65e4173"
C = "0f8fad5b-d9cb-469f-a165-70867728950e"
SPELLINGS = [A.upper(), A.replace("-", ""), "{" + A + "}", "(" + A.upper() + ")", "urn:uuid:" + A, " " + A + "\t"]
# All that .NET's Guid.Parse or another server's reader could take for A, and what none could.
HEX = "{0xc8175fe2,0x5aba,0x460e,{0xa4,0x92,0x5d,0xa4,0x87,0x10,0x53,0x94}}"
UNREADABLE = [
    each if isinstance(each, bytes) else each.encode()
    for each in (HEX, HEX.upper(), HEX.replace(",", ", "), HEX[1:-1], "\u00a0" + A, A + "\u00a0", "\u2003" + A, "\ufeff" + A, "\u3000{" + A + "}", b"\xa0" + A.encode(),
                 "{ " + A + " }", "{{" + A + "}}", "{" + A, A + "}", "{" + A + ")", "[" + A + "]", '"' + A + '"', "+8175fe2" + A[8:], "0x175fe2" + A[8:], "0x" + A,
                 A + ",", A + "," + B, A + ";", A + " " + B, A[:-1], A + "0", A[:-1] + "g", A.replace("-", "\u2010"), A.replace("-", ":"), A.replace("-", " "),
                 "what is this", "0", "c8175fe2-5aba-460e-a492-5da48710539\u0664", "%7B" + A + "%7D")
]


def ask(unit=None, command="VERZEAPI", extra=""):
    body = json.dumps({"command": {"inComm": command}}).encode()
    head = "POST /api/comm HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json; charset=utf-8\r\n" + extra
    if unit is not None:
        head += f"ID-UJ: {unit}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class UnitStory(Story):
    def front_units(self, knobs=None, units=(A, B), **server):
        self.server = self.standin(ApiComPrem, **(knobs or {}))
        self.settings = lambda units: config(self.server, "apicomprem", server={"units": list(units), **server} if units else server)
        self.edge = self.start(self.settings(units))
        return self.server, self.edge

    def send(self, *asked, **named):
        client = self.edge.connect("lan")
        self.addCleanup(client.close)
        client.send(ask(*asked, **named))
        return client

    def at_work(self, *units):
        """Requests that the server, which holds its replies back, is at work on."""
        clients = []
        for unit in units:
            begun = len(self.server.requests)
            clients.append(self.send(unit))
            self.server.wait_for_requests(begun + 1)
        return clients

    def in_line(self, unit, fit=1):
        """Requests of this unit that wait for their turn, as many as fit: the next one finds the line full."""
        before = self.server.heads
        clients = [self.send(unit) for _ in range(fit + 1)]
        ready = select.select([client.sock for client in clients], [], [], PATIENCE)[0]
        self.assertEqual(len(ready), 1, "one is refused")
        refused = next(client for client in clients if client.sock is ready[0])
        self.assert_refused(refused.reply(), 503, "queue_full")
        self.assertEqual(self.server.heads, before)
        return [client for client in clients if client is not refused]

    def release(self, *clients):
        self.server.release()
        for client in clients:
            self.assertEqual(client.reply().status, 200)

    def assert_never_two(self):
        self.assertEqual(self.server.counters()["overlapping_units"], 0)
        self.assertEqual(self.server.counters()["killed_commands"], 0)


ONE = {"queue": {"depth": 1}}


class Turns(UnitStory):
    def test_listed_units_work_side_by_side(self):
        self.front_units({"hold": True})
        first, second = self.at_work(A, B)
        self.assertEqual(self.server.in_flight, 2)
        self.release(first, second)
        self.assert_never_two()

    def test_one_unit_does_one_thing_at_a_time(self):
        self.front_units({"hold": True}, **ONE)
        first = self.at_work(A)
        self.release(*first, *self.in_line(A))
        self.assert_never_two()

    def test_every_spelling_of_a_uuid_is_the_same_unit(self):
        for spelling in SPELLINGS:
            with self.subTest(spelling=spelling):
                self.front_units({"hold": True}, **ONE)
                first = self.at_work(A)
                self.release(*first, *self.in_line(spelling))
                self.assert_never_two()

    def test_a_unit_is_listed_in_any_spelling(self):
        self.front_units({"hold": True}, units=["{" + A.upper() + "}"], **ONE)
        first, second = self.at_work(A, B)  # B is with all the others
        self.release(first, second, *self.in_line(A))

    def test_units_that_are_not_listed_share_a_line(self):
        for other in (C, None, ""):
            with self.subTest(unit=other):
                self.front_units({"hold": True}, units=[A], **ONE)
                listed, unlisted = self.at_work(A, B)
                self.release(listed, unlisted, *self.in_line(other))
                self.assert_never_two()

    def test_what_can_not_be_read_as_a_unit_is_refused_where_units_are_listed(self):
        server, edge = self.front_units(units=[A])
        for unit in UNREADABLE:
            with self.subTest(unit):
                self.assert_refused(edge.ask(ask(A).replace(A.encode(), unit), "lan"), 404, "unit_unknown")
        for name in ("ID_UJ", "id_uj", "ID.UJ", "Id~Uj"):
            with self.subTest(name):
                self.assert_refused(edge.ask(ask(extra=f"{name}: {A}\r\n"), "lan"), 400, "bad_request")
        self.assertEqual(server.connections, 0)
        self.assertEqual(edge.access_log(1)[0]["detail"], "ID-UJ can't be read as a UUID")

    def test_what_can_not_be_read_as_a_unit_goes_through_where_none_is_listed(self):
        server, edge = self.front_units(units=[])
        for unit in UNREADABLE:
            reply = edge.ask(ask(A).replace(A.encode(), unit), "lan")
            self.assertEqual(reply.status, 200)
            self.assertEqual(server.requests[-1].get("ID-UJ"), unit.strip(b" \t"))

    def test_without_a_list_all_units_share_one_place(self):
        self.front_units({"hold": True}, units=[], **ONE)
        first = self.at_work(A)
        self.release(*first, *self.in_line(B))
        self.assertEqual(self.server.counters()["overlapping_requests"], 0)

    def test_the_server_has_a_bound_of_its_own(self):
        self.front_units({"hold": True}, units=[A, B, C], concurrency_total=2, **ONE)
        first, second = self.at_work(A, B)
        # One holds the place of its unit and waits for one of the server's, another waits for the first.
        self.release(first, second, *self.in_line(C, 2))
        self.assertEqual(self.server.counters()["overlapping_requests"], 1)

    def test_two_lines_have_one_patience(self):
        self.front_units({"hold": True}, units=[A, B], concurrency_total=1, queue={"wait": "200ms"})
        first = self.at_work(A)
        self.assert_refused(self.send(B).reply(), 503, "queue_timeout")
        self.release(*first)
        self.assertEqual(self.send(B).reply().status, 200, "the place of its unit was given back")
        self.assertEqual(len(self.server.requests), 2)

    def test_who_hangs_up_before_the_server_gives_its_units_place_back(self):
        self.front_units({"hold": True}, units=[A, B], concurrency_total=1)
        first = self.at_work(A)
        self.send(B).close()
        self.assertEqual(self.edge.access_log(1)[0]["cause"], "client_gone")
        self.release(*first)
        self.assertEqual(self.send(B).reply().status, 200)

    def test_which_of_two_units_is_meant_is_not_guessed(self):
        _, edge = self.front_units()
        self.assert_refused(edge.ask(ask(A, extra=f"ID-UJ: {B}\r\n"), "lan"), 400, "bad_request")
        self.assert_refused(edge.ask(ask(A, extra=f"id_uj: {B}\r\n"), "lan"), 400, "bad_request")
        self.assertEqual(self.server.connections, 0)

    def test_never_two_of_a_unit_over_workers_hang_ups_and_reloads(self):
        server, edge = self.front_units({"delay": 0.002}, units=[A, B], concurrency_total=2)
        stop = threading.Event()

        def flood(number):
            units = (A, B, C, A.upper(), None, "{" + B + "}")
            while not stop.is_set():
                with edge.connect("lan") as client:
                    for turn in range(4):
                        client.send(ask(units[(number + turn) % len(units)]))
                        if turn == 3 and number % 3 == 0:
                            break  # hangs up
                        self.assertEqual(client.reply().status, 200)

        threads = [threading.Thread(target=flood, args=(number,)) for number in range(6)]
        self.addCleanup(lambda: [thread.join(60) for thread in threads])
        self.addCleanup(stop.set)
        for thread in threads:
            thread.start()
        # C is listed, A is not any more, and so on, while they all are at work.
        for units in ([A, B, C], [B, C], [C], [A, B]):
            asked = len(server.requests)
            server.wait("twenty more requests", lambda asked=asked: len(server.requests) >= asked + 20)
            self.assertIn("reloaded", edge.reload(self.settings(units)))
        stop.set()
        for thread in threads:
            thread.join(60)
        self.assert_never_two()
        self.assertLessEqual(server.counters()["overlapping_requests"], 1, "no more than two at the server")


class Rules(UnitStory):
    """The unit is the one that goes to the server: what `request_headers` make of ID-UJ decides line and server."""

    def rules(self, knobs, rules, units=(A, B), **server):
        self.front_units(knobs, units, **server)
        made = self.settings(units)
        made["routes"].append({"path": "/ruled", "server": "upstream", "access": "anonymous", "strip_prefix": True, "request_headers": rules})
        self.assertIn("reloaded", self.edge.reload(made))

    def ruled(self, unit=None, extra=""):
        client = self.edge.connect("lan")
        self.addCleanup(client.close)
        client.send(ask(unit, extra=extra).replace(b"/api", b"/ruled/api", 1))
        return client

    def assert_in_its_line(self, first, second):
        """`second` waits for `first`."""
        with first() as one:
            self.server.wait_for_requests(1)
            two, three = second(), second()
            ready = select.select([two.sock, three.sock], [], [], PATIENCE)[0]
            self.assertEqual(len(ready), 1, "the line has one place")
            refused, waits = (two, three) if ready[0] is two.sock else (three, two)
            self.assert_refused(refused.reply(), 503, "queue_full")
            self.assertEqual(self.server.heads, 1)
            self.server.release()
            self.assertEqual([each.reply().status for each in (one, waits)], [200, 200])
        self.assert_never_two()

    def test_a_unit_that_the_route_sets(self):
        for unit in (None, B, "what is this"):
            with self.subTest(unit):
                self.rules({"hold": True}, {"set": {"ID-UJ": A}}, **ONE)
                self.assert_in_its_line(lambda: self.send(A), lambda unit=unit: self.ruled(unit))

    def test_a_unit_that_the_route_adds(self):
        self.rules({"hold": True}, {"add": {"id-uj": "{" + A.upper() + "}"}}, **ONE)
        self.assert_refused(self.ruled(B).reply(), 400, "bad_request")
        self.assert_in_its_line(lambda: self.send(A), self.ruled)

    def test_a_unit_that_the_route_removes(self):
        self.rules({"hold": True}, {"remove": ["ID_UJ"]}, **ONE)
        self.assert_in_its_line(self.send, lambda: self.ruled(A))

    def test_connection_takes_no_unit_away(self):
        self.front_units({"hold": True}, **ONE)
        self.assert_in_its_line(lambda: self.send(A), lambda: self.send(A, extra="Connection: ID-UJ\r\n"))

    def test_a_unit_that_chooses_the_server(self):
        other = self.standin(ApiComPrem)
        self.front_units()
        made = self.settings((A, B))
        made["servers"]["other"] = {"profile": "apicomprem", "url": other.url}
        made["routes"].append({"path": "/ruled", "server": "upstream", "access": "anonymous", "strip_prefix": True, "units": {A: "other"}, "request_headers": {"set": {"ID-UJ": A}}})
        self.assertIn("reloaded", self.edge.reload(made))
        self.assertEqual(self.ruled(B).reply().status, 200)
        self.assertEqual(([request.get("ID-UJ") for request in other.requests], self.server.requests), ([A.encode()], []))


class Reloads(UnitStory):
    def story(self, before, after, fit=1):
        self.front_units({"hold": True}, units=before, **ONE)
        first = self.at_work(A)
        self.assertIn("reloaded", self.edge.reload(self.settings(after)))
        self.release(*first, *self.in_line(A, fit))
        self.assert_never_two()
        # Nobody of before is left: the unit stands where the settings say.
        self.server.turn(hold=True)
        beside = self.at_work(A, B) if (A in after) != (B in after) else self.at_work(A)
        self.release(*beside)

    def test_a_unit_that_is_listed_while_it_is_at_work(self):
        self.story([B], [A, B], 2)  # in its new line, and one of them in the old one, too

    def test_a_unit_that_is_listed_no_more_while_it_is_at_work(self):
        self.story([A, B], [B])

    def test_a_unit_that_stays_listed(self):
        self.story([A], [A, B])

    def test_the_first_units_that_are_listed(self):
        self.story([], [A], 2)


class Routing(UnitStory):
    def setUp(self):
        self.main, self.other = self.standin(ApiComPrem), self.standin(ApiComPrem)
        made = config(self.main, "apicomprem")
        made["servers"]["other"] = {"profile": "apicomprem", "url": self.other.url}
        made["routes"][0]["units"] = {A: "upstream", B.upper(): "other"}
        self.edge = self.start(made)

    def test_a_unit_goes_to_its_server(self):
        for spelling in SPELLINGS:
            self.assertEqual(self.edge.ask(ask(spelling), "lan").status, 200)
        self.assertEqual(self.edge.ask(ask(B), "lan").status, 200)
        self.assertEqual((len(self.main.requests), len(self.other.requests)), (len(SPELLINGS), 1))
        self.assertEqual([line["server"] for line in self.edge.access_log(len(SPELLINGS) + 1)].count("other"), 1)

    def test_an_unknown_unit_is_refused(self):
        for unit in (C.encode(), *UNREADABLE):
            self.assert_refused(self.edge.ask(ask(A).replace(A.encode(), unit), "lan"), 404, "unit_unknown")
        self.assert_refused(self.edge.ask(ask(extra=f"ID_UJ: {A}\r\n"), "lan"), 400, "bad_request")
        self.assertEqual(self.main.connections + self.other.connections, 0)

    def test_who_names_no_unit_goes_to_the_routes_server(self):
        self.edge.ask(ask(), "lan")
        self.assertEqual((len(self.main.requests), len(self.other.requests)), (1, 0))


if __name__ == "__main__":
    unittest.main()
