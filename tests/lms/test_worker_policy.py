"""WebAssembly may be compiled in the worker that reads faces, and nowhere else."""

import pytest

from tests.emotion.factories import make_consent, open_gate
from tests.factories import enroll, make_course, make_user

WORKER = "/static/js/on_device_worker.js"
POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"


@pytest.mark.django_db
def test_the_worker_has_a_policy_of_its_own(client):
    open_gate()
    answer = client.get(WORKER)
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize("debug", [False, True])
def test_in_debug_as_in_production(rf, settings, debug):
    from whitenoise.middleware import WhiteNoiseMiddleware

    settings.DEBUG = debug
    answer = WhiteNoiseMiddleware(lambda request: None)(rf.get(WORKER))
    assert answer["Content-Security-Policy"] == POLICY


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["js/on_device.js", "js/webcam.js", "vendor/onnxruntime-web/ort.wasm.bundle.min.mjs"])
def test_no_other_file_has_it(client, name):
    open_gate()
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert "wasm" not in answer.get("Content-Security-Policy", "")


@pytest.mark.django_db
def test_no_page_has_it(client):
    open_gate()
    course, alice = make_course(), make_user("alice")
    enroll(alice, course)
    make_consent(alice, course)
    client.force_login(alice)
    lesson = course.modules.get().lessons.first()
    for url in ("/", lesson.get_absolute_url(), f"/lessons/{lesson.pk}/camera/"):
        answer = client.get(url, follow=True)
        assert answer.status_code == 200
        assert "unsafe-eval" not in answer["Content-Security-Policy"]
