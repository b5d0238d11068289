"""What somebody writes for themselves on two devices: the newer stays, and neither is lost."""

import pytest
from django.urls import reverse
from pytest_django.asserts import assertContains

from courses import services
from courses.models import Block, Lesson, Reflection
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice():
    return make_user("alice")


@pytest.fixture
def block(alice) -> Block:
    enroll(alice, make_course(lessons=1, blocks=1, instructor=make_instructor("ines")))
    return Block.objects.create(lesson=Lesson.objects.get(), kind="reflection", title="Think", body="?", position=2)


@pytest.fixture
def write(client, alice, block):
    """write(text, over=version, page=number) -> (status, JSON), as the lesson's script does."""
    client.force_login(alice)

    def write(text: str, **based_on: str):
        fields = {"text": text, **based_on}
        answer = client.post(
            reverse("courses:reflection", args=[block.pk]), fields, headers={"accept": "application/json"}
        )
        return answer.status_code, answer.json()

    return write


def test_what_was_written_offline_does_not_replace_what_another_device_kept_meanwhile(write, block):
    known = write("On both.", over="", page="laptop")[1]["version"]
    newer = write("From the phone.", over=known, page="phone")[1]["version"]
    status, told = write("On the train.", over=known, page="train")
    assert status == 409
    assert "both texts are kept" in told["detail"]
    assert told["theirs"] == {"text": "From the phone.", "version": newer}
    assert told["where"] == f"{block.lesson.get_absolute_url()}#block-{block.pk}"
    assert Reflection.objects.get().text == "From the phone."
    # Whoever has seen both may choose.
    assert write("On the train.", over=newer, page="train")[0] == 200
    assert Reflection.objects.get().text == "On the train."


def test_a_page_that_knew_of_nothing_replaces_nothing(write):
    write("From the phone.", over="", page="phone")
    assert write("On the train.", page="train")[0] == 409
    assert Reflection.objects.get().text == "From the phone."


def test_the_same_words_and_an_empty_text_are_nothing_to_choose_between(write):
    write("  ", over="", page="phone")
    assert write("Once.", over="", page="laptop")[0] == 200
    assert write("Once.", over="", page="train")[0] == 200


def test_a_pages_own_words_follow_each_other_also_where_an_answer_was_lost(write):
    write("The me", over="", page="laptop")
    assert write("The median.", over="", page="laptop")[0] == 200
    write("From the phone.", over=Reflection.objects.get().version, page="phone")
    assert write("The median, I think.", over="", page="laptop")[0] == 409


def test_without_a_script_the_page_shows_both(client, alice, block):
    services.save_reflection(user=alice, block=block, text="From the <phone>.")
    client.force_login(alice)
    address = reverse("courses:reflection", args=[block.pk])
    page = client.post(address, {"text": "On the train.", "over": ""})
    assertContains(page, "On the train.</textarea>", status_code=409)
    assertContains(page, "From the &lt;phone&gt;.</div>", status_code=409)
    assertContains(page, "nothing is lost", status_code=409)
    version = Reflection.objects.get().version
    assertContains(page, f'name="over" value="{version}"', status_code=409)
    assert client.post(address, {"text": "Both.", "over": version}).status_code == 302
    assert Reflection.objects.get().text == "Both."
