import pytest
from django.core.cache import cache

from courses.models import Lesson
from tests.factories import enroll, make_admin, make_course, make_instructor, make_user


@pytest.fixture(autouse=True)
def _no_throttle_of_another_test():
    cache.clear()


@pytest.fixture
def people():
    """Alice takes the course, Ines teaches it, Otto teaches another one, Charlie has nothing to do with it."""
    return {
        "alice": make_user("alice"),
        "charlie": make_user("charlie"),
        "ines": make_instructor("ines"),
        "otto": make_instructor("otto"),
        "admin": make_admin(),
        "anonymous": None,
    }


@pytest.fixture
def course(people):
    course = make_course("Gardening", lessons=2, instructor=people["ines"], description="**Roses**")
    enroll(people["alice"], course)
    make_course("Otto's", lessons=0, instructor=people["otto"])
    Lesson.objects.for_course(course).filter(position=2).update(status="draft")
    return course


@pytest.fixture
def ask(client, people):
    """ask("alice", "get", "courses/", data) -> (status, JSON)"""

    def ask(who: str, method: str, path: str, data: dict | None = None):
        client.logout()
        if people[who]:
            client.force_login(people[who])
        send = getattr(client, method)
        extra = {"data": data or {}, "content_type": "application/json"} if method != "get" else {"data": data or {}}
        answer = send(f"/api/v1/{path}", **extra)
        return answer.status_code, answer.json() if answer.content else None

    return ask
