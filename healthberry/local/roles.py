"""A real PostgreSQL of which only one role is known: `make run` makes the application's own role in it.

The role that was given then owns the tables; what serves people uses the other, which row-level security holds back.
"""

import secrets
from pathlib import Path
from typing import LiteralString
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from healthberry.local import keys
from healthberry.setting_values import postgres_url
from healthberry.settings import TWO_ROLES, SettingsError

# A name that nobody else has: another checkout on the same server must not change this one's password.
_MADE = {
    "ROLE": lambda: f"healthberry_app_{secrets.token_hex(4)}",
    "PASSWORD": lambda: secrets.token_urlsafe(24),
}
_REFUSED = "DATABASE_URL came without DATABASE_OWNER_URL, and its role may not make another one for the application. "


def apart(url: str, folder: Path) -> dict[str, str]:
    """Make the application's role in the database that `url` leads to, or find it there; give both addresses.

    Its name and password are made up once and kept in `folder/database.env`, which only its owner reads.

    Raises: SettingsError when the role in `url` may not make roles; RuntimeError when the server does not answer.
    """
    owner = postgres_url(url)
    try:
        with psycopg.connect(owner, autocommit=True, connect_timeout=10) as connection:
            if not _may_make_roles(connection):
                raise SettingsError([_REFUSED + TWO_ROLES])
            made = keys.kept(folder / "database.env", _MADE)
            _ensure(connection, made["ROLE"], made["PASSWORD"])
        application = as_role(owner, made["ROLE"], made["PASSWORD"])
        psycopg.connect(application, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        raise RuntimeError(f"the database of DATABASE_URL does not let us in: {error}") from error
    return {"DATABASE_URL": application, "DATABASE_OWNER_URL": owner}


def as_role(url: str, role: str, password: str) -> str:
    """Write the address of the same database for another role."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    others = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("user", "password", "passfile")]
    netloc = f"{quote(role, safe='')}:{quote(password, safe='')}@{place}"
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(others, quote_via=quote)))


def _may_make_roles(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def _ensure(connection: psycopg.Connection, role: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    # Only superusers may say again what a role is not; that it is none of these, the upgrade checks.
    rights: LiteralString = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
    start: LiteralString = "ALTER ROLE {} LOGIN" if known else "CREATE ROLE {} LOGIN " + rights
    # Sealed before it is sent: statements end up in servers' logs.
    sealed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL(start + " PASSWORD {}").format(sql.Identifier(role), sql.Literal(sealed)))
