"""What dbt calls `adapter`, as far as sqlfluff needs it: `dispatch` finds the Postgres flavour of a macro."""

from collections.abc import Callable
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, name: str, macro_namespace: str | None = None) -> Callable[..., Any]:
    """The macro `postgres__<name>`, or `default__<name>`."""
    found = context.get(f"postgres__{name}") or context.get(f"default__{name}")
    if found is None:
        raise LookupError(f"there is no macro postgres__{name} or default__{name}")
    return found


def quote(identifier: str) -> str:
    """The identifier in Postgres' quotes."""
    return '"' + identifier.replace('"', '""') + '"'
