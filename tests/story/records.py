"""A TLS client that writes its records one by one, of any kind and size: what no library lets a caller do.

The handshake is Python's (ssl.MemoryBIO); from the secrets that it leaves in a key log the keys are made (RFC 8446 section 7, RFC 5246
section 6.3), and every record behind the handshake is sealed here, with AES-GCM of libcrypto.
"""

import ctypes
import hashlib
import hmac
import os
import socket
import ssl
import struct
import tempfile

from client import PATIENCE, context

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
GET_TAG = 0x10


def expand(secret, label, size, digest):
    """HKDF-Expand-Label without context, of no more than one block (RFC 8446 section 7.1)."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + b"\0"
    return hmac.new(secret, info + b"\1", digest).digest()[:size]


def stretch(secret, seed, size, digest):
    """P_hash (RFC 5246 section 5)."""
    out, each = b"", seed
    while len(out) < size:
        each = hmac.new(secret, each, digest).digest()
        out += hmac.new(secret, each + seed, digest).digest()
    return out[:size]


class Sealer:
    """AES-GCM."""

    def __init__(self, key):
        self.library = ctypes.CDLL("libcrypto.so.3")
        for name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.EVP_CIPHER_CTX_new())
        cipher = self.library.EVP_aes_128_gcm() if len(key) == 16 else self.library.EVP_aes_256_gcm()
        self.library.EVP_EncryptInit_ex(self.context, ctypes.c_void_p(cipher), None, key, None)

    def seal(self, nonce, about, text):
        size = ctypes.c_int()
        out = ctypes.create_string_buffer(len(text) + 16)
        tag = ctypes.create_string_buffer(16)
        self.library.EVP_EncryptInit_ex(self.context, None, None, None, nonce)
        self.library.EVP_EncryptUpdate(self.context, None, ctypes.byref(size), about, len(about))
        if text:
            self.library.EVP_EncryptUpdate(self.context, out, ctypes.byref(size), text, len(text))
        self.library.EVP_EncryptFinal_ex(self.context, out, ctypes.byref(size))
        self.library.EVP_CIPHER_CTX_ctrl(self.context, GET_TAG, 16, tag)
        return out.raw[: len(text)] + tag.raw

    def free(self):
        self.library.EVP_CIPHER_CTX_free(self.context)


class Records:
    """One connection. `flight` may change what the client says first: ClientHello's bytes in, bytes to send out."""

    def __init__(self, port, ca, version, flight=lambda data: data):
        self.version = version
        self.number = 0
        self.sealer = None
        made = context(ca, minimum=version, maximum=version)
        if version == ssl.TLSVersion.TLSv1_2:
            made.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
        file, log = tempfile.mkstemp()
        os.close(file)
        made.keylog_filename = log
        self.raw = socket.create_connection(("127.0.0.1", port), PATIENCE)
        try:
            heard = self.shake_hands(made, flight)
            with open(log, encoding="ascii") as lines:
                self.make_keys(dict(line.split(" ", 1) for line in lines if not line.startswith("#")), heard)
        except BaseException:
            self.raw.close()
            raise
        finally:
            os.unlink(log)

    def shake_hands(self, made, flight):
        arriving, leaving, heard = ssl.MemoryBIO(), ssl.MemoryBIO(), b""
        tls = made.wrap_bio(arriving, leaving, server_hostname="localhost")
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.raw.sendall(flight(leaving.read()))
                flight = lambda data: data  # noqa: E731
                data = self.raw.recv(65536)
                if not data:
                    raise ConnectionResetError("closed in the handshake") from None
                heard += data
                arriving.write(data)
        self.raw.sendall(leaving.read())
        self.cipher = tls.cipher()[0]
        return heard

    def make_keys(self, secrets, heard):
        if self.version == ssl.TLSVersion.TLSv1_2:
            client, master = secrets["CLIENT_RANDOM"].split()
            server = heard[11 : 11 + 32]  # behind the record's head, the message's and its version
            block = stretch(bytes.fromhex(master), b"key expansion" + server + bytes.fromhex(client), 40, hashlib.sha256)
            self.iv = block[32:36]
            self.sealer = Sealer(block[:16])
            self.number = 1  # Finished was the first
            return
        self.digest = hashlib.sha384 if self.cipher.endswith("SHA384") else hashlib.sha256
        self.take_secret(bytes.fromhex(secrets["CLIENT_TRAFFIC_SECRET_0"].split()[1]))

    def take_secret(self, secret):
        self.close_keys()
        self.secret = secret
        self.iv = expand(secret, b"iv", 12, self.digest)
        self.sealer = Sealer(expand(secret, b"key", 32 if "256_GCM" in self.cipher else 16, self.digest))
        self.number = 0

    def record(self, kind, content=b""):
        """The next record, sealed. They have to be sent in this order."""
        number = struct.pack(">Q", self.number)
        self.number += 1
        if self.version == ssl.TLSVersion.TLSv1_2:
            about = number + struct.pack(">BHH", kind, 0x303, len(content))
            return struct.pack(">BHH", kind, 0x303, len(content) + 24) + number + self.sealer.seal(self.iv + number, about, content)
        nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + number))
        head = struct.pack(">BHH", DATA, 0x303, len(content) + 17)
        return head + self.sealer.seal(nonce, head, content + bytes([kind]))

    def key_update(self, requested):
        """RFC 8446 section 4.6.3: the next record has the next key."""
        made = self.record(HANDSHAKE, b"\x18\0\0\1" + bytes([requested]))
        self.take_secret(expand(self.secret, b"traffic upd", self.digest().digest_size, self.digest))
        return made

    def send(self, data):
        """False: the peer has ended the connection."""
        try:
            self.raw.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            return False
        return True

    def wait_for_end(self):
        try:
            while self.raw.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def close_keys(self):
        if self.sealer:
            self.sealer.free()
            self.sealer = None

    def close(self):
        self.close_keys()
        self.raw.close()
