"""Markdown written by instructors, as HTML that is safe to put into a page.

Beyond CommonMark: tables, ~~struck~~ text, $x^2$ and $$x^2$$ as MathML, which browsers draw themselves, code in
colours, and callouts:

    ::: warning Before you begin
    Save your work.
    :::
"""

import re
from functools import lru_cache

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MATHS = {
    *("math", "mrow", "mi", "mo", "mn", "mtext", "mspace", "mstyle", "mpadded", "mphantom", "merror", "menclose"),
    *("mfrac", "msqrt", "mroot", "msub", "msup", "msubsup", "munder", "mover", "munderover", "mmultiscripts"),
    *("mprescripts", "none", "mtable", "mtr", "mtd"),
}
TAGS = MATHS | {
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
    "p": {"class"},
    "pre": {"tabindex"},
    "span": {"class"},
    "math": {"display", "xmlns"},
    "mo": {"stretchy", "fence", "form", "lspace", "rspace", "minsize", "maxsize", "movablelimits"},
    "mi": {"mathvariant"},
    "mspace": {"width"},
    "mfrac": {"linethickness"},
    "mtable": {"columnalign"},
    "mtd": {"columnalign"},
    "mstyle": {"displaystyle", "scriptlevel"},
    "mover": {"accent"},
}
CALLOUTS = {"note": _("Note"), "tip": _("Tip"), "warning": _("Careful"), "example": _("Example")}
TABLE = _("Table")
LONGEST_FORMULA = 2000  # letters; what is longer is shown as it was written
# The page has its own headings above a block: the first level of Markdown becomes the third of the page.
HEADING_SHIFT = 2

_TAG = re.compile(r"</?([a-zA-Z]\w*)")
_ALIGN = re.compile(r"text-align:(left|right|center)")
_formatter = HtmlFormatter(nowrap=True, classprefix="hl-")


def _formula(source: str, options: dict) -> str:
    """A formula that cannot be read is shown as it was written, so that its author sees which one."""
    display = "block" if options["display_mode"] else "inline"
    try:
        if len(source) > LONGEST_FORMULA:
            raise ValueError("too long")
        formula = convert(source, display=display)
        if set(_TAG.findall(formula)) - MATHS:  # what \text holds is passed on as it is
            raise ValueError("HTML")
        return formula
    except Exception:  # its errors have no common base, and some are IndexError and the like
        return f'<code class="formula-unread">{escape(source)}</code>'


def _code(source: str, language: str, _attributes: str) -> str:
    try:
        coloured = highlight(source, get_lexer_by_name(language, stripnl=False), _formatter)
    except ClassNotFound:
        coloured = escape(source)
    # Wide code scrolls, so a keyboard must reach it.
    return f'<pre tabindex="0"><code>{coloured}</code></pre>'


_parser = MarkdownIt("commonmark", {"html": False, "highlight": _code}).enable(["table", "strikethrough"])
# Money stays money: "from $5 to $6" is no formula.
_parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, renderer=_formula)


def _callout(kind: str):
    def render_callout(self, tokens, index, options, env) -> str:
        token = tokens[index]
        if token.nesting < 0:
            return "</div>\n"
        title = token.info.strip().removeprefix(kind).strip() or CALLOUTS[kind]
        return f'<div class="callout callout-{kind}">\n<p class="callout-title">{escape(title)}</p>\n'

    return render_callout


for _kind in CALLOUTS:
    _parser.use(container_plugin, name=_kind, render=_callout(_kind))


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
    lambda *_unused: f'<div class="table-scroll" tabindex="0" role="region" aria-label="{escape(TABLE)}">\n<table>\n',
)
_parser.add_render_rule("table_close", lambda self, *_: "</table>\n</div>\n")


def render(markdown: str) -> SafeString:
    return _render(markdown, get_language())


@lru_cache(maxsize=1024)  # lesson text is read far more often than it changes
def _render(markdown: str, language: str | None) -> SafeString:
    """In the language that is active, which a note's heading and a table's name are in."""
    html = _parser.render(markdown)
    safe = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return mark_safe(safe)
