"""The warehouse database: its operational tables and roles, made ready by one idempotent call."""

from cx_warehouse.database.bootstrap import bootstrap

__all__ = ["bootstrap"]
