"""Rows of docs/security.md that no other test shows, and that the page names tests which exist."""

import ast
import re
import subprocess

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client

from lms.asgi import application
from tests.factories import PASSWORD, enroll, make_course, make_user
from tests.lms.test_production import documented
from tests.services import ROOT

PACKAGES = ("accounts", "courses", "emotion", "training", "lms", "benchmarks")


def test_each_row_of_the_threat_model_names_tests_that_exist():
    page = (ROOT / "docs/security.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| Threat")]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row)
        assert named, f"No test is named in: {row}"
        for path, function in named:
            assert (ROOT / path).is_file(), path
            assert not function or f"def {function}(" in (ROOT / path).read_text(), f"{path}::{function}"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/ws/notifications/", "/ws/lesson-sessions/00000000-0000-0000-0000-000000000000/"])
@pytest.mark.parametrize("origin", [b"https://evil.example", b"null", None])
def test_no_other_site_opens_a_socket(path, origin):
    headers = [(b"host", b"localhost"), *([(b"origin", origin)] if origin else [])]

    async def first_event() -> str:
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "subprotocols": []}
        socket = ApplicationCommunicator(application, scope)
        await socket.send_input({"type": "websocket.connect"})
        return (await socket.receive_output(3))["type"]

    assert async_to_sync(first_event)() == "websocket.close"


@pytest.mark.django_db
def test_a_session_from_before_the_sign_in_is_no_way_in(client):
    """Somebody who planted a cookie in Alice's browser does not find themselves signed in as her."""
    make_user("alice")
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
    other = Client()
    other.cookies[django_settings.SESSION_COOKIE_NAME] = planted
    assert other.get("/home/").status_code == 302


@pytest.mark.django_db
def test_a_new_password_signs_the_other_devices_out(client):
    alice, elsewhere = make_user("alice"), Client()
    elsewhere.force_login(alice)
    alice.set_password("another-long-password")
    alice.save()
    assert elsewhere.get("/home/").status_code == 302


@pytest.mark.django_db
def test_a_sign_up_or_a_profile_gives_nobody_a_right_by_a_field_made_up(client):
    more = {"is_staff": "on", "is_superuser": "on", "role": "instructor", "is_instructor": "on", "id": "1"}
    form = {"display_name": "Mallory", "email": "mallory@example.org", "password1": PASSWORD}
    client.post("/accounts/signup/", form | more)
    client.patch("/api/v1/me/", {"display_name": "M", **more}, content_type="application/json")
    from accounts.models import User

    mallory = User.objects.get(email="mallory@example.org")
    assert (mallory.is_staff, mallory.is_superuser, mallory.groups.count()) == (False, False, 0)


@pytest.mark.django_db
def test_an_enrollment_is_ones_own_and_a_students_whatever_the_request_says(client):
    course, alice, bob = make_course(slug="bread"), make_user("alice"), make_user("bob")
    client.force_login(alice)
    wanted = {"course": course.pk, "user": bob.pk, "role": "instructor", "status": "active"}
    client.post("/api/v1/enrollments/", wanted, content_type="application/json")
    client.post(f"/api/v1/courses/{course.pk}/enroll/", wanted, content_type="application/json")
    client.post("/courses/bread/enroll/", wanted)
    assert list(course.enrollments.values_list("user", "role")) == [(alice.pk, "student")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_after_the_sign_in_nobody_is_sent_to_another_site(client, target):
    make_user("alice")
    answer = client.post(
        f"/accounts/login/?next={target}", {"login": "alice@example.org", "password": PASSWORD, "next": target}
    )
    assert answer.status_code == 302 and answer.url == "/home/"


def test_the_production_settings_make_cookies_and_hsts(tmp_path):
    """As the process would have them: read from the variables in docs/operations.md."""
    import os
    import sys

    code = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'lms.settings'; from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE,"
        "s.SECURE_HSTS_SECONDS >= 31536000, s.SECURE_SSL_REDIRECT, s.SECURE_CONTENT_TYPE_NOSNIFF, s.X_FRAME_OPTIONS)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "ATTUNE_TESTING"} | documented()
    environment["ATTUNE_DATA_DIR"] = str(tmp_path)
    ran = subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert ran.stdout.split() == ["True", "True", "True", "Lax", "True", "True", "True", "DENY"], ran.stderr


def calls():
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), node


def test_nothing_runs_what_a_file_brings():
    """A pickle is code: weights are read as tensors alone, and arrays, YAML and commands have their safe form."""
    found = []
    for place, name, node in calls():
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if (name == "torch.load" and given.get("weights_only") != "True") or (
            name in ("pickle.load", "pickle.loads", "pickle.Unpickler", "yaml.load", "yaml.unsafe_load", "eval", "exec")
            or name in ("os.system", "joblib.load", "torch.hub.load")
            or given.get("shell") == "True"
            or given.get("allow_pickle") == "True"
        ):
            found.append(f"{place} {name}")
    assert not found
    assert any(name == "torch.load" for _, name, _ in calls())


SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bxox[baprs]-[0-9A-Za-z-]{10,}|\bsk-[A-Za-z0-9_-]{32,}\b|\bhf_[A-Za-z0-9]{30,}\b|\bwhsec_[A-Za-z0-9+/=]{32,}"
    r"|(?:postgres|redis|smtps?|amqp)s?://\w+:(?!password|secret|key|p%40)[^\s@:'\"<{$]{8,}@"
)


def test_a_secret_would_be_found():
    assert SECRETS.search("AKIA" + "A" * 16) and SECRETS.search("-----BEGIN RSA PRIVATE " + "KEY-----")
    assert SECRETS.search("postgres://attune:" + "hunter2hunter2" + "@db/attune")


def test_no_secret_lies_in_the_repository():
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("this is no clone of the repository")
    found = []
    for name in filter(None, tracked.stdout.split("\0")):
        path = ROOT / name
        assert path.name not in (".env", "secret_key", "id_rsa", "credentials.json"), name
        if path.is_file() and path.stat().st_size < 2_000_000 and not name.startswith("static/vendor/"):
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                found += [f"{name}:{number}"] if SECRETS.search(line) else []
    assert not found


@pytest.mark.django_db
def test_pages_carry_no_script_or_handler_of_their_own(client):
    """What the policy forbids is not there either: no inline script, no on...= attribute."""
    course, alice = make_course(slug="bread"), make_user("alice")
    enroll(alice, course)
    client.force_login(alice)
    lesson = course.modules.first().lessons.first()
    for path in ("/home/", "/courses/", "/courses/bread/", f"/lessons/{lesson.pk}/", "/you/", "/calendar/"):
        answer = client.get(path, follow=True)
        assert "unsafe" not in answer["Content-Security-Policy"], path
        page = answer.content.decode()
        inline = [
            tag for tag in re.findall(r"<script\b[^>]*>", page) if "src=" not in tag and "application/json" not in tag
        ]
        assert not inline, (path, inline)
        assert not re.search(r"<[^>]+\son[a-z]+=", page), path


EMOTIONAL = re.compile(
    r"\b(emotionreading|emotionbucket|lessonsession|selfreport|supportevent|classhistory|consent)s?\b", re.IGNORECASE
)


def test_no_mark_certificate_or_progress_hangs_on_how_a_lesson_felt():
    """By the database too: no row of courses points to a row about feelings, so none can be joined from there."""
    from django.apps import apps

    pointing = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("courses").get_models()
        for field in model._meta.get_fields()
        if not field.auto_created and field.related_model and field.related_model._meta.app_label == "emotion"
    }
    assert not pointing
    for path in (ROOT / "courses").rglob("*.py"):
        if "migrations" not in path.parts:
            assert not EMOTIONAL.search(path.read_text()) or "demo" in path.parts, path
