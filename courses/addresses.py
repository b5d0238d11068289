"""Addresses that a lesson may show. Nothing is fetched: the page's own frame loads what its policy allows."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

YOUTUBE_HOSTS = {"youtube.com", "www.youtube.com", "m.youtube.com", "www.youtube-nocookie.com", "youtube-nocookie.com"}
VIMEO_HOSTS = {"vimeo.com", "www.vimeo.com", "player.vimeo.com"}
YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
VIMEO_ID = re.compile(r"\d{6,12}")


@dataclass(frozen=True)
class OutsideVideo:
    site: str  # "youtube" or "vimeo"
    id: str

    @property
    def frame(self) -> str:
        """The player's address, built from the id alone. With its own interface on, it tells the page how far it is."""
        if self.site == "youtube":
            return f"https://www.youtube-nocookie.com/embed/{self.id}?enablejsapi=1&rel=0"
        return f"https://player.vimeo.com/video/{self.id}?dnt=1"

    @property
    def name(self) -> str:
        return "YouTube" if self.site == "youtube" else "Vimeo"


def video_at(address: str) -> OutsideVideo | None:
    """The video behind an address as people copy it, or None. A bare id of YouTube's eleven characters is one too."""
    address = address.strip()
    if YOUTUBE_ID.fullmatch(address):
        return OutsideVideo("youtube", address)
    parts = _https(address)
    if parts is None:
        return None
    steps = [step for step in parts.path.split("/") if step]
    if parts.hostname == "youtu.be":
        candidates = steps[:1]
    elif parts.hostname in YOUTUBE_HOSTS:
        named = steps[1:2] if steps[:1] in (["embed"], ["shorts"], ["live"], ["v"]) else []
        candidates = named or parse_qs(parts.query).get("v", [])[:1]
    elif parts.hostname in VIMEO_HOSTS:
        return next((OutsideVideo("vimeo", step) for step in reversed(steps) if VIMEO_ID.fullmatch(step)), None)
    else:
        return None
    return next((OutsideVideo("youtube", found) for found in candidates if YOUTUBE_ID.fullmatch(found)), None)


def embeddable(address: str) -> str | None:
    """The address if its site is on the operator's list (ATTUNE_EMBED_HOSTS), else None."""
    parts = _https(address.strip())
    if parts is None or parts.hostname not in settings.EMBED_HOSTS or parts.port or parts.username:
        return None
    return parts.geturl()


def _https(address: str):
    """The parts of an https address; one written without a scheme, or with http, is read as https."""
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  (reading the port is what validates it)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    return parts._replace(scheme="https")
