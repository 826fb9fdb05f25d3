"""An HTTP/1.1 client that reports what came, byte for byte, and how the connection ended."""

import dataclasses
import socket
import ssl
import struct

PATIENCE = 30.0


@dataclasses.dataclass
class Reply:
    status: int
    reason: str
    fields: list  # (name, value)
    body: bytes = b""
    raw_head: bytes = b""
    complete: bool = True
    chunked: bool = False
    informational: list = dataclasses.field(default_factory=list)

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default


class Ended(Exception):
    """The connection ended where a reply, or more of one, was due. `how` is "closed" (politely), "cut" (TLS without close_notify)
    or "reset"; `partial` is the reply as far as it came."""

    def __init__(self, how, partial=None, rest=b""):
        super().__init__(f"{how}, after {partial!r}" if partial else f"{how}, after {rest!r}")
        self.how = how
        self.partial = partial
        self.rest = rest


def context(ca, minimum=None, maximum=None, alpn=("http/1.1",), certificate=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ca)
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if minimum:
        made.minimum_version = minimum
    if maximum:
        made.maximum_version = maximum
    if certificate:
        made.load_cert_chain(*certificate)
    return made


class Client:
    def __init__(self, port, tls=True, ca=None, name="localhost", host="127.0.0.1", receive_buffer=None, session=None, **tls_options):
        if ":" in host:
            sock = socket.socket(socket.AF_INET6)
        else:
            sock = socket.socket()
        try:
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.settimeout(PATIENCE)
            sock.connect((host, port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.raw = sock
            if tls:
                made = tls_options.pop("context", None) or context(ca, **tls_options)
                # Without this, a missing close_notify would pass for a polite end.
                sock = made.wrap_socket(sock, server_hostname=name, suppress_ragged_eofs=False, session=session)
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        self.buffer = bytearray()
        self.received = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        """Receives something; "" while the connection lives, else how it ended."""
        try:
            data = self.sock.recv(256 * 1024)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            return "closed" if isinstance(error, ssl.SSLZeroReturnError) else "cut"
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
        except ssl.SSLError as error:
            return "cut" if "EOF" in str(error) else f"tls: {error}"
        if not data:
            return "closed"
        self.received += len(data)
        self.buffer += data
        return ""

    def until(self, marker, what=None):
        while marker not in self.buffer:
            ended = self.more()
            if ended:
                raise Ended(ended, what, bytes(self.buffer))
        end = self.buffer.index(marker) + len(marker)
        taken = bytes(self.buffer[:end])
        del self.buffer[:end]
        return taken

    def exactly(self, count, what=None, keep=True):
        taken = bytearray()
        while count:
            if not self.buffer:
                ended = self.more()
                if ended:
                    if what:
                        what.body += bytes(taken)
                    raise Ended(ended, what)
            part = self.buffer[:count]
            del self.buffer[: len(part)]
            count -= len(part)
            if keep:
                taken += part
        return bytes(taken)

    def head(self):
        raw = self.until(b"\r\n\r\n")
        lines = raw[:-4].decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        code, _, reason = rest.partition(" ")
        if version != "HTTP/1.1" or len(code) != 3:
            raise AssertionError(f"status line {lines[0]!r}")
        fields = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip() or not name:
                raise AssertionError(f"field line {line!r}")
            fields.append((name, value.strip()))
        return Reply(int(code), reason, fields, raw_head=raw)

    def reply(self, method="GET", keep=True):
        """One reply, 1xx before it included."""
        before = []
        while True:
            reply = self.head()
            if reply.status >= 200 or reply.status == 101:
                break
            before.append(reply)
        reply.informational = before
        lengths = reply.all("Content-Length")
        codings = reply.all("Transfer-Encoding")
        if len(lengths) > 1 or codings and lengths:
            raise AssertionError(f"framing is ambiguous: {reply.raw_head!r}")
        if method == "HEAD" or reply.status in (101, 204, 304):
            return reply
        if codings:
            reply.chunked = True
            self._chunks(reply, keep)
        elif lengths:
            reply.body += self.exactly(int(lengths[0]), reply, keep)
        else:
            how = self.end(reply, keep)
            if how != "closed":
                raise Ended(how, reply)
        return reply

    def _chunks(self, reply, keep):
        while True:
            size = int(self.until(b"\r\n", reply), 16)
            if size:
                part = self.exactly(size, reply)
                if keep:
                    reply.body += part
            if self.exactly(2, reply) != b"\r\n":
                raise AssertionError("a chunk, or the last one, is not followed by an empty line")
            if not size:
                return

    def end(self, reply=None, keep=True):
        """Reads to the end of the connection; how it ended."""
        while True:
            if reply is not None and keep:
                reply.body += bytes(self.buffer)
                self.buffer.clear()
            elif not keep:
                self.buffer.clear()
            ended = self.more()
            if ended:
                return ended
