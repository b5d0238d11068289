"""/metrics of a real server, in both wirings: what was sent is what is counted, wherever it was worked on."""

import re
import time
from urllib.request import Request, urlopen

import cv2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.visitor import Visitor

pytestmark = pytest.mark.e2e
TOKEN = "a-token-of-16-characters"


@pytest.fixture(scope="module", autouse=True)
def _token():
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ATTUNE_METRICS_TOKEN", TOKEN)
        yield


def read(url: str) -> dict[str, float]:
    """The sum over all processes of each sample, by name and one label at a time."""
    with urlopen(Request(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})) as response:
        text = response.read().decode()
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for key in (sample.name, *(f"{sample.name} {k}={v}" for k, v in sample.labels.items())):
                sums[key] = sums.get(key, 0) + sample.value
    return sums


def wait_for(url: str, key: str, value: float) -> dict[str, float]:
    deadline = time.monotonic() + 20
    while (figures := read(url)).get(key) != value and time.monotonic() < deadline:
        time.sleep(0.5)
    assert figures.get(key) == value, {k: v for k, v in figures.items() if k.startswith("attune_")}
    return figures


def test_frames_are_counted_where_they_are_answered(attune, astronaut):
    ada = Visitor(attune.url, "ada@attune.example")
    session = ada.start_session()
    jpeg = cv2.imencode(".jpg", astronaut)[1].tobytes()
    for _ in range(3):
        status, _ = ada.upload(session, jpeg)
        assert status == 202
        time.sleep(1)
    assert ada.upload(session, b"GIF89a" + bytes(500))[0] == 415

    wait_for(attune.url, "attune_frames_taken_total outcome=accepted", 3)
    figures = wait_for(attune.url, "attune_frames_answered_total", 3)
    figures = wait_for(attune.url, "attune_frames_taken_total outcome=refused", 1)
    assert figures["attune_answer_seconds_count"] == 3
    assert figures["attune_batch_size_sum"] == 3
    assert figures["attune_worker_up queue=frames"] == figures["attune_workers_alive queue=frames"] == 1
    assert figures["attune_worker_info model=attune"] == 1
    assert figures["attune_queue_depth queue=frames"] == 0
    assert figures["attune_requests_total view=emotion-api:frames"] == 4

    page = Visitor(attune.url, "admin@attune.example").get("/admin/workers/?part=figures")
    assert "has reported" not in page
    (value,) = re.findall(r'Time to a reading</dt><dd class="workers-value">([^<]*)', page)
    assert re.fullmatch(r"\d+ ms|\d\.\d s", value), page
