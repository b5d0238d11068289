import pytest

from courses.addresses import OutsideVideo, embeddable, video_at

ID = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "address",
    [
        ID,
        f"https://www.youtube.com/watch?v={ID}",
        f"http://youtube.com/watch?list=x&v={ID}&t=10s",
        f"youtu.be/{ID}?si=abc",
        f"https://m.youtube.com/shorts/{ID}",
        f"https://www.youtube-nocookie.com/embed/{ID}?start=3",
    ],
)
def test_a_video_at_youtube_as_people_copy_it(address):
    assert video_at(address) == OutsideVideo("youtube", ID)


@pytest.mark.parametrize("address", ["https://vimeo.com/76979871", "player.vimeo.com/video/76979871?h=1"])
def test_a_video_at_vimeo(address):
    assert video_at(address) == OutsideVideo("vimeo", "76979871")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://example.org/watch?v=" + ID,
        "https://youtube.com.example.org/watch?v=" + ID,
        "javascript:alert(1)//youtube.com/watch?v=" + ID,
        'https://www.youtube.com/watch?v="><script>',
        "https://www.youtube.com/channel/x",
        "https://vimeo.com/about",
        "https://[broken",
        "https://youtube.com:port/watch?v=" + ID,
    ],
)
def test_what_is_no_video_of_theirs(address):
    assert video_at(address) is None


def test_the_frame_is_built_from_the_id_alone():
    frame = video_at(f"https://www.youtube.com/watch?v={ID}&autoplay=1&origin=https://evil.example").frame
    assert frame == f"https://www.youtube-nocookie.com/embed/{ID}?enablejsapi=1&rel=0"


def test_only_pages_of_allowed_sites_are_embedded(settings):
    settings.EMBED_HOSTS = ["www.geogebra.org"]
    assert embeddable("http://www.geogebra.org/m/abc?x=1") == "https://www.geogebra.org/m/abc?x=1"
    for address in (
        "https://geogebra.org/m/abc",
        "https://www.geogebra.org.example.org/",
        "https://www.geogebra.org@example.org/",
        "https://me@www.geogebra.org/",
        "https://www.geogebra.org:8080/",
        "javascript://www.geogebra.org/%0aalert(1)",
        "",
    ):
        assert embeddable(address) is None
