from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from courses import assets
from courses.assignments import forms, selectors, services
from courses.assignments.models import Assignment, Submission, SubmissionFile
from courses.enrollment.selectors import cohort_choice


def _mine(request: HttpRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.taken_by(request.user).present()
    return get_object_or_404(assignments.select_related("block__lesson__module__course"), pk=pk)


def _graded(request: HttpRequest, pk: int) -> Assignment:
    assignments = Assignment.objects.graded_by(request.user)
    return get_object_or_404(assignments.select_related("block__lesson__module__course"), pk=pk)


def _answer(request: HttpRequest, assignment: Assignment, *, problem: str = "", **more) -> HttpResponse:
    """A script hears what happened; a form goes back to its place in the lesson."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"detail": problem} if problem else more, status=422 if problem else 200)
    if problem:
        messages.warning(request, problem)
    return redirect(assignment.get_absolute_url())


@require_POST
@login_required
def save(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _mine(request, pk)
    form = forms.DraftForm(request.POST)
    if not form.is_valid():
        return _answer(request, assignment, problem=str(form.errors["text"][0]))
    try:
        draft = services.save_draft(user=request.user, assignment=assignment, text=form.cleaned_data["text"])
    except services.NotTaken as error:
        return _answer(request, assignment, problem=str(error))
    return _answer(request, assignment, saved_at=draft.saved_at.isoformat())


@require_POST
@login_required
def add_file(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _mine(request, pk)
    form = forms.UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _answer(request, assignment, problem=str(form.errors["file"][0]))
    try:
        services.add_file(user=request.user, assignment=assignment, upload=form.cleaned_data["file"])
    except services.NotTaken as error:
        return _answer(request, assignment, problem=str(error))
    return _answer(request, assignment)


@require_POST
@login_required
def remove_file(request: HttpRequest, pk: int) -> HttpResponse:
    kept = get_object_or_404(
        SubmissionFile.objects.filter(submission__user=request.user).select_related(
            "submission__assignment__block__lesson"
        ),
        pk=pk,
    )
    if not services.remove_file(user=request.user, file_id=kept.pk):
        messages.info(request, _("What was handed in stays as it was."))
    return redirect(kept.submission.assignment.get_absolute_url())


@require_POST
@login_required
def hand_in(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _mine(request, pk)
    form = forms.DraftForm(request.POST)
    text = request.POST.get("text") if "text" in request.POST and form.is_valid() else None
    try:
        services.hand_in(user=request.user, assignment=assignment, text=text)
    except services.NotTaken as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, _("Handed in. You see your marks here once they are out."))
    return redirect(assignment.get_absolute_url())


@require_safe
@login_required
def file(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    kept = get_object_or_404(SubmissionFile.objects.visible_to(request.user), pk=pk)
    try:
        content = kept.file.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is gone.")) from error
    return assets.serve(content, name=kept.name, size=kept.size, content_type=assets.DOWNLOAD)


@require_safe
@login_required
def submissions(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _graded(request, pk)
    choice = cohort_choice(assignment.course, request.GET.get("cohort", ""))
    context = {
        "assignment": assignment,
        "course": assignment.course,
        "choice": choice,
        "listed": selectors.listed(assignment, request.GET.get("page"), cohort=choice.chosen),
        "most": services.most_points(assignment),
    }
    return render(request, "courses/assignments/submissions.html", context)


@login_required
def grade(request: HttpRequest, pk: int) -> HttpResponse:
    queryset = selectors.with_files(Submission.objects.graded_by(request.user))
    submission = get_object_or_404(queryset, pk=pk)
    criteria = list(submission.assignment.criteria.all())
    mark = getattr(submission, "mark", None)
    form = forms.MarkForm(
        request.POST or None, initial={"points": mark.points, "comment": mark.comment} if mark else {}
    )
    around = selectors.neighbours(submission)
    if request.method == "POST" and form.is_valid():
        try:
            services.mark_submission(
                submission=submission,
                marker=request.user,
                points=form.cleaned_data["points"],
                levels=form.levels(criteria),
                comment=form.cleaned_data["comment"],
                over=request.POST.get("over", ""),
            )
        except services.MarkedMeanwhile as error:
            form.add_error(None, str(error))
            mark = error.theirs
        except services.NotTaken as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Kept. Marks are shown once you release them."))
            following = around["next_unmarked"]
            url = reverse("assignments:grade", args=[following.pk]) if following else None
            return redirect(url or reverse("assignments:submissions", args=[submission.assignment_id]))
    chosen = form.levels(criteria) if form.is_bound else {int(k): v for k, v in (mark.levels if mark else {}).items()}
    context = {
        "submission": submission,
        "assignment": submission.assignment,
        "course": submission.course,
        "form": form,
        "mark": mark,
        "rubric": [(criterion, chosen.get(criterion.pk)) for criterion in criteria],
        "most": services.most_points(submission.assignment, criteria),
        "earlier": Submission.objects.submitted()
        .filter(user=submission.user, assignment=submission.assignment)
        .exclude(pk=submission.pk),
        **around,
    }
    return render(request, "courses/assignments/grade.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def release(request: HttpRequest, pk: int) -> HttpResponse:
    assignment = _graded(request, pk)
    count = services.release_marks(assignment=assignment)
    if count:
        messages.success(request, ngettext("%d mark is out.", "%d marks are out.", count) % count)
    else:
        messages.info(request, _("No marks were waiting."))
    return redirect("assignments:submissions", pk=assignment.pk)
