"""Pages and styles travel through gzip; a piece of a file does not."""

import gzip
from pathlib import Path

from django.contrib.staticfiles import finders

STYLES = "/static/css/attune.css"


def test_styles_travel_short_and_whole(client, db):
    short = client.get(STYLES, headers={"accept-encoding": "gzip, br"})
    plain = client.get(STYLES)

    content = Path(finders.find("css/attune.css")).read_bytes()
    assert short.headers["Content-Encoding"] == "gzip" and gzip.decompress(short.content) == content
    assert len(short.content) < len(content) / 2
    assert b"".join(plain.streaming_content) == content and "Content-Encoding" not in plain.headers
    assert "Accept-Encoding" in short.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


def test_a_piece_of_a_file_stays_as_it_is(client, db):
    piece = client.get(STYLES, headers={"accept-encoding": "gzip", "range": "bytes=0-9"})

    assert piece.status_code == 206 and "Content-Encoding" not in piece.headers


def test_pages_travel_short(client, db):
    page = client.get("/", headers={"accept-encoding": "gzip"})

    assert page.headers["Content-Encoding"] == "gzip" and b"<html" in gzip.decompress(page.content)


def test_the_worker_that_keeps_lessons_speaks_for_the_whole_site(client, db):
    script = client.get("/static/js/service_worker.js")
    assert script.headers["Service-Worker-Allowed"] == "/"
    assert client.get("/static/manifest.webmanifest").headers["Content-Type"] == "application/manifest+json"


def test_the_style_guide_is_for_development_only(client, db):
    from django.template.loader import render_to_string

    assert client.get("/styleguide/").status_code == 404
    assert "button-filled" in render_to_string("styleguide.html")
