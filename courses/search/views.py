from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from courses.search import selectors


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    kind, number = request.GET.get("kind", ""), request.GET.get("page", "")
    page = selectors.search(
        request.user,
        request.GET.get("q", ""),
        [kind] if kind else [],
        page=int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 1,
    )

    def address(**changed) -> str:
        return "?" + urlencode({k: v for k, v in {"q": page.query, "kind": kind, **changed}.items() if v})

    context = {
        "page": page,
        "kind": kind,
        "asked": "q" in request.GET,
        "filters": [("", _("Everything"), address(kind=""))]
        + [(source.kind, source.label, address(kind=source.kind)) for source in page.kinds],
        "previous": address(page=page.number - 1) if page.number > 1 else "",
        "next": address(page=page.number + 1) if page.number < page.pages else "",
    }
    return render(request, "courses/search/search.html", context)
