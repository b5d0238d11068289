"""The words around a hit, with the hit marked. What authors wrote is escaped before a mark is put in."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Letters that nobody types, where PostgreSQL's headline begins and ends a hit.
START, END = "\x02", "\x03"
BEFORE, AFTER = 70, 170

_MARKED = re.compile(f"{START}([^{START}{END}]*){END}")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_SYNTAX = re.compile(r"^\s*(?:#{1,6}|>|[-*+]|:{3,}|```|~~~).*?(?=\s|$)|[*_`|]{1,3}|\$\$", re.MULTILINE)


def plain(markdown: str) -> str:
    """Without the signs of Markdown; it is read in a line, not rendered."""
    return " ".join(_SYNTAX.sub(" ", _LINK.sub(r"\1", markdown)).split())


def marked(headline: str) -> SafeString:
    """A headline of PostgreSQL, whose hits lie between START and END."""
    text = _MARKED.sub(r"<mark>\1</mark>", escape(plain(headline)))
    return mark_safe(text.replace(START, "").replace(END, ""))


def passage(text: str, words: list[str], *, whole: bool = False) -> SafeString:
    """All of a text, or what stands around the first of the words."""
    text = text if whole else plain(text)
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    if not whole:
        first = pattern.search(text)
        text = _cut(text, first.start() if first else 0)
    # Split before escaping, so that a search for "amp" marks no part of "&amp;".
    pieces, end = [], 0
    for hit in pattern.finditer(text):
        pieces += [escape(text[end : hit.start()]), f"<mark>{escape(hit.group())}</mark>"]
        end = hit.end()
    return mark_safe("".join([*pieces, escape(text[end:])]))


def _cut(text: str, around: int) -> str:
    start = 0 if around <= BEFORE else text.find(" ", around - BEFORE) + 1
    if not 0 < start <= around:
        start = max(0, around - BEFORE) if around > BEFORE else 0
    end = min(len(text), around + AFTER)
    if end < len(text) and (space := text.rfind(" ", around, end)) > 0:
        end = space
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"
