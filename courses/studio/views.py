"""The pages on which authors write. Every address asks for a course that this person teaches; others answer 404."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required, user_passes_test
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from courses import assets, blocks, selectors
from courses.markdown import render as render_markdown
from courses.models import Block, Course, Criterion, Lesson, LessonRevision, Module, Question
from courses.studio import forms, revisions, services
from courses.studio.selectors import shown_revisions

MODELS = {"module": Module, "lesson": Lesson, "block": Block, "question": Question, "criterion": Criterion}


def teachers(view):
    """Staff may begin courses; what they may touch is then a matter of `taught_by`."""
    return login_required(user_passes_test(lambda user: user.is_staff)(view))


def taught(model, request: HttpRequest, **lookup):
    return get_object_or_404(model.objects.taught_by(request.user), **lookup)


def wants_json(request: HttpRequest) -> bool:
    return "application/json" in request.headers.get("Accept", "")


def saved(request: HttpRequest, back: str, **more) -> HttpResponse:
    """A script hears when; a form goes back to its page."""
    if wants_json(request):
        return JsonResponse({"saved_at": timezone.now().isoformat(), **more})
    return redirect(back)


def refused(request: HttpRequest, back: str, sentence: str, *, status: int = 422, **more) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"detail": sentence, **more}, status=status)
    messages.warning(request, sentence)
    return redirect(back)


def save_form(request: HttpRequest, form: ModelForm, back: str) -> HttpResponse:
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    form.save()
    return saved(request, back)


def first_error(form) -> str:
    return next(
        f"{form.fields[name].label if name in form.fields else name}: {e[0]}" for name, e in form.errors.items()
    )


def course_url(course: Course) -> str:
    return reverse("studio:course", args=[course.slug])


def lesson_url(lesson: Lesson) -> str:
    return reverse("studio:lesson", args=[lesson.pk])


def questions_url(question: Question) -> str:
    """The page of its quiz or of its pool."""
    if question.quiz_id:
        return reverse("studio:quiz", args=[question.quiz_id])
    return reverse("studio:pool", args=[question.pool_id])


@teachers
def new_course(request: HttpRequest) -> HttpResponse:
    form = forms.NewCourseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        course = services.create_course(user=request.user, **form.cleaned_data)
        return redirect(course_url(course))
    return render(request, "courses/studio/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@login_required
def course(request: HttpRequest, slug: str) -> HttpResponse:
    course = taught(Course, request, slug=slug)
    outline = selectors.outline(request.user, course, with_drafts=True)
    lessons = {item.lesson.pk: item.lesson for item in outline.lessons}
    modules = [(m, [lessons[x.pk] for x in m.lessons.all()]) for m in course.modules.prefetch_related("lessons")]
    context = {
        "course": course,
        "modules": modules,
        "is_ready": any(lesson.status == Lesson.Status.PUBLISHED for lesson in lessons.values()),
    }
    return render(request, "courses/studio/course.html", context)


@require_POST
@login_required
def save_course(request: HttpRequest, slug: str) -> HttpResponse:
    course = taught(Course, request, slug=slug)
    return save_form(request, forms.CourseForm(request.POST, instance=course), course_url(course))


@require_POST
@login_required
def course_status(request: HttpRequest, slug: str) -> HttpResponse:
    course = taught(Course, request, slug=slug)
    status = request.POST.get("status")
    if status not in Course.Status.values:
        return refused(request, course_url(course), _("A course is a draft, published or archived."), status=400)
    try:
        services.set_course_status(course=course, status=status)
    except services.NotReady as error:
        return refused(request, course_url(course), str(error))
    return saved(request, course_url(course))


@require_POST
@login_required
def add_module(request: HttpRequest, slug: str) -> HttpResponse:
    course = taught(Course, request, slug=slug)
    form = forms.ModuleForm(request.POST)
    if not form.is_valid():
        return refused(request, course_url(course), first_error(form))
    module = services.add_module(course=course, title=form.cleaned_data["title"])
    return redirect(f"{course_url(course)}#module-{module.pk}")


@require_POST
@login_required
def save_module(request: HttpRequest, pk: int) -> HttpResponse:
    module = taught(Module, request, pk=pk)
    return save_form(request, forms.ModuleForm(request.POST, instance=module), course_url(module.course))


@require_POST
@login_required
def remove_module(request: HttpRequest, pk: int) -> HttpResponse:
    module = taught(Module, request, pk=pk)
    back = course_url(module.course)
    try:
        services.remove_module(module=module)
    except services.HasLearners as error:
        return refused(request, back, str(error), status=409)
    return redirect(back)


@require_POST
@login_required
def add_lesson(request: HttpRequest, pk: int) -> HttpResponse:
    module = taught(Module, request, pk=pk)
    form = forms.NewLessonForm(request.POST)
    if not form.is_valid():
        return refused(request, course_url(module.course), first_error(form))
    lesson = services.add_lesson(module=module, title=form.cleaned_data["title"])
    return redirect(lesson_url(lesson))


@require_POST
@login_required
def remove_lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = taught(Lesson, request, pk=pk)
    back = course_url(lesson.course)
    try:
        services.remove_lesson(lesson=lesson)
    except services.HasLearners as error:
        return refused(request, back, str(error), status=409)
    return redirect(back)


@require_POST
@login_required
def lesson_status(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = taught(Lesson, request, pk=pk)
    status = request.POST.get("status")
    back = course_url(lesson.course) if request.POST.get("back") == "course" else lesson_url(lesson)
    if status not in Lesson.Status.values:
        return refused(request, back, _("A lesson is a draft or published."), status=400)
    try:
        services.set_lesson_status(lesson=lesson, status=status)
    except services.NotReady as error:
        return refused(request, back, str(error))
    return saved(request, back)


@require_POST
@login_required
def move(request: HttpRequest) -> HttpResponse:
    form = forms.MoveForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": first_error(form)}, status=400)
    asked = form.cleaned_data
    row = taught(MODELS[asked["kind"]], request, pk=asked["pk"])
    module = taught(Module, request, pk=asked["module"], course=row.course) if asked["module"] else None
    services.move(row=row, module=module, before=services.step_before(row, asked["step"]) or asked["before"])
    return saved(request, f"{_page_of(row)}#{asked['kind']}-{row.pk}")


def _page_of(row: services.Row) -> str:
    """The page on which a row is ordered."""
    match row:
        case Question():
            return questions_url(row)
        case Criterion():
            return reverse("studio:assignment", args=[row.assignment_id])
        case Block():
            return lesson_url(row.lesson)
    return course_url(row.course)


@require_safe
@login_required
def lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = get_object_or_404(Lesson.objects.taught_by(request.user).select_related("module__course"), pk=pk)
    pieces = [
        (block, blocks.type_of(block.kind), blocks.type_of(block.kind).missing(block))
        for block in lesson.blocks.select_related("quiz", "asset", "captions")
    ]
    context = {"lesson": lesson, "course": lesson.course, "pieces": pieces, "types": blocks.all_types()}
    return render(request, "courses/studio/lesson.html", context)


@require_POST
@login_required
def save_lesson(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = taught(Lesson, request, pk=pk)
    answer = save_form(request, forms.LessonForm(request.POST, instance=lesson), lesson_url(lesson))
    if answer.status_code < 400:
        revisions.record_revision(lesson=lesson, author=request.user)
    return answer


@require_POST
@login_required
def add_block(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = taught(Lesson, request, pk=pk)
    kind = request.POST.get("kind", "")
    if kind not in {type_.kind for type_ in blocks.all_types()}:
        return refused(request, lesson_url(lesson), _("There is no such part."), status=400)
    block = services.add_block(lesson=lesson, kind=kind, author=request.user)
    return redirect(f"{lesson_url(lesson)}#block-{block.pk}")


@require_POST
@login_required
def save_block(request: HttpRequest, pk: int) -> HttpResponse:
    block = taught(Block, request, pk=pk)
    back = f"{lesson_url(block.lesson)}#block-{block.pk}"
    form = forms.BlockForm(request.POST, instance=block)
    if not form.is_valid():
        return refused(request, back, first_error(form), errors=form.errors.get_json_data())
    changes = {name: form.cleaned_data[name] for name in services.BLOCK_FIELDS}
    try:
        block = services.save_block(
            block=block,
            author=request.user,
            version=form.cleaned_data["version"],
            changes=changes,
            follows=form.cleaned_data["follows"] or 0,
        )
    except services.Overtaken as error:
        theirs = {name: getattr(error.theirs, name) for name in services.BLOCK_FIELDS}
        return refused(request, back, str(error), status=409, theirs=theirs, version=error.theirs.version)
    missing = blocks.type_of(block.kind).missing(block)
    return saved(request, back, version=block.version, missing=missing, rule_value=block.rule_value)


@require_POST
@login_required
def attach_file(request: HttpRequest, pk: int) -> HttpResponse:
    block = taught(Block, request, pk=pk)
    back = f"{lesson_url(block.lesson)}#block-{block.pk}"
    form = forms.FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return refused(request, back, first_error(form))
    try:
        block = services.attach_file(
            block=block, author=request.user, upload=form.cleaned_data["file"], use=form.cleaned_data["use"]
        )
    except assets.RefusedFile as error:
        return refused(request, back, str(error))
    asset = block.captions if form.cleaned_data["use"] == "captions" else block.asset
    missing = blocks.type_of(block.kind).missing(block)
    return saved(request, back, version=block.version, missing=missing, name=asset.name, url=asset.get_absolute_url())


@require_POST
@login_required
def remove_block(request: HttpRequest, pk: int) -> HttpResponse:
    block = taught(Block, request, pk=pk)
    services.remove_block(block=block, author=request.user)
    messages.info(
        request, _("“%(title)s” is taken out. The lesson's history can bring it back.") % {"title": block.title}
    )
    return redirect(lesson_url(block.lesson))


@require_safe
@login_required
def details(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a quiz's questions or an assignment's rules are written."""
    block = taught(Block, request, pk=pk)
    url = blocks.type_of(block.kind).details_url(block)
    return redirect(url or lesson_url(block.lesson))


@require_POST
@teachers
def preview(request: HttpRequest) -> HttpResponse:
    """Markdown as students will see it."""
    return JsonResponse({"html": render_markdown(request.POST.get("text", "")[:200_000])})


@require_safe
@login_required
def history(request: HttpRequest, pk: int) -> HttpResponse:
    lesson = taught(Lesson, request, pk=pk)
    chosen = request.GET.get("revision", "")
    context = {
        "lesson": lesson,
        "course": lesson.course,
        **shown_revisions(lesson, int(chosen) if chosen.isdecimal() else None),
    }
    return render(request, "courses/studio/history.html", context)


@require_POST
@login_required
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    revision = get_object_or_404(
        LessonRevision.objects.filter(lesson__in=Lesson.objects.taught_by(request.user)), pk=pk
    )
    revisions.restore(revision=revision, author=request.user)
    messages.success(request, _("The lesson reads as it did then. What it said until now is in its history too."))
    return redirect(lesson_url(revision.lesson))
