"""How late the window is while a training runs, 10,000 pictures come in and the gallery is leafed.

python -m tests.desktop.busy_user SECONDS
"""

from __future__ import annotations

import faulthandler
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop.collector import Collector
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.panels.monitor_panel import RunState
from desktop.widgets.rail import PAGES
from tests.desktop.first_training import Heartbeat, pause, percentile, wait_until
from tests.engine.test_gallery_records import make

PICTURES, IMAGES = 10_000, 500
TURN_SECONDS = 2.0  # a page is looked at
STALL_SECONDS = 0.3


def busy(seconds: float, pictures: Path) -> dict[str, float]:
    """Returns how late ticks of ten milliseconds were, in milliseconds, and what was done."""
    window = MainWindow()
    warm: list[bool] = []
    window.warmed_up.connect(lambda: warm.append(True))
    heartbeat = Heartbeat(window)
    window.show()
    wait_until(lambda: bool(warm), "the engine to be warm")
    importing = max(heartbeat.take())
    _fill_gallery(window.draft.project.generated)
    window.draft.set("training.steps", 1_000_000)
    window.start_training()
    wait_until(lambda: window.monitor.run_state is RunState.TRAINING, "the first step")
    heartbeat.take()
    witness = _tell_of_stalls(window)
    started = time.monotonic()
    window.images.use_folder(pictures)
    imported = 0.0
    while time.monotonic() - started < seconds:
        for page in PAGES:
            window.show_page(page)
            pause(TURN_SECONDS)
            window.gallery.grid.choose(random.randrange(IMAGES))
            if not imported and window.images.num_pictures == PICTURES:
                imported = time.monotonic() - started
    late = heartbeat.take()
    witness.stop()
    faulthandler.cancel_dump_traceback_later()
    steps = window.monitor.chart.num_points
    assert window.monitor.run_state is RunState.TRAINING, window.monitor.strip.text
    window.leaving.may_stop = lambda: True  # type: ignore[method-assign]
    assert window.close()
    return {
        "p50": percentile(late, 0.5), "p99": percentile(late, 0.99), "max": max(late),
        "ticks": len(late), "importing_torch": importing, "imported_after_s": imported,
        "steps": steps,
    }  # fmt: skip


def _tell_of_stalls(window: MainWindow) -> QTimer:
    """Where every thread stands, on stderr, whenever the window has not answered for so long."""

    def answer() -> None:
        faulthandler.dump_traceback_later(STALL_SECONDS)

    timer = QTimer(window)
    timer.timeout.connect(answer)
    timer.start(50)
    return timer


def _fill_gallery(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(IMAGES):
        make(folder / f"{number:05d}_seed{number}.png", f"a fox {number}", number)


def make_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(0)
    for number in range(PICTURES):
        small = Image.frombytes("RGB", (4, 4), draw.randbytes(48))
        small.resize((96, 96)).save(folder / f"{number:05d}.jpg", quality=80)


def main(seconds: float) -> int:
    application = QApplication([])
    install_language(application, "en")
    collector = Collector(application)
    pictures = Path(tempfile.mkdtemp())
    make_pictures(pictures)
    print(json.dumps({name: round(value, 1) for name, value in busy(seconds, pictures).items()}))
    del collector
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
