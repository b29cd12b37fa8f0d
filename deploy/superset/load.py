"""Bring Superset's own database to what the files say: tables, roles, users, dashboards, rules on rows.

Runs in Superset's environment: python -m deploy.superset.load FOLDER. What stands in the folder is marked as managed
from outside; what is so marked and stands in it no longer is deleted. Charts that people made stay.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml

KINDS = ("databases", "datasets", "charts", "dashboards")


def main(folder: Path) -> None:
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        from flask_migrate import upgrade
        from superset import appbuilder, security_manager

        upgrade(directory=str(Path(sys.modules["superset"].__file__ or "").parent / "migrations"))
        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        settings = json.loads(Path(os.environ["CX_SUPERSET_SETTINGS"]).read_text())
        access = yaml.safe_load((folder / "roles.yaml").read_text())
        for role in access["roles"]:
            security_manager.add_role(role["name"])
        set_users(settings["users"])
        contents = read_assets(folder)
        import_assets(contents)
        deleted = prune({yaml.safe_load(text)["uuid"] for path, text in contents.items() if "/" in path})
        set_roles(access["roles"])
        set_row_rules(access.get("row_rules") or [])
    print(f"loaded {len(contents) - 1} files, deleted {deleted} that are gone from {folder.name}/")


def read_assets(folder: Path) -> dict[str, str]:
    """The assets by their path, as Superset's importer wants them."""
    paths = [folder / "metadata.yaml", *(path for kind in KINDS for path in sorted((folder / kind).rglob("*.yaml")))]
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def import_assets(contents: dict[str, str]) -> None:
    """Create and overwrite; a dangling reference fails, and leaves what was there."""
    from flask import g
    from superset import security_manager
    from superset.commands.exceptions import CommandInvalidError, ImportFailedError
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    g.user = security_manager.find_user("admin")
    try:
        ImportAssetsCommand(contents).run()
    except CommandInvalidError as error:  # a file that is not as Superset wants it
        raise SystemExit(f"{error}: {error.normalized_messages()}") from error
    except ImportFailedError as error:
        raise SystemExit(f"{error}: {type(error.__cause__).__name__} {error.__cause__}") from error


def prune(standing: set[str]) -> int:
    """Mark what is managed here, and delete what was and is gone from the files; returns how many were deleted."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    deleted = 0
    # in this order: what others are made of goes last
    for model in (Dashboard, Slice, SqlaTable, Database):
        for item in db.session.query(model).all():
            if str(item.uuid) in standing:
                item.is_managed_externally = True
            elif item.is_managed_externally:
                db.session.delete(item)
                deleted += 1
        db.session.commit()
    return deleted


def set_users(users: dict[str, dict[str, str]]) -> None:
    """Make the logins of the settings, or bring their passwords and roles to them."""
    from superset import security_manager
    from werkzeug.security import check_password_hash

    for name, wanted in users.items():
        role = security_manager.find_role(wanted["role"])
        user = security_manager.find_user(name)
        if user is None:
            security_manager.add_user(name, name, "CX", f"{name}@localhost", role, password=wanted["password"])
            continue
        if not check_password_hash(user.password, wanted["password"]):
            security_manager.reset_password(user.id, wanted["password"])
        if user.roles != [role]:
            user.roles = [role]
            security_manager.update_user(user)


def set_roles(roles: list[dict[str, Any]]) -> None:
    """Give each role exactly the rights of the roles it is like, its databases and its own permissions."""
    from superset import db, security_manager
    from superset.models.core import Database

    for wanted in roles:
        rights = {right for name in wanted["like"] for right in security_manager.find_role(name).permissions}
        for name in wanted["databases"]:
            database = db.session.query(Database).filter_by(database_name=name).one()
            rights.add(security_manager.add_permission_view_menu("database_access", database.perm))
        for action, view in wanted.get("permissions", []):
            found = security_manager.find_permission_view_menu(action, view)
            if found is None:
                raise SystemExit(f"roles.yaml: Superset knows no permission {action} on {view}")
            rights.add(found)
        role = security_manager.find_role(wanted["name"])
        if set(role.permissions) != rights:
            role.permissions = list(rights)
    db.session.commit()


def set_row_rules(rules: list[dict[str, Any]]) -> None:
    """Make the rules on rows those of the file; others are deleted, since a rule that nobody sees surprises.

    A rule cuts tables of the marts, whichever dataset or query of SQL Lab reads them. Superset keeps rules with
    datasets, so each such table becomes one."""
    from superset import db, security_manager
    from superset.connectors.sqla.models import RowLevelSecurityFilter
    from superset.models.core import Database

    databases = db.session.query(Database).filter(Database.is_managed_externally).all()
    standing = {rule.name: rule for rule in db.session.query(RowLevelSecurityFilter).all()}
    for wanted in rules:
        rule = standing.pop(wanted["name"], None) or RowLevelSecurityFilter(name=wanted["name"])
        rule.filter_type = "Regular"
        rule.description = wanted.get("description", "")
        rule.clause = wanted["clause"]
        rule.group_key = wanted.get("group")
        rule.roles = [security_manager.find_role(name) for name in wanted["roles"]]
        rule.tables = [physical_dataset(database, name) for database in databases for name in wanted["tables"]]
        db.session.add(rule)
    for rule in standing.values():
        db.session.delete(rule)
    db.session.commit()


def physical_dataset(database: Any, name: str) -> Any:
    """The dataset that is the table `name` of marts itself, made if it is not there."""
    from superset import db
    from superset.connectors.sqla.models import SqlaTable

    known = {"database_id": database.id, "schema": "marts", "table_name": name, "sql": None}
    found = db.session.query(SqlaTable).filter_by(**known).one_or_none()
    if found is None:
        found = SqlaTable(database=database, schema="marts", table_name=name)
        db.session.add(found)
        db.session.flush()
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
