"""Reads *.wire files (README.md says how they are written)."""

import dataclasses
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "standins"))

from texts import text  # noqa: E402

KEYS = {"profile", "server", "route", "listener", "settings", "over", "encoding"}
BLOCKS = {"client sends", "server receives", "server sends", "client receives"}
DEEDS = {
    "client closes",
    "client half-closes",
    "client sees close",
    "client sees open",
    "client sees break",
    "server closes",
    "server resets",
    "server sees close",
}
ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[rnt0\\])")
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
TOKEN = re.compile(r"\{\{([^{}]*)\}\}")


class BadCase(Exception):
    pass


@dataclasses.dataclass
class Step:
    what: str
    line: int
    parts: list = dataclasses.field(default_factory=list)  # bytes, or a token: (name, arguments)


@dataclasses.dataclass
class Case:
    name: str
    file: str
    line: int
    keys: dict
    steps: list


def read(path):
    cases = []
    case = step = None
    block = []

    def finish_block():
        if step and step.what in BLOCKS:
            step.parts = parts_of(block, case.keys.get("encoding", "utf-8"), f"{path.name}:{step.line}")

    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        place = f"{path.name}:{number}"
        if line.startswith("=== "):
            finish_block()
            step = None
            case = Case(line[4:].strip(), path.name, number, {}, [])
            cases.append(case)
        elif line.startswith("--- "):
            finish_block()
            step = Step(line[4:].strip(), number)
            if case is None or step.what not in BLOCKS | DEEDS:
                raise BadCase(f"{place}: unknown step {step.what!r}")
            case.steps.append(step)
            block = []
        elif step is not None:
            block.append(line)
        elif line.startswith("#") or not line.strip():
            continue
        else:
            key, colon, value = line.partition(":")
            if case is None or not colon or key not in KEYS:
                raise BadCase(f"{place}: not a key: {line!r}")
            case.keys[key] = value.strip()
    finish_block()
    for case in cases:
        if not case.steps:
            raise BadCase(f"{case.file}:{case.line}: a case without a step")
    return cases


def parts_of(lines, encoding, place):
    """Head lines end in CRLF; behind the first empty line stands the body, whose lines end in LF, the last one in nothing."""
    while len(lines) > 1 and lines[-1] == "" and lines[-2] == "":
        lines = lines[:-1]
    try:
        end = lines.index("")
    except ValueError:
        end = len(lines)
    head, body = lines[:end], lines[end + 1 :]
    while body and body[-1] == "":
        body.pop()
    body_parts = compile_text("\n".join(body), encoding, place, None)
    length = sum(len(part) for part in body_parts if isinstance(part, bytes))
    parts = []
    for line in head:
        if line.startswith("{{") and line.endswith("}}") and not line.startswith("{{body"):
            parts += compile_text(line, encoding, place, length)  # such a token brings its own line ends
            continue
        joined = line.endswith("\\") and not line.endswith("\\\\")
        parts += compile_text(line[:-1] if joined else line + "\\r\\n", encoding, place, length)
    if end < len(lines):
        parts.append(b"\r\n")
    return merge(parts + body_parts)


def compile_text(source, encoding, place, length):
    parts = []
    at = 0
    for token in TOKEN.finditer(source):
        parts.append(unescape(source[at : token.start()], encoding))
        at = token.end()
        words = token[1].split()
        if words[0] == "body":
            content = text(words[1])
            if len(words) == 4 and words[2] == "first":
                content = content[: int(words[3])]
            elif len(words) != 2:
                raise BadCase(f"{place}: {token[0]}")
            parts.append(content)
        elif words[0] == "length":
            if length is None:
                raise BadCase(f"{place}: {token[0]} in a body")
            parts.append(str(length).encode())
        elif words[0] == "repeat":
            parts.append(unescape(words[2], encoding) * int(words[1]))
        else:
            parts.append((words[0], words[1:]))
    parts.append(unescape(source[at:], encoding))
    return parts


def unescape(source, encoding):
    out = b""
    at = 0
    for found in ESCAPE.finditer(source):
        out += source[at : found.start()].encode(encoding)
        out += SIMPLE.get(found[1]) or bytes([int(found[1][1:], 16)])
        at = found.end()
    return out + source[at:].encode(encoding)


def merge(parts):
    merged = []
    for part in parts:
        if isinstance(part, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += part
        elif part != b"":
            merged.append(part)
    return merged
