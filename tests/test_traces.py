"""The finder of pictures finds them; else a test that finds none says nothing."""

import base64
import json

import numpy as np
import pytest

from tests.traces import Traces

PICTURE = np.random.default_rng(1).integers(0, 256, 3000).astype(np.uint8).tobytes()
LINES = b"2026-01-31 02:00:00 INFO a line of a log, zeros and a name\n" * 50 + bytes(5000)


@pytest.fixture(scope="module")
def traces() -> Traces:
    return Traces(PICTURE)


@pytest.mark.parametrize("start", [0, 1, 2, 1717, 2976])
@pytest.mark.parametrize(
    "written",
    [
        bytes,
        lambda part: part.hex().encode(),
        lambda part: part.hex(" ").encode(),
        base64.b64encode,
        lambda part: repr(part).encode(),
        lambda part: json.dumps(list(part)).encode(),
    ],
)
def test_24_bytes_of_a_picture_are_found_wherever_and_however_they_were_written(traces, tmp_path, start, written):
    (tmp_path / "kept").write_bytes(LINES + written(PICTURE[start : start + 24]) + LINES)
    (tmp_path / "plain").write_bytes(LINES)
    assert [path.name for path in traces.found_in(tmp_path)] == ["kept"]


def test_across_the_border_of_two_chunks(traces, monkeypatch):
    monkeypatch.setattr("tests.traces.CHUNK", 100)
    assert traces.are_in(bytes(90) + PICTURE[500:524] + bytes(90))
    assert not traces.are_in(bytes(90) + PICTURE[500:520] + bytes(90))


def test_what_is_in_every_file_is_no_trace():
    assert not Traces(bytes(500), b"\xff" * 500, PICTURE[:100]).are_in(LINES)
