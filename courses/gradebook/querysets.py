from courses.assignments.querysets import graded_course_ids
from courses.models import Course


def graded_courses(user):
    """The courses whose marks this person may see: as instructor, assistant or administrator."""
    return Course.objects.all() if user.is_superuser else Course.objects.filter(pk__in=graded_course_ids(user))
