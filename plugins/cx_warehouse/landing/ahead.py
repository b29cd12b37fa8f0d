"""Fetching and decoding the next page while the current one is landed."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any

from cx_warehouse.landing.pages import PreparedPage

SWITCH_SECONDS = 0.0005


def ahead(pages: Iterator[PreparedPage]) -> Generator[PreparedPage, None, None]:
    """Fetch and decode the next page while the current one is landed: a page that lands waits for Postgres, most of the
    time. At most one page waits, so memory stays at three pages."""
    handed: queue.Queue[Any] = queue.Queue(maxsize=1)
    stopped = threading.Event()
    end = object()

    def put(item: Any) -> bool:
        while not stopped.is_set():
            try:
                handed.put(item, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def fetch() -> None:
        try:
            for page in pages:
                if not put(page):
                    return
        except BaseException as error:  # handed to the consumer, who raises it
            put(error)
        else:
            put(end)

    thread = threading.Thread(target=fetch, name="fetch-ahead", daemon=True)
    # Decoding holds the interpreter for up to the switch interval each time; at the default of 5 ms Postgres would run
    # out of rows while the thread that feeds it waits for its turn.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(min(interval, SWITCH_SECONDS))
    thread.start()
    try:
        while (item := handed.get()) is not end:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join(timeout=5)
        sys.setswitchinterval(interval)
