"""`log.level: debug` tells the way of a request, and no other level says a word of it."""

import re

from harness import Story, config

from mserver import MServer
from web import Web

SECRET = "S3CR3T"


class Trace(Story):
    def lines(self, edge, request_id):
        edge.said.wait(f"request {request_id}: ends")
        return [line.split(f"request {request_id}: ", 1)[1] for line in edge.said.lines if f"request {request_id}: " in line]

    def test_each_step_of_a_request_is_told_under_its_id(self):
        server = self.standin(MServer)
        edge = self.start(config(server, "mserver", log={"level": "debug"}))
        ask = b"GET /documents/faktura.pdf?password=" + SECRET.encode() + b" HTTP/1.1\r\nHost: localhost\r\nSTW-Authorization: Basic QDo=\r\n\r\n"
        self.assertEqual(edge.ask(ask, "lan").status, 200)
        record = edge.access_log(1)[0]
        lines = self.lines(edge, record["id"])
        for expected, line in zip(
            (
                r"GET /documents/faktura.pdf of 127\.0\.0\.1 on listener lan",
                r"route \S+, server upstream",
                r"let in, of no client",
                r"slot at server upstream after \d+ ms",
                rf"a new connection to 127\.0\.0\.1:{server.port} of server upstream",
                r"the server answers 200",
                r"ends with 200",
            ),
            lines,
            strict=True,
        ):
            self.assertRegex(line, f"^{expected}$")
        self.assertNotIn(SECRET, edge.said.text)
        self.assertNotIn("QDo=", edge.said.text)

    def test_a_refusal_is_told_with_its_cause(self):
        server = self.standin(Web)
        edge = self.start(config(server, log={"level": "debug"}, route={"path": "/here"}))
        self.assertEqual(edge.ask(b"GET /away HTTP/1.1\r\nHost: localhost\r\n\r\n", "lan").status, 404)
        lines = self.lines(edge, edge.access_log(1)[0]["id"])
        self.assertEqual((len(lines), lines[-1]), (2, "ends with 404, no_route"))

    def test_other_levels_say_nothing_of_requests(self):
        server = self.standin(Web)
        edge = self.start(config(server))
        self.assertEqual(edge.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "lan").status, 200)
        edge.access_log(1)
        edge.stop()
        self.assertIsNone(re.search(r"request \w+: ", edge.said.text))
