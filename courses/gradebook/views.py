import csv

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import audit
from accounts.models import User
from accounts.spreadsheets import harmless
from courses.enrollment.selectors import cohort_choice
from courses.gradebook import forms, selectors, services, sources
from courses.gradebook.querysets import graded_courses
from courses.models import Course, Enrollment, GradebookRule, GradeCategory, GradeChange, GradeOverride, GradePlacement

PAGE = 50


def _graded(request: HttpRequest, slug: str) -> Course:
    return get_object_or_404(graded_courses(request.user), slug=slug)


def _taught(request: HttpRequest, slug: str) -> Course:
    return get_object_or_404(Course.objects.taught_by(request.user), slug=slug)


@require_safe
@login_required
def gradebook(request: HttpRequest, slug: str) -> HttpResponse:
    course = _graded(request, slug)
    choice = cohort_choice(course, request.GET.get("cohort", ""))
    page = Paginator(selectors.student_ids(course, cohort=choice.chosen), PAGE).get_page(request.GET.get("page"))
    book = selectors.gradebook(course, users=page.object_list)
    teaches = course.is_taught_by(request.user)
    addresses = {item.key: _override_address(course, item.key) for item in book.items} if teaches else {}
    context = {
        "course": course,
        "book": book,
        "page": page,
        "choice": choice,
        "teaches": teaches,
        "addresses": addresses,
    }
    return render(request, "courses/gradebook/gradebook.html", context)


def _override_address(course: Course, key: str) -> str:
    """Up to the student's id: it is written for each cell."""
    return reverse("gradebook:override", args=[course.slug, key, 0]).removesuffix("0/")


@require_safe
@login_required
def as_csv(request: HttpRequest, slug: str) -> HttpResponse:
    course = _graded(request, slug)
    book = selectors.gradebook(course, cohort=cohort_choice(course, request.GET.get("cohort", "")).chosen)
    audit.record(action=audit.Action.GRADES_EXPORTED, actor=request.user, course=course.pk, form="csv")
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="grades-{slug}.csv"'
    table = csv.writer(response)
    named = book.has_categories
    table.writerow(
        harmless(text)
        for text in (
            "Name",
            "E-mail",
            *(f"{item.title} ({item.points:g})" for item in book.items),
            *((f"{category.name} (%)" for category in book.categories) if named else ()),
            "Total (%)",
        )
    )
    for row in book.rows:
        cells = ["excused" if cell.is_excused else cell.points for cell in row.cells]
        figures = [*cells, *(row.categories if named else ()), row.total]
        table.writerow(
            [harmless(str(row.user)), harmless(row.user.email), *("" if f is None else _plain(f) for f in figures)]
        )
    return response


def _plain(figure) -> str:
    return figure if isinstance(figure, str) else f"{figure.normalize():f}"


@require_safe
@login_required
def own_grades(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.enrolled_by(request.user).visible_to(request.user), slug=slug)
    book = selectors.gradebook(course, user=request.user)
    row = book.rows[0]
    cells = iter(row.cells)
    parts = [
        (category, percent, [next(cells) for _ in category.keys])
        for category, percent in zip(book.categories, row.categories, strict=True)
    ]
    context = {"course": course, "book": book, "row": row, "parts": parts}
    return render(request, "courses/gradebook/own.html", context)


@login_required
def override(request: HttpRequest, slug: str, key: str, user_id: int) -> HttpResponse:
    course = _taught(request, slug)
    item = next((item for item in sources.items_of(course) if item.key == key), None)
    enrolled = Enrollment.objects.for_course(course).students()
    student = get_object_or_404(User.objects.filter(pk__in=enrolled.values("user")), pk=user_id)
    if item is None:
        raise Http404(_("There is no such item in this gradebook."))
    now = GradeOverride.objects.filter(course=course, user=student, key=key).first()
    initial = {"points": now.points, "excused": now.is_excused} if now else {}
    form = forms.OverrideForm(request.POST or None, initial=initial, most=item.points)
    if request.method == "POST" and form.is_valid():
        services.override_grade(course=course, user=student, key=key, by=request.user, **form.cleaned_data)
        messages.success(request, _("Kept for %(student)s.") % {"student": student})
        return redirect("gradebook:gradebook", slug=course.slug)
    context = {
        "course": course,
        "item": item,
        "student": student,
        "form": form,
        "marked": sources.scores_of(course, [student.pk]).get((key, student.pk)),
        "trail": GradeChange.objects.filter(course=course, user=student, key=key).select_related("by"),
    }
    return render(request, "courses/gradebook/override.html", context, status=422 if form.errors else 200)


@login_required
def setup(request: HttpRequest, slug: str) -> HttpResponse:
    course = _taught(request, slug)
    rule = GradebookRule.objects.filter(course=course).first()
    form = forms.SetupForm(
        request.POST or None,
        initial={"missing_is_zero": bool(rule and rule.missing_is_zero)},
        categories=list(GradeCategory.objects.filter(course=course)),
        items=sources.items_of(course),
        placed=dict(GradePlacement.objects.filter(course=course).values_list("key", "category_id")),
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.save_categories(course=course, **form.plan())
        except services.WrongWeights as error:
            form.add_error(None, str(error))
        except IntegrityError:
            form.add_error(None, _("Two categories have the same name."))
        else:
            messages.success(request, _("Kept."))
            return redirect("gradebook:gradebook", slug=course.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "courses/gradebook/setup.html", {"course": course, "form": form}, status=status)
