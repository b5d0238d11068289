import pytest

from courses.markdown import render


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '<a href="https://a.example" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<iframe src=https://evil.example></iframe>",
        "<svg><script>alert(1)</script></svg>",
        '"><script>alert(1)</script>',
        "`<script>alert(1)</script>`",
        "```html\n<script>alert(1)</script>\n```",
        "```<script>alert(1)</script>\nx\n```",
        "$\\text{<script>alert(1)</script>}$",
        "$\\text{<img src=x onerror=alert(1)>}$",
        "$$\\text{</mtext></math><script>alert(1)</script>}$$",
        "$\\text{<table><mglyph><style><img src=x onerror=alert(1)>}$",
        "$\\href{javascript:alert(1)}{x}$",
        "$\\style{background:url(javascript:alert(1))}{x}$",
        '$\\class{x" onclick="alert(1)}{x}$',
        "::: note <script>alert(1)</script>\nx\n:::",
        "::: note\n<img src=x onerror=alert(1)>\n:::",
    ],
)
def test_nothing_in_a_lesson_becomes_active_content(attack):
    html = render(attack).lower()
    assert not any(tag in html for tag in ("<script", "<iframe", "<style", "<svg", "<img src=x"))
    assert not any(
        part.split(">")[0].count("onerror") + part.split(">")[0].count("onclick") for part in html.split("<")[1:]
    )
    assert 'href="javascript' not in html and 'href="data' not in html and 'src="javascript' not in html


def test_headings_continue_below_those_of_the_page():
    assert "<h3>One</h3>" in render("# One")
    assert "<h6>Five</h6>" in render("##### Five")


def test_a_table_scrolls_in_its_own_box_and_aligns_without_a_style_attribute():
    html = render("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert 'class="table-scroll"' in html
    assert '<td class="align-right">2</td>' in html
    assert "style=" not in html


def test_a_link_to_elsewhere_does_not_hand_over_the_page():
    assert 'rel="noopener noreferrer"' in render("[elsewhere](https://example.org)")


# Maths, code, callouts


def test_a_formula_is_drawn_by_the_browser():
    html = render(r"The mean is $\bar{x} = \frac{1}{n}\sum_i x_i$ here.")
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline">' in html
    assert "<mfrac>" in html and "∑" in html and "frac" not in html.replace("mfrac", "")
    assert 'display="block"' in render("$$\nx^2\n$$")


@pytest.mark.parametrize("text", ["It costs $5, or $6 with a lid.", "From $5 to $10.", r"Ten \$ and two \$."])
def test_money_is_no_formula(text):
    assert "<math" not in render(text)


@pytest.mark.parametrize("formula", [r"\frac{", "{", r"\begin{matrix}", "x" * 2001])
def test_a_formula_that_cannot_be_read_is_shown_as_it_was_written(formula):
    html = render(f"before ${formula}$ after")
    assert f'<code class="formula-unread">{formula}</code>' in html
    assert "before" in html and "after" in html


def test_html_in_a_formula_is_shown_and_costs_the_rest_nothing():
    html = render(r"$\text{<table>}$ and $x^2$")
    assert "&lt;table&gt;" in html and "<table" not in html and "<msup>" in html


def test_code_is_coloured_by_its_language_and_a_keyboard_reaches_it():
    html = render("```python\ndef mean(xs): return 'none' if not xs else 1\n```")
    assert '<pre tabindex="0">' in html
    assert '<span class="hl-k">def</span>' in html
    assert "style=" not in html


@pytest.mark.parametrize("language", ["", "nolanguage"])
def test_code_of_no_known_language_is_plain(language):
    assert "<code>a &lt; b\n</code>" in render(f"```{language}\na < b\n```")


def test_a_callout_has_a_title_and_its_text():
    html = render("::: warning Before you *begin*\nSave **all** of it.\n:::\n\nAfter")
    assert '<div class="callout callout-warning">' in html
    assert '<p class="callout-title">Before you *begin*</p>' in html
    assert "<strong>all</strong>" in html
    assert html.index("</div>") < html.index("After")
    assert '<p class="callout-title">Careful</p>' in render("::: warning\nx\n:::")
