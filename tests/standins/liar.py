#!/usr/bin/env python3
"""A server that answers well what it must answer well, and everything else with bytes it was given.

A target that ends in "good" gets `good`; mServer's bare /status says that it is idle. Everything else gets `answer`, in pieces of
`piece` bytes, and then `then` happens: "stay", "finish" (FIN) or "reset" (RST).
"""

import socket
import threading

from standin import StandIn, main

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\ngood"
IDLE = b'<?xml version="1.0" encoding="Windows-1250"?>\n<mserver><status>idle</status><processing>0</processing></mserver>'
STATUS = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;\r\nContent-Length: %d\r\n\r\n%s" % (len(IDLE), IDLE)
PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT


class Liar(StandIn):
    """Hostile server stand-in"""

    name = "liar"

    def __init__(self, *arguments, **knobs):
        self.carried = []  # connections that have carried a request, status questions aside
        self.overlaps = 0  # requests that came while another connection that had carried one was still open at the edge's side
        self.asking = threading.Lock()
        super().__init__(*arguments, **knobs)
        self.knobs = {"answer": b"", "then": "stay", "piece": 1 << 20, "good": GOOD} | self.knobs

    def known_knobs(self):
        return super().known_knobs() | {"answer", "then", "piece", "good"}

    def counters(self):
        return super().counters() | {"overlaps": self.overlaps}

    def note(self, connection):
        with self.asking:
            self.carried = [other for other in self.carried if other is connection or is_open(other)]
            self.overlaps += any(other is not connection for other in self.carried)
            if connection not in self.carried:
                self.carried.append(connection)

    def serve(self, connection):
        while (request := connection.reader.head()) is not None:
            connection.reader.body(request)
            if request.target == b"/status":
                connection.send(STATUS)
                continue
            self.note(connection)
            if request.target.endswith(b"good"):
                connection.send(self.knobs["good"])
                continue
            answer, piece = self.knobs["answer"], self.knobs["piece"]
            try:
                for i in range(0, len(answer), piece):
                    connection.send(answer[i : i + piece])
            except OSError:
                return  # refused before all of it was sent
            if self.knobs["then"] == "reset":
                connection.reset()
            elif self.knobs["then"] == "finish":
                connection.finish()
            if self.knobs["then"] != "stay":
                return


def is_open(connection):
    """Whether the peer has neither ended nor broken it, as far as the kernel knows."""
    if connection.gone.is_set():
        return False
    try:
        return connection.raw.recv(1, PEEK) != b""
    except BlockingIOError:
        return True
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    main(Liar)
