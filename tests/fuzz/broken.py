"""Broken JSON, drawn by hypothesis: real records and bodies of a vendor with something wrong in them.

What Python cannot hold (a key twice, a number too large, bytes that are no text) is kept as the bytes themselves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st


@dataclass(frozen=True)
class Token:
    """A value as its bytes."""

    text: bytes


@dataclass(frozen=True)
class Large:
    """A value of which only the size matters: a text so long, or arrays nested so deep."""

    length: int = 0
    depth: int = 0

    def text(self) -> bytes:
        """The value as its bytes."""
        return b"[" * self.depth + b"]" * self.depth if self.depth else b'"' + b"x" * self.length + b'"'


class Pairs(list[tuple[Any, Any]]):
    """An object as its keys and values, in order; a key may come twice."""


def parsed(data: bytes) -> Any:
    """JSON as a tree that can be changed and written again byte for byte alike in meaning."""

    def number(text: str) -> Token:
        return Token(text.encode())

    return json.loads(data, object_pairs_hook=Pairs, parse_int=number, parse_float=number)


def written(tree: Any) -> bytes:
    """The tree as JSON, or as what is left of it."""
    if isinstance(tree, Token):
        return tree.text
    if isinstance(tree, Large):
        return tree.text()
    if isinstance(tree, Pairs):
        return b"{" + b",".join(written(key) + b":" + written(value) for key, value in tree) + b"}"
    if isinstance(tree, list):
        return b"[" + b",".join(map(written, tree)) + b"]"
    return json.dumps(tree).encode()


LARGE_VALUES = (
    *(Large(length=length) for length in (300, 3_000, 70_000, 1_000_000)),
    *(Large(depth=depth) for depth in (2, 50, 500, 900, 3_000, 50_000)),
)
ODD_VALUES = tuple(
    Token(text)
    for text in (
        b"null", b"true", b"false", b"0", b"-0", b"-1", b"1.0", b"1e3", b"1e-400", b"1e-20000", b"1e309", b"1e5000",
        b"1e400000", b"-1e400000", b"9" * 18, b"9" * 19, b"9" * 400, b"9" * 5_000, b"0.1" + b"0" * 400, b"[]", b"{}",
        b"[null]", b'[{}]', b'{"id":1}', b'""', b'" "', b'"0"', b'"1e3"', b'"null"', b'"a\\u0000b"', b'"\\ud800"',
        b'"\\udc00\\ud800"', b'"\\ud83d\\ude42"', b'"\\u0001"', b'"|;:,*"', b'"2026-02-30T00:00:00Z"',
        b'"9999-12-31T23:59:59Z"', b'"0001-01-01T00:00:00Z"', b'"2026-03-01T00:00:00+25:00"', b'"2026-03-01"',
        b'"2026-03-01T00:00:00.123456789Z"', b'"2026-03-01T00:00:00"',
        # not JSON any more
        b"NaN", b"-Infinity", b"00", b"1.", b"+1", b"nul", b"'a'", b"", b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"a\x00b"',
        b'"a\x1fb"', b'"\\x41"', b'"\\u12"', b'"open', b"{", b"}", b"[", b"]", b'{"a"', b"[1,]", b'{"a":1,}', b"//",
    )
)  # fmt: skip
ODD_KEYS = (
    "",
    " ",
    "\0",
    "\ud800",
    "__proto__",
    "a" * 3_000,
    "id ",
    "ID",
    "$ref",
    "a.b",
    "ключ",
    "\u202eid",
    '"',
    "\\",
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
).map(lambda value: parsed(json.dumps(value).encode()))
# rarely long or deep: such a record is a thousand times the size of the others
values = st.one_of(*[st.sampled_from(ODD_VALUES)] * 6, any_json, any_json, st.sampled_from(LARGE_VALUES))


def _places(tree: Any, deepest: int) -> list[tuple[Any, int]]:
    """Every (container, index) of the tree down to a depth."""
    found: list[tuple[Any, int]] = []
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, list) or depth >= deepest:
            continue
        for index, item in enumerate(node):
            found.append((node, index))
            waiting.append((item[1] if isinstance(node, Pairs) else item, depth + 1))
    return found


def _change(draw: st.DrawFn, tree: Any, deepest: int) -> None:
    """One thing in the tree becomes wrong."""
    places = _places(tree, deepest)
    if not places:
        return
    node, index = draw(st.sampled_from(places))
    what = draw(st.sampled_from(("value", "value", "value", "remove", "twice", "rename", "add")))
    if what == "remove":
        del node[index]
    elif not isinstance(node, Pairs):
        value = draw(values)
        node.insert(index, value) if what in ("twice", "add") else node.__setitem__(index, value)
    else:
        key, value = node[index]
        if what == "value":
            node[index] = (key, draw(values))
        elif what == "twice":
            node.insert(draw(st.integers(0, len(node))), (key, draw(values)))
        elif what == "rename":
            node[index] = (draw(st.sampled_from(ODD_KEYS)), value)
        else:
            node.append((draw(st.sampled_from(ODD_KEYS) | st.text(max_size=4)), draw(values)))


def _bruise(draw: st.DrawFn, data: bytes) -> bytes:
    """Something wrong with the bytes themselves."""
    place = draw(st.integers(0, len(data)))
    what = draw(st.sampled_from(("cut", "head", "byte", "insert", "lose", "double")))
    if what == "cut":
        return data[:place]
    if what == "head":
        return data[place:]
    if what == "byte":
        return data[:place] + bytes([draw(st.integers(0, 255))]) + data[place + 1 :]
    if what == "insert":
        return (
            data[:place]
            + draw(st.sampled_from((b"}", b"]", b"{", b"[", b",", b'"', b"\\", b"\0", b" ", b"\xff")))
            + data[place:]
        )
    if what == "lose":
        return data[:place] + data[place + draw(st.integers(1, 40)) :]
    return data[:place] + data


@st.composite
def broken(draw: st.DrawFn, samples: Sequence[bytes], deepest: int = 6, bruised_of_ten: int = 2) -> bytes:
    """One of the samples with up to three things wrong in it, at most `deepest` levels down. `bruised_of_ten`: how
    often the bytes are hurt as well."""
    tree = parsed(draw(st.sampled_from(samples)))
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 1, 2, 2, 2, 3, 3)))):
        _change(draw, tree, deepest)
    data = written(tree)
    return _bruise(draw, data) if draw(st.integers(1, 10)) <= bruised_of_ten else data
