"""Small building blocks: labels of a kind, cards, headers."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
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


def set_kind(widget: QWidget, name: str, value: str) -> None:
    """Change a property that the stylesheet looks at, and draw anew."""
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def spin_box(minimum: int, maximum: int) -> QSpinBox:
    """A field for a whole number, with the padding that the stylesheet cannot give it."""
    made = QSpinBox()
    made.setRange(minimum, maximum)
    made.lineEdit().setTextMargins(8, 0, 8, 0)
    return made


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


class Page(QWidget):
    """A page: title, one line of state, actions at the right, content below."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.title = label(title, "title")
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
