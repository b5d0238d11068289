import uuid

import cv2
import numpy as np
import pytest

from tests.services import attune_server

FRAME = (640, 480)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """scikit-image's photograph of a smiling astronaut (NASA, public domain), as a webcam would frame her: BGR."""
    from skimage import data

    photograph = data.astronaut()[:300, 30:430, ::-1]
    return cv2.resize(photograph, FRAME, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def face_clip(tmp_path_factory, astronaut) -> str:
    """A camera for Chromium: a file of JPEGs one after another, swaying as people do."""
    path = tmp_path_factory.mktemp("camera") / "clip.mjpeg"
    with path.open("wb") as file:
        for i in range(60):
            sway = np.float32([[1, 0, 4 * np.sin(i / 5)], [0, 1, 3 * np.cos(i / 7)]])
            frame = cv2.warpAffine(astronaut, sway, FRAME, borderMode=cv2.BORDER_REPLICATE)
            file.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return str(path)


@pytest.fixture(scope="module", params=["embedded", "redis and postgresql"])
def attune(request, tmp_path_factory):
    """Attune as people run it, in each of its two wirings; one for all tests of a file."""
    data_dir = tmp_path_factory.mktemp("attune")
    if request.param == "embedded":
        with attune_server(data_dir) as server:
            yield server
    else:
        redis_url = request.getfixturevalue("_redis").value() + "0"
        database_url = new_database(request.getfixturevalue("_postgres").value())
        with attune_server(data_dir, redis_url=redis_url, database_url=database_url) as server:
            yield server


def new_database(postgres_url: str) -> str:
    import psycopg

    name = f"e2e_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres_url.rsplit("/", 1)[0] + f"/{name}"
