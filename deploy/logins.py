"""Make Airflow's three first logins, or bring their passwords and roles to the secrets; other people's stay.

A run of its own, by the service `init`: python -m deploy.logins
"""

from deploy.given import secret

# login → its role in Airflow, and the secret that is its password
LOGINS = {
    "admin": ("Admin", "admin_password"),
    "operator": ("Op", "operator_password"),
    "viewer": ("Viewer", "viewer_password"),
}


def main() -> None:
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    with get_application_builder() as builder:
        security = builder.sm
        security.sync_roles()
        for name, (role_name, password) in LOGINS.items():
            role = security.find_role(role_name)
            user = security.find_user(username=name)
            if user is None:
                security.add_user(name, name, "CX", f"{name}@localhost", role, password=secret(password))
                continue
            security.reset_password(user.id, secret(password))
            if user.roles != [role]:
                user.roles = [role]
                security.update_user(user)


if __name__ == "__main__":
    main()
