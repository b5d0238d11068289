"""What an import pulls in, asked of a fresh process: web processes hold no torch, the core holds no Django."""

import json
import os
import subprocess
import sys


def loaded_by(code: str, names: list[str]) -> list[str]:
    """Those of `names` that are in sys.modules after `code` has run in a process of its own."""
    program = f"{code}\nimport json, sys\nprint(json.dumps([n for n in {names!r} if n in sys.modules]))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lms.settings"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_no_torch_in_a_web_process():
    """What is absent after the whole of a web process was imported was absent after each part of it."""
    code = "\n".join(
        [
            "import emotion.core.manifest",
            "import django; django.setup()",
            "import emotion.services, emotion.selectors, emotion.consumers",
            "import lms.asgi, lms.urls",
        ]
    )
    assert loaded_by(code, ["torch", "cv2"]) == []


def test_no_torch_for_reading_on_a_device():
    code = "\n".join(
        [
            "import django; django.setup()",
            "from django.conf import settings",
            "from emotion.core.manifest import onnx_files, read_manifest",
            "from emotion.inference.on_device import reader_config",
            "folder = settings.CHECKPOINTS_DIR / 'attune'",
            "manifest = read_manifest(folder)",
            "reader_config(onnx_files(folder, manifest)[0], manifest)",
        ]
    )
    assert loaded_by(code, ["torch", "onnxruntime"]) == ["onnxruntime"]


def test_no_django_in_the_core_nor_in_inference():
    core = ["architectures", "calibration", "checkpoint", "labels", "manifest", "preprocess"]
    inference = ["batcher", "detector", "engine", "frame_store", "jpeg", "on_device", "results"]
    code = "\n".join(
        [*(f"import emotion.core.{name}" for name in core), *(f"import emotion.inference.{name}" for name in inference)]
    )
    assert loaded_by(code, ["django", "celery", "channels", "rest_framework"]) == []
