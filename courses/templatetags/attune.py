from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import localize
from django.utils.html import format_html
from django.utils.translation import get_language_bidi

from courses.charts.files import FORMS
from courses.markdown import render
from courses.panels import LessonPanel

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, label: str = ""):
    """A picture from the sprite. Without a label it is decoration, hidden from screen readers."""
    href = f"{static('vendor/bootstrap-icons/sprite.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', href)


@register.inclusion_tag("_chart_files.html")
def chart_files(route: str, *args: object, asked: str = ""):
    """The two buttons beside a chart. `asked` is the page's query, where the chart depends on it."""
    query = f"?{asked}" if asked else ""
    addresses = {form: f"{reverse(route, args=[*args, form])}{query}" for form in FORMS}
    return {"as_table": addresses["csv"], "as_picture": addresses["svg"]}


@register.filter
def item(mapping: dict, key):
    """What a dictionary holds under a key that is a variable, or None."""
    return mapping.get(key)


@register.filter
def apart(words: str) -> str:
    """Somebody's words for a sentence of ours: where ours runs right to left, they keep their own direction, and their
    question mark stays at their end (Unicode's first strong isolate)."""
    return f"\u2068{words}\u2069" if get_language_bidi() else words


@register.filter
def points(value: float | None) -> str:
    """Points as people write them: 7, 7.2, 7.25."""
    if value is None:
        return ""
    rounded = round(float(value), 2)
    return localize(int(rounded) if rounded == int(rounded) else rounded)


@register.simple_tag(takes_context=True)
def panel(context, shown: LessonPanel):
    """What another app put here, rendered with the request (so it has the user and a CSRF token)."""
    return render_to_string(shown.template, shown.context, request=context["request"])


@register.filter
def markdown(text: str):
    """Markdown as HTML that is safe to put into a page."""
    return render(text)
