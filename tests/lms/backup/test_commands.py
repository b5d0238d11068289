"""What was saved comes back: on SQLite and on PostgreSQL, by the commands an operator types."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.services import ROOT


class Site:
    """A data folder and a database of its own, worked on from outside."""

    def __init__(self, data_dir: Path, database_url: str | None = None) -> None:
        self.data_dir, self.database_url = data_dir, database_url
        removed = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "ATTUNE_SECRET_KEY")
        self.environment = {k: v for k, v in os.environ.items() if k not in removed}
        self.environment |= {"ATTUNE_DATA_DIR": str(data_dir), "ATTUNE_TESTING": "1"}
        if database_url:
            self.environment["DATABASE_URL"] = database_url

    def manage(self, *arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, str(ROOT / "manage.py"), *map(str, arguments)]
        return subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True)

    def done(self, *arguments: object) -> str:
        ran = self.manage(*arguments)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def sql(self, statement: str) -> list[tuple]:
        if self.database_url:
            with psycopg.connect(self.database_url, autocommit=True) as connection:
                answer = connection.execute(statement)
                return answer.fetchall() if answer.description else []
        with contextlib.closing(sqlite3.connect(self.data_dir / "attune.sqlite3")) as connection, connection:
            return connection.execute(statement).fetchall()

    def content(self) -> dict[str, list]:
        """What a person would miss."""
        return {
            table: self.sql(f"SELECT * FROM {table} ORDER BY id")
            for table in ("accounts_user", "courses_course", "courses_lesson", "courses_block", "emotion_modelversion")
        }

    def put_file(self, name: str, text: str) -> None:
        path = self.data_dir / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def files(self) -> dict[str, str]:
        root = self.data_dir / "files"
        return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(params=["sqlite", "postgresql"])
def make_site(request, tmp_path):
    """make_site(name) -> a Site on an empty database."""
    base = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = []

    def make(name: str) -> Site:
        url = None
        if base:
            with psycopg.connect(base, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE backup_{name}")
            made.append(f"backup_{name}")
            url = urlsplit(base)._replace(path=f"/backup_{name}").geturl()
        return Site(tmp_path / name, url)

    yield make
    if base:
        with psycopg.connect(base, autocommit=True) as connection:
            for name in made:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_site_comes_back(make_site, tmp_path):
    site = make_site("old")
    site.done("prepare_demo", "--bare")
    site.put_file("courses/1/notes.txt", "as it was")
    before, key = site.content(), (site.data_dir / "secret_key").read_text()
    assert before["courses_course"]
    saved = json.loads(site.done("backup", tmp_path, "--json"))
    archive = Path(saved["path"])
    assert archive.parent == tmp_path and saved["bytes"] == archive.stat().st_size

    # On a new machine, whose first start has made a key of its own.
    other = make_site("new")
    told = other.done("restore", archive)
    assert "Restored the backup of" in told
    assert f"There is no {other.data_dir / 'erasures.jsonl'}, so nobody was erased again" in told
    assert other.content() == before
    assert other.files() == {"courses/1/notes.txt": "as it was"}
    assert (other.data_dir / "secret_key").read_text() == key
    assert not list(other.data_dir.glob(".restore-*"))

    # In the place of a site that went wrong since.
    site.sql("UPDATE courses_course SET title = 'Spoilt'")
    site.sql("CREATE TABLE later (user_id bigint REFERENCES accounts_user (id))")
    site.put_file("courses/1/notes.txt", "spoilt")
    site.put_file("courses/1/later.txt", "not saved")
    site.done("shell", "-c", "from accounts import audit; audit.record(action='retention')")
    site.done("note_audit_log")
    refused = site.manage("restore", archive)
    assert refused.returncode == 2
    assert refused.stderr.strip() == (
        "CommandError: The database here is not empty; --force replaces it, and all files, by the backup's."
    )
    assert site.sql("SELECT count(*) FROM courses_course WHERE title = 'Spoilt'") != [(0,)]
    site.done("restore", archive, "--force")
    assert site.content() == before
    assert site.files() == {"courses/1/notes.txt": "as it was"}
    site.done("verify_audit_log")  # its end was noted beyond the backup

    # A damaged one changes nothing, whatever is asked for.
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    refused = site.manage("restore", archive, "--force")
    assert refused.returncode == 2 and "is damaged" in refused.stderr and len(refused.stderr.splitlines()) == 1
    assert site.content() == before and site.files()


def test_another_kind_of_database_is_refused(make_site, tmp_path):
    site = make_site("kind")
    site.done("migrate")
    archive = json.loads(site.done("backup", tmp_path, "--json"))["path"]
    here = "postgresql" if site.database_url else "sqlite"
    elsewhere = Site(tmp_path / "elsewhere", None if site.database_url else "postgres://nobody@127.0.0.1:1/none")
    refused = elsewhere.manage("restore", archive, "--force")
    assert refused.returncode == 2 and f"holds a database of {here}" in refused.stderr


def test_what_cannot_be_saved_is_one_sentence(tmp_path):
    site = Site(tmp_path / "none")
    refused = site.manage("backup", tmp_path / "nowhere")
    assert refused.returncode == 2 and refused.stderr.strip().endswith("nowhere is not a folder.")
    refused = site.manage("backup", tmp_path)
    assert refused.returncode == 1 and refused.stderr.startswith("CommandError: There is no database to save here")
    assert not list(tmp_path.glob("*.tar.gz"))


MAKE_GONE = "from accounts.models import User; User.objects.create_user('gone@example.org', 'a-long-password')"
ERASE_GONE = (
    "from accounts import personal_data; from accounts.models import User; "
    "personal_data.erase_all(User.objects.get(email='gone@example.org'))"
)


def test_on_a_new_machine_too_the_erased_stay_erased(make_site, tmp_path):
    """Its first start makes a key of its own, under which no erasure of the former one is found."""
    old, new = make_site("was"), make_site("is")
    old.done("migrate")
    old.done("shell", "-c", MAKE_GONE)
    archive = json.loads(old.done("backup", tmp_path, "--json"))["path"]
    old.done("shell", "-c", ERASE_GONE)
    note = (old.data_dir / "erasures.jsonl").read_text()

    new.data_dir.mkdir()
    (new.data_dir / "erasures.jsonl").write_text(note)
    told = new.done("restore", archive)
    assert "1 account that was erased since had come back with it, and is erased again." in told
    assert new.sql("SELECT email FROM accounts_user") == []

    # A note that cannot be read is said, and what was left undone is done by hand.
    (new.data_dir / "secret_key").write_text("another key, as a first start makes it: 0123456789")
    (new.data_dir / "erasures.jsonl").write_text(f"{note}nonsense\n")
    failed = new.manage("restore", archive, "--force")
    assert failed.returncode == 1 and "Line 2 of" in failed.stderr and "run finish_restore" in failed.stderr
    assert len(failed.stderr.splitlines()) == 1
    (new.data_dir / "erasures.jsonl").write_text(note)
    assert new.done("finish_restore") == "1 accounts were erased again.\n"
    assert new.sql("SELECT email FROM accounts_user") == []
