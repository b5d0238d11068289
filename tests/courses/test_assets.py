import asyncio

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courses import assets
from courses.models import Asset
from tests.factories import enroll, make_course, make_instructor, make_user

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
MP4 = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 40
PAGE = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def keep(content: bytes, use: str = "file", name: str = "a.bin", course=None) -> Asset:
    return assets.keep(course=course or make_course(), upload=SimpleUploadedFile(name, content), use=use)


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_the_content_tells_the_type_and_not_the_name_or_the_browser():
    assert keep(PNG, "image", "photo.exe").content_type == "image/png"
    with pytest.raises(assets.RefusedFile, match="not a picture"):
        keep(PAGE, "image", "photo.png")
    with pytest.raises(assets.RefusedFile, match="not captions"):
        keep(b"1\n00:00:01,000 --> 00:00:02,000\nSRT", "captions", "a.vtt")
    with pytest.raises(assets.RefusedFile, match="not a video"):
        keep(PNG, "video", "clip.mp4")


def test_an_empty_or_huge_file_is_refused_in_words(settings):
    with pytest.raises(assets.RefusedFile, match="empty"):
        keep(b"")
    settings.ATTUNE_LARGEST_UPLOAD_MB = 1
    with pytest.raises(assets.RefusedFile, match=r"1\.0.MB is the most"):
        keep(b"0" * (1024 * 1024 + 1))
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\me\\notes.pdf", "notes.pdf"),
        ('a"b<c>\r\n.txt', "a_b_c___.txt"),
        ("..", "file"),
        ("", "file"),
    ],
)
def test_a_name_carries_nothing_but_a_name(given, kept):
    assert assets.clean_name(given) == kept


def test_who_gets_a_file(client):
    ines = make_instructor("ines")
    course = make_course(instructor=ines)
    asset = keep(PNG, "image", "hügel.png", course)
    alice, charlie, other = make_user("alice"), make_user("charlie"), make_instructor("ivo")
    enroll(alice, course)
    assert client.get(asset.get_absolute_url()).url.startswith("/accounts/login/")
    for user, status in ((alice, 200), (ines, 200), (charlie, 404), (other, 404)):
        client.force_login(user)
        assert client.get(asset.get_absolute_url()).status_code == status


def test_a_page_among_the_files_is_a_download_and_never_runs_here(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    answer = client.get(keep(PAGE, "file", "page.html", course).get_absolute_url())
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert body(answer) == PAGE


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("", 200, slice(None)),
        ("bytes=0-", 206, slice(None)),
        ("bytes=10-19", 206, slice(10, 20)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=-16", 206, slice(-16, None)),
        ("bytes=100-999999999", 206, slice(100, None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=1-2,4-5", 200, slice(None)),
    ],
)
def test_a_player_asks_for_the_part_it_needs(client, asked, status, part):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    answer = client.get(keep(MP4, "video", "clip.mp4", course).get_absolute_url(), headers={"range": asked})
    content = body(answer)
    assert (answer.status_code, content) == (status, MP4[part])
    assert int(answer["Content-Length"]) == len(content)


def test_a_part_that_is_not_there(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    answer = client.get(keep(MP4, "video", "c.mp4", course).get_absolute_url(), headers={"range": "bytes=999999-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(MP4)}"


def test_an_asynchronous_server_gets_pieces_and_not_the_whole(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"x" * (assets.PIECE * 3 + 5))
    answer = assets.serve(path.open("rb"), name="v.mp4", size=path.stat().st_size, content_type="video/mp4")

    async def sizes() -> list[int]:
        return [len(piece) async for piece in answer]

    assert asyncio.run(sizes()) == [assets.PIECE] * 3 + [5]


def test_a_file_that_is_gone_is_a_404(client):
    alice = make_user("alice")
    course = make_course()
    enroll(alice, course)
    client.force_login(alice)
    asset = keep(PNG, "image", "a.png", course)
    asset.file.storage.delete(asset.file.name)
    assert client.get(asset.get_absolute_url()).status_code == 404
