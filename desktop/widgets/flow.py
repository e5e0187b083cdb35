"""Widgets side by side as long as there is room, then in further rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

GAP = 8  # pixels, between widgets and between rows


class Flow(QWidget):
    """No QLayout: one that is written in Python (superqt's) shares its items with Qt, each side
    frees them in its own time, and the program ends when the second one does. What is hidden
    takes no room."""

    # Of a window that goes: Python has emptied the object, and Qt may still ask it for its size.
    widgets: Sequence[QWidget] = ()

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.widgets = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        for widget in widgets:
            self.add(widget)

    def add(self, widget: QWidget) -> None:
        chosen = widget.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)
        stays_hidden = chosen and widget.isHidden()
        widget.setParent(self)
        widget.setVisible(not stays_hidden)
        self.widgets = [*self.widgets, widget]
        self._renew()

    def clear(self) -> None:
        """Take all away, for good."""
        for widget in self.widgets:
            widget.hide()
            widget.deleteLater()
        self.widgets = []
        self._renew()

    def heightForWidth(self, width: int) -> int:  # noqa: N802 (Qt's name)
        return max((place.bottom() + 1 for _, place in self._places(width)), default=0)

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """All in one row."""
        hints = [widget.sizeHint() for widget in self._shown()]
        width = sum(hint.width() + GAP for hint in hints) - GAP
        return QSize(max(width, 0), max((hint.height() for hint in hints), default=0))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        """The widest and the highest; how many rows there are, heightForWidth tells."""
        hints = [widget.sizeHint() for widget in self._shown()]
        return QSize(
            max((hint.width() for hint in hints), default=0),
            max((hint.height() for hint in hints), default=0),
        )

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt's name)
        super().resizeEvent(event)
        self._renew()

    def event(self, event: QEvent) -> bool:
        heard = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # one was shown, hidden, or has new words
            self._renew()
        return heard

    def _renew(self) -> None:
        for widget, place in self._places(self.width()):
            widget.setGeometry(place)
        self.updateGeometry()

    def _shown(self) -> list[QWidget]:
        return [widget for widget in self.widgets if not widget.isHidden()]

    def _places(self, width: int) -> Iterator[tuple[QWidget, QRect]]:
        top = 0
        for row in self._rows(width):
            height = max(size.height() for _, size in row)
            left = 0
            for widget, size in row:
                middle = top + (height - size.height()) // 2
                yield widget, QRect(QPoint(left, middle), size)
                left += size.width() + GAP
            top += height + GAP

    def _rows(self, width: int) -> list[list[tuple[QWidget, QSize]]]:
        rows: list[list[tuple[QWidget, QSize]]] = []
        used = 0
        for widget in self._shown():
            size = widget.sizeHint().expandedTo(widget.minimumSize())
            size = size.boundedTo(widget.maximumSize())
            if not rows or used + size.width() > width:
                rows.append([])
                used = 0
            rows[-1].append((widget, size))
            used += size.width() + GAP
        return rows
