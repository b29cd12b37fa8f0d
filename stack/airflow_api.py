"""A client of Airflow's REST API: just what running a night needs."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import requests

from stack.errors import PortTakenError, StackError

FINISHED = frozenset({"success", "failed"})
ProgressCallback = Callable[[Mapping[str, Any], list[dict[str, Any]]], None]


class AirflowApi:
    """Airflow at `url`, as `user`. Raises StackError with Airflow's own words when it refuses."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # on this machine: neither a proxy nor .netrc has a say
        self._has_token = False

    def health(self) -> dict[str, Any]:
        """Each component's status and latest heartbeat, as Airflow sees them."""
        found: dict[str, Any] = self._call("GET", "/api/v2/monitor/health", token=False)
        return found

    def log_in(self) -> None:
        answer = self._send("POST", "/auth/token", json=self._login)
        if answer.status_code not in (200, 201):
            raise PortTakenError(f"{self.url} refuses the login of this stack: another Airflow answers there")
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._has_token = True

    def dag_ids(self) -> list[str]:
        return [dag["dag_id"] for dag in self._call("GET", "/api/v2/dags?limit=100")["dags"]]

    def import_errors(self) -> list[tuple[str, str]]:
        """(file, last line of the error) of each DAG file that does not load."""
        errors = self._call("GET", "/api/v2/importErrors?limit=100")["import_errors"]
        return [(error["filename"], error["stack_trace"].strip().splitlines()[-1]) for error in errors]

    def wait_for_dags(self, dag_ids: Iterable[str], *, timeout_seconds: float = 90.0) -> None:
        """Wait until the DAG processor has read these DAGs; a DAG file that does not load ends the wait."""
        wanted = set(dag_ids)
        deadline = time.monotonic() + timeout_seconds
        while missing := wanted - set(self.dag_ids()):
            if broken := self.import_errors():
                told = "; ".join(f"{file}: {line}" for file, line in broken)
                raise StackError(f"a DAG file does not load: {told}")
            if time.monotonic() > deadline:
                raise StackError(f"Airflow does not know the DAG {', '.join(sorted(missing))}")
            time.sleep(0.5)

    def trigger(self, dag_id: str, conf: Mapping[str, Any], *, run_id: str | None = None) -> str:
        """Start a run of the DAG.

        Returns its run id. It carries no date of Airflow's: `as_of` is in `conf`.
        """
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf)}
        if run_id:
            body["dag_run_id"] = run_id
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return found

    def runs_since(self, since: datetime) -> list[dict[str, Any]]:
        """All DAG runs queued at `since` or later, of every DAG."""
        parameters = {"queued_at_gte": since.isoformat(), "limit": 100}
        found: list[dict[str, Any]] = self._call("GET", "/api/v2/dags/~/dagRuns", params=parameters)["dag_runs"]
        return found

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100"
        found: list[dict[str, Any]] = self._call("GET", path)["task_instances"]
        return found

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """What a task returned."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._call("GET", path)["value"]

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout_seconds: float,
        on_progress: ProgressCallback | None = None,
        poll_seconds: float = 1.0,
    ) -> dict[str, Any]:
        """Wait for the run to finish; `on_progress` gets the run and its task instances at each poll."""
        deadline = time.monotonic() + timeout_seconds
        while True:
            run = self.run(dag_id, run_id)
            if on_progress is not None:
                on_progress(run, self.task_instances(dag_id, run_id))
            if run["state"] in FINISHED:
                return run
            if time.monotonic() > deadline:
                raise StackError(f"the run {run_id} of {dag_id} is still {run['state']} after {timeout_seconds:.0f} s")
            time.sleep(poll_seconds)

    def set_connections(self, connections: Mapping[str, Mapping[str, Any]]) -> None:
        """Create or replace connections, by id.

        Fields: conn_type, host, port, schema, login, password, extra.
        """
        entities = [{"connection_id": name, **fields} for name, fields in connections.items()]
        self._replace("connections", entities)

    def remove_connections(self, *names: str) -> None:
        """Delete connections, as far as they are there."""
        action = {"action": "delete", "action_on_non_existence": "skip", "entities": list(names)}
        self._call("PATCH", "/api/v2/connections", json={"actions": [action]})

    def connection_hosts(self) -> dict[str, str | None]:
        """The host of each connection, by id."""
        found = self._call("GET", "/api/v2/connections?limit=100")["connections"]
        return {each["connection_id"]: each.get("host") for each in found}

    def set_pools(self, pools: Mapping[str, int]) -> None:
        """Create or replace pools: name to number of slots."""
        self._replace("pools", [{"name": name, "slots": slots} for name, slots in pools.items()])

    def set_variables(self, variables: Mapping[str, str]) -> None:
        """Create or replace Airflow variables."""
        self._replace("variables", [{"key": key, "value": value} for key, value in variables.items()])

    def _replace(self, kind: str, entities: list[dict[str, Any]]) -> None:
        if not entities:
            return
        action = {"action": "create", "action_on_existence": "overwrite", "entities": entities}
        answer = self._call("PATCH", f"/api/v2/{kind}", json={"actions": [action]})
        if errors := (answer.get("create") or {}).get("errors"):
            raise StackError(f"Airflow refuses {kind}: {errors[0].get('error', errors[0])}")

    def _call(self, method: str, path: str, *, token: bool = True, **arguments: Any) -> Any:
        if token and not self._has_token:
            self.log_in()
        answer = self._send(method, path, **arguments)
        if answer.status_code == 401 and token:  # tokens live a day; a stack may live longer
            self.log_in()
            answer = self._send(method, path, **arguments)
        if not answer.ok:
            try:
                detail = answer.json()["detail"]
            except (ValueError, KeyError, TypeError):
                detail = answer.reason
            raise StackError(f"Airflow answers {answer.status_code} to {method} {path}: {detail}")
        return answer.json()

    def _send(self, method: str, path: str, **arguments: Any) -> requests.Response:
        try:
            return self._session.request(method, self.url + path, timeout=30, **arguments)
        except requests.RequestException as error:
            raise StackError(f"Airflow does not answer at {self.url} ({type(error).__name__})") from error
