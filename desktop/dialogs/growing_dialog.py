"""A dialog that is never too low for its words."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDialog


class GrowingDialog(QDialog):
    """Grows when words that wrap come to need more room. Qt's own minimum does not know of
    heights that depend on the width; it never makes itself smaller under the mouse."""

    def event(self, event: QEvent) -> bool:
        heard = super().event(event)
        # Not after every event: one of them takes the dialog itself away.
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            layout = self.layout()
            needed = layout.totalHeightForWidth(self.width()) if layout is not None else 0
            self.resize(self.width(), max(self.height(), needed))
        return heard
