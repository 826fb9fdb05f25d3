"""What a block of a case means once the ports are known: bytes to send, or a pattern to compare with."""

import re

import layout


class Facts:
    """What is known of one play of a case; numbered request ids are learnt on the way."""

    def __init__(self, scheme, port, upstream, profile):
        self.scheme = scheme
        self.profile = profile
        self.port = port
        self.upstream = upstream
        self.client_port = 0
        self.ids = {}

    def learn(self, match):
        for name, value in match.groupdict().items():
            if name.startswith("id") and value is not None:
                self.ids[name] = value


REQUEST_ID = rb"[0-9A-Za-z_-]{8,64}"


def _known(name, facts):
    """Tokens whose text is known beforehand."""
    return {
        "port": str(facts.port),
        "edge": f"localhost:{facts.port}",
        "upstream": facts.upstream,
        "scheme": facts.scheme,
        "client-port": str(facts.client_port),
    }.get(name)


def literal(parts, facts):
    out = b""
    for part in parts:
        if isinstance(part, bytes):
            out += part
            continue
        known = _known(part[0], facts)
        if known is None:
            raise ValueError(f"the token {part[0]} can't be sent")
        out += known.encode()
    return out


def _expand(part, facts):
    """Tokens that stand for whole lines or replies (layout.py)."""
    made = layout.TOKENS.get(part[0])
    return made(part[1], facts) if made else None


def compile_parts(parts, facts):
    """(pattern, the parts with everything known filled in)"""
    flat = []

    def add(part):
        if isinstance(part, bytes):
            flat.append(part)
            return
        known = _known(part[0], facts)
        if known is not None:
            flat.append(known.encode())
            return
        expanded = _expand(part, facts)
        if expanded is None:
            flat.append(part)
            return
        for piece in expanded:
            add(piece)

    for part in parts:
        add(part)
    pattern = b""
    named = set()
    for part in flat:
        if isinstance(part, bytes):
            pattern += re.escape(part)
        elif part[0] == "any":
            pattern += rb"[^\r\n]*"
        elif part[0] == "anything":
            pattern += rb"[\s\S]*"
        elif part[0] == "optional":
            pattern += b"(?:" + re.escape(part[1][0].encode()) + b")?"
        elif part[0] == "digits":
            pattern += rb"[0-9]+"
        elif part[0] == "request-id":
            group = "id" + "_".join(part[1])
            if group == "id":
                pattern += REQUEST_ID
            elif group in facts.ids:
                pattern += re.escape(facts.ids[group])
            elif group in named:
                pattern += f"(?P={group})".encode()
            else:
                named.add(group)
                pattern += b"(?P<%s>%s)" % (group.encode(), REQUEST_ID)
        else:
            raise ValueError(f"unknown token {{{{{part[0]}}}}}")
    return re.compile(pattern), flat


def show(parts):
    """Bytes for human eyes: one line a line, everything odd escaped."""
    text = ""
    for part in parts:
        if not isinstance(part, bytes):
            text += "{{" + " ".join([part[0], *part[1]]) + "}}"
            continue
        for byte in part:
            char = chr(byte)
            if char == "\\":
                text += "\\\\"
            elif char == "\n":
                text += "\\n\n"
            elif char == "\r":
                text += "\\r"
            elif 32 <= byte < 127:
                text += char
            else:
                text += f"\\x{byte:02X}"
    return text
