#!/usr/bin/env python3
"""Any other web application of a LAN: what the profile `http` is for.

  /bytes/N           N bytes of a pattern, streamed (see message.PATTERN)
  /echo              the request's body
  /sink              how much came and its SHA-256, as "<bytes> <hash>"
  /head              the request's head, as it came
  /redirect?URL      302 with Location: URL
  /status/CODE       that status, with a short body where it may have one
  anything else      "hello"
"""

import urllib.parse

from standin import Reply, StandIn, main


class Web(StandIn):
    """LAN web application stand-in"""

    name = "web"

    def reply(self, request):
        path = request.path.decode("latin-1")
        fields = [("Content-Type", "application/octet-stream")]
        if path.startswith("/bytes/"):
            return Reply(200, "OK", fields, stream=int(path[7:]))
        if path == "/echo":
            return Reply(200, "OK", fields, request.body)
        if path == "/sink":
            return Reply(200, "OK", [("Content-Type", "text/plain")], f"{request.body_length} {request.body_sha256}".encode())
        if path == "/head":
            return Reply(200, "OK", fields, request.head)
        if path == "/redirect":
            return Reply(302, "Found", [("Location", urllib.parse.unquote(request.query.decode("latin-1")))], b"moved")
        if path.startswith("/status/"):
            status = int(path[8:])
            return Reply(status, "As Asked", fields, b"" if status in (204, 304) else b"as asked", no_length=status in (204, 304))
        return Reply(200, "OK", [("Content-Type", "text/plain")], b"hello")


if __name__ == "__main__":
    main(Web)
