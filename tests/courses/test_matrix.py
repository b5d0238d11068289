"""Who gets what at every address of the site. A route without a line in TABLE fails, and so does one that answers
otherwise.

A line is "METHOD abcdefgh", one letter for each of PEOPLE:

    2  shown or done                      3  sent on to another page
    L  sent to sign in                    -  does not exist for them (404)
    f  forbidden (401 or 403)             b  let in, and told what is wrong with the (empty) request, or its method

Requests ask for what belongs to the course "Bread": Alice takes it, Olga observes it, Anton assists, Ines teaches it.
Charlie and Ivo have accounts; Ivo teaches another course. What a request changed is undone before the next.
To add a route, add its line; where its address takes something new, say in `World.argument` (world.py) what that is.
"""

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser
from django.urls import reverse

from lms.asgi import sockets
from tests.courses.world import PEOPLE, World, ask, is_of_packages, routes

TABLE = {
    "transfer:import": "GET LLLLL222",
    "transfer:export": "POST L----2-2",
    "studio:new": "GET LLLLL222",
    "studio:course": "GET L----2-2",
    "studio:save-course": "POST L----3-3",
    "studio:course-status": "POST L----3-3",
    "studio:add-module": "POST L----3-3",
    "studio:save-module": "POST L----3-3",
    "studio:remove-module": "POST L----3-3",
    "studio:add-lesson": "POST L----3-3",
    "studio:lesson": "GET L----2-2",
    "studio:save-lesson": "POST L----3-3",
    "studio:lesson-status": "POST L----3-3",
    "studio:add-block": "POST L----3-3",
    "studio:remove-lesson": "POST L----3-3",
    "studio:history": "GET L----2-2",
    "studio:restore": "POST L----3-3",
    "studio:save-block": "POST L----3-3",
    "studio:attach-file": "POST L----3-3",
    "studio:details": "GET L----3-3",
    "studio:remove-block": "POST L----3-3",
    "studio:assignment": "GET L----2-2",
    "studio:save-assignment": "POST L----3-3",
    "studio:add-criterion": "POST L----3-3",
    "studio:save-criterion": "POST L----3-3",
    "studio:remove-criterion": "POST L----3-3",
    "studio:move": "POST L----3-3",
    "studio:preview": "POST LLLLL222",
    "assignments:save": "POST L-3-----",
    "assignments:add-file": "POST L-3-----",
    "assignments:hand-in": "POST L-3-----",
    "assignments:submissions": "GET L---22-2",
    "assignments:release": "POST L---33-3",
    "assignments:grade": "GET L---22-2",
    "assignments:remove-file": "POST L-3-----",
    "assignments:file": "GET L-2-22-2",
    "enrollment:people": "GET L---22-2",
    "enrollment:import": "GET L----2-2",
    "enrollment:joining": "GET L----2-2",
    "enrollment:add-cohort": "POST L----b-b",
    "enrollment:add-invitation": "POST L----b-b",
    "enrollment:remove-cohort": "POST L----3-3",
    "enrollment:revoke": "POST L----3-3",
    "enrollment:person": "GET L----2-2",
    "enrollment:remove": "POST L----3-3",
    "enrollment:answer": "POST L----3-3",
    "enrollment:join": "GET 22222222",
    "overview:overview": "GET L---22-2",
    "overview:funnel-chart": "GET L---22-2",
    "at_risk:list": "GET L----2-2",
    "at_risk:reach-out": "GET L----2-2",
    "at_risk:outreach": "GET L-2--2-2",
    "offline": "GET 22222222",
    "courses:landing": "GET 23333333",
    "courses:home": "GET L2222222",
    "courses:catalogue": "GET 22222222",
    "courses:course": "GET 22222222",
    "courses:enroll": "POST L3333333",
    "courses:leave": "POST L3333333",
    "courses:see-as": "POST L---33-3",
    "courses:lesson": "GET L3222232",
    "courses:progress": "POST L-2222-2",
    "courses:complete": "POST L-3333-3",
    "courses:block-progress": "POST L-2222-2",
    "courses:reflection": "POST L-3333-3",
    "courses:asset": "GET L-2222-2",
    "accounts:theme": "POST 33333333",
    "accounts:continue-as": "POST --------",
    "accounts:profile": "GET L2222222",
    "accounts:audit-log": "GET L2222222",
    "accounts:export": "GET L2222222",
    "accounts:export-zip": "GET L2222222",
    "accounts:erase": "GET L2222222",
    "accounts:erase-part": "POST L3333333",
    "emotion:climate": "GET L---22-2",
    # One student is no class: tests/emotion/dashboard/test_charts.py asks for these, of a class, as everybody.
    "emotion:climate-chart": "GET L-------",
    "emotion:course-chart": "GET L-------",
    "emotion:compare-chart": "GET L-------",
    "emotion:said-chart": "GET L-------",
    "emotion:live-chart": "GET L-------",
    "emotion:rules-chart": "GET L-------",
    "emotion:calibration-chart": "GET L-------",
    "emotion:history-chart": "GET L-2-----",
    "emotion:course-history-chart": "GET L-2-----",
    # Alice does not share hers: tests/emotion/dashboard/test_shared.py asks, of somebody who does, as everybody.
    "emotion:shared-lesson": "GET L-------",
    "emotion:shared-lesson-chart": "GET L-------",
    "emotion:shared-course": "GET L-------",
    "emotion:shared-course-chart": "GET L-------",
    "emotion:compare": "GET L---22-2",
    "emotion:consent": "GET L-2-----",
    "emotion:guardian": "GET bbbbbbbb",
    "emotion:withdraw": "POST L-3-----",
    "emotion:calibration": "GET L----2-2",
    "emotion:live": "GET L---22-2",
    "emotion:rules": "GET L----2-2",
    "emotion:new-rule": "GET L----2-2",
    "emotion:rule": "GET L----2-2",
    "emotion:adopt-rules": "POST L----3-3",
    "emotion:research": "GET L----2-2",
    "emotion:history": "GET L-2-----",
    "emotion:support": "GET L2222222",
    "emotion:said": "GET L---22-2",
    "emotion:course-history": "GET L-2-----",
    "emotion-api:sessions": "GET f2222222",
    "emotion-api:frames": "POST fbbbbbbb",
    "emotion-api:frame": "GET f-------",
    "emotion-api:readings": "POST fbbbbbbb",
    "emotion-api:end": "POST f-2-----",
    "emotion-api:on-device": "GET f2222222",
    "emotion-api:on-device-file": "GET f-------",
    "emotion-api:history": "GET f-2222-2",
    "emotion-api:own-history": "DELETE fbbbbbbb",
    "emotion-api:class-lesson": "GET f----2-2",
    "emotion-api:class-course": "GET f----2-2",
    "emotion-api:self-reports": "POST f-bfff-f",
    "emotion-api:behaviour": "POST f-bfff-f",
    "emotion-api:support-response": "POST f-------",
    "emotion-api:support-question": "POST f-------",
    "emotion-api:support-reason": "GET f-------",
    "emotion-api:support-preference": "PUT fbbbbbbb",
    "schema": "GET f2222222",
    "words": "GET 22222222",
    "healthz": "GET 22222222",
    "readyz": "GET 22222222",
    "metrics": "GET --------",
    "workers": "GET LLLLL--2",
    "studio:quiz": "GET L----2-2",
    "studio:save-quiz": "POST L----3-3",
    "studio:add-question": "POST L----3-3",
    "studio:save-question": "POST L----3-3",
    "studio:remove-question": "POST L----3-3",
    "studio:save-draw": "POST L----3-3",
    "studio:save-accommodation": "POST L----3-3",
    "studio:remove-draw": "POST L----3-3",
    "studio:remove-accommodation": "POST L----3-3",
    "studio:pool": "GET L----2-2",
    "studio:save-pool": "POST L----3-3",
    "studio:add-pool-question": "POST L----3-3",
    "studio:remove-pool": "POST L----3-3",
    "gradebook:gradebook": "GET L---22-2",
    "gradebook:csv": "GET L---22-2",
    "gradebook:setup": "GET L----2-2",
    "gradebook:override": "GET L----2-2",
    "gradebook:own": "GET L-2222--",
    "certificates:own": "GET L2222222",
    "certificates:paper": "GET L-------",
    "certificates:verify": "GET --------",
    "certificates:revoke": "POST L-------",
    "certificates:rule": "GET L----2-2",
    "quizzes:begin": "POST L-3333-3",
    "quizzes:save": "POST L-bbbb-b",
    "quizzes:submit": "POST L-bbbb-b",
    "quizzes:analysis": "GET L----2-2",
    "quizzes:analysis-chart": "GET L-------",  # of one attempt
    "notifications:list": "GET L2222222",
    "notifications:read-all": "POST L3333333",
    "notifications:open": "GET L-3-----",
    "notifications:read": "POST L-3-----",
    "notifications:settings": "GET L2222222",
    "notifications:unsubscribe": "GET --------",
    "notifications:announcements": "GET L-2222-2",
    "notifications:announce": "GET L----2-2",
    "notifications:edit-announcement": "GET L----2-2",
    "notifications:delete-announcement": "POST L----3-3",
    "discussion:lesson": "GET L-2222-2",
    "discussion:course": "GET L-2222-2",
    "discussion:questions": "GET L---22-2",
    "discussion:reports": "GET L---22-2",
    "discussion:thread": "GET L-2222-2",
    "discussion:follow": "POST L-3333-3",
    "discussion:moderate": "POST L---bb-b",
    "discussion:post": "GET L-3333-3",
    "discussion:act": "POST L-bbbb-b",
    "discussion:edit": "GET L-2fff-f",
    "discussion:delete": "POST L-3fff-f",
    "discussion:history": "GET L-2f22-2",
    "discussion:report": "GET L-ff22-2",
    "discussion:hide": "POST L---22-2",
    "discussion:show": "POST L---33-3",
    "calendar:calendar": "GET L2222222",
    "calendar:address": "POST Lbbbbbbb",
    "calendar:feed": "GET --------",
    "search:search": "GET 22222222",
    "events:course": "GET L----2-2",
    "events:site": "GET L------2",
    "events:webhook": "GET L----2-2",
    "events:rotate": "POST L----2-2",
    "events:test": "POST L----3-3",
    "events:switch": "POST L----3-3",
    "events:remove": "POST L----3-3",
    "events:again": "POST L-------",
    "accounts:tokens": "GET L2222222",
    "accounts:revoke-token": "POST L-------",
    "accounts:invitation": "GET bbbbbbbb",
    "courses-api:me": "GET f2222222",
    "courses-api:course-list": "GET 22222222",
    "courses-api:course-detail": "GET 22222222",
    "courses-api:course-enroll": "POST f2222222",
    "courses-api:course-leave": "POST f2222222",
    "courses-api:module-list": "GET 22222222",
    "courses-api:module-detail": "GET --2222-2",
    "courses-api:lesson-list": "GET 22222222",
    "courses-api:lesson-detail": "GET --2222-2",
    "courses-api:lesson-complete": "POST f-2fff-f",
    "courses-api:lesson-progress": "POST f-2fff-f",
    "courses-api:lesson-move": "POST f-fff2-2",
    "courses-api:module-move": "POST f-fff2-2",
    "courses-api:block-move": "POST f-fff2-2",
    "courses-api:block-file": "POST f-fffb-b",
    "courses-api:block-progress": "GET f-2222-2",
    "courses-api:block-reflection": "GET f-2222-2",
    "courses-api:block-list": "GET 22222222",
    "courses-api:block-detail": "GET --2222-2",
    "courses-api:enrollment-list": "GET f2222222",
    "courses-api:enrollment-detail": "GET f-2-22-2",
    "courses-api:enrollment-answer": "POST f-f-fb-b",
    "courses-api:cohort-list": "GET f2222222",
    "courses-api:cohort-detail": "GET f----2-2",
    "courses-api:invitation-list": "GET f2222222",
    "courses-api:invitation-detail": "GET f----2-2",
    "courses-api:joining": "GET f----2-2",
    "courses-api:people-import": "POST f----b-b",
    "courses-api:progress-list": "GET f2222222",
    "courses-api:progress-detail": "GET f-2--2-2",
    "courses-api:quiz-list": "GET 22222222",
    "courses-api:quiz-detail": "GET --2222-2",
    "courses-api:quiz-begin": "POST f-2fff-f",
    "courses-api:quiz-answers": "POST f-bfff-f",
    "courses-api:quiz-submit": "POST f-bfff-f",
    "courses-api:quiz-attempt-list": "GET f2222222",
    "courses-api:quiz-attempt-detail": "GET f-2-----",
    "courses-api:assignment-list": "GET 22222222",
    "courses-api:assignment-detail": "GET --2222-2",
    "courses-api:assignment-draft": "POST f-bfff-f",
    "courses-api:assignment-files": "POST f-bfff-f",
    "courses-api:assignment-hand-in": "POST f-2fff-f",
    "courses-api:assignment-release": "POST f-ff22-2",
    "courses-api:submission-list": "GET f2222222",
    "courses-api:submission-detail": "GET f-2-22-2",
    "courses-api:submission-mark": "POST f-f-bb-b",
    "courses-api:thread-list": "GET f2222222",
    "courses-api:thread-detail": "GET f-2222-2",
    "courses-api:thread-follow": "POST f-2222-2",
    "courses-api:thread-moderate": "POST f-ffbb-b",
    "courses-api:post-list": "GET f2222222",
    "courses-api:post-detail": "GET f-2222-2",
    "courses-api:post-act": "POST f-bbbb-b",
    "courses-api:post-report": "POST f-ffbb-b",
    "courses-api:post-hide": "POST f-ffbb-b",
    "courses-api:post-show": "POST f-ff22-2",
    "courses-api:notification-list": "GET f2222222",
    "courses-api:notification-detail": "GET f-2-----",
    "courses-api:notification-read": "POST f-2-----",
    "courses-api:notification-read-all": "POST f2222222",
    "courses-api:notification-preferences": "GET f2222222",
    "courses-api:announcement-list": "GET f2222222",
    "courses-api:announcement-detail": "GET f----2-2",
    "courses-api:certificate-list": "GET f2222222",
    "courses-api:certificate-detail": "GET f-2--2-2",
    "courses-api:certificate-paper": "GET f-2--2-2",
    "courses-api:certificate-revoke": "POST f-f--b-b",
    "courses-api:certificate-restore": "POST f-f--2-2",
    "courses-api:certificate-rule": "GET f----2-2",
    "courses-api:webhook-list": "GET f2222222",
    "courses-api:webhook-detail": "GET f----2-2",
    "courses-api:webhook-rotate": "POST f----2-2",
    "courses-api:webhook-test": "POST f----2-2",
    "courses-api:webhook-switch": "POST f----b-b",
    "courses-api:webhook-delivery-list": "GET f2222222",
    "courses-api:webhook-delivery-detail": "GET f----2-2",
    "courses-api:webhook-delivery-again": "POST f----2-2",
    "courses-api:gradebook-setup": "GET f----2-2",
    "courses-api:grade-override": "GET f----2-2",
    "courses-api:quiz-analysis": "GET f-fff2-2",
    "courses-api:question-list": "GET f2222222",
    "courses-api:question-detail": "GET f----2-2",
    "courses-api:question-pool-list": "GET f2222222",
    "courses-api:question-pool-detail": "GET f----2-2",
    "courses-api:quiz-draw-list": "GET f2222222",
    "courses-api:quiz-draw-detail": "GET f----2-2",
    "courses-api:quiz-accommodation-list": "GET f2222222",
    "courses-api:quiz-accommodation-detail": "GET f----2-2",
    "courses-api:revision-list": "GET f2222222",
    "courses-api:revision-detail": "GET f----2-2",
    "courses-api:revision-restore": "POST f----2-2",
    "courses-api:calendar-address": "GET f2222222",
    "courses-api:criterion-list": "GET f2222222",
    "courses-api:criterion-detail": "GET f----2-2",
    "courses-api:criterion-move": "POST f----2-2",
    "courses-api:question-move": "POST f----2-2",
    "courses-api:export": "POST f----2-2",
    "courses-api:import": "POST fffffbbb",
    "courses-api:own-grades": "GET f-2222--",
    "courses-api:class-grades": "GET f---22-2",
    "courses-api:deadlines": "GET f2222222",
    "courses-api:search": "GET 22222222",
    "courses-api:verify": "GET 22222222",
}

# Every page of the administration, whatever the model, asked for with a row of "Bread" where it takes one.
ADMIN = {"anonymous": "L", "charlie": "L", "alice": "L", "olga": "L", "anton": "L", "ivo": "23-fb", "admin": "23-fb"}
# Open to all by design, or nothing without a query.
ADMIN_OPEN = {"admin:login", "admin:logout", "admin:jsi18n", "admin:autocomplete"}

SOCKETS = {
    "ws/lesson-sessions/<uuid:session_id>/": "--2-----",
    "ws/courses/<int:course_id>/now/": "----22-2",
    "ws/notifications/": "-2222222",
}


def observed(client, world, name: str, method: str, arguments) -> str:
    address = reverse(name, kwargs={argument: world.argument(name, argument) for argument in arguments})
    return "".join(ask(client, world, person, method, address, world.body(name)) for person in PEOPLE)


def own_routes():
    return {name: args for name, args in routes() if not name.startswith("admin:") and not is_of_packages(name)}


def test_every_route_has_a_line_and_every_line_a_route():
    assert set(own_routes()) == set(TABLE)


def test_every_route_answers_as_its_line_says(client, world):
    client.raise_request_exception = False
    wrong = []
    for name, arguments in own_routes().items():
        method, _, expected = TABLE.get(name, "GET no line").partition(" ")
        found = observed(client, world, name, method, arguments)
        if found != expected.strip():
            wrong.append(f'    "{name}": "{method} {found}",  # not {expected}')
    assert not wrong, "\n" + "\n".join(wrong)


def test_the_administration_opens_to_nobody_but_those_who_teach(client, world):
    client.raise_request_exception = False
    wrong = []
    for name, arguments in routes():
        if not name.startswith("admin:") or name.endswith(":None") or name in ADMIN_OPEN:
            continue
        row = _row_of(world, name)
        if "object_id" in arguments and row is None:
            continue
        if {"content_type_id", "version_id", "url"} & set(arguments):
            continue
        given = {a: row.pk if a == "object_id" else world.argument(name, a) for a in arguments if a != "form_url"}
        for person, expected in ADMIN.items():
            found = ask(client, world, person, "GET", reverse(name, kwargs=given))
            if found not in expected:
                wrong.append(f"{name} for {person}: {found}, not {expected}")
            is_page_of_a_row = name.endswith(("_change", "_delete", "_history")) and name.startswith("admin:courses_")
            if person == "ivo" and is_page_of_a_row and found != "-":
                wrong.append(f"{name} says to Ivo that there is a row of somebody else's course: {found}")
    assert not wrong, "\n" + "\n".join(wrong)


def _row_of(world, name: str):
    """The first row of the model that an admin page is about; the course of Ines was made first."""
    from django.contrib import admin

    for model in admin.site._registry:
        if name.startswith(f"admin:{model._meta.app_label}_{model._meta.model_name}_"):
            return model._default_manager.order_by("pk").first()
    return None


def test_every_socket_has_a_line():
    assert {str(pattern.pattern) for pattern in sockets} == set(SOCKETS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", SOCKETS)
def test_every_socket_opens_as_its_line_says(settings, tmp_path, path):
    settings.MEDIA_ROOT = tmp_path
    world = World(tmp_path)
    address = "/" + path.replace("<uuid:session_id>", str(world.session.pk))
    address = address.replace("<int:course_id>", str(world.course.pk))

    async def first_answer(user) -> str:
        scope = {"type": "websocket", "path": address, "headers": [], "user": user}
        socket = ApplicationCommunicator(URLRouter(sockets), scope)
        await socket.send_input({"type": "websocket.connect"})
        event = await socket.receive_output(3)
        if event["type"] == "websocket.accept":
            event = await socket.receive_output(3)  # its first words, or the reason why it closes
        await socket.send_input({"type": "websocket.disconnect", "code": 1000})
        await socket.wait(3)
        return "2" if event["type"] == "websocket.send" else "-"

    found = "".join(async_to_sync(first_answer)(world.people.get(person, AnonymousUser())) for person in PEOPLE)
    assert found == SOCKETS[path]
