"""What test_matrix.py leaves open: the API's other methods, other methods at every address, the pages of packages, and
forms without their token. An address or a method without a line fails here, too."""

import re

from django.test import Client
from django.urls import resolve, reverse
from drf_spectacular.generators import SchemaGenerator

from tests.courses.test_matrix import TABLE, own_routes
from tests.courses.world import PEOPLE, AsJson, ask, is_of_packages, letter, routes

# As in TABLE, for the operations in the schema that are not there already, with a body that is right for Ines.
OPERATIONS = {
    "courses-api:announcement-list POST": "fbbbb2b2",
    "courses-api:announcement-detail PATCH": "f----2-2",
    "courses-api:announcement-detail DELETE": "f----2-2",
    "courses-api:certificate-rule PATCH": "f----2-2",
    "courses-api:gradebook-setup PUT": "f----2-2",
    "courses-api:grade-override POST": "f----2-2",
    "courses-api:webhook-list POST": "fbbbb2b2",
    "courses-api:webhook-detail PATCH": "f----2-2",
    "courses-api:webhook-detail DELETE": "f----2-2",
    "courses-api:calendar-address POST": "f2222222",
    "courses-api:calendar-address DELETE": "f2222222",
    "courses-api:quiz-detail PATCH": "f-fff2-2",
    "courses-api:question-list POST": "fbbbb2b2",
    "courses-api:question-detail PATCH": "f----2-2",
    "courses-api:question-detail DELETE": "f----b-b",  # it was answered
    "courses-api:question-pool-list POST": "fbbbb2b2",
    "courses-api:question-pool-detail PATCH": "f----2-2",
    "courses-api:question-pool-detail DELETE": "f----b-b",  # a quiz draws from it
    "courses-api:quiz-draw-list POST": "fbbbb2b2",
    "courses-api:quiz-draw-detail DELETE": "f----2-2",
    "courses-api:quiz-accommodation-list POST": "fbbbb2b2",
    "courses-api:quiz-accommodation-detail DELETE": "f----2-2",
    "courses-api:assignment-detail PATCH": "f-fff2-2",
    "courses-api:criterion-list POST": "fbbbb2b2",
    "courses-api:criterion-detail PATCH": "f----2-2",
    "courses-api:criterion-detail DELETE": "f----2-2",
    "courses-api:block-list POST": "fbbbb2b2",
    "courses-api:block-detail PATCH": "f-fff2-2",
    "courses-api:block-detail DELETE": "f-fff2-2",
    "courses-api:block-progress POST": "f-2fff-f",
    "courses-api:block-reflection POST": "f-2fff-f",
    "courses-api:cohort-list POST": "fbbbb2b2",
    "courses-api:cohort-detail DELETE": "f----2-2",
    "courses-api:course-list POST": "fffff222",
    "courses-api:course-detail PATCH": "fffff2f2",
    "courses-api:enrollment-list POST": "f2222222",
    "courses-api:enrollment-detail PATCH": "f-f-f2-2",
    "courses-api:enrollment-detail DELETE": "f-2-f2-2",
    "courses-api:invitation-list POST": "fbbbb2b2",
    "courses-api:invitation-detail DELETE": "f----2-2",
    "courses-api:joining PATCH": "f----2-2",
    "courses-api:lesson-list POST": "fbbbb2b2",
    "courses-api:lesson-detail PATCH": "f-fff2-2",
    "courses-api:lesson-detail DELETE": "f-fffb-b",  # it was opened
    "courses-api:me PATCH": "f2222222",
    "courses-api:module-list POST": "fbbbb2b2",
    "courses-api:module-detail PATCH": "f-fff2-2",
    "courses-api:module-detail DELETE": "f-fffb-b",  # it has lessons
    "courses-api:notification-preferences PATCH": "f2222222",
    "courses-api:post-list POST": "fb2f22b2",
    "courses-api:post-detail PATCH": "f-2fff-f",
    "courses-api:post-detail DELETE": "f-2fff-f",
    "courses-api:thread-list POST": "fb2f22b2",
    "emotion-api:sessions POST": "f-2fff-f",
    "emotion-api:own-history GET": "fbbbbbbb",
    "emotion-api:support-preference PATCH": "f2222222",
}

# The pages of allauth, by name: what a stranger gets, and what somebody signed in gets. All of them are about the
# visitor alone: none takes another person's id.
PACKAGES = {
    "account_login": "23",
    "account_logout": "32",
    "account_inactive": "22",
    "account_signup": "23",
    "account_reauthenticate": "L2",
    "account_email": "L2",
    "account_email_verification_sent": "22",
    "account_change_password": "L2",
    "account_set_password": "L3",
    "account_reset_password": "22",
    "account_confirm_login_code": "L3",
    "account_confirm_email": "22",
    "account_reset_password_from_key_done": "22",
    "account_reset_password_from_key": "22",
    "account_reset_password_done": "22",
    "mfa_index": "L2",
    "mfa_authenticate": "L3",
    "mfa_reauthenticate": "L3",
    "mfa_activate_totp": "L3",
    "mfa_deactivate_totp": "L-",
    "mfa_view_recovery_codes": "L-",
    "mfa_generate_recovery_codes": "L3",
    "mfa_download_recovery_codes": "L-",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def operations():
    """(route's name, method, names of its arguments) of every operation in the schema."""
    for path, methods in SchemaGenerator().get_schema(public=True)["paths"].items():
        made_up = re.sub(r"\{session_id\}", "00000000-0000-0000-0000-000000000000", path)
        match = resolve(re.sub(r"\{\w+\}", "1", made_up))
        for method in methods:
            yield match.view_name, method.upper(), tuple(match.kwargs)


def body_of(world, name: str) -> dict:
    course, lesson, thread = world.course.pk, world.lesson.pk, world.thread.pk
    return {
        "announcement-list": {"course": course, "title": "News", "body": "All is well."},
        "block-list": {"lesson": lesson, "kind": "text", "title": "More", "body": "Words"},
        "block-detail": {"title": "Another title", "version": world.block.version},
        "block-reflection": {"text": "I see."},
        "block-progress": {"seconds": 1},
        "cohort-list": {"course": course, "name": "Autumn"},
        "enrollment-detail": {"role": "assistant"},
        "invitation-list": {"course": course, "role": "student"},
        "joining": {"seats": 20},
        "announcement-detail": {"title": "Other news"},
        "gradebook-setup": {"categories": []},
        "grade-override": {"points": 1, "reason": "Seen again"},
        "webhook-list": {"course": course, "url": "https://hooks.example/hook"},
        "webhook-detail": {"wants_grade": False},
        "question-list": {"quiz": world.quiz.pk, "kind": "single"},
        "question-pool-list": {"course": course, "title": "Doughs"},
        "quiz-draw-list": {"quiz": world.quiz.pk, "pool": world.draw.pool_id, "count": 2},
        "quiz-accommodation-list": {"quiz": world.quiz.pk, "email": "alice@example.org", "time_factor": 2},
        "criterion-list": {"assignment": world.assignment.pk, "title": "Crust"},
        "course-list": {"title": "Soup", "summary": "Hot"},
        "course-detail": {"title": "More bread"},
        "enrollment-list": {"course": course, "user": world.people["charlie"].pk, "email": "charlie@example.org"},
        "lesson-list": {"module": world.lesson.module_id, "title": "More"},
        "lesson-detail": {"title": "Another title"},
        "me": {"display_name": "Somebody"},
        "module-list": {"course": course, "title": "More"},
        "module-detail": {"title": "Another title"},
        "post-list": {"thread": thread, "body": "A reply"},
        "post-detail": {"body": "Other words"},
        "thread-list": {"lesson": lesson, "title": "Why?", "body": "I wonder.", "kind": "question"},
        "sessions": {"lesson": lesson},
    }.get(name.partition(":")[2], {})


def address_of(world, name: str, arguments) -> str:
    return reverse(name, kwargs={argument: world.argument(name, argument) for argument in arguments})


def test_every_operation_of_the_schema_has_a_line():
    known = {f"{name} {line.partition(' ')[0]}" for name, line in TABLE.items()} | set(OPERATIONS)
    missing = {f"{name} {method}" for name, method, _ in operations()} - known
    assert not missing
    assert not set(OPERATIONS) - {f"{name} {method}" for name, method, _ in operations()}


def test_every_operation_answers_as_its_line_says(client, world):
    client.raise_request_exception = False
    wrong = []
    for name, method, arguments in operations():
        if expected := OPERATIONS.get(f"{name} {method}"):
            address, body = address_of(world, name, arguments), body_of(world, name)
            found = "".join(ask(AsJson(client), world, person, method, address, body) for person in PEOPLE)
            if found != expected:
                wrong.append(f'    "{name} {method}": "{found}",  # not {expected}')
    assert not wrong, "\n" + "\n".join(wrong)


def test_who_is_refused_by_one_method_is_refused_by_all(client, world):
    """An address that sends somebody away does so whatever they ask it to do; or it knows no such method (405)."""
    client.raise_request_exception = False
    wrong = []
    for name, arguments in own_routes().items():
        line = TABLE[name].split()
        refused = [person for person, said in zip(PEOPLE, line[1], strict=True) if said in "-Lf"]
        if not refused or f"{name} {line[0]}" in ("notifications:unsubscribe GET",):
            continue
        for method in METHODS:
            if method == line[0] or f"{name} {method}" in OPERATIONS:
                continue
            for person in {refused[0], refused[-1]} if method == "POST" else {refused[-1]}:
                found = ask(client, world, person, method, address_of(world, name, arguments))
                if found not in "-Lfb":
                    wrong.append(f"{method} {name} gives {person} {found}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_every_page_of_a_package_has_a_line_and_answers_as_it_says(client, world):
    client.raise_request_exception = False
    found = {}
    for name, arguments in routes():
        if not is_of_packages(name):
            continue
        given = {"key": "no-such-key", "uidb36": "1"}
        address = reverse(name, kwargs={argument: given[argument] for argument in arguments})
        answers = [ask(client, world, person, "GET", address) for person in PEOPLE]
        assert len(set(answers[1:])) == 1, (name, answers)
        found[name] = answers[0] + answers[1]
    assert found == PACKAGES


def test_no_form_is_taken_without_its_token(world):
    """Alice's browser, made to post by another site: whatever she may do herself is refused, at every address."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    taken = []
    for name, arguments in own_routes().items():
        address = address_of(world, name, arguments)
        client.force_login(world.people["ines" if "2" in TABLE[name][-3:] else "alice"])
        for method in METHODS[1:] if "-api:" in name else ("POST",):
            kind = {"content_type": "application/json"} if "-api:" in name else {}
            answer = getattr(client, method.lower())(address, **kind)
            if answer.status_code not in (403, 404, 405, 415):
                taken.append(f"{method} {name}: {answer.status_code}")
    # Its signed token is its proof: a mail provider's one-click request has neither cookie nor form.
    assert not [line for line in taken if "notifications:unsubscribe" not in line]
    assert letter(client.post("/accounts/login/", {"login": "alice@example.org"})) == "f"
