"""What is refused before anything is decoded, with which status and which words."""

import random

import cv2
import numpy as np
import pytest

from emotion.inference.jpeg import MAX_BYTES, BadFrame, check_jpeg
from tests.emotion.factories import make_jpeg, with_size

JPEG = make_jpeg(64, 48)
MUTATIONS = 2000


def refusal(data: bytes) -> tuple[int, str]:
    with pytest.raises(BadFrame) as raised:
        check_jpeg(data)
    sentence = str(raised.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return raised.value.status, sentence


@pytest.mark.parametrize("size", [(32, 32), (64, 48), (640, 480), (1280, 1280)])
def test_a_jpeg_says_how_large_it_is(size):
    assert check_jpeg(make_jpeg(*size, noise=False)) == size


def test_progressive_jpegs_and_those_with_a_thumbnail_or_a_comment_are_taken():
    picture = np.full((48, 64, 3), 90, np.uint8)
    progressive = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert check_jpeg(progressive) == (64, 48)
    comment = b"\xff\xfe\x00\x07hello"
    # A thumbnail is a whole JPEG inside a segment: its size is not the picture's.
    thumbnail = b"\xff\xe1" + (len(make_jpeg(32, 32)) + 2).to_bytes(2, "big") + make_jpeg(32, 32)
    assert check_jpeg(JPEG[:2] + comment + thumbnail + JPEG[2:]) == (64, 48)


def test_padding_after_the_end_is_harmless():
    assert check_jpeg(JPEG + b"\0\0\0") == (64, 48)


def test_nothing():
    assert refusal(b"") == (400, "The frame is empty.")


@pytest.mark.parametrize("data", [make_jpeg(suffix=".png"), b"GIF89a", b"\xff\xd8", b"<svg/>", b"\0" * 2000])
def test_another_format(data):
    assert refusal(data) == (415, "The frame is not a JPEG.")


def test_too_many_bytes():
    data = make_jpeg(400, 400)
    data += b"\0" * (300 * 1024 - len(data))
    assert refusal(data) == (413, "A frame is at most 200 KB; this one has 300 KB.")
    assert check_jpeg(JPEG + b"\0" * (MAX_BYTES - len(JPEG))) == (64, 48)


def test_a_header_that_claims_a_huge_picture():
    sentence = "A frame is at most 1280x1280 pixels; this one is 20000x20000."
    assert refusal(with_size(JPEG, 20_000, 20_000)) == (413, sentence)


@pytest.mark.parametrize("size", [(1281, 480), (480, 1281)])
def test_a_side_over_the_limit(size):
    assert refusal(with_size(JPEG, *size))[0] == 413


@pytest.mark.parametrize("size", [(31, 480), (480, 31), (1, 1)])
def test_a_picture_too_small_for_a_face(size):
    sentence = f"A frame is at least 32 pixels each way; this one is {size[0]}x{size[1]}."
    assert refusal(make_jpeg(*size)) == (400, sentence)


@pytest.mark.parametrize("size", [(0, 48), (64, 0)])
def test_a_header_without_a_size(size):
    assert refusal(with_size(JPEG, *size)) == (400, "The JPEG is damaged: it does not say how large it is.")


def test_cut_short_in_the_picture_or_in_the_header():
    assert refusal(JPEG[: len(JPEG) // 2]) == (400, "The JPEG is cut short.")
    assert refusal(JPEG[:20])[1] == "The JPEG is damaged: it does not say how large it is."


@pytest.mark.parametrize("trick", [b"\xff\x00", b"\xff\x00\xff", b"\xff\x02", b"\xff\xd8", b"\xff\xd9"])
def test_a_decoder_cannot_be_shown_another_header_than_the_one_checked(trick):
    """A decoder passes over some bytes that look like a segment here: a whole huge picture could lie in it."""
    hidden = with_size(make_jpeg(64, 48, noise=False), 20_000, 20_000)[2:]
    data = b"\xff\xd8" + trick + (len(hidden) + 2).to_bytes(2, "big") + hidden + JPEG[2:]
    assert refusal(data) == (400, "The JPEG is damaged: it does not say how large it is.")


def test_mutated_jpegs_are_taken_or_refused_and_nothing_else():
    chance = random.Random(0)
    taken = 0
    for _ in range(MUTATIONS):
        data = bytearray(JPEG)
        for _ in range(chance.randint(1, 8)):
            kind, position = chance.random(), chance.randrange(len(data))
            if kind < 0.6:
                data[position] = chance.randrange(256)
            elif kind < 0.8:
                data[position : position + chance.randint(1, 40)] = chance.randbytes(chance.randint(0, 40))
            else:
                del data[max(16, position) :]
        try:
            width, height = check_jpeg(bytes(data))
        except BadFrame as error:
            assert error.status in (400, 413, 415)
        else:
            taken += 1
            assert 32 <= width <= 1280
            assert 32 <= height <= 1280
    assert 0 < taken < MUTATIONS
