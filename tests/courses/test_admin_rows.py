"""Every list, row, search box and action of the administration, as somebody who teaches another course: nothing of
Ines's course "Bread" is there. What is registered later is swept too."""

import json

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpResponse
from django.urls import reverse
from unfold.dataclasses import UnfoldAction

from courses.models import Course
from tests.emotion.factories import make_model

pytestmark = pytest.mark.django_db


def registered() -> dict[str, admin.ModelAdmin]:
    return {f"{model._meta.app_label}_{model._meta.model_name}": page for model, page in admin.site._registry.items()}


def course_of(row) -> Course | None:
    """The course that a row belongs to; None for what belongs to none."""
    if isinstance(row, Course):
        return row
    for way in ("course", "lesson", "module", "quiz", "question", "block", "assignment", "enrollment"):
        part = getattr(row, way, None)
        if part is not None:
            return course_of(part)
    return None


def rows_of_bread(world, page) -> list:
    rows = page.model._default_manager.all()
    return [row for row in rows if (course := course_of(row)) is not None and course.pk == world.course.pk]


def test_the_sweep_sees_rows_of_most_models(world):
    """Without rows there would be nothing to leak."""
    with_rows = {name for name, page in registered().items() if rows_of_bread(world, page)}
    assert {"courses_course", "courses_module", "courses_lesson", "courses_block", "courses_enrollment"} <= with_rows
    assert {"courses_quiz", "courses_question", "courses_cohort", "courses_thread"} <= with_rows


def test_no_list_has_a_row_of_somebody_elses_course(client, world):
    client.force_login(world.people["ivo"])
    leaked = []
    for name, page in registered().items():
        answer = client.get(reverse(f"admin:{name}_changelist"))
        if answer.status_code != 200:
            assert answer.status_code in (302, 403, 404), name
            continue
        shown = {row.pk for row in answer.context["cl"].queryset}
        leaked += [f"{name} {row.pk}" for row in rows_of_bread(world, page) if row.pk in shown]
    assert not leaked


def test_no_row_opens_by_its_address(client, world):
    client.force_login(world.people["ivo"])
    opened = []
    for name, page in registered().items():
        for row in rows_of_bread(world, page)[:1]:
            for view in ("change", "history", "delete"):
                answer = client.get(reverse(f"admin:{name}_{view}", args=[row.pk]))
                if answer.status_code != 404:  # neither 403 nor a redirect, which would say that there is a row
                    opened.append(f"{name} {view}: {answer.status_code}")
    assert not opened


def test_no_search_box_offers_a_row_of_somebody_elses_course(client, world):
    client.force_login(world.people["ivo"])
    offered, asked = [], 0
    for page in registered().values():
        for field in page.autocomplete_fields:
            options = page.model._meta
            answer = client.get(
                reverse("admin:autocomplete"),
                {"app_label": options.app_label, "model_name": options.model_name, "field_name": field, "term": ""},
            )
            asked += 1
            if answer.status_code == 403:
                continue
            target = page.model._meta.get_field(field).remote_field.model
            ids = {entry["id"] for entry in json.loads(answer.content)["results"]}
            theirs = rows_of_bread(world, registered()[f"{target._meta.app_label}_{target._meta.model_name}"])
            offered += [f"{options.model_name}.{field}: {row}" for row in theirs if str(row.pk) in ids]
    assert not offered
    assert asked or not any(page.autocomplete_fields for page in registered().values())


def test_no_action_reaches_a_row_of_somebody_elses_course(client, world):
    client.force_login(world.people["ivo"])
    for name, page in registered().items():
        rows = rows_of_bread(world, page)
        before = list(page.model._default_manager.filter(pk__in=[row.pk for row in rows]).order_by("pk").values())
        for action in [*(page.actions or ()), "delete_selected"]:
            called = action if isinstance(action, str) else action.__name__
            asked = {"action": called, ACTION_CHECKBOX_NAME: [row.pk for row in rows], "post": "yes"}
            client.post(reverse(f"admin:{name}_changelist"), asked)
        after = list(page.model._default_manager.filter(pk__in=[row.pk for row in rows]).order_by("pk").values())
        assert after == before, name


UNFOLDS = ("list", "row", "detail", "submit_line")


def unfold_actions(name: str, page) -> list[tuple[str, str]]:
    """(kind, action's name) of each button that unfold gives a page: over its list, in a row, on a row's page."""
    return [(kind, each.action_name) for kind in UNFOLDS for each in getattr(page, f"_get_base_actions_{kind}")()]


def reach_by_buttons(client, name: str, page, rows) -> list[str]:
    """Press each button of a page for each row, and say what was let in or changed something."""
    reached = []
    pks = [row.pk for row in rows]
    before = list(page.model._default_manager.filter(pk__in=pks).order_by("pk").values())
    for kind, action in unfold_actions(name, page):
        for row in rows:
            if kind == "submit_line":
                address = reverse(f"admin:{name}_change", args=[row.pk])
            else:
                address = reverse(f"admin:{action}", args=[] if kind == "list" else [row.pk])
            for ask in (client.get, client.post):
                answer = ask(address, {action: "1", action.removeprefix(f"{name}_"): "1", "_form_submitted": "on"})
                if kind in ("row", "detail", "submit_line") and answer.status_code not in (403, 404):
                    reached.append(f"{kind} {action}: {answer.status_code}")
    after = list(page.model._default_manager.filter(pk__in=pks).order_by("pk").values())
    return reached if after == before else [*reached, f"{name} was changed"]


def test_no_button_reaches_a_row_of_somebody_elses_course_or_of_the_site(client, world):
    """Those of unfold have addresses of their own, which no list's choice of rows guards."""
    make_model("small")
    client.force_login(world.people["ivo"])
    reached, buttons = [], 0
    for name, page in registered().items():
        about_courses = rows_of_bread(world, page)
        rows = about_courses or list(page.model._default_manager.order_by("pk")[:1])
        buttons += len(unfold_actions(name, page))
        reached += reach_by_buttons(client, name, page, rows)
    assert not reached
    assert buttons >= 3  # promote, roll back, import accounts


@pytest.mark.parametrize("kind", UNFOLDS)
def test_the_sweep_of_buttons_finds_one_that_asks_nobody(client, world, monkeypatch, kind):
    """Where an action forgets to ask whose row it is: the sweep itself is tried."""
    pressed = UnfoldAction("courses_course_plant", lambda: None, "", "plant")
    page = registered()["courses_course"]
    monkeypatch.setattr(page, f"_get_base_actions_{kind}", lambda: [pressed])
    monkeypatch.setattr(f"{__name__}.reverse", lambda *args, **more: "/planted/")

    def ask(*_args, **_more):
        Course.objects.filter(pk=world.course.pk).update(title="Taken")
        return HttpResponse()

    monkeypatch.setattr(client, "get", ask)
    monkeypatch.setattr(client, "post", ask)
    assert reach_by_buttons(client, "courses_course", page, [world.course])


@pytest.mark.parametrize("person", ["anton", "olga", "alice"])
def test_assistants_observers_and_students_have_no_administration(client, world, person):
    client.force_login(world.people[person])
    for name in registered():
        assert client.get(reverse(f"admin:{name}_changelist")).status_code in (302, 403, 404), name


def test_administrators_see_all_of_it(client, world):
    client.force_login(world.people["admin"])
    for name in registered():
        answer = client.get(reverse(f"admin:{name}_changelist"))
        assert answer.status_code == 200, name
        if name == "courses_course":
            assert world.course.pk in {row.pk for row in answer.context["cl"].queryset}
