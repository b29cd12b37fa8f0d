"""In a container: show what an erasure would remove, and put it on the list. The id comes from standard input.

docker compose run --rm -T init python -m deploy.erase --by "Anna Nowak, privacy" <id.txt
"""

import sys

import click
import psycopg
from rich.console import Console

from cx_warehouse import privacy
from cx_warehouse.connectors.errors import CxError
from deploy.given import secret
from deploy.services import WAREHOUSE_SECRETS, dsn
from stack.erase import show
from stack.errors import StackError
from stack.local import WAREHOUSE

ROLE = "cx_eraser"


@click.command()
@click.option("--by", required=True, help="Who is responsible: stands in the certificate.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
def main(by: str, dry_run: bool) -> None:
    """Read one id from standard input: an argument would be seen by everybody on the machine."""
    console = Console(width=140, highlight=False)
    password = secret(next(name for name, role in WAREHOUSE_SECRETS.items() if role == ROLE))
    warehouse, text = dsn(WAREHOUSE, ROLE, password), sys.stdin.readline()
    subject, counts = privacy.preview(warehouse, text)
    show(console, counts)
    console.print(f"one customer of {len(subject.identities)} records")
    if dry_run:
        console.print("nothing was changed")
        return
    console.print(f"erasure {privacy.request(warehouse, text, by)} is on the list; the DAG erase does it")


if __name__ == "__main__":
    try:
        main()
    except (StackError, CxError) as problem:
        sys.exit(f"error: {' '.join(str(problem).split())}")
    except psycopg.Error as problem:  # its detail may quote whom it is about
        sys.exit(f"error: {problem.diag.message_primary or type(problem).__name__}")
