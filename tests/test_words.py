"""Every word a page shows can be translated, and the catalogues hold together."""

import re
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
BLOCK = re.compile(r"\{%\s*(blocktranslate|comment|verbatim)\b.*?\{%\s*end\1\s*%\}", re.S)
SPOKEN = re.compile(r"""\b(?:aria-label|placeholder|title|alt)=(["'])(.*?)\1""", re.S)
# Names, marks and examples that are the same in every language.
NOT_WORDS = re.compile(r"Attune|email,name,role,cohort\s.*?(?=<)|\bCSV\b|\bP\b", re.S)


def templates() -> list[Path]:
    in_english_only = {ROOT / "templates" / "styleguide.html"}  # for whoever works on the pages, with ATTUNE_DEBUG
    return sorted({*(ROOT / "templates").rglob("*.html")} - in_english_only)


def unmarked_words(source: str) -> list[str]:
    """What a reader of this template would see untranslated."""
    source = BLOCK.sub("", source)
    source = re.sub(r"\{#.*?#\}", "", source)
    source = re.sub(r"\{% block (body_class|brand_text_class)\b.*?\{% endblock %\}", "", source)
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.S)
    spoken = [text for _quote, text in SPOKEN.findall(source)]
    shown = re.sub(r"<(script|style|svg)\b.*?</\1>", "", source, flags=re.S)
    shown = re.sub(r"<pre\b.*?</pre>", "", shown, flags=re.S)
    shown = re.sub(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", "\n", shown)
    texts = [NOT_WORDS.sub("", re.sub(r"&\w+;", "", text)) for text in [*spoken, *shown.splitlines()]]
    return [text.strip() for text in texts if re.search(r"[A-Za-z]{2,}", text)]


@pytest.mark.parametrize("template", templates(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_word_of_a_template_is_marked(template):
    assert unmarked_words(template.read_text()) == []


def test_an_unmarked_word_would_be_found():
    assert unmarked_words("<p>{% translate 'Hello' %} you</p>") == ["you"]
    assert unmarked_words('<a aria-label="Close">{{ name }}</a>') == ["Close"]


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: str(path.relative_to(ROOT / "locale")))
def test_a_catalogue_keeps_every_place_of_a_name_and_is_compiled(catalogue):
    entries = polib.pofile(str(catalogue))
    assert not [entry.msgid for entry in entries if entry.fuzzy]
    said = {}
    for entry in entries.translated_entries():
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        forms = [entry.msgstr] if entry.msgstr else list(entry.msgstr_plural.values())
        for form in forms:
            # "one second" may go without its number; nothing else may be lost or made up.
            lost = wanted ^ set(PLACEHOLDER.findall(form))
            assert not lost or (entry.msgid_plural and lost <= wanted), entry.msgid
        said[entry.msgctxt, entry.msgid] = forms
    compiled = polib.mofile(str(catalogue.with_suffix(".mo")))
    assert said == {
        (entry.msgctxt, entry.msgid): [entry.msgstr] if entry.msgstr else list(entry.msgstr_plural.values())
        for entry in compiled
    }, "Run manage.py compilemessages."
