"""What stands behind every address of the site: a course with everything in it and those who may ask for it; and the
addresses themselves, to be asked one by one."""

from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import transaction
from django.urls import get_resolver
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
from tests.courses.assignments.factories import make_assignment, make_submission
from tests.courses.discussion.factories import make_thread
from tests.emotion.factories import make_bucket, make_session, open_gate
from tests.factories import enroll, make_admin, make_course, make_instructor, make_quiz, make_user

PEOPLE = ("anonymous", "charlie", "alice", "olga", "anton", "ines", "ivo", "admin")

# These come from packages; every one of their pages belongs to the visitor alone.
OF_PACKAGES = ("account_", "mfa_")


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
        self.delivery = self.webhook.deliveries.create()
        self.assignment = make_assignment(lesson=self.lesson, rubric=True)
        self.submission = make_submission(self.people["alice"], self.assignment)
        self.submission_file = SubmissionFile(submission=self.submission, name="essay.txt", size=2)
        self.submission_file.file.save("essay.txt", ContentFile(b"42"))
        self.asset = Asset(course=self.course, name="bread.txt", content_type="text/plain", size=2, sha256="0")
        self.asset.file.save("bread.txt", ContentFile(b"42"))
        Block.objects.create(lesson=self.lesson, kind="file", title="Recipe", position=20, asset=self.asset)
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
            "admin:training_run_curves pk": 1,
            "admin:training_run_figures pk": 1,
            "admin:emotion_modelversion_figures pk": 1,
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
            **{f"courses-api:block-{name} pk": self.block.pk for name in ("detail", "move", "file", "progress")},
            "courses-api:block-reflection pk": self.reflection.pk,
            "courses-api:module-move pk": self.lesson.module_id,
            "courses-api:lesson-move pk": self.lesson.pk,
            "courses-api:lesson-progress pk": self.lesson.pk,
            "courses-api:grade-override key": f"assignment-{self.assignment.pk}",
            **{f"courses-api:certificate-{name} pk": self.certificate.pk for name in ("paper", "revoke", "restore")},
            **{f"courses-api:webhook-{name} pk": self.webhook.pk for name in ("detail", "rotate", "test", "switch")},
            **{f"courses-api:webhook-delivery-{name} pk": self.delivery.pk for name in ("detail", "again")},
            "courses-api:question-detail pk": self.question.pk,
            "courses-api:question-pool-detail pk": self.draw.pool_id,
            "courses-api:quiz-draw-detail pk": self.draw.pk,
            "courses-api:quiz-accommodation-detail pk": self.extra.pk,
            **{f"courses-api:revision-{name} pk": self.revision.pk for name in ("detail", "restore")},
            "courses-api:criterion-detail pk": self.assignment.criteria.first().pk,
            "courses-api:criterion-move pk": self.assignment.criteria.first().pk,
            "courses-api:question-move pk": self.question.pk,
            "courses-api:cohort-detail pk": self.cohort.pk,
            "courses-api:invitation-detail pk": self.invitation.pk,
            "courses-api:enrollment-answer pk": self.alice.pk,
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
            **{
                f"courses-api:quiz-{name} pk": self.quiz.pk
                for name in ("detail", "begin", "answers", "submit", "analysis")
            },
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
            "courses-api:thread-follow": {"on": True},
        }.get(route, {})


def routes(patterns=None, family: str = ""):
    """(name, arguments) of every URL pattern."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else family)
        else:
            yield f"{family}{pattern.name}", tuple(pattern.pattern.regex.groupindex)


def is_of_packages(name: str) -> bool:
    return name.startswith(OF_PACKAGES)


class AsJson:
    """A test client whose bodies are JSON, as a program's are."""

    def __init__(self, client) -> None:
        self.client = client

    def __getattr__(self, name: str):
        send = getattr(self.client, name)
        if name in ("post", "put", "patch"):
            return lambda address, body: send(address, body or {}, content_type="application/json")
        return send


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
        sender = AsJson(client) if "/api/" in address and not isinstance(client, AsJson) else client
        answered = letter(getattr(sender, method.lower())(address, body or None))
        transaction.set_rollback(True)
    cache.clear()
    return answered
