"""How the embedded Postgres is sized."""

from __future__ import annotations

import pytest

from stack.cluster import sized_for

GIB = 2**30


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [(GIB // 2, "128MB"), (4 * GIB, "512MB"), (8 * GIB, "1024MB"), (256 * GIB, "2048MB")],
)
def test_postgres_takes_an_eighth_of_the_memory_within_bounds(memory: int, buffers: str) -> None:
    assert sized_for(memory)["shared_buffers"] == buffers
