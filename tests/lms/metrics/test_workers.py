"""The administrators' page of workers: who reads frames, how fast, and what to do when nobody does."""

import pytest
import redis
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertNumQueries

from emotion import metrics
from lms.metrics import overview, reports
from lms.metrics.minute import LastMinute
from lms.metrics.processes import WORKER_UP, Publisher
from lms.metrics.reports import KEY, LIFE_SECONDS, Report, leave_report, own_report
from tests.emotion.factories import make_model, open_gate
from tests.factories import make_admin, make_instructor, make_user

pytestmark = pytest.mark.django_db
PAGE, PART = "/admin/workers/", "/admin/workers/?part=figures"


@pytest.fixture
def admin(client):
    admin = make_admin()
    client.force_login(admin)
    return admin


@pytest.fixture
def one_process(monkeypatch):
    """The embedded wiring: a web process whose worker takes frames, from now on."""
    monkeypatch.setattr(reports.minute, "HERE", LastMinute())
    WORKER_UP.labels("frames").set(1)
    yield
    WORKER_UP.labels("frames").set(0)


@pytest.fixture
def several(redis_url, settings):
    """several(Report...) leaves what processes would; the last of them has been silent for so many seconds."""
    settings.REDIS_URL = redis_url
    client = redis.Redis.from_url(redis_url)

    def several(*left: Report, silent: int = 0) -> None:
        for report in left:
            with client.pipeline() as pipe:
                leave_report(pipe, report)
                pipe.execute()
        if silent:
            client.expire(KEY.format(left[-1].name), LIFE_SECONDS - silent)

    return several


def make_report(name: str = "worker-a-1", *, answers: int = 0, buckets=None, **extra) -> Report:
    counts = {"attune_frames_answered_total": answers, **extra.pop("counts", {})}
    counts |= {f"attune_answer_seconds_bucket {bound}": count for bound, count in (buckets or {}).items()}
    info = {"model": "small", "backend": "PyTorch float32 on cpu", "device": "cpu", "threads": "2"}
    return Report(name, **{"queues": ["frames"], "over_seconds": 60, "counts": counts, "info": info, **extra})


def test_it_is_for_administrators(client):
    address = reverse("workers")
    for person, status in ((None, 302), (make_user("alice"), 302), (make_instructor("ines"), 404), (make_admin(), 200)):
        if person:
            client.force_login(person)
        assert client.get(address).status_code == client.get(PART).status_code == status
        if person:
            assert (address in client.get("/admin/").content.decode()) is (status == 200)


def test_figures_rise_with_the_frames(client, admin, one_process):
    assertContains(client.get(PART), "nothing was read in the last minute")
    metrics.FRAMES_TAKEN.labels("accepted").inc(120)
    metrics.FRAMES_ANSWERED.inc(118)
    metrics.FRAMES_DROPPED.labels("late").inc(2)
    for _ in range(118):
        metrics.ANSWER_SECONDS.observe(0.06)
    page = client.get(PART)
    figures = {figure["name"]: figure["value"] for figure in page.context["figures"]}
    assert figures["Workers alive"] == "1"
    assert float(figures["Frames a second"].replace(",", ".")) > 10
    assert 50 <= int(figures["Time to a reading"].removesuffix(" ms")) <= 75
    assert figures["Dropped frames"] == "2"
    assert figures["GPU memory"] == "no GPU"
    assertContains(page, "it waited too long")
    assertNotContains(page, "workers-trouble")


def test_a_worker_that_ended_inside_the_server_is_told(client, admin, one_process, monkeypatch):
    WORKER_UP.labels("frames").set(0)
    monkeypatch.setattr(reports, "STARTED", reports.STARTED - 3600)
    assertContains(client.get(PART), "has ended, so no frame is answered")
    monkeypatch.setattr(reports.time, "monotonic", lambda: reports.STARTED + 5)
    assertContains(client.get(PART), "The worker in this process is starting")


def test_two_workers_are_put_together(client, admin, several):
    fast = make_report("worker-a-1", answers=600, buckets={"0.1": 600, "1.0": 600, "+Inf": 600})
    slow = make_report("worker-b-2", answers=60, buckets={"0.1": 0, "1.0": 60, "+Inf": 60})
    several(fast, slow, make_report("web-c-3", queues=[], info={}, counts={"attune_frames_taken_total accepted": 660}))
    page = client.get(PART)
    figures = {figure["name"]: figure for figure in page.context["figures"]}
    assert figures["Workers alive"]["value"] == "2"
    assert figures["Frames a second"]["value"] == "11.0"
    assert "11.0 came in" in figures["Frames a second"]["note"]
    assert figures["Time to a reading"]["value"] == "55 ms"  # half of 660 lie in the first bucket's 600
    assert "95 % take at most 505 ms" in figures["Time to a reading"]["note"]
    assert [worker["p50"] for worker in page.context["workers"]] == ["50 ms", "550 ms"]
    assertContains(page, "PyTorch float32 on cpu, 2 threads", 2)
    assertContains(page, "web-c-3")


def test_a_worker_that_fell_silent_is_gone(client, admin, several):
    several(make_report("worker-b-2"), make_report("worker-a-1"), silent=42)
    page = client.get(PART)
    assertContains(page, "gone: silent for 42 s")
    assertContains(page, '<span class="workers-state">alive</span>', 1, html=True)
    assertNotContains(page, "workers-trouble")
    assert next(f["value"] for f in page.context["figures"] if f["name"] == "Workers alive") == "1"


def test_when_nobody_reads_the_page_says_what_to_do(client, admin, several):
    several(make_report("web-c-3", queues=[], info={}), make_report("mail-d-4", queues=["mail"], info={}))
    assertContains(client.get(PART), "No worker that reads frames has reported.")
    several(make_report("worker-a-1"), silent=30)
    page = client.get(PART)
    assertContains(page, "No worker that reads frames has reported for 30 s.")
    assertContains(page, overview.START_COMMAND)
    assertContains(page, "no worker is there to say")


def test_without_redis_nothing_is_known_and_the_page_says_so(client, admin, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assertContains(client.get(PAGE), "Redis does not answer, so nothing is known")


def test_frames_without_answers_and_many_drops_are_told(client, admin, several):
    several(make_report(answers=0, counts={"attune_frames_taken_total accepted": 50}))
    assertContains(client.get(PART), "in the last minute none was answered")
    several(make_report(answers=150, counts={"attune_frames_dropped_total late": 50}))
    assertContains(client.get(PART), "25 % of the last minute&#x27;s frames were dropped.")


def test_a_worker_with_another_model_than_the_promoted_one_is_told(client, admin, several):
    make_model("better", status="promoted")
    several(make_report())
    assertContains(client.get(PART), "worker-a-1 serves small, and better is promoted.")


def test_the_gpus_memory_is_shown(client, admin, several):
    gigabyte = 2**30
    gauges = {"attune_gpu_memory_bytes used": 3 * gigabyte, "attune_gpu_memory_bytes total": 24 * gigabyte}
    several(make_report(gauges=gauges))
    assertContains(client.get(PART), "3.0 of 24.0 GiB", 2)


def test_features_that_are_off_are_the_reason_for_silence(client, admin, several):
    several(make_report())
    assertContains(client.get(PART), "The emotion features are off")
    open_gate()
    assertNotContains(client.get(PART), "The emotion features are off")


def test_a_report_of_another_version_is_read_as_far_as_it_goes(client, admin, several, settings):
    several(make_report())
    redis.Redis.from_url(settings.REDIS_URL).set(KEY.format("worker-a-1"), '{"name": "worker-a-1", "new": 1}', ex=890)
    assertContains(client.get(PART), "worker-a-1")


def test_a_process_leaves_its_report_and_takes_it_along(client, admin, several, settings, one_process):
    several()
    publisher = Publisher("worker", settings.REDIS_URL)
    publisher.publish()
    metrics.FRAMES_ANSWERED.inc(3)
    publisher.publish()
    (report,) = reports.reports_of_all()
    assert report.name == publisher.name and report.reads_frames and report.is_alive
    assert report.counts["attune_frames_answered_total"] == 3
    assert report.counts == own_report("x").counts
    publisher.start()
    publisher.stop()
    assert reports.reports_of_all() == []


def test_it_asks_the_same_of_the_database_however_many_there_are(client, admin, several):
    several(make_report())
    # session, user; the promoted model; the gate
    with assertNumQueries(4):
        client.get(PART)
    several(*(make_report(f"worker-{number}") for number in range(20)))
    with assertNumQueries(4):
        client.get(PART)
