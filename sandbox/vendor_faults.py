"""What faults need to know of a vendor: how its lists page, how its records show a change, how it refuses.

Each vendor declares it as data in `sandbox/vendors/<vendor>/pages.py`, as VENDOR. A kind that needs what the vendor
does not have is not applicable there, with the reason."""

from __future__ import annotations

import importlib
import importlib.util
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from sandbox.errors import SandboxError
from sandbox.faults import KINDS
from sandbox.model import Event

if TYPE_CHECKING:
    from sandbox.world import World

Path = tuple[str, ...]  # of field names, from the outside in


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: str
    body: bytes = b""
    authorization: str = ""

    @property
    def target(self) -> str:
        """What a fault's `where` is searched in."""
        return f"{self.method} {self.path}" + (f"?{self.query}" if self.query else "")

    @cached_property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @cached_property
    def json(self) -> dict[str, Any]:
        try:
            decoded = json.loads(self.body)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}


@dataclass(frozen=True)
class Edit:
    """What happened at the vendor: records that are served from now on, or something in the company's life."""

    what: str
    stream: str = ""
    records: Sequence[bytes] = ()
    event: Event | None = None


# What a kind makes of a page's records (None: it cannot be done on this page).
Change = Callable[["World", Asked, list[dict[str, Any]], random.Random], Edit | None]


@dataclass(frozen=True)
class ListPage:
    """One list of a vendor. `path` matches "METHOD path" as a whole; `records` is the field that holds the rows.

    `token` is the paging token that a request carries (None: it asks for the first page). `lead_on` makes an answer
    point to a token, as an answer with more to come does; `follows` says whether a request goes on from an answer to
    the request before; `invent` makes a token up. Where a page is named by its number or offset, there is nothing to
    lead on or to invent.

    Records: `ids` are the fields that hold the id, `times` those that say when it changed, `text` one that people may
    edit. `delete` marks one as deleted; `is_gone` says whether it is. Lists whose records never change have no ids.
    `instead` replaces what is done by default for a kind; `whole` says whether a request is served whole records."""

    stream: str
    path: str
    records: str
    token: Callable[[Asked], str | None]
    lead_on: Callable[[dict[str, Any], str], None] | None = None
    follows: Callable[[Asked, Asked, dict[str, Any]], bool] = lambda asked, former, answer: True
    invent: Callable[[Asked], str] | None = None
    serves: tuple[str, ...] = ()  # other streams whose walk reads this list
    ids: tuple[Path, ...] = ()
    times: tuple[Path, ...] = ()
    text: Path = ()
    delete: Callable[[dict[str, Any], str], None] | None = None
    is_gone: Callable[[dict[str, Any]], bool] = lambda record: False
    whole: Callable[[Asked], bool] = lambda asked: True
    wrap: Callable[[Asked, bytes], bytes] = lambda asked, record: record
    instead: Mapping[str, Change] = field(default_factory=dict)

    def is_asked(self, asked: Asked) -> bool:
        """Whether the request is for a page of this list."""
        return re.fullmatch(self.path, f"{asked.method} {asked.path}") is not None and self.whole(asked)

    def can(self, kind: str) -> bool:
        """Whether a kind that acts on pages can be done on this list."""
        if kind in ("duplicate_page", "page_edge_duplicates"):
            return True
        if kind == "stuck_cursor":
            return self.lead_on is not None
        if kind == "empty_page_with_more":
            return True
        if kind in self.instead:
            return True
        if kind == "deleted_during_walk":
            return self.delete is not None
        return bool(self.ids)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class VendorFaults:
    """A vendor's part. `limited` is its 429 without Retry-After; `expired` its 401 for an access token that ended,
    where its tokens do. `unfit`: kinds that do not apply, with the reason. `unlimited` is what its build_app takes for
    an account without limits."""

    lists: tuple[ListPage, ...]
    limited: Callable[[], Answer]
    expired: Callable[[], Answer] | None = None
    unfit: Mapping[str, str] = field(default_factory=dict)
    unlimited: Mapping[str, Any] = field(default_factory=dict)

    def list_of(self, asked: Asked) -> ListPage | None:
        """The list that a request asks for a page of."""
        return next((one for one in self.lists if one.is_asked(asked)), None)


def vendor_faults(source: str) -> VendorFaults:
    """What is declared for a source."""
    name = f"sandbox.vendors.{source}.pages"
    if importlib.util.find_spec(name) is None:
        return VendorFaults(lists=(), limited=lambda: Answer(429, {"content-type": "text/plain"}, b"Too Many Requests"))
    found: VendorFaults = importlib.import_module(name).VENDOR
    return found


def unfit(source: str, stream: str | None = None) -> dict[str, str]:
    """The kinds that do not apply to a source (to the walk of one stream), with the reason."""
    from sandbox.world import SOURCES

    if source not in SOURCES:
        raise SandboxError(f"unknown source {source!r}: it is one of {', '.join(SOURCES)}")
    vendor = vendor_faults(source)
    lists = [one for one in vendor.lists if stream in (None, one.stream, *one.serves)]
    reasons = dict(vendor.unfit)
    if vendor.expired is None:
        reasons.setdefault("token_expired", "its access tokens have no end")
    for kind in KINDS.values():
        if kind.acts_on in ("page", "next page") and not any(one.can(kind.name) for one in lists):
            where = f"the lists of {stream or source}"
            reasons.setdefault(kind.name, f"{where} have no records, or no tokens, that this could be done to")
    return reasons


def applicable(source: str, stream: str | None = None) -> tuple[str, ...]:
    """The kinds of fault that apply to a source (to the walk of one stream)."""
    without = unfit(source, stream)
    return tuple(kind for kind in KINDS if kind not in without)
