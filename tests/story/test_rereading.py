"""Whoever stands behind the edge, or before it, reads in what it writes what we think it wrote: two other readers agree with ours."""

import itertools
import random
import unittest

from harness import Story, config, sanitized
from rereading import Node, lowered, python_reply, python_requests, wire_cases

from message import Broken, Reader
from raw import Raw

WORDS = [
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b"0", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding : chunked\r\n", b"Connection: Content-Length\r\n", b" folded", b"Content_Length: 3\r\n", b"X: a\xc3\xa1\x85\xa0\r\n",
    b"Expect: 100-continue\r\n", b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", b"0\r\n\r\n", b"\x0b", b"HTTP/1.0", b"Trailer: X\r\n",
]  # fmt: skip


def near(inputs, count):
    """Inputs with a word of HTTP put in, or a piece taken away: always the same ones."""
    choice = random.Random(7)
    for _ in range(count):
        data = bytearray(choice.choice(inputs))
        at = choice.randrange(len(data) + 1)
        if choice.random() < 0.8:
            data[at:at] = choice.choice(WORDS)
        else:
            del data[at : at + choice.randrange(1, 8)]
        yield bytes(data)


class _Bytes:
    def __init__(self, data):
        self.data = data

    def recv(self, _):
        data, self.data = self.data, b""
        return data


def our_requests(data):
    """The whole ones, each with the bytes that it is."""
    reader = Reader(_Bytes(data))
    seen, pieces, end = [], [], 0
    try:
        while (request := reader.head()) is not None:
            reader.body(request)
            fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.fields]
            seen.append((request.method, request.target.decode("latin-1"), lowered(fields), request.body))
            pieces.append(data[end : len(data) - len(reader.buffer)])
            end += len(pieces[-1])
    except Broken:
        pass
    return seen, pieces


@unittest.skipIf(sanitized() == "thread", "one caller after the other has nothing for TSan")
class Rereading(Story):
    def setUp(self):
        self.node = Node()
        self.addCleanup(self.node.stop)

    def listeners(self, server):
        """`streams` passes bodies on as they come, `keeps` when they are whole."""
        names = ("streams", "keeps")
        settings = config(server, listen=[{"name": name, "address": "127.0.0.1:0", "tls": "off"} for name in names], workers=1)
        settings["routes"] = [
            {"name": name, "server": "upstream", "listeners": [name], "access": "anonymous", "spool": spool}
            for name, spool in zip(names, ("off", "both"))
        ]
        return settings

    def say(self, edge, listener, data):
        """All that comes back, up to the end of the connection."""
        with edge.connect(listener, tls=False) as caller:
            try:
                caller.send(data)
                caller.half_close()
            except OSError:
                pass  # refused before it had all been said
            caller.end()
            return bytes(caller.buffer)

    def test_requests_as_they_go_to_a_server(self):
        asked = [said for said, _ in wire_cases() if said]
        server = Raw()
        self.addCleanup(server.stop)
        edge = self.start(self.listeners(server))
        for data in asked:
            self.say(edge, "streams", data)
            self.say(edge, "keeps", data)
        for number, data in enumerate(near(asked, 300)):
            self.say(edge, ("streams", "keeps")[number % 2], data)
        edge.stop()
        server.wait_for_no_connection()
        whole = 0
        for reader in server.readers:
            data = bytes(reader.received)
            ours, pieces = our_requests(data)
            whole += len(ours)
            theirs, failure = python_requests(data)
            self.assertEqual(theirs, ours, (failure, data))
            # Node ends with a method that it does not know, and with bytes from 0x80 in a target.
            for known, group in itertools.groupby(zip(ours, pieces), lambda each: each[0][0] in self.node.methods and each[0][1].isascii()):
                if known:
                    wanted, bytes_of = zip(*group)
                    theirs, failure = self.node.requests(b"".join(bytes_of))
                    self.assertEqual((theirs, failure), (list(wanted), None), data)
        self.assertGreater(whole, len(asked) // 2)

    def test_replies_as_they_go_to_a_caller(self):
        answers = [said for _, said in wire_cases() if said]
        answers += near(answers, 150)
        server = Raw()
        server.close_after_answer = True
        self.addCleanup(server.stop)
        edge = self.start(self.listeners(server))
        relayed = 0
        for number, answer in enumerate(answers):
            for method, version in ((b"GET", b"1.1"), (b"HEAD", b"1.1"), (b"GET", b"1.0")):
                server.turn(answer=answer)
                data = self.say(edge, ("streams", "keeps")[number % 2], method + b" / HTTP/" + version + b"\r\nHost: a\r\n\r\n")
                if not data:
                    continue  # broken before it was seen to begin
                python, why = python_reply(data, method.decode())
                node, why_not = self.node.reply(data, method.decode())
                self.assertIsNotNone(python, (why, answer, data))
                self.assertIsNotNone(node, (why_not, answer, data))
                self.assertEqual(python, node, (answer, data))
                relayed += python[0] < 500
        self.assertGreater(relayed, len(answers) // 4)


if __name__ == "__main__":
    unittest.main()
