from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.charts.files import chart_file
from courses.models import Course, Lesson
from emotion import consents, course_calibration, selectors, services, support
from emotion.core.labels import COUNTED_STATES, EXPRESSIONS
from emotion.dashboard import history_charts, lesson_chart, report_charts
from emotion.dashboard.consent_form import ConsentForm
from emotion.models import SUPPORTED, Consent, LessonSession, SupportPreference
from emotion.permissions import has_left_something, takes_as_student
from emotion.policy import features_are_on

LOOKS = {
    "confused": gettext_lazy("looks puzzling"),
    "frustrated": gettext_lazy("looks hard going"),
    "bored": gettext_lazy("looks slow"),
    "delighted": gettext_lazy("looks like it goes well"),
}


NO_HISTORY = gettext_lazy("Only those who take this course have a history in it.")


def _require_features() -> None:
    if not features_are_on():
        raise Http404(_("The emotion features are turned off here."))


def _taken_lesson(request: HttpRequest, pk: int) -> Lesson:
    _require_features()
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user).select_related("module__course"), pk=pk)
    if not takes_as_student(request.user, lesson.course):
        raise Http404(NO_HISTORY)
    return lesson


def _own_lesson(request: HttpRequest, pk: int) -> tuple[Lesson, bool]:
    """One that this person takes as a student; or one that holds a history of theirs, though they have left the course:
    False then."""
    _require_features()
    lessons = selectors.lessons_with_own_history(request.user).select_related("module__course")
    lesson = get_object_or_404(lessons, pk=pk)
    if takes_as_student(request.user, lesson.course):
        return lesson, True
    if not LessonSession.objects.visible_to(request.user).filter(lesson=lesson).exists():
        raise Http404(NO_HISTORY)
    return lesson, False


def _own_course(request: HttpRequest, slug: str) -> tuple[Course, int | None]:
    """The same of a course; and of one that they have left, a lesson with a history of theirs."""
    _require_features()
    course = get_object_or_404(selectors.courses_with_own_history(request.user), slug=slug)
    if takes_as_student(request.user, course):
        return course, None
    mine = LessonSession.objects.visible_to(request.user).filter(lesson__module__course=course)
    left = mine.order_by().values_list("lesson", flat=True).first()
    if left is None:
        raise Http404(NO_HISTORY)
    return course, left


@login_required
@require_http_methods(["GET", "POST"])
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    """One calm screen before the camera: what happens, what is kept, who sees it."""
    lesson = _taken_lesson(request, pk)
    given = Consent.objects.in_force().visible_to(request.user).filter(course=lesson.course).first()
    current = given if given and given.is_current else None
    form = ConsentForm(request.POST) if request.method == "POST" else ConsentForm.showing(current)
    if form.is_bound and form.is_valid():
        try:
            kept = consents.give_consent(
                user=request.user,
                course=lesson.course,
                choices=form.choices,
                under_age=form.cleaned_data["age"] == "younger",
                guardian_email=form.cleaned_data["guardian"],
                guardian_link=lambda token: request.build_absolute_uri(reverse("emotion:guardian", args=[token])),
            )
        except services.Refused as refusal:
            form.add_error(None, _(str(refusal)))
        else:
            messages.success(request, _after_consent(kept))
            return redirect(lesson)
    context = {
        "lesson": lesson,
        "given": given,
        "consent": current,
        "form": form,
        "age": settings.ATTUNE_CONSENT_AGE,
        "kept": _kept(),
    }
    return render(request, "emotion/consent.html", context, status=422 if form.errors else 200)


def _kept() -> dict[str, int]:
    """How long what is kept, for the text that people agree to."""
    return {"hours": settings.ATTUNE_READING_HOURS, "days": settings.ATTUNE_HISTORY_DAYS}


def _after_consent(kept: Consent | None) -> str:
    if kept is None:
        return _("Kept: the camera stays off. Nothing else changes.")
    if kept.waits_for_guardian:
        return _("Thank you. We have written to your parent or guardian; the camera stays off until they agree.")
    if kept.camera:
        return _("Thank you. The camera stays off until you start it.")
    return _("Kept: the camera stays off, and the rest is as you chose.")


@never_cache
@require_http_methods(["GET", "POST"])
def guardian(request: HttpRequest, token: str) -> HttpResponse:
    """For a parent or guardian, by the link in their letter. Opening it changes nothing; a button does."""
    if not features_are_on():
        raise Http404(_("The emotion features are turned off here."))
    asked = consents.consent_at(token)
    if asked is not None and "refuse" in request.POST:
        consents.refuse_as_guardian(consent=asked, erase="erase" in request.POST)
        return render(request, "emotion/guardian_done.html", {"agreed": False})
    if asked is not None and "agree" in request.POST and consents.agree_as_guardian(consent=asked):
        return render(request, "emotion/guardian_done.html", {"agreed": True})
    if asked is None or request.method == "POST":
        return render(request, "emotion/guardian_gone.html", status=410)
    return render(request, "emotion/guardian.html", {"consent": asked, "kept": _kept()})


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Also for those who have left the course: a yes can be taken back and a history erased as long as it is there."""
    _require_features()
    lesson = get_object_or_404(Lesson.objects.select_related("module__course"), pk=pk)
    sees = Lesson.objects.visible_to(request.user).filter(pk=lesson.pk).exists()
    takes = sees and takes_as_student(request.user, lesson.course)
    if not takes and not has_left_something(request.user, lesson.course):
        raise Http404(NO_HISTORY)
    consents.withdraw_consent(user=request.user, course=lesson.course)
    if "erase" in request.POST:
        services.erase_history(user=request.user, course=lesson.course)
        messages.success(request, _("Withdrawn, and your history in this course is erased."))
    else:
        messages.success(request, _("Withdrawn. The camera is off and no more frames are taken."))
    return redirect(lesson if takes else "accounts:profile")


@login_required
@require_http_methods(["GET", "POST"])
def support_wishes(request: HttpRequest) -> HttpResponse:
    """What a student wants of support: whether it is offered at all, and when lessons look like what."""
    if request.method == "POST":
        wanted = request.POST.getlist("states")
        muted = [state for state in SUPPORTED if state not in wanted]
        off = "offers" not in request.POST
        changed = {"off": off, "muted_states": muted, "muted_rules": [], "snoozed_until": None}
        support.set_preference(user=request.user, wanted=changed)
        messages.success(
            request, _("Kept. No offers from now on.") if off else _("Kept. Offers stay few and far between.")
        )
        return redirect("emotion:support")
    kept = SupportPreference.objects.filter(user=request.user).first() or SupportPreference()
    context = {
        "kept": kept,
        "snoozed": kept.snoozed_until and kept.snoozed_until > timezone.now(),
        "states": [(state, words, state not in kept.muted_states) for state, words in LOOKS.items()],
        "left": selectors.courses_left_with_history(request.user) if features_are_on() else [],
    }
    return render(request, "emotion/support.html", context)


@login_required
def history(request: HttpRequest, pk: int) -> HttpResponse:
    """A student's own timeline of a lesson, of the newest edition that they were read in or the one asked for."""
    lesson, takes = _own_lesson(request, pk)
    edition = _asked_edition(request)
    timeline = selectors.own_timeline(user=request.user, lesson=lesson, edition=edition)
    context = {
        "lesson": lesson,
        "asked": f"edition={edition}" if edition else "",
        "timeline": timeline,
        "drawn": lesson_chart.draw_timeline(timeline),
        "rows": selectors.table_rows(timeline),
        "summary": selectors.describe_timeline(timeline["points"]),
        "states_summary": selectors.describe_states(timeline["points"]),
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "trust": course_calibration.trust_in(lesson.course),
        "shares": Consent.objects.shared().visible_to(request.user).filter(course=lesson.course).exists(),
        "has_left": not takes,
    }
    return render(request, "emotion/history.html", context)


def _asked_edition(request: HttpRequest) -> int | None:
    asked = request.GET.get("edition", "")
    return int(asked) if asked.isdecimal() and len(asked) < 10 else None


@require_safe
@login_required
def history_chart(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """The same to take along."""
    (lesson, _takes), student = _own_lesson(request, pk), request.user
    timeline = selectors.own_timeline(user=student, lesson=lesson, edition=_asked_edition(request))
    chart = history_charts.own_lesson(lesson, timeline)
    return chart_file(chart, form, actor=student, subject=student, lesson=lesson.pk)


@login_required
def course_history(request: HttpRequest, slug: str) -> HttpResponse:
    """A student's own history of a course, lesson by lesson."""
    course, left = _own_course(request, slug)
    rows = selectors.course_rows(selectors.own_course(user=request.user, course=course))
    context = {
        "course": course,
        "rows": rows,
        "drawn": lesson_chart.draw_course(rows),
        "summary": selectors.describe_timeline(rows),
        "states_summary": selectors.describe_states(rows),
        "expressions": EXPRESSIONS,
        "states": COUNTED_STATES,
        "trust": course_calibration.trust_in(course),
        "shares": Consent.objects.shared().visible_to(request.user).filter(course=course).exists(),
        "erases_by": left,
    }
    return render(request, "emotion/course_history.html", context)


@require_safe
@login_required
def course_history_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """The same to take along."""
    (course, _left), student = _own_course(request, slug), request.user
    chart = history_charts.own_course(course, selectors.own_course(user=student, course=course))
    return chart_file(chart, form, actor=student, subject=student, course=course.pk)


@login_required
def calibration(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who teach a course: how far its learning states can be trusted, and what abstaining is worth."""
    return render(request, "emotion/calibration.html", _calibration(request, slug))


@require_safe
@login_required
def calibration_chart(request: HttpRequest, slug: str, form: str) -> HttpResponse:
    """What abstaining is worth, to take along."""
    told = _calibration(request, slug)
    return chart_file(report_charts.calibration(**told), form, actor=request.user, course=told["course"].pk)


def _calibration(request: HttpRequest, slug: str) -> dict[str, Any]:
    """{"course", "trust", "report"}, the last None while the course is not calibrated."""
    course = get_object_or_404(Course.objects.visible_to(request.user).select_related("calibration"), slug=slug)
    if not features_are_on() or not course.is_taught_by(request.user):
        raise Http404(_("There is no such report."))
    trust = course_calibration.trust_in(course)
    report = course_calibration.report(trust.calibration) if trust.calibration else None
    return {"course": course, "trust": trust, "report": report}
