"""What the administration calls models and fields of ours, it calls so in its reader's language."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path, help_text_for_field, label_for_field
from django.core.exceptions import FieldDoesNotExist
from django.forms.models import ModelChoiceIterator
from django.utils.translation import override

from accounts.models import User

Words = Iterator[tuple[str, str]]  # where something stands, and what

OURS = ("accounts", "courses", "emotion", "training")
# What reads the same in both languages.
ALIKE = {
    "de": "Administrator Block Markdown. Name Person Pool Position Quiz Status Text Training Version Video in",
    "ar": "Markdown.",
}


@pytest.mark.parametrize("language", ALIKE)
def test_the_administration_names_everything_in_the_readers_language(rf, language):
    request = rf.get("/admin/")
    request.user = User(is_staff=True, is_superuser=True)
    with override("en"):
        english = all_words(request)
    with override(language):
        theirs = all_words(request)
    assert len(english) > 700
    same = [(where, words) for (where, words), (_, there) in zip(english, theirs, strict=True) if words == there]
    # What is listed here is a plain string in the code, or has no translation in locale/.
    assert [(where, words) for where, words in same if words not in ALIKE[language].split()] == []


def all_words(request) -> list[tuple[str, str]]:
    models = [model for label in OURS for model in apps.get_app_config(label).get_models()]
    pages = [page for model, page in admin.site._registry.items() if model in models]
    named = [(f"{model.__name__}, {where}", words) for model in models for where, words in words_of_model(model)]
    named += [(f"{type(page).__name__}, {where}", words) for page in pages for where, words in words_of(page, request)]
    return [(where, str(words)) for where, words in named if words]


def words_of_model(model) -> Words:
    """Also of one without a page: what is deleted with a row is listed by these."""
    yield "its app", model._meta.app_config.verbose_name
    yield "one", model._meta.verbose_name
    yield "several", model._meta.verbose_name_plural


def words_of(page: admin.ModelAdmin, request) -> Words:
    yield "an empty list", getattr(page, "nothing_yet", "")
    yield "the search", page.search_help_text
    for name, (_, _, description) in page.get_actions(request).items():
        yield f"action {name}", description % {"verbose_name_plural": ""}
    for name in [*page.actions_list, *page.actions_detail, *page.actions_row]:
        yield f"action {name}", getattr(page, name).short_description
    for name in page.get_list_display(request):
        yield from words_of_shown(page, name)
    for wanted in page.get_list_filter(request):
        path = wanted if isinstance(wanted, str) else wanted[0]
        yield f"filter {path}", get_fields_from_path(page.model, path)[-1].verbose_name
    for row in (None, page.model()):  # one to add, and one that is there
        fieldsets = page.get_fieldsets(request, row)
        for number, (title, _options) in enumerate(fieldsets):
            yield f"fieldset {number}", title
        form = page.get_form(request, row).base_fields
        yield from words_of_fields(page, flatten_fieldsets(fieldsets), form)
    for inline in page.inlines:
        rows = inline(page.model, admin.site)
        yield inline.__name__, rows.verbose_name_plural
        form = rows.get_formset(request).form.base_fields
        for where, words in words_of_fields(rows, [*(rows.fields or form)], form):
            yield f"{inline.__name__}, {where}", words


def words_of_fields(page, names: list[str], form: dict) -> Words:
    for name in names:
        if name not in form:
            yield from words_of_shown(page, name)
            continue
        field = form[name]
        yield f"field {name}", field.label
        yield f"help for {name}", field.help_text
        choices = getattr(field, "choices", ())
        if not isinstance(choices, ModelChoiceIterator):
            for value, label in choices:
                if value:
                    yield f"choice {value} of {name}", label


def words_of_shown(page, name: str) -> Words:
    """Of a column, or of a field that is only shown."""
    yield f"field {name}", label_for_field(name, page.model, page)
    yield f"help for {name}", help_text_for_field(name, page.model)
    try:
        field = page.opts.get_field(name)
    except FieldDoesNotExist:
        return
    for value, label in field.flatchoices:
        if value:
            yield f"choice {value} of {name}", label
