"""A loopback server of ready-made ticket pages, in a process of its own: the same for every contender.

It speaks as much of Zendesk's cursor export as they need: `per_page`, `cursor`, `after_cursor`, `end_of_stream`, and
an `after_url` that is null on the last page."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks.loading.records import stride
from stack.paths import ROOT

PATH = "/api/v2/incremental/tickets/cursor.json"


@contextmanager
def serving(records: Path) -> Iterator[str]:
    """Serve the records of a file; yields the base address. The server ends with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.loading.page_server", str(records)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the page server did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.stdin.close()  # it ends when its input does, so it cannot outlive this process
        process.wait(timeout=10)
        process.stdout.close()


def page_parts(position: int, per_page: int, count: int, base_url: str) -> tuple[bytes, int, int, bytes]:
    """The page from record `position` on: what stands before the records, their first and last + 1, and after them."""
    end = min(position + per_page, count)
    last = end >= count
    after_url = "null" if last else f'"{base_url}{PATH}?per_page={per_page}&cursor={end}"'
    tail = f'],"after_url":{after_url},"after_cursor":"{end}","end_of_stream":{"true" if last else "false"}}}'
    return b'{"tickets":[', position, end, tail.encode()


def _answer(connection: socket.socket, file: int, count: int, base_url: str, query: str) -> None:
    asked = {name: values[0] for name, values in parse_qs(query).items()}
    per_page = int(asked.get("per_page", "1000"))
    head, start, end, tail = page_parts(int(asked.get("cursor", "0")), per_page, count, base_url)
    length = max(0, (end - start) * stride() - 1)
    lines = (
        "HTTP/1.1 200 OK",
        "Content-Type: application/json",
        f"Content-Length: {len(head) + length + len(tail)}",
        "",
        "",
    )
    connection.sendall("\r\n".join(lines).encode() + head, socket.MSG_MORE if hasattr(socket, "MSG_MORE") else 0)
    offset, left = start * stride(), length
    while left:
        sent = os.sendfile(connection.fileno(), file, offset, left)
        offset, left = offset + sent, left - sent
    connection.sendall(tail)


def _converse(connection: socket.socket, file: int, count: int, base_url: str) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in received:
                more = connection.recv(65_536)
                if not more:
                    return
                received += more
            request, _, received = received.partition(b"\r\n\r\n")
            target = urlsplit(request.split(b" ", 2)[1].decode())
            if target.path.rstrip("/") == PATH:
                _answer(connection, file, count, base_url, target.query)
            else:
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def main() -> None:
    """Serve until standard input ends; the port is the first line printed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("records", type=Path)
    records: Path = parser.parse_args().records
    file = os.open(records, os.O_RDONLY)
    count = os.fstat(file).st_size // stride()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(
                target=_converse, args=(connection, file, count, f"http://127.0.0.1:{port}"), daemon=True
            ).start()

    threading.Thread(target=accept, daemon=True).start()
    print(port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
