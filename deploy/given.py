"""What a container was given: secrets as files, a folder in memory, a volume, and this release of the repository."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from stack.errors import StackError
from stack.paths import ROOT

SECRETS = Path("/run/secrets")
# In memory: Airflow's and Superset's configurations hold secrets.
CONFIGURATION = Path("/run/cx")
# A volume: logs, data docs, dbt docs.
DATA = Path("/var/lib/cx")


def secret(name: str) -> str:
    """The secret of that name. Raises StackError when this container has none."""
    try:
        value = (SECRETS / name).read_text().strip()
    except OSError:
        raise StackError(f"this container was not given the secret {name}: see docker-compose.yml") from None
    if not value:
        raise StackError(f"CX_SECRET_{name.upper()} is empty in .env: `make secrets` writes it")
    return value


def release(patterns: Iterable[str], secrets: Mapping[str, str]) -> str:
    """Tells these files with these secrets from any others. Secrets are 256 random bits: a hash gives none away."""
    told = hashlib.sha256(json.dumps(secrets, sort_keys=True).encode())
    for path in sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()):
        told.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return f"set up {told.hexdigest()}"
