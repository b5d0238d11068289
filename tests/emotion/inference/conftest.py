import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """scikit-image's photograph of a smiling astronaut (NASA, public domain), (300, 400, 3) BGR."""
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[:300, 30:430, ::-1])


@pytest.fixture(scope="session")
def astronaut(photograph) -> np.ndarray:
    """She fills a webcam's frame: (480, 640, 3) BGR."""
    return cv2.resize(photograph, (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def two_astronauts(photograph) -> np.ndarray:
    """Twice in one frame, side by side."""
    return np.hstack([photograph, photograph])
