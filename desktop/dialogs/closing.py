"""The question that comes when the window is closed while a training runs."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMessageBox, QWidget

Answer = Literal["keep", "stop", "cancel"]


def ask_before_closing(window: QWidget, state: str = "", *, has_tray: bool = False) -> Answer:
    """Keep training out of sight, stop and quit, or neither. `state`: how far the run is."""
    translate = QCoreApplication.translate
    box = QMessageBox(window)
    box.setWindowTitle(translate("Closing", "Training is still running"))
    box.setText(translate("Closing", "Training is still running."))
    safe = translate("Closing", "Nothing is lost: it can be continued later.")
    box.setInformativeText(f"{state}\n\n{safe}".strip())
    unseen = translate("Closing", "Keep training in the background")
    small = translate("Closing", "Keep training, minimised")
    keep = box.addButton(unseen if has_tray else small, QMessageBox.ButtonRole.RejectRole)
    stop = box.addButton(
        translate("Closing", "Stop and save, then quit"), QMessageBox.ButtonRole.AcceptRole
    )
    cancel = box.addButton(translate("Closing", "Cancel"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(cancel)
    box.exec()
    if box.clickedButton() is keep:
        return "keep"
    return "stop" if box.clickedButton() is stop else "cancel"
