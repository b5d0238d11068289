"""The page on which an assignment's rules and rubric are written."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses.assignments.forms import AssignmentForm, CriterionForm
from courses.models import Assignment, Criterion
from courses.studio import rubrics
from courses.studio.services import HasLearners
from courses.studio.views import first_error, refused, saved, taught


def assignment_url(assignment: Assignment) -> str:
    return reverse("studio:assignment", args=[assignment.pk])


@require_safe
@login_required
def assignment(request: HttpRequest, pk: int) -> HttpResponse:
    rows = Assignment.objects.taught_by(request.user).select_related("block__lesson__module__course")
    assignment = get_object_or_404(rows, pk=pk)
    context = {
        "assignment": assignment,
        "lesson": assignment.lesson,
        "course": assignment.course,
        "form": AssignmentForm(instance=assignment),
        "criteria": assignment.criteria.all(),
    }
    return render(request, "courses/studio/assignment.html", context)


@require_POST
@login_required
def save_assignment(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = taught(Assignment, request, pk=pk)
    form = AssignmentForm(request.POST, instance=assignment)
    if not form.is_valid():
        return refused(request, assignment_url(assignment), first_error(form), errors=form.errors.get_json_data())
    rubrics.save_assignment(assignment=assignment, author=request.user)
    return saved(request, assignment_url(assignment))


@require_POST
@login_required
def add_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = taught(Assignment, request, pk=pk)
    title = request.POST.get("title", "").strip()[:120]
    if not title:
        return refused(request, assignment_url(assignment), _("Say what you look at."))
    try:
        criterion = rubrics.add_criterion(assignment=assignment, title=title, author=request.user)
    except HasLearners as error:
        return refused(request, assignment_url(assignment), str(error), status=409)
    return redirect(f"{assignment_url(assignment)}#criterion-{criterion.pk}")


@require_POST
@login_required
def save_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    criterion = taught(Criterion, request, pk=pk)
    back = f"{assignment_url(criterion.assignment)}#criterion-{criterion.pk}"
    form = CriterionForm(request.POST, instance=criterion)
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    criterion.levels = form.cleaned_data["lines"]
    try:
        rubrics.save_criterion(criterion=criterion, author=request.user)
    except HasLearners as error:
        return refused(request, assignment_url(criterion.assignment), str(error), status=409)
    return saved(request, back)


@require_POST
@login_required
def remove_criterion(request: HttpRequest, pk: int) -> HttpResponse:
    criterion = taught(Criterion, request, pk=pk)
    try:
        rubrics.remove_criterion(criterion=criterion, author=request.user)
    except HasLearners as error:
        return refused(request, assignment_url(criterion.assignment), str(error), status=409)
    return redirect(assignment_url(criterion.assignment))
