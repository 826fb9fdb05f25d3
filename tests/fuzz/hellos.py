"""ClientHellos, written out from RFC 8446 section 4.1.2 with nothing left to chance, so that they are the same everywhere."""

import struct

TLS_1_2, TLS_1_3 = b"\x03\x03", b"\x03\x04"
SUITES = b"\x13\x01\xc0\x2b\xc0\x2f"
X25519, P_521 = b"\x00\x1d", b"\x00\x19"


def sized(size, content):
    return struct.pack(">I", len(content))[4 - size :] + content


def extension(kind, content):
    return struct.pack(">H", kind) + sized(2, content)


def server_name(name, kind=0):
    return extension(0, sized(2, bytes([kind]) + sized(2, name)))


def key_share(group=X25519, key=bytes(range(1, 33))):
    return extension(51, sized(2, group + sized(2, key)))


def alpn(*names):
    return extension(16, sized(2, b"".join(sized(1, name) for name in names)))


def common(*versions):
    made = extension(10, sized(2, X25519)) + extension(13, sized(2, b"\x04\x03\x08\x04"))
    return made + (extension(43, sized(1, b"".join(versions))) if versions else extension(11, b"\x01\x00"))


def message(*extensions, suites=SUITES, session=b"", compression=b"\0", version=TLS_1_2):
    body = version + bytes(range(32)) + sized(1, session) + sized(2, suites) + sized(1, compression)
    if extensions:
        body += sized(2, b"".join(extensions))
    return b"\x01" + sized(3, body)


def record(content, kind=22):
    return bytes([kind]) + b"\x03\x01" + sized(2, content)


def crumbs(content, size):
    return b"".join(record(content[at : at + size]) for at in range(0, len(content), size))


def all_of_them():
    modern = common(TLS_1_3, TLS_1_2) + key_share()
    names = (b"open.test", b"strict.test", b"a.open.test", b"A.Strict.TEST", b".open.test", b"*.open.test", b"open.test.", b"unknown.invalid")
    names += (b"strict.test\0.open.test", b"x" * 63 + b".open.test", b"x" * 256, b"", b"\xff.strict.test")
    for name in names:
        yield record(message(server_name(name), modern))
        yield record(message(server_name(name), common()))
    yield record(message(modern))
    yield record(message())
    plain = message(server_name(b"strict.test"), alpn(b"h2", b"http/1.1"), modern)
    yield record(plain)
    yield record(plain) * 2
    for size in (1, 4, 50):
        yield crumbs(plain, size)
    yield record(message(server_name(b"open.test"), server_name(b"strict.test"), modern))
    yield record(message(extension(0, sized(2, b"\0" + sized(2, b"open.test") + b"\0" + sized(2, b"strict.test"))), modern))
    yield record(message(extension(0, b"\0" + sized(2, b"open.test")), modern))
    yield record(message(server_name(b"open.test", 1), modern))
    yield record(message(alpn(b"h2"), modern))
    yield record(message(alpn(b"http/1.0"), modern))
    # No share for a group that both have: it is asked for once more (RFC 8446 section 4.1.4); then by the same name, or another.
    again = common(TLS_1_3) + extension(51, sized(2, b""))
    first = record(message(server_name(b"open.test"), again, suites=b"\x13\x01"))
    for name in (b"open.test", b"strict.test", b"OPEN.test"):
        yield first + record(message(server_name(name), common(TLS_1_3), key_share(), suites=b"\x13\x01"))
    # A session of nobody's, and data that comes early (RFC 8446 sections 4.2.10 and 4.2.11).
    psk = extension(45, sized(1, b"\x01")) + extension(41, sized(2, sized(2, bytes(32)) + bytes(4)) + sized(2, sized(1, bytes(32))))
    early = record(message(server_name(b"open.test"), modern, extension(42, b""), psk))
    yield early
    yield early + record(bytes(40), 23) * 3
    yield record(message(server_name(b"open.test"), common(), extension(35, bytes(160)), session=bytes(32)))
    yield record(message(modern, compression=b"\x01\x00"))
    yield record(message(common(), extension(0xFF01, b"\0"), suites=b"\x00\xff\x56\x00" + SUITES, version=b"\x03\x02"))
    yield record(b"\x01\x5a", 21) + record(plain)
    yield record(b"\x01", 20) + record(plain)
    yield record(plain) + record(b"\x01", 20) * 2
    yield record(b"") + record(plain)
    yield b"\x80\x2b\x01\x03\x03\x00\x12\x00\x00\x00\x10\x00\x00\xff\x00\xc0\x2f\x00\xc0\x2b\x00\x00\x9e" + bytes(20)
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"PROXY TCP4 203.0.113.9 192.0.2.1 50000 443\r\n" + record(plain)
    yield b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + sized(2, bytes([203, 0, 113, 9, 192, 0, 2, 1, 195, 80, 1, 187])) + record(plain)
