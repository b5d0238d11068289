"""On PostgreSQL, what the search finds words by, kept beside each row by the database itself (courses/search)."""

from django.db import migrations

# A passage's words beyond this many characters are not found: a vector ends at a megabyte, and saving must not fail.
LONGEST = 100_000
COLUMNS = {
    "courses_course": ("title", "summary"),
    "courses_lesson": ("title", "summary"),
    "courses_block": ("title", "body"),
    "courses_thread": ("title", None),
    "courses_post": (None, "body"),
}


def _vector(title: str | None, text: str | None) -> str:
    parts = [(title, "A"), (text, "B")]
    return " || ".join(
        f"setweight(to_tsvector('english', left(coalesce({field}, ''), {LONGEST})), '{weight}')"
        for field, weight in parts
        if field
    )


def add(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, fields in COLUMNS.items():
        schema_editor.execute(
            f"ALTER TABLE {table} ADD COLUMN search_vector tsvector GENERATED ALWAYS AS ({_vector(*fields)}) STORED"
        )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in COLUMNS:
        schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN search_vector")


class Migration(migrations.Migration):
    dependencies = [("courses", "0008_learning_events")]

    operations = [migrations.RunPython(add, remove)]
