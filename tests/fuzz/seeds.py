#!/usr/bin/env python3
"""Writes the seed corpora that stand elsewhere in the tree as files: tests/fuzz/seeds.py DIRECTORY

DIRECTORY/TARGET/ gets one file for each line of seeds/TARGET.txt, and what the byte-exact cases and the settings' fixtures hold. A
line of seeds/TARGET.txt is one input, with \\r \\n \\t \\0 \\\\ \\xNN for what can't stand in a line; one that begins with '#' is a
comment. What fuzzing found stands there, too, so that it is tried for ever. TLS hellos are made by hellos.py.
"""

import hashlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS / "wire"))

import cases  # noqa: E402
import expected  # noqa: E402
import hellos  # noqa: E402

LARGEST = 8192
# The door of story_settings.h that a case's profile comes in by.
DOORS = {"http": "h", "mserver": "m", "apicomprem": "a", "eshop": "e", "onec": "o"}
# Steps of a case as letters of check_story.cpp.
LETTERS = {
    "client sends": "c",
    "server sends": "s",
    "client half-closes": "C",
    "client closes": "X",
    "server closes": "S",
    "server resets": "R",
}


class Corpus:
    def __init__(self, directory):
        self.directory = directory

    def add(self, target, data):
        if 0 < len(data) <= LARGEST:
            folder = self.directory / target
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / hashlib.sha1(data).hexdigest()
            if not path.exists():
                path.write_bytes(data)


def add_lines(corpus):
    for path in sorted((HERE / "seeds").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                seed = cases.unescape(line, "utf-8")
                corpus.add(path.stem, seed)
                if path.stem == "story" and seed.startswith(b"h"):
                    corpus.add("story", b"s" + seed[1:])  # the same through TLS


def add_wire(corpus):
    facts = expected.Facts(scheme="http", port=80, upstream="192.0.2.10", profile="http")
    for path in sorted((TESTS / "wire").glob("*.wire")):
        for case in cases.read(path):
            said = {"client sends": b"", "server sends": b""}
            door = "f" if "websocket" in case.keys.get("route", "") else DOORS.get(case.keys.get("profile", "http"), "h")
            story = door.encode()
            for step in case.steps:
                if step.what in said:
                    said[step.what] += expected.literal(step.parts, facts)
                if step.what in LETTERS:
                    story += b"~" + LETTERS[step.what].encode() + expected.literal(step.parts, facts)
            corpus.add("request", said["client sends"])
            corpus.add("response", said["server sends"])
            corpus.add("story", story)


def add_settings(corpus):
    for folder in ("config", "tests/config"):
        for path in sorted((TESTS.parent / folder).rglob("*.yaml")):
            corpus.add("config", path.read_bytes())


def add_hellos(corpus):
    for hello in hellos.all_of_them():
        corpus.add("hello", hello)
        corpus.add("story", b"z~c" + hello)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    corpus = Corpus(pathlib.Path(sys.argv[1]))
    add_lines(corpus)
    add_wire(corpus)
    add_settings(corpus)
    add_hellos(corpus)


if __name__ == "__main__":
    main()
