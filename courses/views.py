from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import assets, completion, panels, selectors, services
from courses.enrollment.messages import tell_what_came_of_it
from courses.enrollment.selectors import Membership, membership_of
from courses.forms import BlockProgressForm
from courses.markdown import render as render_markdown
from courses.models import Asset, Block, Course, Enrollment, Lesson
from courses.newcomer import Newcomer, see_as_student, sees_as_student
from courses.release.locks import Locked, lock_of, require_asset_open, require_open
from courses.welcome.tours import TEACHING, first_lesson

CATALOGUE_PAGE = 24


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("courses:home")
    return render(request, "courses/landing.html")


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    shown = panels.home_panels(request)
    context = {
        "home": selectors.home(request.user),
        "panels": shown,
        "panel_scripts": panels.scripts_of(shown),
    }
    return render(request, "courses/home.html", context)


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    page = Paginator(Course.objects.published(), CATALOGUE_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "cards": selectors.catalogue_cards(request.user, page)}
    return render(request, "courses/catalogue.html", context)


@require_safe
def course(request: HttpRequest, slug: str) -> HttpResponse:
    return _course_page(request, get_object_or_404(Course.objects.visible_to(request.user), slug=slug))


def _course_page(request: HttpRequest, course: Course, *, problem: str = "") -> HttpResponse:
    """`problem` tells why somebody did not get in; what they typed stays."""
    course.remember_role_of(request.user)
    if sees_as_student(request, course):
        return _course_as_student(request, course)
    teaches = course.is_taught_by(request.user)
    membership = membership_of(request.user, course)
    shown = panels.course_panels(request, course)
    context = {
        "course": course,
        "description": render_markdown(course.description),
        "outline": selectors.outline(request.user, course, with_drafts=teaches),
        "teaches": teaches,
        "tour": TEACHING if teaches else None,
        "takes": membership.is_active,
        "membership": membership,
        "problem": problem,
        "typed": request.POST,
        "panels": shown,
        "panel_scripts": panels.scripts_of(shown),
    }
    return render(request, "courses/course.html", context, status=422 if problem else 200)


def _course_as_student(request: HttpRequest, course: Course) -> HttpResponse:
    """Without its panels, which tell each of what they do here themselves."""
    context = {
        "course": course,
        "description": render_markdown(course.description),
        "outline": selectors.outline(Newcomer(), course),
        "teaches": False,
        "takes": True,
        "membership": Membership(Enrollment(course=course)),
        "as_student": True,
    }
    return render(request, "courses/course.html", context)


@require_POST
@login_required
def see_as(request: HttpRequest, slug: str) -> HttpResponse:
    """Look at a course as a student (`as=student`), or as oneself again; back to the `lesson` that was shown."""
    course = get_object_or_404(Course.objects.staffed_by(request.user).visible_to(request.user), slug=slug)
    see_as_student(request, course, on=request.POST.get("as") == "student")
    pk = request.POST.get("lesson", "")
    lesson = Lesson.objects.visible_to(request.user).for_course(course).filter(pk=int(pk) if pk.isdecimal() else 0)
    return redirect(lesson.first() or course)


@login_required
def enroll(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if request.method != "POST":  # the way back from signing in
        return redirect(course)
    try:
        enrollment = services.enroll_student(
            user=request.user,
            course=course,
            code=request.POST.get("code", ""),
            words=request.POST.get("words", ""),
        )
    except services.CourseNotOpen as error:
        return _course_page(request, course, problem=str(error))
    tell_what_came_of_it(request, enrollment)
    return redirect(course)


@require_POST
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    if services.withdraw_student(user=request.user, course=course):
        messages.info(
            request, _("You left %(course)s. Your progress is kept, in case you come back.") % {"course": course}
        )
    return redirect("courses:home")


@require_safe
@login_required
def lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = Lesson.objects.visible_to(request.user).select_related("module__course").filter(pk=pk).first()
    if lesson is None:
        return _send_to_course(request, pk)
    lesson.course.remember_role_of(request.user)
    previews = not lesson.course.is_learned_by(request.user)
    if sees_as_student(request, lesson.course):
        if closed := _closed_to_newcomers(lesson):
            messages.info(request, closed)
            return redirect(lesson.course)
    elif previews:
        require_open(user=request.user, lesson=lesson)
    else:
        services.record_lesson_progress(user=request.user, lesson=lesson)
    return lesson_page(request, lesson)


@require_POST
@login_required
def record_progress(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user), pk=pk)
    block_id = request.POST.get("block", "")
    block = get_object_or_404(Block, pk=block_id if block_id.isdecimal() else 0, lesson=lesson)
    if lesson.course.is_learned_by(request.user):
        services.record_lesson_progress(user=request.user, lesson=lesson, block=block)
    return JsonResponse({"saved_at": timezone.now().isoformat()})


@require_POST
@login_required
def record_block(request: HttpRequest, pk: int) -> HttpResponse:
    """`seconds` in view so far, or of a video `watched` (hundredths as hexadecimal bits), its `second` and `length`."""
    block = get_object_or_404(Block.objects.visible_to(request.user).select_related("lesson__module__course"), pk=pk)
    form = BlockProgressForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": form.first_error}, status=400)
    if block.course.is_learned_by(request.user):
        sent = form.cleaned_data
        if sent["seconds"] is not None:
            completion.note_seen(user=request.user, block=block, seconds=sent["seconds"])
        if sent["second"] is not None:
            completion.note_watched(
                user=request.user,
                block=block,
                hundredths=sent["watched"] or 0,
                second=sent["second"],
                length=sent["length"],
            )
    return JsonResponse(_what_remains(request.user, block.lesson))


@require_POST
@login_required
def save_reflection(request: HttpRequest, pk: int) -> HttpResponse:
    blocks = Block.objects.visible_to(request.user).filter(kind=Block.Kind.REFLECTION)
    block = get_object_or_404(blocks.select_related("lesson__module__course"), pk=pk)
    by_script = "application/json" in request.headers.get("Accept", "")
    text, version = request.POST.get("text", ""), ""
    if block.course.is_learned_by(request.user):
        try:
            kept = services.save_reflection(
                user=request.user,
                block=block,
                text=text,
                over=request.POST.get("over", ""),
                page=request.POST.get("page", ""),
            )
        except services.WrittenElsewhere as error:
            theirs = {"text": error.theirs.text, "version": error.theirs.version}
            if by_script:
                where = f"{block.lesson.get_absolute_url()}#block-{block.pk}"
                return JsonResponse({"detail": str(error), "theirs": theirs, "where": where}, status=409)
            both = {"text": text, "version": theirs["version"], "elsewhere": theirs}
            return lesson_page(request, block.lesson, contents={block.pk: both}, status=409)
        version = kept.version
    if by_script:
        return JsonResponse(_what_remains(request.user, block.lesson) | {"version": version})
    return redirect(f"{block.lesson.get_absolute_url()}#block-{block.pk}")


def _remaining_among(shown: list[selectors.ShownBlock]) -> list[completion.Remaining]:
    usable = [item for item in shown if not item.missing]
    done = {item.block.pk: item.progress for item in usable if item.progress}
    return completion.remaining_of([item.block for item in usable], done)


def _what_remains(user, lesson: Lesson) -> dict:
    left = completion.remaining(user, lesson)
    return {
        "saved_at": timezone.now().isoformat(),
        "remaining": [{"block": item.block.pk, "title": item.block.title, "words": item.words} for item in left],
    }


@require_safe
@login_required
def asset(request: HttpRequest, pk: int, name: str) -> HttpResponse:
    asset = get_object_or_404(Asset.objects.visible_to(request.user), pk=pk, name=name)
    require_asset_open(user=request.user, asset=asset)
    try:
        file = asset.file.open("rb")
    except FileNotFoundError as error:
        raise Http404(_("The file is gone.")) from error
    return assets.serve(
        file,
        name=asset.name,
        size=asset.size,
        content_type=asset.content_type,
        range_header=request.headers.get("Range", ""),
    )


@require_POST
@login_required
def complete_lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = get_object_or_404(Lesson.objects.visible_to(request.user), pk=pk)
    teaches = lesson.course.is_taught_by(request.user)
    if lesson.course.is_learned_by(request.user):
        try:
            services.complete_lesson(user=request.user, lesson=lesson)
        except services.StillOpen:
            messages.warning(request, _("Some of this lesson is still open. What it is stands at its end."))
            return redirect(f"{lesson.get_absolute_url()}#remaining")
    outline = selectors.outline(request.user, lesson.course, with_drafts=teaches)
    following = outline.neighbour(lesson, +1)
    if following is None or outline.item(following).lock:
        following = outline.next_open and outline.next_open.lesson
    if outline.done == outline.total:
        messages.success(
            request, _("That was the last open lesson. %(course)s is complete.") % {"course": lesson.course}
        )
        return redirect(lesson.course)
    return redirect(following or lesson.course)


def _closed_to_newcomers(lesson: Lesson) -> str:
    """Why a student who has just joined would not get in; "" where they would."""
    if lesson.status != Lesson.Status.PUBLISHED:
        return _("“%(lesson)s” is a draft: students don't see it.") % {"lesson": lesson}
    lock = lock_of(Newcomer(), lesson)
    return str(Locked(lesson, lock)) if lock else ""


def _send_to_course(request: HttpRequest, lesson_pk: int) -> HttpResponse:
    """Someone not enrolled gets to the course's page; a lesson they may not even hear of doesn't exist."""
    closed = get_object_or_404(
        Lesson.objects.published().filter(module__course__in=Course.objects.visible_to(request.user)),
        pk=lesson_pk,
    )
    messages.info(request, _("Enroll to open the lessons of this course."))
    return redirect(closed.course)


def lesson_page(request: HttpRequest, lesson: Lesson, *, contents=None, status: int = 200) -> HttpResponse:
    """The lesson's page; `contents` as for `selectors.shown_blocks`."""
    lesson.course.remember_role_of(request.user)
    previews = not lesson.course.is_learned_by(request.user)  # what this person does here is not recorded
    as_student = sees_as_student(request, lesson.course)
    teaches = lesson.course.is_taught_by(request.user) and not as_student
    reader = Newcomer() if as_student else request.user
    blocks = selectors.shown_blocks(reader, lesson, query=request.GET, contents=contents, with_unready=teaches)
    outline = selectors.outline(reader, lesson.course, with_drafts=teaches)
    shown = [] if as_student else panels.lesson_panels(request, lesson)
    first, next_lesson = outline.lessons[0].lesson if outline.lessons else None, outline.neighbour(lesson, +1)
    context = {
        "lesson": lesson,
        "course": lesson.course,
        "blocks": blocks,
        "outline": outline,
        "here": outline.item(lesson),
        "previous": outline.neighbour(lesson, -1),
        "next": next_lesson,
        "next_lock": next_lesson and outline.item(next_lesson).lock,
        "teaches": teaches,
        "previews": previews,
        "as_student": as_student,
        # One filled button a page: while a quiz waits, it is the quiz's.
        "quiz_is_next": any(b.block.kind == Block.Kind.QUIZ and b.content and b.content.is_next for b in blocks),
        "kinds": {b.block.kind for b in blocks},
        "remaining": [] if previews and not as_student else _remaining_among(blocks),
        "reading": request.GET.get("view") == "reading",
        "tour": None if previews or lesson != first or outline.done else first_lesson(shown),
        "panels": shown,
        "panel_scripts": panels.scripts_of(shown),
    }
    return render(request, "courses/lesson.html", context, status=status)
