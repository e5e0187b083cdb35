"""Takes the picture of every page in both themes: `make screens`, then look at them.

python tests/screens.py [FOLDER]
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PySide6.QtWidgets import QApplication  # noqa: E402

from desktop.main_window import MainWindow  # noqa: E402
from tests.desktop.first_training import first_training  # noqa: E402

STEPS = int(os.environ.get("SCREENS_STEPS", "60"))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = tempfile.mkdtemp()
    application = QApplication([])
    window = MainWindow()
    window.resize(1280, 800)

    def photograph(name: str) -> None:
        for dark in (True, False):
            window.theme.set_dark(dark)
            application.processEvents()
            window.monitor.chart.draw_now()
            application.processEvents()
            path = folder / f"{name}-{'dark' if dark else 'light'}.png"
            window.grab().save(str(path))
            print(path)
        window.theme.set_dark(True)

    first_training(window, STEPS, photograph)
    window.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "artifacts" / "screens")
