from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.certificates import services
from courses.certificates.forms import RevokeForm, RuleForm
from courses.certificates.paper import as_pdf
from courses.models import Certificate, CertificateRule, Course


@require_safe
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """For anyone who was shown the paper: whether it holds. A code that was never given is said to be unknown."""
    certificate = Certificate.objects.filter(code=code.upper()).first()
    response = render(
        request,
        "courses/certificates/verify.html",
        {"certificate": certificate, "code": code},
        status=200 if certificate else 404,
    )
    response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
@login_required
def paper(request: HttpRequest, code: str) -> HttpResponse:
    certificate = get_object_or_404(Certificate.objects.visible_to(request.user).valid(), code=code)
    address = request.build_absolute_uri(certificate.get_absolute_url())
    response = HttpResponse(as_pdf(certificate, address=address), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="certificate-{certificate.code}.pdf"'
    return response


@require_safe
@login_required
def own(request: HttpRequest) -> HttpResponse:
    certificates = Certificate.objects.filter(user=request.user)
    return render(request, "courses/certificates/own.html", {"certificates": certificates})


@login_required
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course.objects.taught_by(request.user), slug=slug)
    known = CertificateRule.objects.filter(course=course).first()
    form = RuleForm(request.POST or None, instance=known or CertificateRule(course=course))
    if request.method == "POST" and form.is_valid():
        form.save()
        given = services.issue_to_all(course=course)
        messages.success(
            request,
            _("Kept. %(given)s of your students have earned it by now.") % {"given": given} if given else _("Kept."),
        )
        return redirect("certificates:rule", slug=course.slug)
    context = {
        "course": course,
        "form": form,
        "certificates": Certificate.objects.filter(course=course).select_related("user")[:500],
    }
    return render(request, "courses/certificates/rule.html", context, status=422 if form.errors else 200)


@login_required
def revoke(request: HttpRequest, code: str) -> HttpResponse:
    certificate = get_object_or_404(Certificate.objects.taught_by(request.user).select_related("course"), code=code)
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and certificate.revoked_at:
        services.restore(certificate=certificate)
        messages.success(request, _("The certificate of %(name)s holds again.") % {"name": certificate.name})
        return redirect("certificates:rule", slug=certificate.course.slug)
    if request.method == "POST" and form.is_valid():
        services.revoke(certificate=certificate, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, _("The certificate of %(name)s no longer holds.") % {"name": certificate.name})
        return redirect("certificates:rule", slug=certificate.course.slug)
    context = {"certificate": certificate, "form": form, "course": certificate.course}
    return render(request, "courses/certificates/revoke.html", context, status=422 if form.errors else 200)
