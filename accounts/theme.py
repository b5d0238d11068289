"""Light or dark. The choice lives in a cookie, so the server writes it into the page and nothing flashes."""

from django.http import HttpRequest

COOKIE = "theme"
THEMES = ("light", "dark")


def chosen_theme(request: HttpRequest) -> str:
    """'light', 'dark', or '' for what the person's device prefers."""
    value = request.COOKIES.get(COOKIE, "")
    return value if value in THEMES else ""


def context(request: HttpRequest) -> dict:
    return {"theme": chosen_theme(request)}
