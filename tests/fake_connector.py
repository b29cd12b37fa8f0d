"""A connector over pages given in the test: no HTTP, so that landing can be tested for itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from cx_warehouse.connectors.base import Account, Page, RecordContract, State, Stream, Usage, Window

AS_OF = datetime(2026, 3, 2, 2, tzinfo=UTC)


class Thing(RecordContract, frozen=True):
    """A record with the least that landing needs."""

    id: int
    updated_at: datetime | None = None
    created_at: datetime | None = None
    deleted: bool = False

    def key(self) -> str:
        return str(self.id)

    def changed_at(self) -> datetime | None:
        return self.updated_at

    def is_deleted(self) -> bool:
        return self.deleted


def thing(number: int, **fields: Any) -> bytes:
    """A record's bytes."""
    return json.dumps({"id": number, **fields}).encode()


class FakeConnector:
    """Serves its pages from the one the state points to; `before_page` runs before each (to die, to pause)."""

    source: ClassVar[str] = "zendesk"  # its raw tables exist in every bootstrapped warehouse

    def __init__(
        self,
        pages: Sequence[Page | Sequence[bytes]],
        *,
        stream: Stream | None = None,
        before_page: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.streams: Mapping[str, Stream] = {
            "tickets": stream or Stream("tickets", Thing, "things", volatile=("generated_timestamp",))
        }
        self.usage = Usage()
        self._pages = pages
        self._before_page = before_page

    @classmethod
    def from_config(cls, config: Mapping[str, Any], account: Account | None = None) -> FakeConnector:
        raise NotImplementedError

    def check(self) -> str:
        return "a fake"

    def read(self, stream: str, window: Window, state: State) -> Iterator[Page]:
        first = (state.get("walk") or {}).get("page", 0)
        for number in range(first, len(self._pages)):
            self._before_page(number)
            page = self._pages[number]
            last = number == len(self._pages) - 1
            saved: State = {"watermark": window.end.isoformat()} if last else {"walk": {"page": number + 1}}
            if isinstance(page, Page):
                yield Page(**{**{f: getattr(page, f) for f in page.__dataclass_fields__}, "state": saved})
            else:
                yield Page(records=page, state=saved, complete_through=window.end if last else None)
