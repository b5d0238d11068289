from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from courses import assets
from courses.models import Course
from emotion.permissions import may_export_research
from emotion.policy import features_are_on
from emotion.research.services import enough_agreed, research_file
from emotion.selectors import SMALLEST_GROUP
from emotion.services import Refused


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def research(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who answer for a course: what a research export holds, and the export."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if not features_are_on() or not may_export_research(request.user, course):
        raise Http404(_("There is no such export."))
    problem = ""
    if request.method == "POST":
        try:
            file = research_file(course=course, actor=request.user)
        except Refused as refusal:
            problem = _(str(refusal))
        else:
            name, size = f"{course.slug}-research-{timezone.localdate()}.zip", file.seek(0, 2)
            answer = assets.serve(file, name=name, size=size, content_type=assets.DOWNLOAD)
            answer["Cache-Control"] = "no-store"
            return answer
    context = {
        "course": course,
        "problem": problem,
        "enough": enough_agreed(course),
        "smallest_group": SMALLEST_GROUP,
    }
    return render(request, "emotion/research.html", context, status=409 if problem else 200)
