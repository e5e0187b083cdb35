"""Takes the picture of every page and dialog in each of its states: `make screens`, then look.

Both themes, both languages, text at 100 and 150 per cent; then a real first training. Words that
are cut off are told, and make the exit code 1.

python tests/screens.py [FOLDER]      SCREENS_ONLY=dialog-check takes some of them alone
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from desktop.language import LANGUAGES, install_language  # noqa: E402
from desktop.main_window import MainWindow  # noqa: E402
from desktop.preferences import Preferences  # noqa: E402
from tests.desktop.audit import clipped, outside  # noqa: E402
from tests.desktop.first_training import first_training  # noqa: E402
from tests.desktop.scenes import SCENES, leave, play, playing  # noqa: E402

STEPS = int(os.environ.get("SCREENS_STEPS", "60"))
SIZES = ("100", "150")
WANTED = re.compile(os.environ.get("SCREENS_ONLY", ""))  # of the scenes' names


def main(folder: Path) -> int:
    ends = []
    for code in LANGUAGES:
        for what in (*SIZES, "real"):  # a process each: a window keeps its language and size
            own = folder / f"{code[:2]}-{what}"
            ends.append(subprocess.call([sys.executable, __file__, str(own), code, what]))
    return int(any(ends))


def take(folder: Path, code: str, what: str) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    home = tempfile.mkdtemp()
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ[name] = home
    application = QApplication([])
    install_language(application, code)
    Preferences().language = code
    if what == "real":
        return take_training(folder, STEPS if code == "en" else STEPS // 4)
    return take_scenes(folder, int(what))


def take_scenes(folder: Path, percent: int) -> int:
    problems = 0
    with playing(Path(tempfile.mkdtemp()), percent) as stage:
        for name in filter(WANTED.search, SCENES):
            shown = play(stage, name)
            photograph(stage.window, shown, folder / name)
            for line in (*clipped(shown), *outside(shown)):
                print(f"{folder.name} {name}: {line}")
                problems += 1
            leave(stage, shown)
    return int(problems > 0)


def take_training(folder: Path, steps: int) -> int:
    window = MainWindow()
    window.resize(1280, 800)
    first_training(window, steps, lambda name: photograph(window, window, folder / name))
    window.close()
    return 0


def photograph(window: MainWindow, shown: QWidget, stem: Path) -> None:
    for dark in (True, False):
        window.theme.set_dark(dark)
        QApplication.processEvents()
        window.monitor.chart.draw_now()
        QApplication.processEvents()
        path = stem.with_name(f"{stem.name}-{'dark' if dark else 'light'}.png")
        shown.grab().save(str(path))
        print(path)
    window.theme.set_dark(True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        sys.exit(take(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "artifacts" / "screens"))
