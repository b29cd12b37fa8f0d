"""The most memory that a process held. Standard library only: every contender's environment imports it."""

import sys
from pathlib import Path


def peak_memory_mb() -> float:
    """In MB. VmHWM where there is one: getrusage's figure of a started process counts the one that started it."""
    try:
        return round(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024, 1)
    except (OSError, IndexError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / (2**20 if sys.platform == "darwin" else 2**10), 1)
