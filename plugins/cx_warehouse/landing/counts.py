"""What landing counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counts:
    """What pages came to. records = served; tombstones count as inserted and deleted without having been served."""

    pages: int = 0
    records: int = 0
    inserted: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    fresh: int = 0  # of the inserted: keys that were never seen before
    erased: int = 0  # served, and dropped: about a person who was erased

    @property
    def changed(self) -> int:
        """New versions of known keys, other than deletions."""
        return self.inserted - self.fresh - self.deleted

    def add(self, more: Counts) -> None:
        """Add another page's."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(more, name))
