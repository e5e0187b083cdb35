"""Takes the picture of every page in both themes and both languages: `make screens`, then look.

python tests/screens.py [FOLDER [LANGUAGE]]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PySide6.QtWidgets import QApplication  # noqa: E402

from desktop.language import LANGUAGES, install_language  # noqa: E402
from desktop.main_window import MainWindow  # noqa: E402
from tests.desktop.first_training import first_training  # noqa: E402

STEPS = int(os.environ.get("SCREENS_STEPS", "60"))


def main(folder: Path, code: str = "") -> int:
    folder.mkdir(parents=True, exist_ok=True)
    if code:
        take_pictures(folder, code, STEPS if code == "en" else STEPS // 4)
        return 0
    # A process each: a window cannot change its language.
    ends = [subprocess.call([sys.executable, __file__, str(folder), code]) for code in LANGUAGES]
    return int(any(ends))


def take_pictures(folder: Path, code: str, steps: int) -> None:
    os.environ["HOME"] = tempfile.mkdtemp()
    application = QApplication([])
    install_language(application, code)
    window = MainWindow()
    window.resize(1280, 800)

    def photograph(name: str) -> None:
        for dark in (True, False):
            window.theme.set_dark(dark)
            application.processEvents()
            window.monitor.chart.draw_now()
            application.processEvents()
            path = folder / f"{name}-{'dark' if dark else 'light'}-{code[:2]}.png"
            window.grab().save(str(path))
            print(path)
        window.theme.set_dark(True)

    first_training(window, steps, photograph)
    window.close()


if __name__ == "__main__":
    chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "artifacts" / "screens"
    sys.exit(main(chosen, *sys.argv[2:]))
