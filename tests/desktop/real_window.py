"""The first training in a real window; leaves a picture of the whole screen.

python -m tests.desktop.real_window FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from desktop.main_window import MainWindow
from tests.desktop.first_training import QUICK, first_training


def main(folder: Path) -> int:
    application = QApplication([])
    window = MainWindow()
    story = first_training(window, steps=12, drafts=QUICK)
    application.primaryScreen().grabWindow(0).save(str(folder / "real-window.png"))
    assert story.exports
    assert story.generated
    assert window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
