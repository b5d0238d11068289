from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.at_risk import selectors, services
from courses.at_risk.forms import OutreachForm
from courses.at_risk.signs import LISTED_FROM
from courses.enrollment.selectors import cohort_choice
from courses.models import Course, Enrollment, Outreach


@require_safe
@login_required
def at_risk(request: HttpRequest, slug: str) -> HttpResponse:
    """For those who teach: who may need help, why, and what was done."""
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    choice = cohort_choice(course, request.GET.get("cohort", ""))
    found = selectors.at_risk(course, reader=request.user, page=request.GET.get("page"), cohort=choice.chosen)
    context = {"course": course, "found": found, "choice": choice, "listed_from": LISTED_FROM}
    return render(request, "courses/at_risk/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reach_out(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to a student, offer a talk, or note something; with the record of what was done before."""
    rows = Enrollment.objects.taught_by(request.user).active().students().select_related("user", "course")
    enrollment = get_object_or_404(rows, pk=pk)
    student = selectors.signs_of_one(enrollment, reader=request.user)
    form = OutreachForm(request.POST or None, initial={"kind": Outreach.Kind.MESSAGE})
    if request.method == "POST" and form.is_valid():
        because = [sign.words for sign in student.own]
        services.reach_out(enrollment=enrollment, by=request.user, because=because, **form.cleaned_data)
        messages.success(request, _("Written down for %(person)s.") % {"person": enrollment.user})
        return redirect("at_risk:list", enrollment.course.slug)
    context = {
        "course": enrollment.course,
        "enrollment": enrollment,
        "signs": student.signs,
        "links": student.links,
        "form": form,
        "done": enrollment.outreach.select_related("by"),
    }
    return render(request, "courses/at_risk/reach_out.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def outreach(request: HttpRequest, pk: int) -> HttpResponse:
    """What was written to a student, for them and for those who teach them."""
    rows = Outreach.objects.visible_to(request.user).select_related("enrollment__course", "enrollment__user", "by")
    return render(request, "courses/at_risk/outreach.html", {"done": get_object_or_404(rows, pk=pk)})
