"""What is odd and yet sound: messages that every reader understands in one way, and that must get through."""

from hostile import CHUNKED, FIVE, LAST, OK, post, request

HELLO = b"5\r\nhello\r\n" + LAST
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"


def heads(*fields):
    return [(request(fields=field), b"GET", b"/", b"") for field in fields]


def targets(*pairs):
    return [(request(b"GET " + target + b" HTTP/1.1"), b"GET", arrives, b"") for target, arrives in pairs]


def hosts(*names):
    return [(request(host=b"Host:" + name + b"\r\n"), b"GET", b"/", b"") for name in names]


def bodies(*fields):
    return [(post(field), b"POST", b"/", b"hello") for field in fields]


def chunks(*texts, fields=CHUNKED):
    return [(post(fields, text), b"POST", b"/", b"hello") for text in texts]


def requests():
    """By class: (bytes, and what the server must get of it: method, target, body)."""
    yield "expect", [
        *bodies(FIVE + b"Expect: 100-CONTINUE\r\n", FIVE + b"Expect:100-continue\r\n", FIVE + b"expect_: x\r\n"),
        *heads(b"Expect: 100-continue\r\n"),
        (post(b"Content-Length: 0\r\nExpect: 100-continue\r\n", b""), b"POST", b"/", b""),
        *chunks(HELLO, fields=CHUNKED + b"Expect: 100-continue\r\n"),
        (request(b"POST / HTTP/1.0", FIVE + b"Connection: keep-alive\r\nExpect: x\r\n", body=b"hello"), b"POST", b"/", b"hello"),
    ]
    yield "connection", [
        *bodies(*(FIVE + b"Connection: " + names + b"\r\n" for names in (b"content-length", b"keep-alive, Content-Length", b", ,", b"x-none", b"host, via"))),
        *chunks(HELLO, fields=CHUNKED + b"Connection: transfer-encoding\r\n"),
        *heads(b"Connection: host, x-forwarded-for\r\n", b"TE: trailers\r\nConnection: TE\r\n", b"Keep-Alive: timeout=1\r\nProxy-Connection: close\r\n"),
        *heads(b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n", b"Upgrade: TLS/1.0\r\nConnection: Upgrade\r\n"),
        *heads(b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 777\r\nSec-WebSocket-Key: x\r\n"),
    ]
    yield "length", [
        *bodies(b"Content-Length: 0005\r\n", b"Content-Length: " + b"0" * 300 + b"5\r\n", b"Content-Length:5\r\n", b"content-LENGTH:   5   \r\n"),
        *bodies(FIVE + b"Content-Length-: 6\r\n", FIVE + b"XContent-Length: 7\r\n", FIVE + b"Content-Encoding: x\r\n", FIVE + b"Trailer: x\r\n"),
        *((request(method + b" / HTTP/1.1", FIVE, body=b"hello"), method, b"/", b"hello") for method in (b"GET", b"DELETE", b"OPTIONS", b"PROPFIND", b"M-SEARCH")),
        (request(fields=b"Content-Length: %d\r\n" % len(HIDDEN), body=HIDDEN), b"GET", b"/", HIDDEN),
        (request(b"POST / HTTP/1.0", FIVE + b"Connection: keep-alive\r\n", body=b"hello"), b"POST", b"/", b"hello"),
        (request(b"POST / HTTP/1.1"), b"POST", b"/", b""),
        (post(FIVE, b"hello\r\n"), b"POST", b"/", b"hello"),
    ]
    yield "chunked", [
        *(entry for coding in (b"CHUNKED", b"chunked ", b" chunked", b"Chunked") for entry in chunks(HELLO, fields=b"Transfer-Encoding:" + coding + b"\r\n")),
        *chunks(b"0000005\r\nhello\r\n" + LAST, b"5\r\nhello\r\n000\r\n\r\n", b"2\r\nhe\r\n3\r\nllo\r\n" + LAST, b"1;a\r\nh\r\n4;b=c\r\nello\r\n0;d\r\n\r\n"),
        *chunks(b'5;a="\\"; \xc5\x99";b\r\nhello\r\n' + LAST, b"5; a = b ; c\r\nhello\r\n" + LAST),
        *chunks(b"5\r\nhello\r\n0\r\nContent-Length: 100\r\nTransfer-Encoding: x\r\nHost: evil\r\n\r\n", b"5\r\nhello\r\n0\r\nX:\r\n\r\n"),
        *chunks(HELLO, fields=CHUNKED + b"X-Transfer-Encoding: y\r\nTransfer-Encoding-: identity\r\n"),
        (request(fields=CHUNKED, body=HELLO), b"GET", b"/", b"hello"),
        (post(b"Content-Length: %d\r\n" % len(HELLO), HELLO), b"POST", b"/", HELLO),
        (post(b"Content-Length: %d\r\n" % len(LAST + HIDDEN), LAST + HIDDEN), b"POST", b"/", LAST + HIDDEN),
    ]
    yield "target", [
        *targets((b"http://localhost/", b"/"), (b"http://localhost", b"/"), (b"http://localhost?x", b"/?x"), (b"HTTP://LOCALHOST/a", b"/a"), (b"http://localhost:/", b"/")),
        *targets((b"http://localhost./", b"/"), (b"http://localhost/?http://evil/", b"/?http://evil/"), (b"http://localhost//a", b"//a"), (b"http://localhost?@evil/", b"/?@evil/")),
        *targets(*((same, same) for same in (b"//a", b"/a//b", b"/a;x=1/b", b"/http://x/", b"/@", b"/a:b", b"/.a", b"/a..", b"/?a=../..", b"/?%0d%0aX:y", b"/a?b?c", b"/%ff", b"/(guid'1')"))),
        (request(b"OPTIONS * HTTP/1.1"), b"OPTIONS", b"*", b""),
        (request(b"OPTIONS http://localhost HTTP/1.1"), b"OPTIONS", b"*", b""),
    ]
    yield "host", hosts(b"localhost", b" localhost:", b"\tlocalhost:80 ", b" LOCALHOST", b" localhost.", b" 127.0.0.1:65535", b" [::1]:80", b" a_b", b" http://localhost:444", b" ssl://localhost")
    yield "line", [
        (b"\r\n\r\n" + request(), b"GET", b"/", b""),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", b"GET", b"/", b""),
        *heads(b"X:\r\nY: \r\nZ:\t\r\n", b"X: \xe9\xff\t\"\r\n", b"".join(b"X%d: y\r\n" % number for number in range(90))),
    ]


FINAL = OK + FIVE + b"\r\nhello"


def status_line(line):
    return line + b"\r\n" + FIVE + b"\r\nhello"


def replies():
    """By class: (method of the request, what the server sends, what it sends behind that, what it does then; what the caller must get:
    status, body)."""
    yield "status line", [
        (b"GET", status_line(line), b"", "stay", int(line[9:12]), b"hello")
        for line in (b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.1 200  OK", b"HTTP/1.1 200 \xe9\xff", b"HTTP/1.1 200 O\tK", b"HTTP/1.1 600 X", b"HTTP/1.1 999 X", b"HTTP/1.0 200 OK", b"HTTP/1.1 205 R", b"HTTP/1.1 426 U")
    ]  # fmt: skip
    yield "interim", [
        (b"GET", interim + FINAL, b"", "stay", 200, b"hello")
        for interim in (b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n", b"HTTP/1.1 199 X\r\n\r\n", b"HTTP/1.1 100 C\r\n" + FIVE + b"\r\n", b"HTTP/1.1 102 P\r\n" + CHUNKED + b"\r\n", b"HTTP/1.1 102 P\r\n\r\n" * 8)
    ]  # fmt: skip
    yield "nothing", [
        *((b"HEAD", OK + fields + b"\r\n", body, "stay", 200, b"") for fields in (FIVE, CHUNKED, b"", b"Content-Length: 9223372036854775807\r\n") for body in (b"", b"hello", FINAL)),
        *((b"GET", b"HTTP/1.1 %d N\r\n" % status + fields + b"\r\n", body, "stay", status, b"") for status in (204, 304) for fields in (FIVE, CHUNKED, b"", b"Content-Length: 0\r\n") for body in (b"", b"hello", FINAL)),
        (b"GET", OK + b"Content-Length: 0\r\n\r\n", b"", "stay", 200, b""),
        (b"GET", OK + CHUNKED + b"\r\n" + LAST, b"", "stay", 200, b""),
        (b"GET", b"HTTP/1.1 205 R\r\n\r\n", b"", "finish", 205, b""),
    ]
    yield "length", [
        *((b"GET", FINAL, surplus, "stay", 200, b"hello") for surplus in (b"\r\n", b"x", FINAL, b"HTTP/1.1 100 C\r\n\r\n", b"\0" * 100)),
        *((b"GET", OK + fields + FIVE + b"\r\nhello", b"", "stay", 200, b"hello") for fields in (b"Connection: content-length\r\n", b"Connection: close\r\n", b"Keep-Alive: timeout=1\r\nUpgrade: h2\r\n", b"X: \xe9\r\n", b"Date: x\r\n", b"Trailer: x\r\n")),
        (b"GET", OK + b"Connection: close\r\n" + FIVE + b"\r\nhello", b"", "finish", 200, b"hello"),
        (b"GET", OK + FIVE + b"\r\nhello", b"", "finish", 200, b"hello"),
        (b"GET", b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + FIVE + b"\r\nhello", b"", "stay", 200, b"hello"),
    ]
    yield "until close", [(b"GET", line + b"\r\n" + fields + b"\r\nhello", b"", "finish", 200, b"hello") for line in (b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK") for fields in (b"", b"Connection: keep-alive\r\n", b"Connection: close\r\n")]
    yield "chunked", [
        *((b"GET", OK + CHUNKED + b"\r\n" + body, surplus, "stay", 200, b"hello") for body in (HELLO, b"0005\r\nhello\r\n" + LAST, b"5;a=b\r\nhello\r\n0;c\r\n\r\n", b"5\r\nhello\r\n0\r\nX: a\r\nContent-Length: 3\r\n\r\n") for surplus in (b"", b"\r\n", FINAL)),
        (b"GET", OK + b"Transfer-Encoding:CHUNKED \r\n\r\n" + HELLO, b"", "finish", 200, b"hello"),
    ]
