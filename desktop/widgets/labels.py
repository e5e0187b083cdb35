"""Small building blocks: labels of a kind, cards, headers."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)


def label(text: str, kind: str = "", *, wrap: bool = False) -> QLabel:
    """A label that shows plain text, so that a file's name is never taken for markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if kind:
        made.setProperty("kind", kind)
    return made


class ElidedLabel(QLabel):
    """One line that ends in dots where it has no room; the tooltip has all of it then."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        del event
        room = self.contentsRect()
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        self.setToolTip(self.text() if shown != self.text() else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, self.alignment(), shown)


def set_kind(widget: QWidget, name: str, value: str) -> None:
    """Change a property that the stylesheet looks at, and draw anew."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def spin_box(minimum: int, maximum: int) -> QSpinBox:
    """A field for a whole number."""
    made = _WholeBox()
    made.setRange(minimum, maximum)
    _pad(made)
    return made


def decimal_box(minimum: float, maximum: float) -> QDoubleSpinBox:
    """A field for a number with decimals."""
    made = _DecimalBox()
    made.setLocale(QLocale.c())
    made.setRange(minimum, maximum)
    _pad(made)
    return made


class _WholeBox(QSpinBox):
    """Qt passes over commas: "1,5" would be fifteen. Here the number ends before the comma."""

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        if "," in text:
            return QValidator.State.Intermediate, text, place
        return super().validate(text, place)

    def fixup(self, text: str) -> str:
        return text


class _DecimalBox(QDoubleSpinBox):
    """A comma is a decimal point, as in half of the world, and never one between thousands."""

    def validate(self, text: str, place: int) -> tuple[QValidator.State, str, int]:
        return super().validate(text.replace(",", "."), place)

    def valueFromText(self, text: str) -> float:  # noqa: N802 (Qt's name)
        return super().valueFromText(text.replace(",", "."))


def _pad(box: QAbstractSpinBox) -> None:
    """The padding that the stylesheet cannot give to the line inside."""
    box.lineEdit().setTextMargins(8, 0, 8, 0)


def scrolling(inside: QWidget, ground: str = "scrolled") -> QScrollArea:
    """Room for something that a small screen cannot show whole: it scrolls up and down."""
    inside.setObjectName(ground)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is inside has it, and scrolls with it
    area.setWidget(inside)
    return area


class Card(QFrame):
    """A raised area with a heading."""

    def __init__(self, heading: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(16, 14, 16, 16)
        self.body.setSpacing(8)
        self.header = QHBoxLayout()
        self.heading = label(heading, "heading")
        self.header.addWidget(self.heading)
        self.header.addStretch(1)
        if heading:
            self.body.addLayout(self.header)
        else:
            self.heading.setParent(self)  # else nobody owns it, and it outlives the window
            self.heading.hide()


class Page(QWidget):
    """A page: title, one line of state, actions at the right, content below."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.title = ElidedLabel(title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setProperty("kind", "title")
        self.state = label("", "quiet", wrap=True)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(24, 20, 24, 20)
        self.content.setSpacing(16)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.state)
        top = QHBoxLayout()
        top.addLayout(words, 1)
        top.addLayout(self.buttons)
        self.content.addLayout(top)
