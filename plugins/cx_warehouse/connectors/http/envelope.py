"""Slicing a page into raw records: fast when the body is sound, record by record when one of them is broken."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
_ARRAY_END = re.compile(rb'\](?=\s*(?:\}\s*\Z|,\s*"))')  # what an array of the envelope can end with
MOST_ENDS = 20_000  # candidates that are looked at: some ten a record


class TruncatedBodyError(ValueError):
    """The body ends before its JSON does: a transport fault, worth asking for again."""


@dataclass(frozen=True)
class Sliced(Generic[T]):
    """A page's envelope without its records, the sound records, and the bytes of those that are not JSON."""

    envelope: T
    records: Sequence[bytes | msgspec.Raw]
    malformed: Sequence[tuple[bytes, str]] = ()


def slice_page(body: bytes, envelope: type[T], records_field: str, beside: tuple[str, ...] = ()) -> Sliced[T]:
    """Decode `envelope` (a msgspec.Struct whose `records_field` is list[msgspec.Raw]) from `body`. An envelope whose
    class says `may_be_bare = True` also takes a body that is the array and nothing else. `beside` names arrays of the
    body that are not read here: what is broken in them is somebody else's business.

    Where the page as a whole does not decode, its records are cut out one by one, so that one broken record costs
    itself only. Only the syntax is judged here; what the records hold is landing's business. Raises
    TruncatedBodyError when the body is not a whole JSON object with that array."""
    body = _whole(body, envelope, records_field)
    try:
        page = msgspec.json.decode(body, type=envelope)
        return Sliced(page, getattr(page, _attribute(envelope, records_field)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _without(body, beside)
        start, end, slices = _cut_array(body, records_field)
    try:
        page = msgspec.json.decode(body[:start] + b"[]" + body[end:], type=envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TruncatedBodyError(str(error)) from error
    sound: list[bytes] = []
    malformed: list[tuple[bytes, str]] = []
    for piece in slices:
        if (wrong := _syntax_error(piece)) is None:
            sound.append(piece)
        else:
            malformed.append((piece, f"not JSON: {wrong}"))
    return Sliced(page, sound, malformed)


def salvage_page(body: bytes, envelope: type[T], records_field: str, beside: tuple[str, ...] = ()) -> Sliced[T]:
    """Slice a page in which the brackets or quotes of a record do not match, as far as its records can be told apart.

    For a body that comes broken however often it is asked for. The records before the broken one are sound; from there
    to the array's end all is one malformed piece, since a part of a broken record could pass for a record. Raises
    TruncatedBodyError when not even the array's end can be told."""
    body = _without(_whole(body, envelope, records_field), beside)
    start, _, _ = _cut_array(body, records_field, may_break_off=True)
    found: list[tuple[int, T]] = []
    for candidate in itertools.islice(_ARRAY_END.finditer(body, start + 1), MOST_ENDS):
        end = candidate.start()
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found.append((end, msgspec.json.decode(body[:start] + b"[]" + body[end + 1 :], type=envelope)))
    if not found or any(page != found[0][1] for _, page in found):
        raise TruncatedBodyError(f"the end of its {records_field!r} array cannot be told")
    end, page = found[-1]  # where several would do, the one that leaves nothing out
    sound, rest = _sound_head(body[start + 1 : end])
    left = [(rest, "not JSON: from here on the page's records cannot be told apart")] if rest else []
    return Sliced(page, sound, left)


def _whole(body: bytes, envelope: type, records_field: str) -> bytes:
    if getattr(envelope, "may_be_bare", False) and body.lstrip()[:1] == b"[":
        return b'{"' + records_field.encode() + b'":' + body + b"}"
    return body


def _without(body: bytes, arrays: tuple[str, ...]) -> bytes:
    """The body with these arrays emptied, as far as they can be told."""
    for name in arrays:
        with contextlib.suppress(TruncatedBodyError):
            start, end, _ = _cut_array(body, name)
            body = body[:start] + b"[]" + body[end:]
    return body


def _syntax_error(piece: bytes) -> str | None:
    try:
        msgspec.json.decode(piece, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        return str(error)
    return None


def _sound_head(inside: bytes) -> tuple[list[bytes], bytes]:
    """The records of an array's inside up to the first broken one, and what is left from there on."""
    sound: list[bytes] = []
    depth = element = 0
    for token in _TOKEN.finditer(inside):
        text = token.group()
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
        elif text == b"," and depth == 0:
            piece = inside[element : token.start()].strip()
            if _syntax_error(piece) is not None:
                break
            sound.append(piece)
            element = token.end()
    rest = inside[element:].strip()
    if rest and _syntax_error(rest) is None:
        return [*sound, rest], b""
    return sound, rest


def _attribute(envelope: type, encoded: str) -> str:
    for info in msgspec.structs.fields(envelope):
        if info.encode_name == encoded:
            return info.name
    raise AttributeError(f"{envelope.__name__} has no field {encoded!r}")


def _cut_array(body: bytes, name: str, *, may_break_off: bool = False) -> tuple[int, int, list[bytes]]:
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
    if may_break_off and start >= 0:
        return start, len(body), slices
    raise TruncatedBodyError(f"the body ends before its {name!r} array does")
