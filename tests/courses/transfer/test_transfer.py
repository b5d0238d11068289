"""A course leaves as a zip and comes in again; what is no course leaves nothing behind."""

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from pytest_django.asserts import assertContains

from courses import assets
from courses.gradebook import sources
from courses.gradebook.selectors import categories_of
from courses.models import (
    Asset,
    Assignment,
    Block,
    CertificateRule,
    Course,
    Criterion,
    Enrollment,
    GradebookRule,
    Lesson,
    QuestionPool,
    QuizDraw,
)
from courses.transfer import archive, services
from courses.transfer.fields import NotACourse
from tests.factories import enroll, make_course, make_instructor, make_lesson, make_quiz, make_user

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture
def course(ines) -> Course:
    """Every kind of block, with what lies beside it."""
    course = make_course("Bröt", modules=2, lessons=2, instructor=ines, description="# x\r\n😀 \u2028 </script>")
    lesson = make_lesson(module=course.modules.last(), position=3, blocks=1, edition=4, minutes=7, status="draft")

    def keep(name, content, use):
        return assets.keep(course=course, upload=ContentFile(content, name=name), use=use)

    def block(kind, **extra):
        return Block.objects.create(lesson=lesson, kind=kind, title=kind, position=lesson.blocks.count() + 1, **extra)

    block("image", asset=keep("a ä.png", PNG, "image"), alt_text="A “loaf”")
    captions = keep("c.vtt", b"WEBVTT\n", "captions")
    block(
        "video", asset=keep("v.mp4", b"\0\0\0\x18ftypmp42", "video"), captions=captions, rule="watched", rule_value=80
    )
    block("video", address="https://youtu.be/dQw4w9WgXcQ", rule="seen", rule_value=5)
    block("file", asset=keep("again.png", PNG, "file"))
    block("embed", address="https://phet.colorado.edu/x")
    block("reflection", body="Why?", rule="submitted")
    quiz = make_quiz(
        lesson=lesson, minutes=9, attempt_limit=2, shuffle_choices=True, opens_at=datetime(2026, 1, 2, tzinfo=UTC)
    )
    quiz.questions.create(kind="numeric", prompt="Pi", number=3.14159, tolerance=0.1, position=9)
    pool = QuestionPool.objects.create(course=course, title="Pool")
    pool.questions.create(kind="text", prompt="Say", accepted="a\nb").choices.create(text="odd", match="pair")
    QuizDraw.objects.create(quiz=quiz, pool=pool, count=1, points=3)
    work = Assignment.objects.create(block=block("assignment"), due_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC), points=7)
    Criterion.objects.create(assignment=work, title="Crust", levels=[{"points": 1.5, "words": "Crisp"}])
    first = course.modules.first().lessons.first()
    lesson.prerequisites.set([first, course.modules.first().lessons.last()])
    course.modules.last().prerequisites.set([first])
    GradebookRule.objects.create(course=course, missing_is_zero=True)
    tests, hand_ins = (course.grade_categories.create(name=n, weight=w) for n, w in (("Tests", 30), ("Hand-ins", 70)))
    tests.placements.create(course=course, key=f"quiz-{quiz.pk}")
    hand_ins.placements.create(course=course, key=f"assignment-{work.pk}")
    CertificateRule.objects.create(course=course, is_on=True, lowest_percent=60, signatory="The school")
    return course


def zipped(course) -> io.BytesIO:
    file = io.BytesIO()
    services.export_course(course=course, to=file)
    file.seek(0)
    return file


def content(file) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def make_zip(entries: dict[str, bytes | str]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in entries.items():
            opened.writestr(name, data)
    file.seek(0)
    return file


def changed(course, change) -> io.BytesIO:
    entries = content(zipped(course))
    document = json.loads(entries["course.json"])
    change(document)
    return make_zip({**entries, "course.json": json.dumps(document)})


def test_a_course_that_left_and_came_back_is_the_same(course):
    bob = make_instructor("bob")
    imported = services.import_course(teacher=bob, file=zipped(course)).course
    assert content(zipped(imported)) == content(zipped(course))
    assert (imported.status, imported.slug != course.slug) == ("draft", True)
    assert list(imported.enrollments.values_list("user__display_name", "role")) == [("Bob", "instructor")]
    assert {b.kind for b in Block.objects.filter(lesson__module__course=imported)} == set(Block.Kind.values)


def test_what_makes_a_grade_and_a_certificate_comes_along(course):
    imported = services.import_course(teacher=make_instructor("bob"), file=zipped(course)).course
    lesson = imported.modules.last().lessons.get(position=3)
    Lesson.objects.filter(pk=lesson.pk).update(status="published")
    categories = categories_of(imported, [item.key for item in sources.items_of(imported)])
    assert [(c.name, c.weight, len(c.keys)) for c in categories] == [("Tests", 30, 1), ("Hand-ins", 70, 1)]
    assert imported.gradebook_rule.missing_is_zero and imported.certificate_rule.lowest_percent == 60


def test_which_lessons_come_first_comes_along(course):
    imported = services.import_course(teacher=make_instructor("bob"), file=zipped(course)).course
    first, second = imported.modules.first().lessons.all()
    last = imported.modules.last()
    assert {*last.lessons.get(position=3).prerequisites.all()} == {first, second}
    assert {*last.prerequisites.all()} == {first}


def test_the_zip_says_nothing_of_any_person(course):
    enroll(make_user("alice"), course)
    text = content(zipped(course))["course.json"].decode()
    assert not [word for word in ("alice", "Alice", "ines", "@example", "enrol", '"id"') if word in text]


def test_what_was_taken_out_of_a_lesson_stays_here(course):
    Block.objects.filter(kind="image").update(removed_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert "A “loaf”" not in content(zipped(course))["course.json"].decode()


def first_block(document):
    return document["modules"][0]["lessons"][0]["blocks"][0]


def last_blocks(document):
    return {block["kind"]: block for block in document["modules"][1]["lessons"][2]["blocks"]}


BAD = {
    "version": (lambda d: d.update(version=2), "version 2"),
    "format": (lambda d: d.update(format="x"), "not a course of this kind"),
    "title": (lambda d: d["course"].update(title=5), "title: this should be text"),
    "no title": (lambda d: d["course"].update(title=" "), "no title"),
    "long": (lambda d: d["course"].update(title="x" * 121), "at most 120"),
    "zero byte": (lambda d: d["course"].update(summary="\x00"), "cannot be kept"),
    "surrogate": (lambda d: d["course"].update(summary="\ud800"), "cannot be kept"),
    "modules": (lambda d: d.update(modules={}), "a list"),
    "module": (lambda d: d.update(modules=[1]), "an object"),
    "kind": (lambda d: first_block(d).update(kind="virus"), "not known"),
    "unhashable kind": (lambda d: first_block(d).update(kind=[]), "text"),
    "rule": (lambda d: first_block(d).update(rule=None), "missing"),
    "number": (lambda d: first_block(d).update(rule_value=True), "a whole number"),
    "negative": (lambda d: first_block(d).update(rule_value=-1), "rule_value"),
    "huge": (lambda d: first_block(d).update(rule_value=10**30), "rule_value"),
    "edition": (lambda d: d["modules"][0]["lessons"][0].update(edition=0), "starts at 1"),
    "missing media": (lambda d: last_blocks(d)["image"]["asset"].update(sha256="0" * 64), "not in the zip"),
    "slip": (lambda d: last_blocks(d)["image"]["asset"].update(sha256="../course.json"), "not in the zip"),
    "no picture": (
        lambda d: last_blocks(d)["image"].update(asset=last_blocks(d)["video"]["captions"] or {"sha256": 1}),
        "text",
    ),
    "quiz": (lambda d: last_blocks(d)["quiz"]["more"].update(questions="x"), "a list"),
    "quiz dates": (lambda d: last_blocks(d)["quiz"]["more"].update(closes_at="2020-01-01T00:00:00Z"), "contradict"),
    "bad date": (lambda d: last_blocks(d)["assignment"]["more"].update(due_at="soon"), "due_at"),
    "levels": (lambda d: last_blocks(d)["assignment"]["more"]["criteria"][0].update(levels=[{}]), "number"),
    "same draw": (lambda d: last_blocks(d)["quiz"]["more"]["draws"].append({"pool": "Pool"}), "twice"),
    "pools twice": (lambda d: d["parts"]["pools"].append({"title": "Pool"}), "twice"),
    "category": (lambda d: d["parts"]["gradebook"]["categories"][0].update(weight=101), "weight"),
    "category twice": (lambda d: d["parts"]["gradebook"]["categories"][0].update(name="Hand-ins"), "contradict"),
    "placed twice": (lambda d: d["parts"]["gradebook"]["categories"][0]["blocks"].append("2.3.8"), "contradict"),
    "no marks": (lambda d: d["parts"]["gradebook"]["categories"][0].update(blocks=["1.1.1"]), "gets no marks"),
    "no block": (lambda d: d["parts"]["gradebook"]["categories"][0].update(blocks=["9.9"]), "does not have"),
    "certificate": (lambda d: d["parts"]["certificates"].update(lowest_percent="60"), "a whole number"),
    "circle": (lambda d: d["parts"]["prerequisites"].update({"1.1": ["2.3"]}), "prerequisites of"),
    "itself": (lambda d: d["parts"]["prerequisites"].update({"1.1": ["1.1"]}), "prerequisites of"),
    "no lesson": (lambda d: d["parts"]["prerequisites"].update({"1.1": ["1"]}), "does not have"),
    "part": (lambda d: d["parts"].update(other=[]), "not known here"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_wrong_course_is_refused_in_a_sentence_and_leaves_nothing(course, ines, files, name):
    change, words = BAD[name]
    before = (Course.objects.count(), Asset.objects.count(), Enrollment.objects.count(), len(list(files.rglob("*"))))
    on_disk = sorted(path for path in files.rglob("*") if path.is_file())
    with pytest.raises(NotACourse, match=words) as refused:
        services.import_course(teacher=ines, file=changed(course, change))
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)
    assert (Course.objects.count(), Asset.objects.count(), Enrollment.objects.count()) == before[:3]
    assert sorted(path for path in files.rglob("*") if path.is_file()) == on_disk


def test_a_file_that_was_swapped_is_noticed(course, ines):
    entries = content(zipped(course))
    name = next(name for name, data in entries.items() if data == PNG)
    with pytest.raises(NotACourse, match="not the one"):
        services.import_course(teacher=ines, file=make_zip({**entries, name: PNG + b"1"}))
    with pytest.raises(NotACourse, match="not a picture"):
        services.import_course(teacher=ines, file=make_zip({**entries, name: b"<script>"}))


@pytest.mark.parametrize(
    "name, words",
    [("../x.md", "outside"), ("/etc/x.md", "outside"), ("a/../../x.md", "outside"), ("C:/x.md", "outside")],
)
def test_a_path_out_of_the_zip_is_refused(ines, name, words):
    with pytest.raises(NotACourse, match=words):
        services.import_course(teacher=ines, file=make_zip({name: "# x"}))


def test_zips_that_are_too_much_are_refused(ines, monkeypatch, settings):
    def refused(entries, words):
        with pytest.raises(NotACourse, match=words):
            services.import_course(teacher=ines, file=make_zip(entries))

    refused({"a.md": b"0" * 3_000_000}, "far more than it should")
    refused({"course.json": "[" * 100_000}, "not JSON")
    refused({"course.json": b"\xff"}, "UTF-8")
    refused({"a.txt": "x"}, "no course")
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    refused({"a.md": "x", "b.md": "x"}, "2 files")
    monkeypatch.setattr(archive, "MOST_FILES", 10)
    monkeypatch.setattr(archive, "LARGEST_TOTAL", 3)
    refused({"a.md": "xx", "b.md": "xx"}, "Unpacked")
    with pytest.raises(NotACourse, match="not a zip"):
        services.import_course(teacher=ines, file=io.BytesIO(b"PK\x03\x04 no"))
    assert not Course.objects.exists()


def test_a_folder_of_markdown_is_a_course(ines):
    lesson = (
        "---\ntitle: The oven\nminutes: 12\nsummary: Heat.\n---\n# Not this\nHello [notes](../n/notes.txt) and "
        "[out](https://a.org).\n\n## Fire\n```\n## no heading\n```\n![A flame](fire.png)\nAfter.\n\n![x](gone.png)\n"
    )
    imported = services.import_course(
        teacher=ines,
        file=make_zip(
            {
                "bread/README.md": "# Bread\n\nAbout.",
                "bread/10-late/1.md": "x",
                "bread/2-first-days/02-oven.md": lesson,
                "bread/2-first-days/10-last.md": "# Last",
                "bread/2-first-days/fire.png": PNG,
                "bread/n/notes.txt": "notes",
                "bread/unused.bin": "x",
            }
        ),
    )
    course = imported.course
    assert (course.title, course.description, course.status) == ("Bread", "About.", "draft")
    assert [m.title for m in course.modules.all()] == ["First days", "Late"]
    oven, last = course.modules.first().lessons.all()
    assert (oven.title, oven.minutes, oven.summary, last.title) == ("The oven", 12, "Heat.", "Last")
    rows = [(b.kind, b.title) for b in oven.blocks.all()]
    assert rows == [("text", "The oven"), ("file", "notes"), ("text", "Fire"), ("image", "A flame"), ("text", "Fire")]
    assert "## no heading" in oven.blocks.all()[2].body and "https://a.org" in oven.blocks.all()[0].body
    assert [line for line in imported.left_out if "gone.png" in line] and "unused.bin" in imported.left_out[-1]
    assert imported.came == ["2 modules", "3 lessons", "6 blocks", "2 files"]


def test_who_may_export(client, course, ines):
    address = reverse("transfer:export", args=[course.slug])
    assert client.post(address).status_code == 302
    alice = make_user("alice")
    enroll(alice, course)
    for other in (alice, make_user("charlie"), make_instructor("bob")):
        client.force_login(other)
        assert client.post(address).status_code == 404
    client.force_login(ines)
    assert client.get(address).status_code == 405
    answer = client.post(address)
    sent = b"".join(answer.streaming_content)
    assert "course.json" in content(io.BytesIO(sent)) and "attachment" in answer["Content-Disposition"]
    assertContains(client.get(reverse("studio:course", args=[course.slug])), address)


def test_who_may_import_and_what_the_page_says(client, course, ines):
    address = reverse("transfer:import")
    assert client.get(address).status_code == 302
    client.force_login(make_user("alice"))
    assert client.post(address, {"file": SimpleUploadedFile("c.zip", zipped(course).read())}).status_code == 302
    assert Course.objects.count() == 1
    client.force_login(ines)
    assertContains(client.get(reverse("courses:home")), address)
    assertContains(client.post(address), "Choose a zip file.", status_code=422)
    assertContains(client.post(address, {"file": SimpleUploadedFile("c.zip", b"x")}), "not a zip", status_code=422)
    answer = client.post(address, {"file": SimpleUploadedFile("c.zip", zipped(course).read())})
    assertContains(answer, "5 lessons")
    assert Course.objects.count() == 2


def test_the_commands(course, ines, tmp_path, capsys):
    out = tmp_path / "c.zip"
    call_command("export_course", course.slug, out=str(out), json=True)
    assert json.loads(capsys.readouterr().out)["size"] == out.stat().st_size
    call_command("import_course", out, teacher=ines.email, json=True)
    assert json.loads(capsys.readouterr().out)["left_out"] == []
    for wrong in (["export_course", "none", f"--out={out}"], ["import_course", str(out), "--teacher=no@x.org"]):
        with pytest.raises(CommandError) as refused:
            call_command(*wrong)
        assert refused.value.returncode == 2
