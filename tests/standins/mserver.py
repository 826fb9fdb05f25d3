#!/usr/bin/env python3
"""A stand-in for the POHODA mServer, as docs/vendors.md describes it.

One request at a time, in order of arrival, /status aside (it is answered while an import runs: that is what `working` and
`processing` are for). Counts requests and connections that overlap.
"""

import base64
import contextlib
import email.utils
import gzip
import re
import threading
import urllib.parse
import zlib

import faults
from standin import PATIENCE, Reply, StandIn, main
from texts import text

XML = "text/xml; charset=Windows-1250"
LAST_MODIFIED = "Mon, 02 Oct 2017 08:55:23 GMT"  # of every file; the one that the vendor prints


def stock_reply():
    """The reply that the vendor prints, with its one broken tag put right."""
    return text("stock-reply.xml").replace(b"<s>true</stk:isInternet>", b"<stk:isInternet>true</stk:isInternet>")


class MServer(StandIn):
    """POHODA mServer stand-in"""

    name = "mserver"

    def __init__(self, *arguments, **knobs):
        self.turnstile = threading.Lock()
        self.status_released = threading.Event()
        self.working = 0
        self.asked_status = 0  # bare /status, answered or not
        self.max_working = 0  # exchanges other than /status in flight at once, waiting ones included
        # user -> (password, may enter the accounting unit). The vendor's "QDo=" is user "@" without a password.
        self.users = {b"@": (b"", True), "Novák".encode("cp1250"): (b"tajne", True), b"host": (b"host", False)}
        # The company's document folder; Windows does not distinguish case.
        self.files = {
            "obrazky/zidle.jpg": ("image/jpeg", b"\xff\xd8\xff\xe0" + bytes(range(256)) * 48 + b"\0" * 137 + b"\xff\xd9"),
            "obrázky/židle.jpg": ("image/jpeg", b"\xff\xd8\xff\xe0 a chair \xff\xd9"),
            "faktura.pdf": ("application/pdf", b"%PDF-1.4\n" + bytes(100_000)),
        }
        super().__init__(*arguments, **knobs)

    def known_knobs(self):
        # state: what /status says, instead of the truth. script: a list of what it does, one after the other, and the truth after
        # that: a state, {"state": …, "processing": …}, {"body": …} (of text/plain), {"status": code} or {"fault": …} (see faults.py).
        # hold_status: keeps it back until release_status(). (delay, hold and fault are for exchanges only.) year: of the company.
        # loose: escapes are decoded and slashes in a row are one in its own places.
        return super().known_knobs() | {"compress", "state", "script", "hold_status", "year", "loose"}

    def counters(self):
        return super().counters() | {"overlapping_exchanges": max(0, self.max_working - 1), "asked_status": self.asked_status}

    def turn(self, **knobs):
        super().turn(**knobs)
        if knobs.get("hold_status"):
            self.status_released.clear()

    def release_status(self):
        with self.changed:
            self.knobs["hold_status"] = False
            self.status_released.set()

    def stop(self):
        self.release_status()
        super().stop()

    def wait_for_status(self, count):
        self.wait(f"status question {count}", lambda: self.asked_status >= count)

    def aside(self, request):
        return _bare_status(request)

    def exchange(self, connection, request):
        if not _bare_status(request):
            return super().exchange(connection, request)
        with self.changed:
            self.asked_status += 1
            script = self.knobs.get("script")
            scripted = script.pop(0) if script else None
            self.changed.notify_all()
        if self.knobs.get("hold_status"):
            self.status_released.wait(PATIENCE)
        if isinstance(scripted, dict) and "fault" in scripted:
            self.scripted_fault(connection, request, scripted["fault"])
            return False
        request.scripted = scripted
        return super().exchange(connection, request)

    def scripted_fault(self, connection, request, fault):
        if fault in faults.BEFORE_BODY:
            faults.before_body(fault, connection, request)
        else:
            faults.send(fault, connection, request, self.status(request), self.knobs)

    @contextlib.contextmanager
    def _turn(self):
        with self.changed:
            self.working += 1
            self.max_working = max(self.max_working, self.working)
        try:
            with self.turnstile:
                yield
        finally:
            with self.changed:
                self.working -= 1

    def answering(self, request):
        return super().answering(request) if _bare_status(request) else self._turn()

    def reply(self, request):
        path = request.path.lower()
        if self.knobs.get("loose"):
            path = re.sub(rb"/+", b"/", urllib.parse.unquote_to_bytes(path)).rstrip(b"/")
        if request.version != "HTTP/1.1":
            return self.refuse(505, "HTTP Version Not Supported")
        if path == b"/status":
            return self.status(request)
        if path == b"/xml":
            return self.xml(request)
        if path.startswith(b"/documents/"):
            return self.document(request)
        return self.refuse(404, "Not found")

    @staticmethod
    def refuse(status, reason):
        return Reply(status, reason, [("Connection", "Keep-Alive"), ("Content-Type", "text/html")], reason.encode())

    def denied(self, request):
        """None for a caller who may go on."""
        value = request.get("STW-Authorization", b"")
        scheme, _, token = value.partition(b" ")
        if not token:
            token = scheme  # some clients send the token alone
        elif scheme.lower() != b"basic":
            return self.refuse(401, "Unauthorized")
        try:
            user, colon, password = base64.b64decode(token, validate=True).partition(b":")
        except ValueError:
            return self.refuse(401, "Unauthorized")
        known = self.users.get(user)
        if not colon or known is None or known[0] != password:
            return self.refuse(401, "Unauthorized")
        return None if known[1] else self.refuse(403, "Forbidden")

    def status(self, request):
        if request.method not in ("GET", "POST"):
            return self.refuse(405, "Method Not Allowed")
        detail = request.query.lower() == b"companydetail"
        if detail and (denied := self.denied(request)):
            return denied
        body = text("company-detail.xml" if detail else "status.xml")
        body = body.replace(b"<year>2021<", b"<year>%s<" % str(self.knobs.get("year", 2021)).encode())
        working = self.working - detail  # companyDetail is asked in a turn: it does not count itself
        said = {"state": self.knobs.get("state", "working" if working else "idle"), "processing": working}
        scripted = getattr(request, "scripted", None) or {}
        said |= {"state": scripted} if isinstance(scripted, str) else scripted
        if "status" in said:
            return self.refuse(said["status"], "As told")
        if "body" in said:
            return Reply(200, "OK", [("Connection", "Keep-Alive"), ("Content-Type", "text/plain")], said["body"].encode())
        body = body.replace(b"<status>idle<", b"<status>%s<" % said["state"].encode())
        body = body.replace(b"<processing>0<", b"<processing>%d<" % said["processing"])
        return Reply(200, "OK", [("Connection", "Keep-Alive"), ("Content-Type", "text/xml;")], body)

    def xml(self, request):
        if request.method != "POST":
            return self.refuse(405, "Method Not Allowed")
        if denied := self.denied(request):
            return denied
        body = request.body
        coding = request.get("Content-Encoding", b"").lower()
        try:
            if coding == b"gzip":
                body = gzip.decompress(body)
            elif coding == b"deflate":
                body = zlib.decompress(body)
        except (OSError, EOFError, zlib.error):
            return self.refuse(400, "Bad request")
        return self._packed(request, self.response_pack(body, request.body_length))

    def response_pack(self, body, length):
        pack = re.search(rb'<dat:dataPack\b[^>]*\bid\s*=\s*"([^"]*)"', body)
        if length and not body:
            return b'<?xml version="1.0" encoding="Windows-1250"?>\n<large bytes="%d"/>' % length
        if not pack:
            return _response(b"", b"error", "Chyba při čtení XML".encode("cp1250"))
        if b"<lStk:listStockRequest" in body:
            return stock_reply()
        return _response(pack[1], b"ok", b"")

    def _packed(self, request, body):
        fields = [("Connection", "Keep-Alive"), ("Content-Type", XML)]
        accepted = request.get("Accept-Encoding", b"").lower()
        if self.knobs.get("compress"):
            if b"gzip" in accepted:
                return Reply(200, "OK", fields + [("Content-Encoding", "gzip")], gzip.compress(body, mtime=0))
            if b"deflate" in accepted:
                return Reply(200, "OK", fields + [("Content-Encoding", "deflate")], zlib.compress(body))
        return Reply(200, "OK", fields, body)

    def document(self, request):
        if request.method not in ("GET", "HEAD"):
            return self.refuse(405, "Method Not Allowed")
        if denied := self.denied(request):
            return denied
        # Letters with diacritics come in Windows-1250 (docs/vendors.md, mServer).
        name = urllib.parse.unquote_to_bytes(request.path[len(b"/documents/") :])
        found = self.files.get(name.decode("cp1250", "replace").lower())
        if not found:
            return self.refuse(404, "Not found")
        since = request.get("If-Modified-Since")
        if since:
            # The vendor's own example has no "GMT".
            when = email.utils.parsedate(since.decode("latin-1"))
            if when and when[:6] >= email.utils.parsedate(LAST_MODIFIED)[:6]:
                return Reply(304, "Not Modified", [("Connection", "Keep-Alive"), ("Last-Modified", LAST_MODIFIED)], no_length=True)
        fields = [("Date", "Thu, 05 Oct 2017 11:09:47 GMT"), ("Connection", "Keep-Alive"), ("Content-Type", found[0])]
        return Reply(200, "OK", fields + [("Last-Modified", LAST_MODIFIED)], found[1])


def _bare_status(request):
    """What mServer answers while it works."""
    return request.path.lower() == b"/status" and not request.query and request.get("Content-Length", b"0") == b"0"


def _response(pack, state, note):
    return (
        b'<?xml version="1.0" encoding="Windows-1250"?>\n'
        b'<rsp:responsePack version="2.0" id="%s" state="%s" programVersion="11600.32 (8.2.2017)" ico="12345678" note="%s" '
        b'xmlns:rsp="http://www.stormware.cz/schema/version_2/response.xsd"></rsp:responsePack>' % (pack, state, note)
    )


if __name__ == "__main__":
    main(MServer)
