from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from courses.models import Lesson
from emotion import comparison
from emotion.dashboard.rule_form import STATES
from emotion.policy import features_are_on
from emotion.selectors import SMALLEST_GROUP


@login_required
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """For those who teach or assist: two editions of a lesson, or two cohorts, with how far to trust the difference."""
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user).select_related("module__course"), pk=pk)
    if not features_are_on() or not lesson.course.is_staffed_by(request.user):
        raise Http404("There is no such lesson.")
    editions, cohorts = comparison.sides_of(lesson)
    sides = {side.key: side for side in (*editions, *cohorts)}
    usual = editions[-2:] if len(editions) > 1 else cohorts[:2]
    asked = [sides.get(request.GET.get(name, "")) for name in ("first", "second")]
    first, second = asked if all(asked) else (usual if len(usual) == 2 else (None, None))
    state = request.GET.get("state", "")
    state = state if state in STATES else "confused"
    same_kind = first and second and first != second and first.key.split()[0] == second.key.split()[0]
    context = {
        "lesson": lesson,
        "editions": editions if len(editions) > 1 else [],
        "cohorts": cohorts if len(cohorts) > 1 else [],
        "first": first,
        "second": second,
        "state": state,
        "states": STATES,
        "rows": comparison.compare(lesson=lesson, first=first, second=second, state=state) if same_kind else [],
        "same_kind": same_kind,
        "smallest_group": SMALLEST_GROUP,
    }
    return render(request, "emotion/compare.html", context)
