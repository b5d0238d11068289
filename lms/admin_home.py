"""What the administration opens with: the courses somebody teaches, each with the way to how it goes."""

from django.http import HttpRequest

from courses.models import Course

SHOWN = 30


def dashboard(request: HttpRequest, context: dict) -> dict:
    """Unfold calls this for its first page. One query."""
    return {**context, "taught": Course.objects.taught_by(request.user).exclude(status="archived")[:SHOWN]}
