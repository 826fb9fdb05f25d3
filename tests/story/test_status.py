"""mServer's bare /status: the edge's own question, shared by all who ask, beside the turns; and what is none of that."""

import unittest

from harness import Story, config

from mserver import MServer

H = b"Host: localhost\r\n"
STATUS = b"GET /status HTTP/1.1\r\n" + H + b"\r\n"
DETAIL = b"GET /status?companyDetail HTTP/1.1\r\n" + H
AUTH = b"STW-Authorization: Basic QDo=\r\n"


def xml(body=b"<x/>"):
    return b"POST /xml HTTP/1.1\r\n" + H + AUTH + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Status(Story):
    def front_mserver(self, knobs=None, **server):
        self.server = self.standin(MServer, **(knobs or {}))
        self.edge = self.start(config(self.server, "mserver", server=server))
        return self.server, self.edge

    def at_once(self, edge, requests):
        """Sends each request on a connection of its own, all before the first answer; the replies."""
        clients = [edge.connect("lan") for _ in requests]
        for client, request in zip(clients, requests):
            self.addCleanup(client.close)
            client.send(request)
        return clients

    def test_many_who_ask_at_once_are_one_question(self):
        server, edge = self.front_mserver(knobs={"hold_status": True})
        spellings = (STATUS, b"POST /status HTTP/1.1\r\n" + H + b"Content-Length: 0\r\n\r\n", b"GET /Status HTTP/1.0\r\n" + H + b"\r\n")
        clients = self.at_once(edge, [spellings[number % 3] for number in range(20)])
        server.wait_for_status(1)
        # All of them have been read when one that came later on each worker is answered; a document needs no status.
        for _ in range(8):
            self.assertEqual(edge.ask(b"GET /documents/faktura.pdf HTTP/1.1\r\n" + H + AUTH + b"\r\n", "lan").status, 200)
        server.release_status()
        for client in clients:
            reply = client.reply()
            self.assertEqual(reply.status, 200)
            self.assertIn(b"<status>idle</status>", reply.body)
            self.assertNotIn(b"C0508P", reply.body)
        self.assertEqual(server.asked_status, 1)

    def test_nothing_of_the_caller_goes_into_the_question(self):
        server, edge = self.front_mserver()
        secret = b"Authorization: Basic c2VjcmV0\r\nCookie: secret\r\nSTW-Instance: secret\r\nX-Secret: secret\r\n"
        self.assertEqual(edge.ask(b"POST /status HTTP/1.1\r\n" + H + AUTH + secret + b"Content-Length: 0\r\n\r\n", "lan").status, 200)
        request = server.requests[0]
        self.assertEqual(request.method, "GET")
        self.assertEqual([name for name, _ in request.fields], [b"Host", b"User-Agent", b"Connection"])
        self.assertEqual(edge.access_log(1)[0]["forwarded"], "no")

    def test_it_is_answered_while_an_import_is_at_work(self):
        server, edge = self.front_mserver(knobs={"hold": True})
        with edge.connect("lan") as importer:
            importer.send(xml())
            server.wait_for_requests(1)
            reply = edge.ask(STATUS, "lan")
            self.assertEqual((reply.status, server.asked_status), (200, 1))
            server.release()
            self.assertEqual(importer.reply().status, 200)

    def test_company_detail_and_bodies_take_a_turn_each_with_their_own_credentials(self):
        server, edge = self.front_mserver()
        for _ in range(2):
            self.assertEqual(edge.ask(DETAIL + AUTH + b"\r\n", "lan").status, 200)
            self.assertEqual(edge.ask(DETAIL + b"\r\n", "lan").status, 401)
            self.assertEqual(edge.ask(b"POST /status HTTP/1.1\r\n" + H + b"Content-Length: 4\r\n\r\n<x/>", "lan").status, 200)
        self.assertEqual([bool(r.get("STW-Authorization")) for r in server.requests], [True, False, False] * 2)
        self.assertEqual((server.asked_status, server.counters()["overlapping_connections"]), (0, 0))
        server.turn(hold=True)
        with edge.connect("lan") as importer, edge.connect("lan") as asking:
            importer.send(xml())
            server.wait_for_requests(7)
            asking.send(DETAIL + AUTH + b"\r\n")
            self.assertEqual(edge.ask(STATUS, "lan").status, 200)  # the one behind it is on its way, and stays in line
            server.release()
            self.assertEqual(asking.reply().status, 200)
        self.assertEqual(server.counters()["overlapping_exchanges"], 0)

    def test_a_failure_is_shared_and_not_remembered(self):
        server = self.standin(MServer, hold_status=True, script=[{"fault": "close"}])
        edge = self.start(config(server, "mserver", workers=1))
        clients = self.at_once(edge, [STATUS] * 6)
        server.wait_for_status(1)
        # The one worker has read them all when it has served one that came later.
        self.assertEqual(edge.ask(b"GET /documents/faktura.pdf HTTP/1.1\r\n" + H + AUTH + b"\r\n", "lan").status, 200)
        server.release_status()
        for client in clients:
            self.assert_refused(client.reply(), 502, "upstream_closed", "no")
        self.assertEqual(edge.ask(STATUS, "lan").status, 200)
        self.assertEqual(server.asked_status, 2)

    def test_what_the_server_says_instead_is_handed_on(self):
        _, edge = self.front_mserver(knobs={"script": [{"status": 503}, {"body": "idle"}]})
        self.assertEqual(edge.ask(STATUS, "lan").status, 503)

    def test_who_hangs_up_takes_the_answer_from_nobody(self):
        server, edge = self.front_mserver(knobs={"hold_status": True})
        first, second = self.at_once(edge, [STATUS] * 2)
        server.wait_for_status(1)
        first.reset()
        self.assertEqual(edge.access_log(1)[0]["cause"], "client_gone")
        server.release_status()
        self.assertEqual(second.reply().status, 200)
        self.assertEqual(server.asked_status, 1)

    def test_a_drain_waits_for_the_answer(self):
        server, edge = self.front_mserver(knobs={"hold_status": True})
        (client,) = self.at_once(edge, [STATUS])
        server.wait_for_status(1)
        edge.terminate()
        edge.said.wait("draining")
        server.release_status()
        self.assertEqual(client.reply().status, 200)


if __name__ == "__main__":
    unittest.main()
