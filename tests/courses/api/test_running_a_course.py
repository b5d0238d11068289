"""What those who teach do beside its lessons, over REST: marks by hand, certificates, announcements, webhooks, zips."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courses.models import (
    Announcement,
    Certificate,
    Course,
    GradeChange,
    Lesson,
    Notification,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.courses.assignments.factories import make_assignment
from tests.factories import enroll, make_user

pytestmark = pytest.mark.django_db
OTHERS = (("anonymous", 403), ("charlie", 404), ("alice", 404), ("otto", 404))


@pytest.fixture
def lesson(course):
    return Lesson.objects.for_course(course).published().get()


def test_a_mark_set_by_hand_and_its_trail(ask, people, course, lesson):
    key = f"assignment-{make_assignment(lesson=lesson).pk}"
    path = f"courses/{course.pk}/gradebook/{key}/{people['alice'].pk}/"
    assert ask("ines", "post", path, {"points": 3})[0] == 400
    assert ask("ines", "post", path, {"points": 3, "excused": True, "reason": "Both"})[0] == 400
    status, mark = ask("ines", "post", path, {"points": 3, "reason": "Seen again"})
    assert (status, mark["points"], mark["marked"]) == (200, 3, None)
    assert [(row["before"], row["after"], row["by"]["name"]) for row in mark["trail"]] == [("as marked", "3", "Ines")]
    assert ask("alice", "get", f"courses/{course.pk}/grades/")[1]["grades"]["cells"][0]["points"] == 3
    assert ask("ines", "post", path, {"reason": "As it was"})[1]["points"] is None
    assert GradeChange.objects.count() == 2
    for who, status in OTHERS:
        assert ask(who, "post", path, {"points": 9, "reason": "Mine"})[0] == status
    assert ask("ines", "get", f"courses/{course.pk}/gradebook/{key}/{people['charlie'].pk}/")[0] == 404
    assert ask("ines", "get", f"courses/{course.pk}/gradebook/quiz-0/{people['alice'].pk}/")[0] == 404


def test_how_a_course_is_graded(ask, course, lesson):
    key = f"assignment-{make_assignment(lesson=lesson).pk}"
    path = f"courses/{course.pk}/gradebook/setup/"
    plan = [{"name": "Essays", "weight": 60, "keys": [key]}, {"name": "Rest", "weight": 40, "drop_lowest": 1}]
    status, kept = ask("ines", "put", path, {"categories": plan, "missing_is_zero": True})
    assert (status, kept["categories"][0]["keys"], kept["missing_is_zero"]) == (200, [key], True)
    assert ask("ines", "get", path)[1] == kept
    plan[0]["weight"] = 50
    status, wrong = ask("ines", "put", path, {"categories": plan})
    assert status == 400 and "have to make 100" in wrong["categories"][0]
    same = [{"name": "A", "weight": 50}, {"name": "A", "weight": 50}]
    assert ask("ines", "put", path, {"categories": same})[0] == 400
    assert [ask(who, "put", path, {"categories": []})[0] for who, _ in OTHERS] == [status for _, status in OTHERS]
    assert ask("ines", "get", path)[1] == kept


def test_certificates_are_given_taken_back_and_hold_again(ask, client, people, course, lesson):
    assert ask("alice", "post", f"lessons/{lesson.pk}/complete/")[0] == 200
    path = f"courses/{course.pk}/certificate-rule/"
    assert ask("ines", "patch", path, {"lowest_percent": 101})[0] == 400
    status, rule = ask("ines", "patch", path, {"is_on": True, "signatory": "Ines"})
    assert (status, rule["given"], rule["signatory"]) == (200, 1, "Ines")
    assert [ask(who, "patch", path, {"is_on": False})[0] for who, _ in OTHERS] == [status for _, status in OTHERS]
    one = Certificate.objects.get()
    client.force_login(people["alice"])
    paper = client.get(f"/api/v1/certificates/{one.pk}/paper/", headers={"accept": "application/pdf"})
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    assert ask("alice", "post", f"certificates/{one.pk}/revoke/", {"reason": "No"})[0] == 403
    assert ask("otto", "post", f"certificates/{one.pk}/revoke/", {"reason": "No"})[0] == 404
    assert ask("ines", "post", f"certificates/{one.pk}/revoke/", {})[0] == 400
    assert ask("ines", "post", f"certificates/{one.pk}/revoke/", {"reason": "Copied"})[1]["revoked_at"]
    assert ask("alice", "get", f"certificates/{one.pk}/paper/")[0] == 404
    assert ask("anonymous", "get", f"verify/{one.code}/")[1]["holds"] is False
    assert ask("ines", "post", f"certificates/{one.pk}/restore/")[1]["revoked_at"] is None


def test_what_is_planned_can_change_and_what_was_sent_stays(ask, course):
    later = (timezone.now() + timedelta(days=1)).isoformat()
    new = {"course": course.pk, "title": "Tomorrow", "body": "Rain", "publish_at": later}
    one = ask("ines", "post", "announcements/", new)[1]
    path = f"announcements/{one['id']}/"
    assert ask("alice", "patch", path, {"title": "Mine"})[0] == ask("otto", "delete", path)[0] == 404
    other = Course.objects.exclude(pk=course.pk).get()
    assert ask("ines", "patch", path, {"course": other.pk})[0] == 400
    assert ask("ines", "patch", path, {"title": "Soon"})[1]["sent_at"] is None
    sent = ask("ines", "patch", path, {"publish_at": timezone.now().isoformat()})[1]
    assert sent["sent_at"] and (sent["title"], sent["sent_count"]) == ("Soon", 1)
    assert ask("ines", "patch", path, {"title": "Late"})[0] == 409
    assert ask("alice", "delete", path)[0] == 403
    assert ask("ines", "delete", path)[0] == 204
    assert not Announcement.objects.exists() and not Notification.objects.exists()


def test_webhooks(ask, course):
    new = {"course": course.pk, "url": "https://hooks.example/x", "wants_grade": False}
    status, made = ask("ines", "post", "webhooks/", new)
    assert status == 201 and made["secret"] == WebhookEndpoint.objects.get().secret and made["wants_grade"] is False
    path = f"webhooks/{made['id']}/"
    assert "secret" not in ask("ines", "get", path)[1]
    assert ask("ines", "post", "webhooks/", new)[1] == {"url": ["This address is told already."]}
    assert "url" in ask("ines", "post", "webhooks/", new | {"url": "https://127.0.0.1/x"})[1]
    assert ask("ines", "post", "webhooks/", {"url": "https://hooks.example/y"})[0] == 403
    assert ask("admin", "post", "webhooks/", {"url": "https://hooks.example/y"})[0] == 201
    assert ask("ines", "patch", path, {"wants_enrollment": False})[1]["wants_enrollment"] is False
    assert ask("ines", "patch", path, {"wants_completion": False})[0] == 400
    assert ask("ines", "post", f"{path}rotate/")[1]["secret"] != made["secret"]
    assert ask("ines", "post", f"{path}switch/", {"on": False})[1]["is_enabled"] is False
    assert ask("ines", "post", f"{path}test/")[1]["kind"] == "test"
    WebhookDelivery.objects.update(next_attempt_at=None, attempts=5)
    [delivery] = ask("ines", "get", "webhook-deliveries/", {"endpoint": made["id"]})[1]["results"]
    assert delivery["state"] == "given up"
    assert ask("ines", "post", f"webhook-deliveries/{delivery['id']}/again/")[1]["state"] == "waiting"
    for who, expected in OTHERS:
        assert ask(who, "patch", path, {"wants_grade": True})[0] == expected
        assert ask(who, "post", f"webhook-deliveries/{delivery['id']}/again/")[0] == expected
    assert ask("ines", "delete", path)[0] == 204


def test_a_course_goes_out_and_comes_in_again(client, people, course, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(people["ines"])
    answer = client.post(f"/api/v1/courses/{course.pk}/export/", headers={"accept": "application/octet-stream"})
    packed = b"".join(answer)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert json.loads(archive.read("course.json"))["course"]["title"] == "Gardening"

    def send(who: str, content: bytes):
        client.force_login(people[who])
        return client.post("/api/v1/courses/import/", {"file": SimpleUploadedFile("course.zip", content)})

    imported = send("otto", packed)
    assert imported.status_code == 201
    copy = Course.objects.get(pk=imported.json()["course"])
    assert (copy.title, copy.status, copy.is_taught_by(people["otto"])) == ("Gardening", "draft", True)
    assert send("otto", b"no zip").status_code == 400
    assert send("alice", packed).status_code == 403
    for who, expected in OTHERS:
        client.logout()
        if people[who]:
            client.force_login(people[who])
        assert client.post(f"/api/v1/courses/{course.pk}/export/").status_code == expected


def test_a_trail_costs_the_same_however_long(client, people, course, lesson, django_assert_max_num_queries):
    student = make_user("s")
    enroll(student, course)
    key = f"assignment-{make_assignment(lesson=lesson).pk}"
    path = f"/api/v1/courses/{course.pk}/gradebook/{key}/{student.pk}/"
    client.force_login(people["ines"])
    for points in range(1, 6):
        client.post(path, {"points": points, "reason": "More"}, content_type="application/json")
    with django_assert_max_num_queries(14):
        assert len(client.get(path).json()["trail"]) == 5
