"""An upgrade keeps what people have: a database of the first published code comes to the present with all its rows."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.factories import PASSWORD
from tests.services import ROOT

FIRST = ROOT / "tests" / "lms" / "fixtures" / "released_2026_11_24.sql"
# What Django itself keeps about migrations and their models, and makes anew.
DJANGOS_OWN = {"django_migrations", "django_content_type", "auth_permission", "sqlite_sequence"}
LOOK = f"""
from accounts.models import User
from courses.models import Enrollment, Lesson
from emotion.models import Consent, LessonSession
alice = User.objects.get(email="alice@example.org")
assert alice.check_password("{PASSWORD}")
course = Enrollment.objects.active().students().get(user=alice).course
lesson = Lesson.objects.visible_to(alice).first()
session = LessonSession.objects.visible_to(alice).get()
print(alice.display_name, course.title, lesson.title, session.readings.get().happiness,
      Consent.objects.in_force().get(user=alice).share_with_instructor, sep="|")
"""


def rows_of(database, table: str) -> list[dict]:
    database.row_factory = sqlite3.Row
    return [dict(row) for row in database.execute(f'SELECT * FROM "{table}"')]


def tables_of(database) -> list[str]:
    return [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory):
    """(rows of the first code's database by table, the folder where `migrate` has been over it)"""
    folder = tmp_path_factory.mktemp("upgraded")
    with closing(sqlite3.connect(folder / "attune.sqlite3")) as database:
        database.executescript(FIRST.read_text())
        before = {table: rows_of(database, table) for table in tables_of(database) if table not in DJANGOS_OWN}
    manage(folder, "migrate", "-v0")
    return before, folder


def manage(folder, *command: str) -> str:
    # Without ATTUNE_TESTING, whose fast hashing would not know the passwords.
    unset = ("DATABASE_URL", "REDIS_URL", "ATTUNE_TESTING")
    environment = {key: value for key, value in os.environ.items() if key not in unset}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *command],
        env=environment | {"ATTUNE_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_row_is_there_with_what_it_said(upgraded):
    before, folder = upgraded
    assert sum(map(len, before.values())) > 40
    with closing(sqlite3.connect(folder / "attune.sqlite3")) as database:
        assert {table for table, rows in before.items() if rows} <= set(tables_of(database))
        for table, rows in before.items():
            now = rows_of(database, table) if rows else []
            columns = set(rows[0]) & set(now[0]) if rows else set()
            # A column may be renamed or split by a migration, which then has to be named here.
            assert not rows or columns == set(rows[0]), (table, set(rows[0]) - columns)
            for row in rows:
                assert any(row.items() <= each.items() for each in now), (table, row)


def test_its_people_have_their_passwords_and_find_what_is_theirs(upgraded):
    _, folder = upgraded
    assert manage(folder, "shell", "-v0", "-c", LOOK).strip() == "Alice|Calm Statistics|Lesson 1.1|0.79|True"


def test_its_audit_log_is_whole(upgraded):
    _, folder = upgraded
    manage(folder, "verify_audit_log")
