"""What the edge itself writes into messages, in one place: the cases name it by a token.

  {{forwarding HOST}}        the fields added to every request that goes to a server; HOST is what the caller named ("-": nothing).
                             "by=1.0" for a request in HTTP/1.0, "via=…" what its Via said
  {{relayed}}                the fields added to every reply that comes from a server. "dated": the server sent a Date
                             (both: "id=2" for a second request of the case)
  {{refusal STATUS CAUSE}}   a whole reply of the edge's own; CAUSE is a name of base/error.cpp. Further words are NAME=VALUE fields
                             (an underscore in VALUE is a space). "head": no body, as for HEAD; "forwarded=maybe": it may have reached the
                             server; "unrouted": before a route was known, so that the profile does not choose the form of the body
"""

import itertools
from http import HTTPStatus

REASONS = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large", 414: "URI Too Long"}


# Media type of a refusal's body, and what stands around its words. Others than these go by Accept, which no case sends.
FORMS = {
    "mserver": ("text/xml; charset=Windows-1250", b'<?xml version="1.0" encoding="Windows-1250"?>\n<rsp:responsePack version="2.0" ', b"</rsp:responsePack>\n"),
    "eshop": ("text/xml; charset=Windows-1250", b'<?xml version="1.0" encoding="Windows-1250"?>\n<rsp:responsePack ', b"</rsp:responsePack>\n"),
    "apicomprem": ("application/json; charset=utf-8", b'{"Result":"ERR","CommandIn":"', b'"}]}'),
}
REFUSALS = itertools.count()
PLAIN = ("text/plain; charset=utf-8", b"", b"\n")


def option(arguments, name, default):
    return next((word[len(name) + 1 :].replace("_", " ") for word in arguments if word.startswith(name + "=")), default)


def request_id(arguments):
    return ("request-id", [option(arguments, "id", "1")])


def forwarding(arguments, facts):
    host = arguments[0] if arguments else f"localhost:{facts.port}"
    via = option(arguments, "via", "")
    via = (via + ", " if via else "") + option(arguments, "by", "1.1")
    port = host.partition(":")[2] or {"https": "443", "http": "80"}[facts.scheme]
    quoted = f'"{host}"' if ":" in host else host
    lines = ["X-Forwarded-For: 127.0.0.1", f"X-Forwarded-Proto: {facts.scheme}"]
    if host == "-":
        lines += [f"X-Forwarded-Port: {facts.port}", f"Forwarded: for=127.0.0.1;proto={facts.scheme}"]
    else:
        lines += [f"X-Forwarded-Host: {host}", f"X-Forwarded-Port: {port}", f"Forwarded: for=127.0.0.1;proto={facts.scheme};host={quoted}"]
    return ["".join(line + "\r\n" for line in lines).encode() + b"X-Request-ID: ", request_id(arguments), f"\r\nVia: {via} ledgergate\r\n".encode()]


def relayed(arguments, facts):
    date = [] if "dated" in arguments else [b"Date: ", ("any", []), b"\r\n"]
    return date + [b"X-Request-ID: ", request_id(arguments), b"\r\nVia: 1.1 ledgergate\r\n"]


def refusal(arguments, facts):
    status, cause = int(arguments[0]), arguments[1]
    words = arguments[2:]
    fields = [word.replace("=", ": ").replace("_", " ") for word in words if "=" in word and not word.startswith("forwarded=")]
    if status == 503:
        fields.append("Retry-After: 5")
    media, opening, closing = PLAIN if "unrouted" in words else FORMS.get(facts.profile, PLAIN)
    fields += ["Content-Language: en", f"Content-Type: {media}", "Cache-Control: no-store"]
    length = [] if "head" in words else [b"Content-Length: ", ("digits", []), b"\r\n"]
    own_id = ("request-id", [f"refused{next(REFUSALS)}"])  # the same one in the head and in the body
    body = [] if "head" in words else [opening, ("anything", []), b"Request ", own_id, ("anything", []), closing]
    return [
        f"HTTP/1.1 {status} {REASONS[status]}\r\nProxy-Status: ledgergate; error=".encode(),
        ("any", []),
        f'; details="{cause}"; forwarded={option(words, "forwarded", "no")}\r\n'.encode(),
        "".join(field + "\r\n" for field in fields).encode(),
        *length,
        b"Date: ",
        ("any", []),
        b"\r\nX-Request-ID: ",
        own_id,
        b"\r\nVia: 1.1 ledgergate\r\n",
        ("optional", ["Connection: close\r\n"]),
        b"\r\n",
        *body,
    ]


TOKENS = {"forwarding": forwarding, "relayed": relayed, "refusal": refusal}
