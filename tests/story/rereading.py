"""Readers of HTTP that are not ours, over bytes that were captured: python's http.server and http.client, and node's http.

Requests come back as (method, target, [(name, value), …], body), text in Latin-1; names in lower case. Replies as (status, fields,
body, whole).
"""

import base64
import functools
import http.client
import io
import json
import pathlib
import subprocess
from http.server import BaseHTTPRequestHandler

HERE = pathlib.Path(__file__).resolve().parent


def lowered(fields):
    return [(name.lower(), value) for name, value in fields]


class _Open(io.BytesIO):
    """Closed by nobody but its owner."""

    def close(self):
        pass


class _Socket:
    def __init__(self, data):
        self.file = _Open(data)

    def makefile(self, *_):
        return self.file


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, data):
        self.rfile, self.wfile = _Open(data), io.BytesIO()
        self.client_address = ("127.0.0.1", 0)
        self.seen, self.failure = [], None
        self.close_connection = False
        while not self.close_connection:
            self.handle_one_request()

    def log_message(self, *_):
        pass

    def send_error(self, code, message=None, explain=None):
        self.failure = (code, message)
        self.close_connection = True

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self._take
        raise AttributeError(name)

    def _take(self):
        length = self.headers.get("Content-Length")
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            reader = http.client.HTTPResponse(_Socket(b""))
            reader.fp, reader.chunked, reader.chunk_left, reader.length = self.rfile, True, None, None
            try:
                body = reader.read()
            except http.client.IncompleteRead:
                self.close_connection = True
                return
        else:
            body = self.rfile.read(int(length or 0))
            if len(body) < int(length or 0):
                self.close_connection = True
                return
        self.close_connection = False  # whatever it thinks of keeping it: what follows is looked at
        # self.path is mended by some versions; the line is as it came.
        words = self.requestline.split(" ")
        self.seen.append((words[0], words[1], lowered(self.headers.items()), body))


def python_requests(data):
    handler = _Handler(data)
    return handler.seen, handler.failure


def python_reply(data, method):
    reply = http.client.HTTPResponse(_Socket(data), method=method)
    try:
        reply.begin()
    except http.client.HTTPException as problem:
        return None, repr(problem)
    whole = True
    try:
        body = reply.read()
    except http.client.IncompleteRead as short:
        body, whole = short.partial, False
    return (reply.status, lowered(reply.getheaders()), body, whole), None


class Node:
    """One process for all that a test has to read."""

    def __init__(self):
        self.process = subprocess.Popen(["node", HERE / "rereading.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.methods = set(json.loads(self.process.stdout.readline())["methods"])

    def _ask(self, **line):
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def requests(self, data):
        answer = self._ask(kind="requests", bytes=base64.b64encode(data).decode())
        seen = [(method, target, _pairs(fields), base64.b64decode(body)) for method, target, fields, body in answer["seen"]]
        return seen, answer["failure"]

    def reply(self, data, method):
        answer = self._ask(kind="reply", bytes=base64.b64encode(data).decode(), method=method)
        if "reply" not in answer:
            return None, answer["failure"]
        status, fields, body, whole = answer["reply"]
        return (status, _pairs(fields), base64.b64decode(body), whole), None

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _pairs(flat):
    return lowered(zip(flat[::2], flat[1::2]))


@functools.lru_cache
def wire_cases():
    """What the byte-exact cases say: [(what the caller sends, what the server sends)]."""
    import sys

    sys.path.append(str(HERE.parent / "wire"))
    import cases
    import expected

    facts = expected.Facts(scheme="http", port=80, upstream="192.0.2.10", profile="http")
    said = []
    for path in sorted((HERE.parent / "wire").glob("*.wire")):
        for case in cases.read(path):
            sides = {"client sends": b"", "server sends": b""}
            for step in case.steps:
                if step.what in sides:
                    sides[step.what] += expected.literal(step.parts, facts)
            said.append((sides["client sends"], sides["server sends"]))
    return said
