"""The pages about the people of a course. Assistants look; those who teach it also change."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courses.enrollment import forms, roster, selectors, services
from courses.enrollment.how_far import HowFar
from courses.enrollment.messages import tell_what_came_of_it
from courses.models import Cohort, Course, Enrollment, Invitation, Lesson

PAGE = 50


def _taught(request: HttpRequest, slug: str) -> Course:
    return get_object_or_404(Course.objects.taught_by(request.user), slug=slug)


def _people_url(course: Course) -> str:
    return reverse("enrollment:people", args=[course.slug])


@require_safe
@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.staffed_by(request.user), slug=slug)
    teaches = course.is_taught_by(request.user)
    asked = {"search": request.GET.get("q", "")[:100]}
    asked |= {name: request.GET.get(name, "") for name in ("role", "cohort", "status")}
    # How far somebody came is for those who teach; when they were last here stands on the page for assistants too.
    lessons = list(Lesson.objects.for_course(course).published().in_course_order()) if teaches else []
    asked["lesson"] = next((each for each in lessons if str(each.pk) == request.GET.get("lesson")), None)
    how_far = [each for each in HowFar if teaches or each == HowFar.ACTIVE]
    asked["how_far"] = next((each for each in how_far if each == request.GET.get("did")), None)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "course": course,
        "teaches": teaches,
        "page": Paginator(selectors.people_of(course, **asked), PAGE).get_page(request.GET.get("page")),
        "cohorts": list(course.cohorts.all()),
        "counts": selectors.counts_of(course),
        "asked": asked,
        "is_filtered": any(asked.values()),
        "query": query.urlencode(),
        "roles": Enrollment.Role.choices,
        "statuses": Enrollment.Status.choices,
        "how_far": [(each.value, each.label) for each in how_far],
        "lessons": lessons,
    }
    return render(request, "courses/enrollment/people.html", context)


def _member(request: HttpRequest, pk: int) -> Enrollment:
    rows = Enrollment.objects.taught_by(request.user).select_related("course", "user", "cohort")
    return get_object_or_404(rows, pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """Role and cohort of one person."""
    enrollment = _member(request, pk)
    now = {"role": enrollment.role, "cohort": enrollment.cohort_id}
    form = forms.MembershipForm(request.POST or None, initial=now, course=enrollment.course)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_membership(enrollment=enrollment, **form.cleaned_data)
        except (services.LastInstructor, services.NoSeat) as error:
            form.add_error("role", str(error))
        else:
            messages.success(request, _("Saved for %(person)s.") % {"person": enrollment.user})
            return redirect(_people_url(enrollment.course))
    context = {"enrollment": enrollment, "course": enrollment.course, "form": form}
    return render(request, "courses/enrollment/person.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    enrollment = _member(request, pk)
    try:
        services.remove_person(enrollment=enrollment)
    except services.LastInstructor as error:
        messages.warning(request, str(error))
    else:
        messages.info(request, _("%(person)s is out. What they did is kept.") % {"person": enrollment.user})
    return redirect(_people_url(enrollment.course))


@require_POST
@login_required
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    enrollment = _member(request, pk)
    answered = services.answer_request(enrollment=enrollment, accept=request.POST.get("answer") == "accept")
    state = Enrollment.Status(answered.status).label
    messages.info(request, _("%(person)s: %(state)s.") % {"person": enrollment.user, "state": state})
    return redirect(f"{_people_url(enrollment.course)}?status={Enrollment.Status.REQUESTED}")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def joining(request: HttpRequest, slug: str) -> HttpResponse:
    """Who may join, how many, the links into the course, and its cohorts."""
    course = _taught(request, slug)
    form = forms.JoiningForm(request.POST or None, instance=course)
    if request.method == "POST" and form.is_valid():
        sent = form.cleaned_data
        moved = services.set_joining(
            course=course, mode=sent["enrollment"], code=sent["enrollment_code"], seats=sent["seats"]
        )
        messages.success(request, _("Saved."))
        if moved:
            messages.info(request, _("%(n)d came in from the waiting list.") % {"n": len(moved)})
        return redirect("enrollment:joining", slug)
    return _joining_page(request, course, form=form)


def _joining_page(request: HttpRequest, course: Course, **bound) -> HttpResponse:
    """`bound` are forms with errors, in place of fresh ones."""
    fresh = Course.objects.get(pk=course.pk)  # a form with errors has changed the other
    context = {
        "course": fresh,
        "form": forms.JoiningForm(instance=fresh),
        "cohort_form": forms.CohortForm(prefix="cohort"),
        "invitation_form": forms.InvitationForm(course=fresh, prefix="link"),
        "cohorts": list(fresh.cohorts.all()),
        "invitations": [
            (invitation, request.build_absolute_uri(invitation.get_absolute_url()))
            for invitation in Invitation.objects.usable().for_course(fresh).select_related("cohort")[:200]
        ],
        **bound,
    }
    wrong = any(form.errors for form in bound.values())
    return render(request, "courses/enrollment/joining.html", context, status=422 if wrong else 200)


@require_POST
@login_required
def add_cohort(request: HttpRequest, slug: str) -> HttpResponse:
    course = _taught(request, slug)
    form = forms.CohortForm(request.POST, instance=Cohort(course=course), prefix="cohort")
    if not form.is_valid():
        return _joining_page(request, course, cohort_form=form)
    form.save()
    return redirect(reverse("enrollment:joining", args=[slug]) + "#cohorts")


@require_POST
@login_required
def remove_cohort(request: HttpRequest, pk: int) -> HttpResponse:
    """Its people stay in the course, without a cohort."""
    cohort = get_object_or_404(Cohort.objects.taught_by(request.user).select_related("course"), pk=pk)
    cohort.delete()
    return redirect(reverse("enrollment:joining", args=[cohort.course.slug]) + "#cohorts")


@require_POST
@login_required
def add_invitation(request: HttpRequest, slug: str) -> HttpResponse:
    course = _taught(request, slug)
    form = forms.InvitationForm(request.POST, course=course, prefix="link")
    if not form.is_valid():
        return _joining_page(request, course, invitation_form=form)
    services.make_invitation(course=course, made_by=request.user, **form.cleaned_data)
    return redirect(reverse("enrollment:joining", args=[slug]) + "#links")


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation.objects.taught_by(request.user).select_related("course"), pk=pk)
    services.revoke_invitation(invitation=invitation)
    return redirect(reverse("enrollment:joining", args=[invitation.course.slug]) + "#links")


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What a link leads to. Looking changes nothing: mail programs look at links by themselves."""
    invitation = get_object_or_404(Invitation.objects.select_related("course", "cohort"), token=token)
    problem = invitation.why_not
    if request.method == "POST" and request.user.is_authenticated:
        try:
            enrollment = services.enroll_student(user=request.user, course=invitation.course, invitation=invitation)
        except services.CourseNotOpen as error:
            problem = str(error)
        else:
            tell_what_came_of_it(request, enrollment)
            return redirect(invitation.course)
    context = {"invitation": invitation, "course": invitation.course, "problem": problem}
    status = 422 if problem and request.method == "POST" else 410 if problem else 200
    response = render(request, "courses/enrollment/join.html", context, status=status)
    response["Referrer-Policy"] = "same-origin"
    return response


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_people(request: HttpRequest, slug: str) -> HttpResponse:
    """A file is first shown as a plan; the plan's own button sends it again, and then it is done."""
    course = _taught(request, slug)
    form = forms.ImportForm(request.POST, request.FILES) if request.method == "POST" else forms.ImportForm()
    context = {"course": course, "form": form, "most": roster.MOST_LINES}
    if request.method == "POST" and form.is_valid():
        try:
            return _plan_or_do(request, course, form, context)
        except roster.Unreadable as error:
            form.add_error("file", str(error))
    status = 422 if form.errors else 200
    return render(request, "courses/enrollment/import.html", context, status=status)


def _plan_or_do(request: HttpRequest, course: Course, form: forms.ImportForm, context: dict) -> HttpResponse:
    file, invite = form.cleaned_data["file"], form.cleaned_data["invite"]
    text = roster.decode(file.read()) if file else form.cleaned_data["text"]
    if "confirm" in request.POST and not file:
        site = request.build_absolute_uri("/")
        try:
            plan = roster.carry_out(course=course, text=text, invite=invite, made_by=request.user, site=site)
        except roster.NotAsPlanned as error:
            plan = error.plan
        else:
            messages.success(request, _("Done: %(n)d people.") % {"n": len(plan.work)})
            return redirect(_people_url(course))
    else:
        plan = roster.plan_import(course=course, text=text, invite=invite)
    context |= {"plan": plan, "text": text, "invite": invite}
    return render(request, "courses/enrollment/import.html", context, status=422 if plan.errors else 200)
