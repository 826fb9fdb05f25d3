#!/usr/bin/env python3
"""A stand-in for the web service of an internet shop, as docs/vendors.md describes it: POHODA calls it."""

import base64

from standin import Reply, StandIn, main
from texts import text

# The vendor's own credentials: muzatko@stormware.cz:vanoce
AUTHORIZATION = b"Basic " + base64.b64encode(b"muzatko@stormware.cz:vanoce")


class Shop(StandIn):
    """Internet shop stand-in"""

    name = "shop"

    def known_knobs(self):
        return super().known_knobs() | {"html_error", "require_auth"}

    def reply(self, request):
        if self.knobs.get("html_error"):
            return Reply(500, "Internal Server Error", [("Content-Type", "text/html")], b"<html><h1>Fatal error</h1></html>")
        if request.method != "POST":
            return Reply(405, "Method Not Allowed", [("Allow", "POST"), ("Content-Type", "text/html")], b"POST only")
        if self.knobs.get("require_auth") and request.get("Authorization") != AUTHORIZATION:
            return Reply(401, "Unauthorized", [("WWW-Authenticate", 'Basic realm="shop"')], b"")
        if request.path == b"/adresy.php":
            fields = [("Content-Type", "text/xml"), ("Server", "Apache Coyote/1.0")]
            return Reply(200, "OK", fields, text("shop-addresses-reply.xml"))
        if request.path == b"/export.php":
            fields = [("Content-Type", "text/xml; charset=utf-8"), ("Server", "Apache Coyote/1.0")]
            return Reply(200, "OK", fields, text("shop-export-reply.xml"))
        return Reply(404, "Not Found", [("Content-Type", "text/html")], b"<html>not here</html>")


if __name__ == "__main__":
    main(Shop)
