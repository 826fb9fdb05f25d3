#!/usr/bin/env python3
"""A server that keeps every byte it is sent and answers with bytes it was given.

In a test: set `answer` (bytes, or a list of them, one for each request), read `transcript()`. As a program: --knob answer='"HTTP/1.1 …"'.
With `when` = "accept" the answer goes out before anything was read; with "head" before the body.
"""

from message import Broken
from standin import StandIn, main

DEFAULT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Raw(StandIn):
    """Byte-exact stand-in"""

    name = "raw"

    def __init__(self, *arguments, **knobs):
        self.readers = []
        self.close_after_answer = False
        super().__init__(*arguments, **knobs)

    def known_knobs(self):
        return super().known_knobs() | {"answer", "when"}

    def transcript(self, connection=1):
        """Every byte that came over that connection."""
        return bytes(self.readers[connection - 1].received)

    def counters(self):
        return super().counters() | {"received": [bytes(reader.received).decode("latin-1") for reader in self.readers]}

    def serve(self, connection):
        with self.changed:
            self.readers.append(connection.reader)
        when = self.knobs.get("when", "request")
        if when == "accept":
            connection.send(self._answer())
            connection.wait_until_gone()
            return
        while True:
            request = connection.reader.head()
            if request is None:
                return
            with self.changed:
                self.heads += 1
                self.changed.notify_all()
            if when == "request":
                connection.reader.body(request)
                with self.changed:
                    self.requests.append(request)
                    self.changed.notify_all()
            connection.send(self._answer())
            if when == "head":
                try:
                    connection.reader.body(request)
                except Broken:
                    return
            if self.close_after_answer:
                connection.finish()
                return

    def _answer(self):
        answer = self.knobs.get("answer", DEFAULT)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else DEFAULT
        return answer.encode("latin-1") if isinstance(answer, str) else answer


if __name__ == "__main__":
    main(Raw)
