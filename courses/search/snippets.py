"""The words around a hit, with the hit marked. What authors wrote is escaped before a mark is put in."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Letters that nobody types, where PostgreSQL's headline begins and ends a hit.
START, END = "\x02", "\x03"
BEFORE, AFTER = 70, 170

_MARKED = re.compile(f"{START}([^{START}{END}]*){END}")
# Each stops at the next sign of its kind, so that no text takes long.
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_AT_START = re.compile(r"#{1,6}(?=\s)|>|[-*+](?=\s)|:{3,} *\w*|(?:```|~~~)\w*")
_ANYWHERE = re.compile(r"\*{1,3}|`{1,3}|\${2}|~~|(?<!\w)_{1,3}|_{1,3}(?!\w)")
_RULE = set("|:- ")  # the line under a table's head


def plain(markdown: str) -> str:
    """Without the signs of Markdown; it is read in a line, not rendered."""
    lines = (line.strip() for line in _LINK.sub(r"\1", markdown).splitlines())
    kept = (line for line in lines if not set(line) <= _RULE)
    text = " ".join(line[m.end() :] if (m := _AT_START.match(line)) else line for line in kept)
    return " ".join(_ANYWHERE.sub("", text).replace("|", " ").split())


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
