import re

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.asserts import assertContains

from accounts import account_import
from accounts.models import User
from tests.factories import make_admin, make_instructor, make_user

pytestmark = pytest.mark.django_db
PAGE = "/admin/accounts/user/import/"
TABLE = """email,name,role
grace@example.org,Grace,instructor
alan@example.org,"Turing, Alan",student
BOB@example.org,Bob,student
not an address,Nobody,student
alan@example.org,Again,student
eve@example.org,Eve,king
"""


@pytest.fixture
def admin(client):
    admin = make_admin()
    client.force_login(admin)
    return admin


def test_a_dry_run_says_line_by_line_and_makes_nothing(client, admin):
    make_user("bob")
    page = client.post(PAGE, {"table": TABLE, "send_links": "on"})
    for words in (
        "2 new accounts",
        "Has an account; it stays as it is.",
        "This is no e-mail address.",
        "The same address as in line 3.",
        "neither student nor instructor",
    ):
        assertContains(page, words)
    assert User.objects.count() == 2 and not mail.outbox


def test_a_second_yes_makes_them_and_mails_each_alone(client, admin):
    make_user("bob")
    page = client.post(PAGE, {"table": TABLE, "send_links": "on", "confirm": "yes"}, follow=True)
    assertContains(page, "2 accounts were made.")
    grace, alan = User.objects.get(email="grace@example.org"), User.objects.get(email="alan@example.org")
    assert grace.is_staff and not alan.is_staff and alan.display_name == "Turing, Alan"
    assert not grace.has_usable_password()
    assert [letter.recipients() for letter in mail.outbox] == [["grace@example.org"], ["alan@example.org"]]
    client.logout()
    link = re.search(r"http://testserver(/accounts/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "a-lamp-of-ones-own", "password2": "a-lamp-of-ones-own"})
    grace.refresh_from_db()
    assert grace.check_password("a-lamp-of-ones-own")


def test_without_the_tick_nobody_is_mailed(client, admin):
    client.post(PAGE, {"table": "email,name,role\na@example.org,A,\n", "confirm": "yes"})
    assert User.objects.get(email="a@example.org") and not mail.outbox


def test_a_mail_server_that_refuses_is_told_and_the_accounts_stay(client, admin, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    form = {"table": "email,name,role\na@example.org,A,student\n", "send_links": "on", "confirm": "yes"}
    assertContains(client.post(PAGE, form, follow=True), "mail server refused")
    assert User.objects.filter(email="a@example.org").exists()


@pytest.mark.parametrize(
    "data",
    [
        "email;name;role\nzoë@example.org;Zoë;student\nx@example.org;Zoë;student\n".encode("utf-8-sig"),
        "email;name;role\nx@example.org;Zoë;student\n".encode("cp1252"),
        b"Role,Name,Email\r\nstudent,Zo\xc3\xab,x@example.org\r\n",
    ],
)
def test_files_of_spreadsheets_are_read(client, admin, data):
    page = client.post(PAGE, {"file": SimpleUploadedFile("people.csv", data)})
    assertContains(page, "x@example.org")
    assertContains(page, "Zoë")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "email is missing"),
        ("email,name\na@b.example,A\n", "role is missing"),
        ("email,name,role\n", "nobody in this table"),
        ("email,name,role\n" + "".join(f"p{n}@example.org,P,student\n" for n in range(501)), "Split the table"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(client, admin, table, words):
    assertContains(client.post(PAGE, {"table": table}), words, status_code=422)


def test_a_line_that_lacks_cells_or_has_too_many_is_no_fault():
    first, second = account_import.read_lines("email,name,role\na@example.org\nb@example.org,B,student,more,more\n")
    assert first.is_new and first.role == "student" and second.is_new


def test_only_administrators(client):
    for user in (make_instructor(), make_user("alice")):
        client.force_login(user)
        assert client.post(PAGE, {"table": TABLE, "confirm": "yes"}).status_code in (302, 404)
    assert User.objects.count() == 2
