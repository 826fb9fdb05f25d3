"""HTTP/1.1 messages as the stand-ins read and write them: bytes in, bytes kept.

The reader is deliberately not lenient and not clever: it takes what RFC 9112 section 6 says and keeps every byte, so that a test can
say exactly what the edge sent.
"""

import dataclasses
import hashlib

KEEP_BODY = 4 << 20  # longer bodies are counted and hashed, not kept


class Broken(Exception):
    """The peer sent something that is not a request, or stopped inside one."""


@dataclasses.dataclass
class Request:
    head: bytes  # with the empty line
    method: str = ""
    target: bytes = b""
    version: str = ""
    fields: list = dataclasses.field(default_factory=list)  # (name, value) in order, bytes
    body: bytes = b""
    body_length: int = 0
    body_sha256: str = ""
    connection: int = 0  # which connection of the stand-in, from 1

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower().encode()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    @property
    def path(self):
        return self.target.split(b"?", 1)[0]

    @property
    def query(self):
        return self.target.split(b"?", 1)[1] if b"?" in self.target else b""


def parse_head(head):
    lines = head[:-4].split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3:
        raise Broken(f"request line {lines[0]!r}")
    request = Request(head, parts[0].decode("latin-1"), parts[1], parts[2].decode("latin-1"))
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise Broken(f"field line {line!r}")
        request.fields.append((name, value.strip(b" \t")))
    return request


class Reader:
    """Reads requests off one socket. `received` is every byte that came, in order (cut to the last 16 MiB)."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()
        self.received = bytearray()

    def more(self):
        data = self.sock.recv(256 * 1024)
        if not data:
            return False
        self.buffer += data
        if len(self.received) < 16 << 20:
            self.received += data
        return True

    def head(self):
        """The next request without its body, or None when the peer closed between two."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                if self.buffer:
                    raise Broken(f"closed inside a head: {bytes(self.buffer)!r}")
                return None
        end = self.buffer.index(b"\r\n\r\n") + 4
        request = parse_head(bytes(self.buffer[:end]))
        del self.buffer[:end]
        return request

    def body(self, request, on_bytes=None):
        """Reads the body that belongs to `request`; `on_bytes(total)` is called as it comes."""
        digest = hashlib.sha256()
        kept = bytearray()
        total = 0

        def take(data):
            nonlocal total
            digest.update(data)
            total += len(data)
            if total <= KEEP_BODY:
                kept.extend(data)
            if on_bytes:
                on_bytes(total)

        lengths = request.all("Content-Length")
        codings = request.all("Transfer-Encoding")
        if lengths and codings or len(lengths) > 1 or len(codings) > 1:
            raise Broken("ambiguous framing")
        if codings:
            if codings[0].lower() != b"chunked":
                raise Broken(f"coding {codings[0]!r}")
            for data in self._chunks():
                take(data)
        elif lengths:
            if not lengths[0].isdigit():
                raise Broken(f"length {lengths[0]!r}")
            for data in self._exactly(int(lengths[0])):
                take(data)
        request.body = bytes(kept) if total <= KEEP_BODY else b""
        request.body_length = total
        request.body_sha256 = digest.hexdigest()
        return request

    def _exactly(self, left):
        while left:
            if not self.buffer and not self.more():
                raise Broken(f"closed with {left} bytes of the body missing")
            data = bytes(self.buffer[:left])
            del self.buffer[: len(data)]
            left -= len(data)
            yield data

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self.more():
                raise Broken("closed inside a chunk")
        end = self.buffer.index(b"\r\n")
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 2]
        return line

    def _chunks(self):
        while True:
            size = int(self._line(), 16)
            if size == 0:
                if self._line():
                    raise Broken("a trailer; the edge drops them")
                return
            yield from self._exactly(size)
            if self._line():
                raise Broken("chunk data is followed by more than CRLF")


@dataclasses.dataclass
class Reply:
    status: int = 200
    reason: str = "OK"
    fields: list = dataclasses.field(default_factory=list)  # (name, value) as str; Content-Length is added behind them
    body: bytes = b""
    stream: int = 0  # instead of `body`: so many bytes of a pattern
    no_length: bool = False  # 304, or the body ends with the connection

    @property
    def length(self):
        return self.stream or len(self.body)

    def head(self, length=None):
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.fields]
        if not self.no_length:
            lines.append(f"Content-Length: {self.length if length is None else length}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def pieces(self):
        if not self.stream:
            if self.body:
                yield self.body
            return
        block = PATTERN
        left = self.stream
        while left:
            piece = block if left >= len(block) else block[:left]
            left -= len(piece)
            yield piece


# What streamed bodies are made of: a period that is no power of two, so that a lost or doubled buffer shows in the hash.
PATTERN = bytes(range(251)) * 1045


def pattern_sha256(length):
    """The SHA-256 of a streamed body of that length."""
    digest = hashlib.sha256()
    for piece in Reply(stream=length).pieces():
        digest.update(piece)
    return digest.hexdigest()
