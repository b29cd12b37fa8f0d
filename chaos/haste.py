"""Time in the runs goes faster: a minute of waiting takes three seconds. Imported before everything that tells time.

Only how long is waited differs from a real night; the work, the network and the database take the time they take."""

from __future__ import annotations

import time

SPEED = 20
_sleep, _monotonic, _began = time.sleep, time.monotonic, time.monotonic()


def _fast_sleep(seconds: float) -> None:
    _sleep(seconds / SPEED)


def _fast_monotonic() -> float:
    return _began + (_monotonic() - _began) * SPEED


def make_haste() -> None:
    """From now on."""
    time.sleep, time.monotonic = _fast_sleep, _fast_monotonic


make_haste()
