"""The bodies that the vendors print, as bytes of the wire."""

import pathlib

_DIRECTORY = pathlib.Path(__file__).resolve().parent / "texts"


def text(name, encoding=None):
    """The body in `texts/name`; Windows-1250 where its XML declaration says so."""
    content = (_DIRECTORY / name).read_bytes().decode("utf-8")
    if encoding is None:
        encoding = "cp1250" if 'encoding="Windows-1250"' in content[:60] else "utf-8"
    return content.encode(encoding)
