"""axe-core over the named pages and every kind of page that links lead to from them, as each person, in light and in
dark: it finds nothing."""

import re
from urllib.parse import urljoin, urlsplit

import pytest

from accounts.demo import DEMO_PASSWORD
from tests.services import ROOT, attune_server

pytestmark = pytest.mark.e2e
AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What answers with a file, signs out, or is another program's page.
NO_PAGE = re.compile(r"logout|export|\.(csv|svg|zip|pdf|ics|json)$|^/(api|static|files)/|\.ics|/file/|/jsi18n")
MISSING = "/nowhere/"
ROLES = {"anonymous": 10, "student": 40, "instructor": 45, "admin": 12}
PEOPLE = {"student": "ada@attune.example", "instructor": "instructor@attune.example", "admin": "admin@attune.example"}
STARTS = {
    "anonymous": ["/", "/courses/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", MISSING],
    "student": ["/home/", "/courses/calm-statistics/", "/courses/", "/notifications/", "/calendar/", "/search/?q=mean"],
    "instructor": [
        "/courses/calm-statistics/teaching/",
        "/courses/calm-statistics/at-risk/",
        "/courses/calm-statistics/now/",
        "/courses/calm-statistics/support-rules/",
        "/lessons/1/climate/",
        "/courses/calm-statistics/",
        "/home/",
    ],
    "admin": ["/admin/", "/home/"],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with attune_server(tmp_path_factory.mktemp("attune")) as server:
        yield server.url


def kind_of(path: str) -> str:
    """One page of a kind is looked at: of all lessons one, of all change lists one and of their rows one."""
    path = re.sub(r"^/admin/\w+/\w+/", "/admin/APP/MODEL/", path)
    return re.sub(r"/(\d+|[0-9a-f-]{32,36}|[A-Za-z0-9_-]{40,})(?=/|$)", "/N", path)


def sign_in(page, site: str, role: str) -> None:
    if role == "anonymous":
        return
    page.goto(f"{site}/accounts/login/")
    page.fill("[name=login]", PEOPLE[role])
    page.fill("[name=password]", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/home/")


def findings(page, *, rules: list[str] | None = None) -> list[str]:
    """Each finding of axe-core as a line: what, where, why."""
    # django-unfold's search boxes are select2's, which names them in a way that axe does not follow.
    where = {"exclude": [[".select2-container"]] if urlsplit(page.url).path.startswith("/admin/") else []}
    options = {"runOnly": {"type": "rule" if rules else "tag", "values": rules or RULES}, "resultTypes": ["violations"]}
    found = page.evaluate("([where, options]) => axe.run(where, options).then(r => r.violations)", [where, options])
    return [
        f"{each['id']}: {node['html'][:160]} | {node['failureSummary'].splitlines()[-1].strip()[:200]}"
        for each in found
        for node in each["nodes"]
    ]


def walk(page, site: str, starts: list[str], at_most: int):
    """Loads each of `starts` and a page of each kind that links lead to, and yields its path.

    A link that leads nowhere fails: only the page that is not there may say so."""
    waiting, known = list(starts), {kind_of(urlsplit(path).path) for path in starts}
    seen = 0
    while waiting and seen < at_most:
        path = waiting.pop(0)
        response = page.goto(urljoin(site, path))
        if response is None or "text/html" not in response.headers.get("content-type", ""):
            continue
        if path == MISSING:
            assert response.status == 404, f"{path} answers {response.status}"
        else:
            assert response.status < 400, f"{path} answers {response.status}"
        seen += 1
        yield path
        for link in page.eval_on_selector_all("a[href]:not(svg a)", "links => links.map(link => link.href)"):
            parts = urlsplit(link)
            kind = kind_of(parts.path)
            if link.startswith(site) and kind not in known and not NO_PAGE.search(parts.path):
                known.add(kind)
                waiting.append(parts.path)


@pytest.mark.parametrize("role", ROLES)
def test_axe_finds_nothing(open_browser, site, role):
    axe = AXE.read_text()
    page = open_browser().new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    sign_in(page, site, role)
    seen, found = set(), {}
    for path in walk(page, site, STARTS[role], ROLES[role]):
        seen.add(urlsplit(page.url).path)
        page.emulate_media(color_scheme="light")
        page.evaluate(axe)
        light = findings(page)
        page.emulate_media(color_scheme="dark")
        dark = [f"in the dark, {line}" for line in findings(page, rules=["color-contrast"])]
        if light or dark:
            found[path] = light + dark
    lines = [f"{path}\n    " + "\n    ".join(lines) for path, lines in found.items()]
    assert not found, "\n".join(lines)
    assert not (unseen := {urlsplit(path).path for path in STARTS[role]} - seen), f"Sent away from {unseen}"
