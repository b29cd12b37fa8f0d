"""The forms of an account: the page-based list, and the stream of their definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from cx_warehouse.connectors.base import Page, Window
from cx_warehouse.connectors.errors import ContractError, RetryableError
from cx_warehouse.connectors.http.client import HttpClient
from cx_warehouse.connectors.http.envelope import Sliced

PAGE_SIZE = 200  # the vendor's maximum
EVERYTHING = "*"


class ListEnvelope(msgspec.Struct):
    """A list's answer, or an error's body where the caller allowed its status."""

    items: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    total_items: int = 0
    page_count: int = 0
    code: str | None = None
    description: str | None = None


class _Listed(msgspec.Struct):
    id: str


def records_of(sliced: Sliced[ListEnvelope], path: str) -> Sliced[ListEnvelope]:
    """The sliced page, or ContractError where it has no list."""
    if sliced.envelope.items is msgspec.UNSET:
        raise ContractError(f"typeform {path}: the answer has no 'items'")
    return sliced


class FormList:
    """`GET /forms`, page by page, sorted by creation: an edit during the walk moves no form."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def count(self) -> int:
        """How many forms the token can see."""
        return self._page(1, 1).envelope.total_items

    def pages(self) -> Iterator[Sliced[ListEnvelope]]:
        """Every page of the list; `page_count` says where it ends."""
        number = 1
        while True:
            page = self._page(number, PAGE_SIZE)
            is_empty = not (page.records or page.malformed)
            if is_empty and number <= page.envelope.page_count:
                # Taken for the end, it would make every form that was not listed yet a deleted one.
                raise RetryableError(f"typeform /forms: page {number} of {page.envelope.page_count} is empty")
            yield page
            number += 1
            if is_empty or number > page.envelope.page_count:
                return

    def ids(self) -> list[str]:
        """The ids of all listed forms, sorted. One without a readable id is the forms stream's concern."""
        listed = (listed_id(record) for page in self.pages() for record in page.records)
        return sorted({form_id for form_id in listed if form_id})

    def _page(self, number: int, size: int) -> Sliced[ListEnvelope]:
        params: dict[str, Any] = {
            "page": number,
            "page_size": size,
            "sort_by": "created_at",
            "order_by": "asc",
        }
        sliced, _ = self._client.page(ListEnvelope, "items", "GET", "forms", params=params)
        return records_of(sliced, "/forms")


def listed_id(record: bytes | msgspec.Raw) -> str | None:
    """The id of a listed form, or None where there is none to read."""
    try:
        return msgspec.json.decode(record, type=_Listed).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def walk_forms(client: HttpClient, forms: FormList, window: Window) -> Iterator[Page]:
    """Every form's definition. The list says too little: the questions are in `GET /forms/{id}` only.

    The walk is complete, so forms that are no longer listed become tombstones. It is short and starts from
    the first page each time: its state holds no walk."""
    begins = True
    for page in forms.pages():
        definitions: list[bytes | msgspec.Raw] = []
        for record in page.records:
            form_id = listed_id(record)
            if form_id is None:
                definitions.append(record)  # landing says what is wrong with it
            elif (definition := _definition(client, form_id)) is not None:
                definitions.append(definition)
        yield Page(records=definitions, state={}, scope=EVERYTHING, scope_begins=begins, malformed=page.malformed)
        begins = False
    yield Page(
        records=(),
        state={"watermark": window.end.isoformat()},
        scope=EVERYTHING,
        scope_complete=True,
        complete_through=window.end,
    )


def _definition(client: HttpClient, form_id: str) -> msgspec.Raw | None:
    """The form's definition as served; None where it was deleted after it had been listed."""
    raw, reply = client.json(msgspec.Raw, "GET", f"forms/{form_id}", allow=(404,))
    return None if reply.status == 404 else raw
