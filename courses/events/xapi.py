"""Events as xAPI 1.0.3 statements. Pure: an event and the site's address in, a statement out."""

from courses.events.models import Kind, LearningEvent
from courses.events.services import account_id

VERBS = {
    Kind.ENROLLED: "registered",
    Kind.LEFT: "exited",
    Kind.LESSON_STARTED: "initialized",
    Kind.LESSON_COMPLETED: "completed",
    Kind.BLOCK_COMPLETED: "completed",
    Kind.COURSE_COMPLETED: "completed",
    Kind.QUIZ_SUBMITTED: "answered",
    Kind.ASSIGNMENT_SUBMITTED: "answered",
}
ABOUT_COURSE = (Kind.ENROLLED, Kind.LEFT, Kind.COURSE_COMPLETED)
COMPLETES = (Kind.LESSON_COMPLETED, Kind.BLOCK_COMPLETED, Kind.COURSE_COMPLETED)
ACTIVITY = "http://adlnet.gov/expapi/activities/"


def statement(event: LearningEvent, *, site: str) -> dict | None:
    """`site` as https://lms.example. The event's course, lesson and block are read. None when there is nothing to say:
    a mark was excused, or what was set by hand was taken back."""
    if event.kind == Kind.GRADED and event.data.get("score") is None and event.data.get("points") is None:
        return None
    course = _activity(site, "courses", event.course_id, event.course.title, "course")
    target = course
    if event.lesson and event.kind not in ABOUT_COURSE:
        target = _activity(site, "lessons", event.lesson_id, event.lesson.title, "lesson")
    if event.block:
        kind = "assessment" if event.block.kind in ("quiz", "assignment") else "module"
        target = _activity(site, "blocks", event.block_id, event.block.title, kind)
    elif item := event.data.get("item"):
        target = _activity(site, f"courses/{event.course_id}/items", item, item, "assessment")
    verb = verb_of(event)
    made = {
        "id": str(event.uuid),
        "actor": {"objectType": "Agent", "account": {"homePage": site, "name": account_id(event.user_id)}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}", "display": {"en-US": verb}},
        "object": target,
        "context": {"platform": "Attune", "contextActivities": {"grouping": [course]}},
        "timestamp": event.occurred_at.isoformat(),
        "version": "1.0.3",
    }
    if result := _result(event):
        made["result"] = result
    return made


def verb_of(event: LearningEvent) -> str:
    """A mark passes or fails; one without a verdict, such as one set by hand, is a score."""
    if event.kind == Kind.GRADED:
        return {True: "passed", False: "failed", None: "scored"}[event.data.get("passed")]
    return VERBS[Kind(event.kind)]


def _result(event: LearningEvent) -> dict:
    result: dict = {}
    if event.kind in COMPLETES:
        result["completion"] = True
    if event.data.get("passed") is not None:
        result["success"] = event.data["passed"]
    if event.data.get("score") is not None:
        result["score"] = {"scaled": event.data["score"]}
    elif event.data.get("points") is not None:
        result["score"] = {"raw": event.data["points"]}
    return result


def _activity(site: str, kind: str, pk: int | str | None, title: str, type_: str) -> dict:
    return {
        "objectType": "Activity",
        "id": f"{site}/xapi/{kind}/{pk}",
        "definition": {"name": {"und": title}, "type": ACTIVITY + type_},
    }
