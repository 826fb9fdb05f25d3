"""Beyond its memory budget the edge lets nobody new in, and comes back by itself."""

import unittest

from harness import Story, config, poll, sanitized
from web import Web

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@unittest.skipIf(sanitized(), "a sanitizer's build needs more memory than it tells of")
class Budget(Story):
    def test_requests_get_503_and_newcomers_wait_until_there_is_room_again(self):
        server = self.standin(Web)
        settings = config(server, limits={"memory": "16MiB"}, admin={"address": "127.0.0.1:0"})
        edge = self.start({**settings, "limits": {}})
        with edge.connect() as before:
            before.send(ASK)
            self.assertEqual(before.reply().status, 200)
            # Resident memory is above 16 MiB once a few hundred TLS connections are open.
            crowd = []
            self.addCleanup(lambda: [each.close() for each in crowd])
            while edge.memory() < 24 * 1024:
                crowd.append(edge.connect())
            edge.reload(settings)
            edge.said.wait(r"beyond limits\.memory \(\d+ MiB of 16 MiB\)")
            before.send(ASK)
            self.assert_refused(before.reply(), 503, "no_capacity")
        edge.reload({**settings, "limits": {}})
        edge.said.wait("within limits.memory again")
        self.assertEqual(edge.ask(ASK).status, 200)
