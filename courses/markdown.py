"""Markdown written by instructors, as HTML that is safe to put into a page."""

import re
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "s"),
    *("ul", "ol", "li", "a", "img", "table", "thead", "tbody", "tr", "th", "td", "div", "span", "sub", "sup"),
}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "loading"},
    "ol": {"start"},
    "th": {"class", "scope"},
    "td": {"class"},
    "code": {"class"},
    "div": {"class", "tabindex", "role", "aria-label"},
}
# The page has its own headings above a block: the first level of Markdown becomes the third of the page.
HEADING_SHIFT = 2

_ALIGN = re.compile(r"text-align:(left|right|center)")
_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _shift_heading(self, tokens, index, options, env) -> str:
    token = tokens[index]
    token.tag = f"h{min(int(token.tag[1]) + HEADING_SHIFT, 6)}"
    return self.renderToken(tokens, index, options, env)


def _cell(self, tokens, index, options, env) -> str:
    # The parser aligns with a style attribute, which the content security policy refuses; so use a class.
    token = tokens[index]
    align = _ALIGN.search(str(token.attrs.pop("style", "")))
    if align:
        token.attrs["class"] = f"align-{align[1]}"
    if token.tag == "th":
        token.attrs["scope"] = "col"
    return self.renderToken(tokens, index, options, env)


_parser.add_render_rule("heading_open", _shift_heading)
_parser.add_render_rule("heading_close", _shift_heading)
_parser.add_render_rule("th_open", _cell)
_parser.add_render_rule("td_open", _cell)
# Wide tables scroll in their own box, which a keyboard can reach, instead of widening the page.
_parser.add_render_rule(
    "table_open",
    lambda self, *_: '<div class="table-scroll" tabindex="0" role="region" aria-label="Table">\n<table>\n',
)
_parser.add_render_rule("table_close", lambda self, *_: "</table>\n</div>\n")


@lru_cache(maxsize=1024)  # lesson text is read far more often than it changes
def render(markdown: str) -> SafeString:
    html = _parser.render(markdown)
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(safe)
