"""The words of a fill-in question, with fields or with answers where its gaps are."""

import re
from collections.abc import Callable, Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from courses.markdown import render
from courses.quizzes.scoring import GAP

# Two letters of the private use area around the gap's number: Markdown and the sanitiser leave them alone.
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_TAG = re.compile(r"(<(?:\"[^\"]*\"|[^\">])*>)")


def to_fill(prompt: str, parts: Sequence) -> SafeString:
    """With a text field for each gap. The field's width hints at nothing."""

    def gap(i: int) -> str:
        return format_html(
            '<input class="gap-field" type="text" name="{}" value="{}" maxlength="1000" autocomplete="off" '
            'autocapitalize="off" spellcheck="false" aria-label="{}">',
            parts[i].name,
            parts[i].given,
            parts[i].label,
        )

    return _with(prompt, gap, len(parts))


def filled(prompt: str, parts: Sequence, *, marks: bool) -> SafeString:
    """With what was filled in, and with `marks` whether it was right."""

    def gap(i: int) -> str:
        given = parts[i].given or _("(empty)")
        if not marks:
            return format_html('<span class="gap-told">{}</span>', given)
        if parts[i].is_right:
            return format_html('<span class="gap-told gap-right">{} <span>({})</span></span>', given, _("right"))
        return format_html(
            '<span class="gap-told gap-wrong">{} <span>({})</span></span>',
            given,
            _("right would be: %(answer)s") % {"answer": parts[i].right},
        )

    return _with(prompt, gap, len(parts))


def _with(prompt: str, gap: Callable[[int], str], count: int) -> SafeString:
    plain = prompt.replace(_OPEN, "").replace(_CLOSE, "")
    numbers = iter(range(count))
    html = render(GAP.sub(lambda found: f"{_OPEN}{next(numbers)}{_CLOSE}", plain))
    # In the text alone: inside a tag, say in a picture's description, there is no place for a field.
    pieces = _TAG.split(html)
    return mark_safe(
        "".join(
            _MARK.sub("", piece) if piece.startswith("<") else _MARK.sub(lambda found: gap(int(found[1])), piece)
            for piece in pieces
        )
    )
