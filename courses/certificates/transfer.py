"""Whether and for what a course gives certificates, as it travels with the course."""

from typing import Any

from django.utils.translation import gettext as _

from courses.models import CertificateRule, Course
from courses.transfer.fields import check_type, filled, plain


def export_rule(course: Course, refs) -> dict[str, Any]:
    return plain(CertificateRule.objects.filter(course=course).first() or CertificateRule())


def build_rule(course: Course, data: Any, refs) -> None:
    filled(CertificateRule(course=course), check_type(data, dict, _("The certificates")), _("The certificates")).save()
