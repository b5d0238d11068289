"""The assignment as a block of a lesson."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.assignments import selectors
from courses.assignments.models import Assignment
from courses.assignments.transfer import build_assignment, export_assignment
from courses.blocks import NONE, PASSED, SUBMITTED, BlockType, register
from courses.models import Block


def missing(block: Block) -> str:
    if not hasattr(block, "assignment"):
        return _("Say what can be handed in.")
    return "" if block.body.strip() else _("Write what to do.")


def show(user, block: Block, query) -> selectors.ShownAssignment:
    block.assignment.block = block  # which knows its lesson and course
    return selectors.shown_assignment(user, block)


def made(block: Block) -> None:
    Assignment.objects.create(block=block)


def details_url(block: Block) -> str:
    return reverse("studio:assignment", args=[block.assignment.pk])


register(
    BlockType(
        "assignment",
        gettext_lazy("Assignment"),
        "clipboard-check",
        (NONE, SUBMITTED, PASSED),
        missing,
        show,
        gettext_lazy("Work to hand in, marked by you"),
        made,
        gettext_lazy("What is taken, and the rubric"),
        details_url,
        export_assignment,
        build_assignment,
    )
)
