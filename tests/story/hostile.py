"""What a hostile caller or server may write, by class: heads and bodies that two readers could understand in two ways.

The wire cases show single ones byte for byte; these tables are wide, and are played in several splits (test_hostile.py).
"""

LAST = b"0\r\n\r\n"
HOST = b"Host: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
FIVE = b"Content-Length: 5\r\n"


def request(line=b"GET / HTTP/1.1", fields=b"", host=HOST, body=b""):
    return line + b"\r\n" + host + fields + b"\r\n" + body


def post(fields, body=b"hello"):
    return request(b"POST / HTTP/1.1", fields, body=body)


def lines():
    # a space in a version below stands for itself
    for version in b"HTTP/1.2 HTTP/1 HTTP/1. HTTP/.1 HTTP/11 HTTP/01.1 HTTP/1.01 HTTP/1,1 HTTP/0.9 HTTP/9.9 HTTP/2.0 HTTPS/1.1 Http/1.1 RTSP/1.0 ICE/1.0 SIP/2.0".split():
        yield b"GET / " + version
    for end in (b" ", b"\t", b" x", b"\r", b".1"):
        yield b"GET / HTTP/1.1" + end
    for start in (b" ", b"\t", b"\n", b"\r", b"\0", b"\xef\xbb\xbf", b"\x0b", b"\r\n" * 5000):
        yield start + b"GET / HTTP/1.1"
    for between in (b"  ", b"\t", b" \t", b"\x0b", b"\xa0"):
        yield b"GET" + between + b"/ HTTP/1.1"
        yield b"GET /" + between + b"HTTP/1.1"
    yield from (b"GET / HTTP /1.1", b"GET / HTTP/ 1.1", b"GET /a b HTTP/1.1", b" / HTTP/1.1", b"GET  HTTP/1.1", b"GET / HTTP/1.1\nX: y")
    methods = (b"GE\x01T", b"GET\0", b"G\xc9T", b"GET:", b'"GET"', b"GE/T", b"G,T", b"G@T", b"PRI", b"CONNECT", b"TRACE", b"Trace", b"track", b"G" * 100_000)
    for method in methods:
        yield method + b" / HTTP/1.1"
    yield b"CONNECT localhost:443 HTTP/1.1"


def targets():
    yield from (b"http://u:p@localhost/", b"https://localhost@evil/", b"http:///a", b"https:///", b"http://?a", b"http://localhost:80:80/", b"http://localhost:444/", b"http://localhost;a/", b"http://localhost&a/", b"http://localhost/../", b"http://localhost/%2e%2e", b"http:\\\\localhost/", b"http://localhost:81/", b"http://", b"http://:80/", b"http:/localhost/", b"http:localhost/", b"ws://localhost/")
    yield from (b"file:///etc/passwd", b"http://localhost:x/", b"http://localhost:99999/", b"http://localhost\\@evil/", b"http://localhost/#a")
    yield from (b"http://local%68ost/", b"http://localhost,evil/", b"localhost:80", b"*", b"*x", b"?a=b", b"a", b"/a#b", b"/a\\b", b"/\x7f", b"/\x01")
    yield from (b"/./a", b"/../a", b"/a/../../b", b"/a/..", b"/%2e%2e/a", b"/%2e./a", b"/%252e%252e/", b"/%25252e%25252e/", b"/..%5c", b"/..%5Ca", b"/a%2f..", b"/%2Fb", b"/%5c%5Cb", b"/a%252f..%252fb")
    yield from (b"/%c0%ae%c0%ae/", b"/%e0%80%ae%e0%80%ae/", b"/%e0%80%af", b"/%f0%80%80%af", b"/%c1%9c", b"/\xc0\xae\xc0\xae/", b"/a%0d%0aX:y", b"/a%00", b"/a%09b")
    yield from (b"/a%7f", b"/..;/a", b"/..;x=1/a", b"/..%3b/a", b"/..%23/a", b"/..%3f/a", b"/%ef%bc%8e%ef%bc%8e/", b"/..%ef%bc%8f", b"/%u002e%u002e/a", b"/..%20/a", b"/%")


def hosts():
    yield from (b"localhost, evil", b"localhost,evil", b"localhost:65536", b"localhost:-1", b"localhost:+80", b"localhost :80", b"localhost:80:80", b"localhost:0x50")
    yield from (b"a@localhost", b"a:b@localhost", b"local%68ost", b"[::1", b"[::1]x", b"[zz]", b"[]", b"::1", b"localhost/x", b"localhost?x", b"localhost#x", b"localhost\\x")
    yield from (b"localhost\x85", b"localhost\xa0", b"\x0blocalhost", b"localhost:0", b"localhost: 80", b"localhost:8\t0", b"localhost:00000080", b"[fe80::1%25eth0]", b"http://http://localhost", b"https://a@localhost", b"ssl://localhost/", b"HTTP://localhost", b"ws://localhost", b"local host", b"local\thost", b"local\0host", b"local\xc5\x99host", b"localhost;evil", b'"localhost"', b"<localhost>", b"\r\n localhost", b"localhost..")
    yield from (b".localhost", b".", b"*", b"a" * 300, b"localhost:" + b"0" * 50 + b"80", b"http://", b"http://localhost/", b"ftp://localhost", b"", b"  ")


# Field lines that may stand in no head, of a request or a reply.
FIELDS = (
    *(b"%s: x" % name for name in (b"", b"X ", b"X\t", b"X Y", b"X\0Y", b"X\xe9", b"X(a)", b"X@", b"X[", b"X=", b"X/Y", b"X,Y", b"X;Y", b'"X"', b"<X>", b"X\rY", b"X\nY", b"X\x7f", b"{X}", b" X")),
    *(b"X: " + value for value in (b"a\r\n b", b"a\r\n\tb", b"a\r\n ", b"a\x0bb", b"a\x0cb", b"a\x08b", b"a\x1bb", b"a\x7f", b"\0", b"a\rY: b", b"a\r", b"a\nY: b", b"a\n\nGET /evil HTTP/1.1\r\nHost: a")),
    *(b"X", b":", b"X" * 300_000 + b": y", b"X: y\r\n" * 20_000 + b"X: y"),
)  # fmt: skip
LENGTHS = (b"+5", b"-5", b"5,5", b"5, 5", b"0x5", b"5.0", b"5e0", b"5 5", b"", b"   ", b'"5"', b"5;", b"9" * 30, b"18446744073709551621", b"9223372036854775808", b"\x0b5", b"\xa05", b"5\x85", b"5\xa0", b"\x855", b"+0", b"-0", b"5\x0c", b"\xd9\xa5", b"5\0", b"5,", b",5", b"5a", b"0o5", b"5_0", b"\r\n 5", b"5\r\n 5")  # fmt: skip
CODINGS = (b"identity", b"chunked, identity", b"identity, chunked", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"chunked;q=1", b"chunked; a=b", b"chunked,", b",chunked", b"\x0bchunked", b"chunked\x0b", b"chunked\0", b"\x0cchunked", b"\xa0chunked", b"\x85chunked", b"chunked\xa0", b"chunked\x85", b"chunked\x0c", b"chunked/1.0", b'"chunked"', b"'chunked'", b"xchunked", b"chunk", b"chunkedx", b"", b"cow", b"chun ked", b"chun\xe2\x84\xaaed", b"\rchunked", b"chunked\r", b"[chunked]", b"trailers", b"gzip", b"chunke\x08d", b"\r\n chunked", b"chunked\r\n , x")  # fmt: skip


def framings():
    """Fields that frame a body, of a request or a reply."""
    for length in LENGTHS:
        yield b"Content-Length: " + length + b"\r\n"
    for coding in CODINGS:
        yield b"Transfer-Encoding: " + coding + b"\r\n"
        yield FIVE + b"Transfer-Encoding: " + coding + b"\r\n"
    yield from (FIVE + CHUNKED, CHUNKED + FIVE, b"Content-Length: 0\r\n" + CHUNKED, CHUNKED + CHUNKED, CHUNKED + b"Transfer-Encoding: x\r\n")
    yield from (b"Transfer-Encoding: identity\r\n" + CHUNKED, FIVE + FIVE, FIVE + b"CONTENT-LENGTH: 6\r\n", FIVE + b"Content_Length: 3\r\n", FIVE + b"Transfer_Encoding: chunked\r\n")
    for name in (b"Content-Length", b"Transfer-Encoding"):
        value = b"5" if name == b"Content-Length" else b"chunked"
        yield from (name + b" : " + value + b"\r\n", b" " + name + b": " + value + b"\r\n", name + b"\0: " + value + b"\r\n", b"X: y\n" + name + b": " + value + b"\r\n", b"X: y\r" + name + b": " + value + b"\r\n")
    yield b"Connection: Transfer-Encoding\r\n" + CHUNKED + FIVE


# Chunked bodies that end nowhere, or not for every reader.
CHUNKS = (
    *(size + b"\r\nhello\r\n" + LAST for size in (b"0x5", b"+5", b"-5", b" 5", b"\t5", b"5 ", b"5\t", b"1" + b"0" * 16, b"f" * 16, b"f" * 17, b"10000000000000005", b"0" * 40 + b"5", b"g", b"", b"4", b"6", b"5\0", b"5_", b"5,5", b"5.0", b"5\x0b", b'"5"', b"5\rX", b"5;a\rb", b"5;a\nb", b"5;a\0", b'5;a="x\r\ny"', b"5;a\x01", b"5;" + b"a" * 100_000, b"5;", b"5;;a", b"5; ", b"5;a ", b"5;a=", b"5;=a", b'5;a="', b'5;a="b\\"', b'5;a="b"c', b"5;a=b c", b"5;\xc5\x99")),
    b"5\nhello\r\n" + LAST, b"5\rhello\r\n" + LAST, b"5\r\nhello\n" + LAST, b"5\r\nhello" + LAST, b"5\r\nhelloXX" + LAST, b"5\r\nhello\r\r\n" + LAST,
    b"5\r\nhello\r\n0\n\r\n", b"5\r\nhello\r\n0\r\n\n", b"5\r\nhello\r\n0\n\n", b"5\r\nhello\r\n-0\r\n\r\n", b"5\r\nhello\r\n0\r\n\rX",
    *(b"5\r\nhello\r\n0\r\n" + trailer + b"\r\n\r\n" for trailer in (b"X: a\r\n b", b" X: a", b"X : a", b"X", b"X: a\n", b"X: a\rb", b"X: \0", b": a", b"GET /evil HTTP/1.1\r\nHost: a", b"X: " + b"a" * 200_000, b"X: a\r\n" * 20_000)),
)  # fmt: skip


def requests():
    """All that a caller must get refused, by class."""
    yield "line", [request(line) for line in lines()]
    yield "target", [request(b"GET " + target + b" HTTP/1.1") for target in targets()]
    named = [request(host=b"Host: " + host + b"\r\n") for host in hosts()]
    named += [request(host=b""), request(host=HOST + HOST), request(host=HOST + b"hOST: evil\r\n"), request(host=b"Host : localhost\r\n"), request(host=b" " + HOST)]
    yield "host", named + [request(b"GET http://localhost/ HTTP/1.1", host=b""), request(b"GET http://localhost/ HTTP/1.1", host=b"Host: other\r\n")]
    yield "field", [request(fields=field + b"\r\n") for field in FIELDS]
    framed = [post(fields, LAST) for fields in framings()]
    framed += [b"POST / HTTP/1.0\r\n" + HOST + b"Connection: keep-alive\r\n" + CHUNKED + b"\r\n" + LAST]
    yield "framing", framed
    yield "chunk", [post(CHUNKED, body) for body in CHUNKS]
    yield "expect", [post(FIVE + b"Expect: " + value + b"\r\n") for value in (b"x", b"200-ok", b"100-continue, x", b"100-continue\r\nExpect: x", b"", b"100-continue;a=b", b"y 100-continue", b"100-continue y", b"100-continue\r\nExpect: 100-continue", b"100-continue, 100-continue", b"100-continue\xa0", b"\"100-continue\"")]


OK = b"HTTP/1.1 200 OK\r\n"


def status_lines():
    for status in (b"99", b"1000", b"20", b"200OK", b"000", b"-200", b"+20", b" 200 OK", b"200\tOK", b"", b"abc", b"2x0", b"2.0", b"200 O\0K", b"200 O\rK", b"200 O\nK", b"200 O\x01K"):
        yield b"HTTP/1.1 " + status
    for version in (b"HTTP/1.2", b"HTTP/2.0", b"HTTP/2", b"HTTP/0.9", b"HTTP/1", b"HTTP/1.10", b"RTSP/1.0", b"ICE/1.0", b"ICY", b"http/1.1", b" HTTP/1.1", b"\r\nHTTP/1.1", b"\nHTTP/1.1"):
        yield version + b" 200 OK"
    yield from (b"HTTP/1.1", b"HTTP/1.1\t200 OK", b"hello", b"GET / HTTP/1.1", b"SSH-2.0-x", b"HTTP/1.1 200 " + b"O" * 300_000)


def replies():
    """All that a server may not answer, by class: 502."""
    yield "status line", [line + b"\r\n" + FIVE + b"\r\nhello" for line in status_lines()]
    ends = [b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"HTTP/1.1 200 OK\n" + FIVE + b"\r\nhello", OK + FIVE + b"\nhello", OK + FIVE + b"\rhello", OK + FIVE + b"\r\rhello"]
    yield "line end", ends
    yield "field", [OK + field + b"\r\n" + FIVE + b"\r\nhello" for field in FIELDS]
    yield "framing", [OK + fields + b"\r\n" + LAST for fields in framings()] + [b"HTTP/1.0 200 OK\r\n" + CHUNKED + b"\r\n" + LAST]
    without = [b"HTTP/1.1 204 No\r\n" + FIVE + CHUNKED + b"\r\n", b"HTTP/1.1 304 No\r\nContent-Length: x\r\n\r\n", b"HTTP/1.1 304 No\r\n" + FIVE + b"Content-Length: 6\r\n\r\n"]
    yield "framing of nothing", without
    last = OK + FIVE + b"\r\nhello"
    interim = [b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nx", b"HTTP/1.1 101 S\r\n\r\n" + last, b"HTTP/1.1 100 C\r\nX : a\r\n\r\n" + last]
    interim += [b"HTTP/1.1 100 C\r\n\r\n" * 1000 + last, b"HTTP/1.1 103 E\r\nLink: x\r\n\r\n" * 1000 + last, b"HTTP/1.1 102 P\r\nX: " + b"a" * 300_000 + b"\r\n\r\n" + last]
    yield "interim", interim + [b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 20 C\r\n\r\n", b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\nhello" + last]


def broken_bodies():
    """Replies that break behind their head: no caller may take them for whole."""
    yield from (OK + CHUNKED + b"\r\n" + body for body in CHUNKS)


def cut_replies():
    """Replies that the end of the connection cuts short, with FIN or RST."""
    yield from (OK + CHUNKED + b"\r\n" + body for body in (b"", b"5", b"5\r\nhel", b"5\r\nhello\r\n", b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n0\r\n\r", b"5\r\nhello\r\n0\r\nX: a\r\n"))
    yield from (OK + b"Content-Length: 10\r\n\r\n" + body for body in (b"", b"hello"))
    yield from (b"", b"H", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 100 C\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 2")
