"""What a program reads of the log, and how the lines of one request are found."""

import json
import logging
import os
import subprocess
import sys

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from lms.logs import JsonFormatter, RequestIdMiddleware
from tests.services import ROOT


def line(message: str, *args: object, error: BaseException | None = None) -> dict:
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("attune", logging.WARNING, "file.py", 1, message, args, info)
    return json.loads(JsonFormatter().format(record))


def answer(**headers: str) -> tuple[HttpResponse, dict]:
    """An answer, and a line that was logged on the way to it."""
    lines = []

    def view(request):
        lines.append(line("%d frames\nwere refused", 3))
        return HttpResponse()

    request = RequestFactory().get("/", headers=headers)
    return RequestIdMiddleware(view)(request), lines[0]


def test_one_object_a_line():
    found = line("%d frames\nwere refused", 3)
    assert (found["level"], found["logger"], found["message"]) == ("WARNING", "attune", "3 frames\nwere refused")
    assert found["time"].endswith("+00:00") and "request" not in found


def test_an_error_brings_its_traceback():
    try:
        raise ValueError("broken")
    except ValueError as error:
        assert "ValueError: broken" in line("no", error=error)["error"]


def test_a_request_has_one_id_in_log_and_answer():
    (response, first), (other, second) = answer(), answer()
    assert first["request"] == response["X-Request-ID"]
    assert second["request"] == other["X-Request-ID"] != first["request"]
    assert "request" not in line("after")


@pytest.mark.parametrize(("trusted", "given", "kept"), [(True, "abc-1", True), (False, "abc-1", False)])
def test_a_proxys_id_is_kept_where_the_proxy_is_trusted(settings, trusted, given, kept):
    settings.TRUST_PROXY = trusted
    assert (answer(**{"X-Request-ID": given})[0]["X-Request-ID"] == given) is kept


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "ü"])
def test_what_is_no_plain_id_is_not_taken_over(settings, given):
    settings.TRUST_PROXY = True
    assert answer(**{"X-Request-ID": given})[0]["X-Request-ID"] != given


def test_the_setting_makes_the_whole_log_json(tmp_path):
    environment = os.environ | {"ATTUNE_DATA_DIR": str(tmp_path), "ATTUNE_LOG_FORMAT": "json"}
    code = "import django; django.setup(); import logging; logging.getLogger('emotion').warning('hello')"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"DJANGO_SETTINGS_MODULE": "lms.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert json.loads(ran.stderr)["message"] == "hello"
