#!/usr/bin/env python3
"""A server that switches to WebSocket (RFC 6455 section 4.2.2). What comes behind the handshake it treats as bytes: the edge does,
too.

Knobs: `answer` (bytes) in place of a sound 101; `mode` is "echo" (default), "push" (sends `bytes` bytes of a pattern, then waits for
the peer's end), "deaf" (reads nothing until release()), "break" (RST on release()), "last_word" (answers the peer's end with the
number of bytes that came).
"""

import base64
import hashlib
import socket

from message import PATTERN
from standin import PATIENCE, StandIn, main

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(key):
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


class WebSocket(StandIn):
    """WebSocket stand-in"""

    name = "websocket"

    def __init__(self, *arguments, **knobs):
        self.tunnelled = 0  # bytes that came behind handshakes
        self.ends = []  # how each tunnel ended: "end" (FIN) or "break"
        self.early = b""  # what lay behind a handshake before the 101 went out
        super().__init__(*arguments, **knobs)

    def known_knobs(self):
        return super().known_knobs() | {"answer", "mode"}

    def exchange(self, connection, request):
        connection.reader.body(request)
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        if self.knobs.get("hold"):
            self.released.wait(PATIENCE)
        self.early += bytes(connection.reader.buffer)
        answer = self.knobs.get("answer")
        if answer:
            connection.send(answer)
            return b"\r\n101" not in answer
        key = request.get("Sec-WebSocket-Key")
        if key is None or (request.get("Upgrade") or b"").lower() != b"websocket":
            connection.send(b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nno\n")
            return True
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept(key) + b"\r\nSec-WebSocket-Protocol: chat\r\nSet-Cookie: ws=1\r\n\r\n"
        )
        how = "break"
        try:
            self.tunnel(connection)
            how = "end"
        finally:
            with self.changed:
                self.ends.append(how)
                self.changed.notify_all()
        return False

    def tunnel(self, connection):
        mode = self.knobs.get("mode", "echo")
        if mode == "push":
            left = int(self.knobs["bytes"])
            while left:
                piece = PATTERN[:left]
                connection.send(piece)
                left -= len(piece)
        if mode in ("deaf", "break"):
            self.released.wait(PATIENCE)
        if mode == "break":
            connection.reset()
            return
        if mode == "end_first":
            connection.send(bytes(int(self.knobs.get("bytes", 0))))
            connection.raw.shutdown(socket.SHUT_WR)
        came = 0
        while True:
            data = bytes(connection.reader.buffer)
            connection.reader.buffer.clear()
            if data:
                came += len(data)
                with self.changed:
                    self.tunnelled += len(data)
                    self.changed.notify_all()
                if mode == "echo":
                    connection.send(data)
            elif not connection.reader.more():
                break
        if mode == "last_word":
            connection.send(b"%d bytes" % came)
        connection.finish()


if __name__ == "__main__":
    main(WebSocket)
