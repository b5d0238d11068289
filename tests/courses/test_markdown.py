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
    ],
)
def test_nothing_in_a_lesson_becomes_active_content(attack):
    html = render(attack).lower()
    assert not any(tag in html for tag in ("<script", "<iframe", "<style", "<svg", "<img src=x"))
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
