"""Who is who, in the summary: how many records became how many customers, and how right that is where it is known."""

from collections.abc import Mapping
from typing import Any

import psycopg
from rich.console import Console

from sandbox.control import Control
from sandbox.errors import SandboxError
from stack.tables import new_table

Connection = psycopg.Connection[dict[str, Any]]


def show_customers(console: Console, connection: Connection, control: Control | None) -> None:
    """Print the published customers; with the sandbox's `control`, how they compare with its persons."""
    table = new_table("Customers", "source", "records", "linked")
    bridge = connection.execute("select identity_key, customer_key, source, rule from marts.bridge_customer_identities")
    found: dict[str, str] = {}
    counts: dict[str, list[int]] = {}
    for row in bridge:
        found[row["identity_key"]] = row["customer_key"]
        count = counts.setdefault(row["source"], [0, 0])
        count[0] += 1
        count[1] += row["rule"] not in ("alone", "oldest")
    for source, (records, linked) in sorted(counts.items()):
        table.add_row(source, f"{records:,}", f"{linked:,}")
    console.print(table)
    other = connection.execute(
        """select (select count(*) from marts.dim_customers) as customers,
                  (select count(*) from marts.dim_accounts) as accounts,
                  (select count(*) from marts.mart_customer__identity_review) as cases,
                  (select count(*) from marts.customer_key_redirects) as redirects"""
    ).fetchone()
    assert other is not None
    console.print(
        f"{other['customers']:,} customers of {other['accounts']:,} accounts; {other['redirects']:,} former keys are"
        f" redirected; {other['cases']:,} cases to decide (mart_customer__identity_review)"
    )
    judged = _judge(control, found)
    if judged is not None:
        console.print(_verdict(judged))


def _judge(control: Control | None, found: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What the sandbox says of the partition; None where it is not there, or serves files of which it knows no
    truth."""
    if control is None or not found:
        return None
    try:
        judged: Mapping[str, Any] = control.truth(found)["who"]
        return judged
    except SandboxError:
        return None


def _verdict(judged: Mapping[str, Any]) -> str:
    return (
        f"beside the made company's {judged['pairs_true']:,} true pairs of records: precision"
        f" {_share(judged['precision'])} (strangers taken for one: {judged['pairs_found'] - judged['pairs_right']:,}"
        f" pairs), recall {_share(judged['recall'])}, largest customer {judged['largest_cluster']} records"
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
