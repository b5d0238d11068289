from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from courses import assets
from courses.models import Course
from courses.studio.views import course_url, taught, teachers
from courses.transfer import services
from courses.transfer.fields import NotACourse


@require_POST
@login_required
def export_course(request: HttpRequest, slug: str) -> HttpResponse:
    course = taught(Course, request, slug=slug)
    try:
        file = services.exported(course, actor=request.user)
    except services.CannotExport as reason:
        messages.warning(request, str(reason))
        return redirect(course_url(course))
    size = file.seek(0, 2)
    name = f"{course.slug}-{timezone.localdate()}.zip"
    return assets.serve(file, name=name, size=size, content_type=assets.DOWNLOAD)


@teachers
def import_course(request: HttpRequest) -> HttpResponse:
    """The page that takes a zip, and then tells what came of it."""
    if request.method != "POST":
        return render(request, "courses/transfer/import.html")
    problem, imported = _("Choose a zip file."), None
    if file := request.FILES.get("file"):
        try:
            imported = services.import_course(teacher=request.user, file=file)
        except NotACourse as reason:
            problem = str(reason)
    if imported:
        return render(request, "courses/transfer/imported.html", {"imported": imported})
    return render(request, "courses/transfer/import.html", {"problem": problem}, status=422)
