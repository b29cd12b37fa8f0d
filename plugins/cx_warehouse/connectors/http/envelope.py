"""Slicing a page into raw records: fast when the body is sound, record by record when one of them is broken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)


class TruncatedBodyError(ValueError):
    """The body ends before its JSON does: a transport fault, worth asking for again."""


@dataclass(frozen=True)
class Sliced(Generic[T]):
    """A page's envelope without its records, the sound records, and the bytes of those that are not JSON."""

    envelope: T
    records: Sequence[bytes | msgspec.Raw]
    malformed: Sequence[tuple[bytes, str]] = ()


def slice_page(body: bytes, envelope: type[T], records_field: str) -> Sliced[T]:
    """Decode `envelope` (a msgspec.Struct whose `records_field` is list[msgspec.Raw]) from `body`. An envelope whose
    class says `may_be_bare = True` also takes a body that is the array and nothing else.

    Where the page as a whole does not decode, its records are cut out one by one, so that one broken record costs
    itself only. Only the syntax is judged here; what the records hold is landing's business. Raises
    TruncatedBodyError when the body is not a whole JSON object with that array."""
    if getattr(envelope, "may_be_bare", False) and body.lstrip()[:1] == b"[":
        body = b'{"' + records_field.encode() + b'":' + body + b"}"
    try:
        page = msgspec.json.decode(body, type=envelope)
        return Sliced(page, getattr(page, _attribute(envelope, records_field)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        start, end, slices = _cut_array(body, records_field)
    try:
        page = msgspec.json.decode(body[:start] + b"[]" + body[end:], type=envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TruncatedBodyError(str(error)) from error
    sound: list[bytes] = []
    malformed: list[tuple[bytes, str]] = []
    for piece in slices:
        try:
            msgspec.json.decode(piece, type=msgspec.Raw)
        except (msgspec.DecodeError, RecursionError) as error:
            malformed.append((piece, f"not JSON: {error}"))
        else:
            sound.append(piece)
    return Sliced(page, sound, malformed)


def _attribute(envelope: type, encoded: str) -> str:
    for info in msgspec.structs.fields(envelope):
        if info.encode_name == encoded:
            return info.name
    raise AttributeError(f"{envelope.__name__} has no field {encoded!r}")


def _cut_array(body: bytes, name: str) -> tuple[int, int, list[bytes]]:
    """Find the top-level array `name`: its start, its end (exclusive) and the bytes of each element."""
    wanted = b'"' + name.encode() + b'"'
    depth = 0
    start = element = -1
    slices: list[bytes] = []
    key = False  # the wanted key was just read at the top level
    for token in _TOKEN.finditer(body):
        text = token.group()
        if start < 0:
            if text in b"{[" and len(text) == 1:
                if key and text == b"[" and depth == 1:
                    start, element = token.start(), token.end()
                depth += 1
            elif text in (b"}", b"]"):
                depth -= 1
            elif text[:1] == b'"':
                key = depth == 1 and text == wanted
            elif text == b",":
                key = False
            continue
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
            if depth == 1:
                slices.append(body[element : token.start()].strip())
                return start, token.end(), [piece for piece in slices if piece]
        elif text == b"," and depth == 2:
            slices.append(body[element : token.start()].strip())
            element = token.end()
    raise TruncatedBodyError(f"the body ends before its {name!r} array does")
