"""A new user's first training, from the open window to a picture in the gallery."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors
from PIL import Image

from desktop.main_window import MainWindow
from tests.desktop.first_training import QUICK, first_training, percentile
from tests.timing import PATIENCE, wait_for

TAKES_LONG = True  # minutes, for few tests: see tests/conftest.py

ROOT = Path(__file__).parents[2]
STEPS = 12


@pytest.mark.slow
def test_the_first_training_leads_from_the_sample_to_a_picture_in_the_gallery(qtbot, capsys):
    window = MainWindow()
    qtbot.addWidget(window)
    story = first_training(window, STEPS, drafts=QUICK)
    assert window.close()

    assert [path.name for path in story.exports] == ["sample-cat.safetensors"]
    with safetensors.safe_open(story.exports[0], "pt") as file:
        assert any(name.startswith("lora_unet_") for name in file.keys())  # noqa: SIM118
        assert "only that model" in file.metadata()["modelspec.description"]
    assert len(story.generated) == 2
    with Image.open(story.generated[0]) as image:
        assert "<lora:sample-cat:1>" in image.info["parameters"]

    late, pause = story.training_ms, max(story.importing_ms)
    assert late
    with capsys.disabled():  # bounds are in tests/soak/test_lateness.py
        print(
            f"\nevent loop while training: p50 {percentile(late, 0.5):.1f} ms, "
            f"p99 {percentile(late, 0.99):.1f} ms, max {max(late):.0f} ms over "
            f"{len(late)} ticks; longest pause while importing {pause:.0f} ms"
        )


@pytest.mark.slow
def test_the_first_training_works_in_a_real_window(tmp_path):
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed; `packaging/bootstrap.py test` names the package")
    artifacts = ROOT / "artifacts"
    artifacts.mkdir(exist_ok=True)
    display = f":{200 + os.getpid() % 500}"
    xvfb = subprocess.Popen(
        [server, display, "-screen", "0", "1400x900x24", "-nolisten", "tcp"],
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_display(display)
        environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "OMP_NUM_THREADS": "1",
            "HOME": str(tmp_path),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.desktop.real_window", str(artifacts)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    finally:
        xvfb.send_signal(signal.SIGTERM)
        xvfb.wait(PATIENCE)
    assert done.returncode == 0, done.stderr
    assert "QThread" not in done.stderr
    with Image.open(artifacts / "real-window.png") as picture:
        assert picture.width >= 1024
        assert len(picture.convert("RGB").getcolors(1_000_000) or []) > 100  # not one flat colour


def _wait_for_display(display: str) -> None:
    socket = Path(f"/tmp/.X11-unix/X{display[1:]}")
    wait_for(socket.exists, "Xvfb to start")
