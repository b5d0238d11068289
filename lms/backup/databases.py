"""A database as one file, and back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from django.db import connection
from psycopg.conninfo import make_conninfo


class DatabaseFailed(Exception):
    """One sentence: what could not be saved or restored."""


def dump(target: Path) -> None:
    """Write the database as it is at one moment into `target`, while others go on using it. Raises DatabaseFailed."""
    if connection.vendor == "sqlite":
        with contextlib.closing(_sqlite(_sqlite_file())) as source, contextlib.closing(_sqlite(target)) as copy:
            _copy_sqlite(source, copy)
    else:
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", *_address())


def load(source: Path) -> None:
    """Put what `dump` wrote in the place of everything in the database; all of it or nothing. Raises DatabaseFailed."""
    if connection.vendor == "sqlite":
        connection.close()
        with contextlib.closing(_sqlite(source)) as saved, contextlib.closing(_sqlite(_sqlite_file())) as present:
            _copy_sqlite(saved, present)
        return
    script = source.with_suffix(".sql")
    _run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(source))
    connection.close()
    emptied = ["-c", "DROP SCHEMA public CASCADE", "-c", "CREATE SCHEMA public"]
    _run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", *emptied, "-f", str(script), *_address())


def is_empty() -> bool:
    """Without a single table. A database file that is not there yet is not made by asking."""
    if connection.vendor == "sqlite" and not _sqlite_file().exists():
        return True
    return not connection.introspection.table_names()


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _sqlite(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=20)


def _copy_sqlite(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    try:
        source.backup(target)
    except sqlite3.Error as error:
        raise DatabaseFailed(f"SQLite could not copy the database: {error}.") from None


def _address() -> list[str]:
    """Without the password: that goes by the environment, where other people's `ps` does not show it."""
    chosen = connection.settings_dict
    options = {k: str(v) for k, v in chosen["OPTIONS"].items() if isinstance(v, str | int)}
    return [f"--dbname={make_conninfo('', dbname=chosen['NAME'], **options)}"]


def _run(program: str, *arguments: str) -> None:
    chosen = connection.settings_dict
    given = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD"}
    environment = os.environ | {name: str(chosen[key]) for name, key in given.items() if chosen[key]}
    ran = subprocess.run([_find(program), *arguments], env=environment, capture_output=True, text=True)
    if ran.returncode:
        reason = (ran.stderr.strip().splitlines() or ["it gave no reason"])[0]
        raise DatabaseFailed(f"{program} failed: {reason.removesuffix('.')}.")


def _find(program: str) -> str:
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[-3]))
    found = (newest and str(newest[-1])) or shutil.which(program)
    if not found:
        raise DatabaseFailed(f"{program} was not found; install PostgreSQL's client (Debian: postgresql-client).")
    return found
