"""The ways in which a server on a LAN goes wrong, each by a name."""

# Decided when the head is there and the body is not read yet.
BEFORE_BODY = {
    "reset",  # RST, not a byte of a reply
    "close",  # FIN, not a byte of a reply
    "hang_head",  # never reads the body, never answers
    "early_reply",  # 413 and close, the body unread
    "early_keep",  # 200 at once, then reads the body: allowed, and odd
}

FAULTS = BEFORE_BODY | {
    "hang",  # reads all, never answers
    "garbage",  # something that is not HTTP
    "half_head",  # the head breaks off
    "half_body",  # FIN in the middle of a body of known length (with TLS: no close_notify)
    "reset_body",  # RST there
    "stall",  # half the body, then silence
    "surplus",  # more bytes than Content-Length says
    "two_lengths",  # two Content-Length that differ
    "both_framings",  # Content-Length and Transfer-Encoding
    "bad_status",  # a status line that is none
    "chunked",  # fine, but chunked
    "chunked_half",  # FIN inside a chunk
    "chunked_bad",  # a chunk size that is none
    "until_close",  # fine, ended by the end of the connection
    "until_close_cut",  # the same, but RST
    "informational",  # fine, behind 100 and 103
    "informational_flood",  # 1xx without end
    "huge_head",  # a head beyond every bound
    "null_in_head",  # a NUL in a field
    "big",  # a body of `bytes` bytes
    "slow",  # a body byte by byte
    "close_after",  # a whole reply that announces nothing, then FIN
    "reset_after",  # a whole reply, then RST
    "unsolicited",  # a whole reply, and a second that nobody asked for
}


def before_body(fault, connection, request):
    if fault == "reset":
        connection.reset()
    elif fault == "close":
        connection.finish()
    elif fault == "hang_head":
        connection.gone.wait(60)
    elif fault == "early_reply":
        connection.send(b"HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\nContent-Length: 9\r\n\r\ntoo large")
        connection.finish()
    elif fault == "early_keep":
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly")
        connection.reader.body(request)
        return True
    return False


def send(fault, connection, request, reply, knobs):
    """Sends the reply, broken as told. Whether the connection can carry another exchange."""
    if request.method == "HEAD" or reply.status in (204, 304):
        connection.standin.count_out_request(request)
        connection.send(reply.head())
        return True
    if fault is None or fault == "slow" or fault == "big":
        return _whole(fault, connection, request, reply, knobs)
    return _SENDERS[fault](connection, reply)


def _whole(fault, connection, request, reply, knobs):
    if fault == "big":
        reply.stream = int(knobs.get("bytes", 64 << 20))
    if fault == "slow":
        connection.send(reply.head())
        for byte in b"".join(reply.pieces()):
            connection.send(bytes([byte]))
            connection.gone.wait(0.05)
        return True
    pieces = reply.pieces()
    last = reply.head() + next(pieces, b"")
    for piece in pieces:
        connection.send(last)
        last = piece
    connection.standin.count_out_request(request)
    connection.send(last)
    return not reply.no_length


def _body(reply):
    return b"".join(reply.pieces())


def _hang(connection, reply):
    connection.wait_until_gone()


def _garbage(connection, reply):
    connection.send(b"\x16\x03\x01\x02\x00 this is not HTTP\r\n\r\n")
    connection.finish()


def _half_head(connection, reply):
    head = reply.head()
    connection.send(head[: len(head) // 2])
    connection.cut()


def _half_body(connection, reply):
    body = _body(reply)
    connection.send(reply.head() + body[: len(body) // 2])
    connection.cut()


def _reset_body(connection, reply):
    body = _body(reply)
    connection.send(reply.head() + body[: len(body) // 2])
    connection.standin.wait("arrival of half a reply", lambda: connection.standin.released.is_set())
    connection.reset()


def _stall(connection, reply):
    body = _body(reply)
    connection.send(reply.head() + body[: len(body) // 2])
    connection.wait_until_gone()


def _surplus(connection, reply):
    connection.send(reply.head() + _body(reply) + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
    connection.wait_until_gone()


def _two_lengths(connection, reply):
    connection.send(reply.head().replace(b"\r\n\r\n", b"\r\nContent-Length: 1\r\n\r\n") + _body(reply))
    connection.wait_until_gone()


def _both_framings(connection, reply):
    connection.send(reply.head().replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n") + b"0\r\n\r\n" + _body(reply))
    connection.wait_until_gone()


def _bad_status(connection, reply):
    connection.send(b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n")
    connection.wait_until_gone()


def _chunked_head(reply):
    reply.no_length = True
    return reply.head().replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")


def _chunked(connection, reply):
    connection.send(_chunked_head(reply))
    for piece in reply.pieces():
        for start in range(0, len(piece), 65536 + 7):
            part = piece[start : start + 65536 + 7]
            connection.send(b"%X\r\n%s\r\n" % (len(part), part))
    connection.send(b"0\r\n\r\n")
    return True


def _chunked_half(connection, reply):
    body = _body(reply)
    connection.send(_chunked_head(reply) + b"%x\r\n%s" % (len(body), body[: len(body) // 2]))
    connection.cut()


def _chunked_bad(connection, reply):
    connection.send(_chunked_head(reply) + b"0x5\r\nhello\r\n0\r\n\r\n")
    connection.wait_until_gone()


def _until_close(connection, reply):
    reply.no_length = True
    connection.send(reply.head())
    for piece in reply.pieces():
        connection.send(piece)
    connection.finish()


def _until_close_cut(connection, reply):
    reply.no_length = True
    connection.send(reply.head() + _body(reply))
    connection.standin.wait("arrival of a reply", lambda: connection.standin.released.is_set())
    connection.reset()


def _informational(connection, reply):
    connection.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" + reply.head() + _body(reply))
    return True


def _informational_flood(connection, reply):
    while True:
        connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100)


def _huge_head(connection, reply):
    connection.send(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.send(b"X-Filler-%d: %s\r\n" % (number, b"x" * 100))
    connection.send(b"\r\n")


def _null_in_head(connection, reply):
    connection.send(b"HTTP/1.1 200 OK\r\nX-Odd: a\0b\r\nContent-Length: 0\r\n\r\n")
    connection.wait_until_gone()


def _close_after(connection, reply):
    connection.send(reply.head() + _body(reply))
    connection.finish()


def _reset_after(connection, reply):
    connection.send(reply.head() + _body(reply))
    connection.standin.wait("arrival of a reply", lambda: connection.standin.released.is_set())
    connection.reset()


def _unsolicited(connection, reply):
    connection.send(reply.head() + _body(reply))
    connection.standin.wait("arrival of a reply", lambda: connection.standin.released.is_set())
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
    connection.wait_until_gone()


_SENDERS = {name: globals()["_" + name] for name in FAULTS - BEFORE_BODY - {"big", "slow"}}
