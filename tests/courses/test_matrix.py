"""Who gets what at every address of the site. A route without a line in TABLE fails, and so does one that answers
otherwise.

A line is "METHOD abcdefgh", one letter for each of PEOPLE:

    2  shown or done                      3  sent on to another page
    L  sent to sign in                    -  does not exist for them (404)
    f  forbidden (401 or 403)             b  let in, and told what is wrong with the (empty) request, or its method

Requests ask for what belongs to the course "Bread": Alice takes it, Olga observes it, Anton assists, Ines teaches it.
Charlie and Ivo have accounts; Ivo teaches another course. What a request changed is undone before the next.
To add a route, add its line; where its address takes something new, say in `World.argument` what that is.
"""

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import get_resolver, reverse
from django.utils import timezone

from courses.models import (
    Announcement,
    Asset,
    Block,
    Certificate,
    Cohort,
    Invitation,
    Lesson,
    LessonRevision,
    Notification,
    Outreach,
    Progress,
    QuizAttempt,
    SubmissionFile,
    WebhookEndpoint,
)
from emotion.models import SupportRule
from lms.asgi import sockets
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_bucket, make_session, open_gate
from tests.factories import enroll, make_admin, make_course, make_instructor, make_quiz, make_user

PEOPLE = ("anonymous", "charlie", "alice", "olga", "anton", "ines", "ivo", "admin")

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
    "courses-api:block-list": "GET 22222222",
    "courses-api:block-detail": "GET --2222-2",
    "courses-api:enrollment-list": "GET f2222222",
    "courses-api:enrollment-detail": "GET f-2--2-2",
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
    "courses-api:own-grades": "GET f-2222--",
    "courses-api:class-grades": "GET f---22-2",
    "courses-api:deadlines": "GET f2222222",
    "courses-api:search": "GET 22222222",
    "courses-api:verify": "GET 22222222",
}

# These come from packages; every one of their pages belongs to the visitor alone.
OF_PACKAGES = ("account_", "mfa_")

# Every page of the administration, whatever the model, asked for with a row of "Bread" where it takes one.
ADMIN = {"anonymous": "L", "charlie": "L", "alice": "L", "olga": "L", "anton": "L", "ivo": "23-fb", "admin": "23-fb"}
# Open to all by design, or nothing without a query.
ADMIN_OPEN = {"admin:login", "admin:logout", "admin:jsi18n", "admin:autocomplete"}

SOCKETS = {
    "ws/lesson-sessions/<uuid:session_id>/": "--2-----",
    "ws/courses/<int:course_id>/now/": "----22-2",
    "ws/notifications/": "-2222222",
}


class World:
    def __init__(self, files) -> None:
        open_gate()
        self.people = {name: make_user(name) for name in ("charlie", "alice", "olga", "anton")}
        self.people |= {"ines": make_instructor("ines"), "ivo": make_instructor("ivo"), "admin": make_admin()}
        self.course = make_course("Bread", instructor=self.people["ines"], slug="bread")
        self.alice = enroll(self.people["alice"], self.course)
        self.outreach = Outreach.objects.create(
            enrollment=self.alice, kind="message", words="How is it going?", by=self.people["ines"]
        )
        enroll(self.people["olga"], self.course, role="observer")
        enroll(self.people["anton"], self.course, role="assistant")
        self.lesson = Lesson.objects.first()
        self.block = self.lesson.blocks.first()
        self.reflection = Block.objects.create(
            lesson=self.lesson, kind="reflection", title="Think", body="?", position=8
        )
        self.quiz = make_quiz(lesson=self.lesson)
        self.question = self.quiz.questions.first()
        pool = self.quiz.course.question_pools.create(title="Crusts")
        self.draw = self.quiz.draws.create(pool=pool)
        self.extra = self.quiz.accommodations.create(user=self.people["alice"], time_factor=1.5)
        self.progress = Progress.objects.create(user=self.people["alice"], lesson=self.lesson)
        self.thread = make_thread(self.people["alice"], self.lesson)
        self.announcement = Announcement.objects.create(
            course=self.course, author=self.people["ines"], title="Hello", body="All"
        )
        self.webhook = WebhookEndpoint.objects.create(course=self.course, url="https://example.org/hook")
        self.assignment = make_assignment(lesson=self.lesson, rubric=True)
        self.submission = make_submission(self.people["alice"], self.assignment)
        self.submission_file = SubmissionFile(submission=self.submission, name="essay.txt", size=2)
        self.submission_file.file.save("essay.txt", ContentFile(b"42"))
        self.asset = Asset(course=self.course, name="bread.txt", content_type="text/plain", size=2, sha256="0")
        self.asset.file.save("bread.txt", ContentFile(b"42"))
        self.cohort = Cohort.objects.create(course=self.course, name="Spring")
        self.invitation = Invitation.objects.create(course=self.course)
        self.revision = LessonRevision.objects.create(
            lesson=self.lesson, content={"title": "Old", "summary": "", "minutes": 5, "blocks": []}
        )
        alice = self.people["alice"]
        self.attempt = QuizAttempt.objects.create(
            user=alice, quiz=self.quiz, submitted_at=timezone.now(), points=1, max_points=2, score_percent=50
        )
        self.notification = Notification.objects.create(
            user=alice, kind="reply", title="A reply", url="/", key="1", mail="off", mail_after=timezone.now()
        )
        self.certificate = Certificate.objects.create(user=alice, course=self.course, name="Alice", title="Bread")
        self.session = make_session(self.people["alice"], self.lesson)
        make_bucket(self.session)
        self.rule = SupportRule.objects.create(course=self.course, state="confused", action="hint")
        make_course("Cake", instructor=self.people["ivo"], slug="cake")

    def argument(self, route: str, name: str):
        """What a route's address takes as `name`: said for the route, else for its family, else for all."""
        known = {
            "slug": self.course.slug,
            "name": self.asset.name,
            "id": self.people["alice"].pk,
            "token": self.invitation.token,
            "form": "csv",
            "role": "student",
            "session_id": self.session.pk,
            "sequence": 1,
            "sha256": "0" * 64,
            "event_id": 1,
            "lesson_id": self.lesson.pk,
            "course_id": self.course.pk,
            "app_label": "courses",
            "courses:asset pk": self.asset.pk,
            "courses:reflection pk": self.reflection.pk,
            "courses:block-progress pk": self.block.pk,
            "courses: pk": self.lesson.pk,
            "emotion:rule pk": self.rule.pk,
            "emotion: state": "confused",
            "emotion: pk": self.lesson.pk,
            "enrollment:remove-cohort pk": self.cohort.pk,
            "enrollment:revoke pk": self.invitation.pk,
            "enrollment: pk": self.alice.pk,
            "at_risk:outreach pk": self.outreach.pk,
            "at_risk: pk": self.alice.pk,
            "assignments:grade pk": self.submission.pk,
            "assignments:remove-file pk": self.submission_file.pk,
            "assignments:file pk": self.submission_file.pk,
            "assignments: pk": self.assignment.pk,
            "studio:restore pk": self.revision.pk,
            "studio:save-module pk": self.lesson.module_id,
            "studio:remove-module pk": self.lesson.module_id,
            "studio:add-lesson pk": self.lesson.module_id,
            "studio:save-block pk": self.block.pk,
            "studio:attach-file pk": self.block.pk,
            "studio:details pk": self.block.pk,
            "studio:remove-block pk": self.block.pk,
            "studio:assignment pk": self.assignment.pk,
            "studio:save-assignment pk": self.assignment.pk,
            "studio:add-criterion pk": self.assignment.pk,
            "studio:save-criterion pk": self.assignment.criteria.first().pk,
            "studio:remove-criterion pk": self.assignment.criteria.first().pk,
            "studio:quiz pk": self.quiz.pk,
            "studio:save-quiz pk": self.quiz.pk,
            "studio:add-question pk": self.quiz.pk,
            "studio:save-question pk": self.question.pk,
            "studio:remove-question pk": self.question.pk,
            "studio:save-draw pk": self.quiz.pk,
            "studio:save-accommodation pk": self.quiz.pk,
            "studio:remove-draw pk": self.draw.pk,
            "studio:remove-accommodation pk": self.extra.pk,
            "studio:pool pk": self.draw.pool_id,
            "studio:save-pool pk": self.draw.pool_id,
            "studio:add-pool-question pk": self.draw.pool_id,
            "studio:remove-pool pk": self.draw.pool_id,
            "studio: pk": self.lesson.pk,
            "quizzes: pk": self.quiz.pk,
            "gradebook:override key": f"assignment-{self.assignment.pk}",
            "user_id": self.people["alice"].pk,
            "certificates: code": "no-such-code",
            "notifications:open pk": self.notification.pk,
            "notifications:read pk": self.notification.pk,
            "notifications: pk": self.announcement.pk,
            "discussion:lesson pk": self.lesson.pk,
            "discussion:thread pk": self.thread.pk,
            "discussion:follow pk": self.thread.pk,
            "discussion:moderate pk": self.thread.pk,
            "discussion: pk": self.thread.posts.first().pk,
            "events:again pk": 0,
            "events: pk": self.webhook.pk,
            "accounts: pk": 1,
            "accounts: name": "emotion",
            "accounts: token": "no-such-token",
            "emotion: token": "no-such-token",
            "notifications: token": "no-such-token",
            "calendar: token": "no-such-token",
            "courses-api:module-detail pk": self.lesson.module_id,
            "courses-api:lesson-detail pk": self.lesson.pk,
            "courses-api:lesson-complete pk": self.lesson.pk,
            "courses-api:block-detail pk": self.block.pk,
            "courses-api:enrollment-detail pk": self.alice.pk,
            "courses-api:progress-detail pk": self.progress.pk,
            "courses-api:quiz-attempt-detail pk": self.attempt.pk,
            "courses-api:submission-detail pk": self.submission.pk,
            "courses-api:submission-mark pk": self.submission.pk,
            "courses-api:thread-detail pk": self.thread.pk,
            "courses-api:thread-follow pk": self.thread.pk,
            "courses-api:thread-moderate pk": self.thread.pk,
            "courses-api:notification-detail pk": self.notification.pk,
            "courses-api:notification-read pk": self.notification.pk,
            "courses-api:announcement-detail pk": self.announcement.pk,
            "courses-api:certificate-detail pk": self.certificate.pk,
            **{f"courses-api:quiz-{name} pk": self.quiz.pk for name in ("detail", "begin", "answers", "submit")},
            **{
                f"courses-api:assignment-{name} pk": self.assignment.pk
                for name in ("detail", "draft", "files", "hand-in", "release")
            },
            **{
                f"courses-api:post-{name} pk": self.thread.posts.first().pk
                for name in ("detail", "act", "report", "hide", "show")
            },
            "courses-api: code": self.certificate.code,
            "courses-api: pk": self.course.pk,
        }
        family = route.partition(":")[0] + ":"
        for key in (f"{route} {name}", f"{family} {name}", name):
            if key in known:
                return known[key]
        raise AssertionError(f"Say in World.argument what {route} takes as {name}.")

    def body(self, route: str) -> dict:
        """What a request sends, for the routes that look at it before they look at anything else."""
        return {
            "courses:progress": {"block": self.block.pk},
            "studio:move": {"kind": "lesson", "pk": self.lesson.pk, "step": "down"},
        }.get(route, {})


@pytest.fixture
def world(db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    cache.clear()
    return World(tmp_path)


def routes(patterns=None, family: str = ""):
    """(name, arguments) of every URL pattern."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else family)
        else:
            yield f"{family}{pattern.name}", tuple(pattern.pattern.regex.groupindex)


def is_of_packages(name: str) -> bool:
    return name.startswith(OF_PACKAGES)


def letter(response) -> str:
    status, to = response.status_code, response.headers.get("Location", "")
    if 300 <= status < 400:
        return "L" if "/login/" in to else "3"
    if status in (400, 405, 409, 410, 413, 415, 422):
        return "b"
    return {404: "-", 401: "f", 403: "f"}.get(status, "2" if status < 300 else f"[{status}]")


def ask(client, world, person: str, method: str, address: str, body=None) -> str:
    """The answer's letter; everything it wrote is undone."""
    client.logout()
    with transaction.atomic():
        if person != "anonymous":
            client.force_login(world.people[person])
        answered = letter(getattr(client, method.lower())(address, body or None))
        transaction.set_rollback(True)
    cache.clear()
    return answered


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
            if person == "ivo" and is_page_of_a_row and found == "2":
                wrong.append(f"{name} shows Ivo a row of somebody else's course")
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
