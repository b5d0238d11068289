"""What was done for somebody is about them: theirs to take along, notes included, and to erase."""

from courses.at_risk.services import asked_key
from courses.models import Outreach
from courses.notifications.services import take_back


def export_outreach(user) -> list[dict]:
    return [
        {
            "course": done.enrollment.course.title,
            "kind": done.kind,
            "words": done.words,
            "talk_at": done.talk_at and done.talk_at.isoformat(),
            "because": done.because,
            "at": done.created_at.isoformat(),
        }
        for done in Outreach.objects.filter(enrollment__user=user).select_related("enrollment__course")
    ]


def erase_outreach(user) -> int:
    """Theirs go; what they did for others stays, by nobody."""
    Outreach.objects.filter(by=user).update(by=None)
    theirs = Outreach.objects.filter(enrollment__user=user)
    asked = theirs.filter(kind=Outreach.Kind.ASKED).values_list("pk", flat=True)
    take_back(keys=[asked_key(pk) for pk in asked])
    return theirs.delete()[0]
