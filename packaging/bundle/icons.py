"""Draws the program's icon in all sizes and forms that systems ask for.

python packaging/bundle/icons.py FOLDER
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PIL import Image
from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SOURCE = Path(__file__).resolve().parents[2] / "resources/icons/imprint.svg"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def main(folder: Path) -> None:
    """`imprint-SIZE.png`, `imprint.ico` for Windows, `imprint.icns` for macOS."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QGuiApplication([])
    renderer = QSvgRenderer(str(SOURCE))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        image.save(str(folder / f"imprint-{size}.png"))
    del application
    with Image.open(folder / f"imprint-{SIZES[-1]}.png") as largest:
        largest.save(folder / "imprint.ico", sizes=[(size, size) for size in SIZES if size <= 256])
        largest.save(folder / "imprint.icns")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
