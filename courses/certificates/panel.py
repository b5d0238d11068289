"""The certificate on its course's page: earned, or how far away."""

from courses.certificates.services import standing
from courses.models import Certificate, CertificateRule, Role
from courses.panels import LessonPanel


def course_panel(request, course) -> LessonPanel | None:
    if not request.user.is_authenticated:
        return None
    certificate = Certificate.objects.filter(user=request.user, course=course).first()
    rule = CertificateRule.objects.filter(course=course, is_on=True).first()
    if certificate is None and (rule is None or course.role_of(request.user) != Role.STUDENT):
        return None
    context = {"certificate": certificate}
    if certificate is None:
        context["standing"] = standing(user=request.user, course=course, rule=rule)
    return LessonPanel("courses/certificates/_panel.html", context, order=50)
