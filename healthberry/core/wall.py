"""Whether the second wall stands: row-level security holds back no role that PostgreSQL lets through.

Superusers and roles with BYPASSRLS pass every policy, the owner of the tables could lift them, and the policy
`owner_sees_all` shows everything to the role that ran the migrations. The application's role may be none of these.
"""

from sqlalchemy import Connection, text

from healthberry.settings import TWO_ROLES, SettingsError

_ROLE = text("""
SELECT rolname, rolsuper, rolbypassrls,
    EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
            AND pg_has_role(current_user, relowner, 'MEMBER')) AS owns,
    EXISTS (SELECT FROM pg_policy, unnest(polroles) AS let WHERE polname = 'owner_sees_all'
            AND pg_has_role(current_user, let, 'MEMBER')) AS let_through,
    EXISTS (SELECT FROM pg_roles AS other WHERE other.rolname = CAST(:owner AS name)
            AND pg_has_role(current_user, other.oid, 'MEMBER')) AS is_owner
FROM pg_roles WHERE rolname = current_user
""")


def hole(application: Connection, owner: str | None = None) -> str | None:
    """Say in one sentence how the role of this connection passes the wall; None where the wall holds it back.

    `owner` is the role that owns the tables, or will own them once they are there.
    """
    role = application.execute(_ROLE, {"owner": owner}).one()
    ways = {
        "is a superuser": role.rolsuper,
        "has BYPASSRLS": role.rolbypassrls,
        "owns the tables": role.owns or role.is_owner,
        "is let through by the owner's policy": role.let_through,
    }
    way = next((way for way, found in ways.items() if found), None)
    return way and f"the application's role {role.rolname} {way}: row-level security does not hold it back"


def require(application: Connection, owner: Connection) -> None:
    """Check the two roles before the owner changes any table.

    Raises: SettingsError when the application's role would pass the wall.
    """
    found = hole(application, owner.execute(text("SELECT current_user")).scalar_one())
    if found:
        raise SettingsError([f"DATABASE_URL cannot be used: {found}. {TWO_ROLES}"])
