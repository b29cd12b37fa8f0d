"""Erasure of a person from everything that the warehouse keeps (docs/erasure.md)."""

from cx_warehouse.privacy.erase import Erasure, erase_due, preview, request
from cx_warehouse.privacy.subject import EmployeeError, NobodyFoundError, SharedIdError, Subject

__all__ = [
    "EmployeeError",
    "Erasure",
    "NobodyFoundError",
    "SharedIdError",
    "Subject",
    "erase_due",
    "preview",
    "request",
]
