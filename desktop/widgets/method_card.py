"""One card of the method page: what a method costs and gives."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from desktop.widgets.labels import Card, label, set_kind
from desktop.words import engine_text, said
from engine.events import MethodFits
from engine.methods.card import MethodCard as Entry
from engine.methods.figures import Figures, measured


class MethodCard(Card):
    """Chosen with the mouse or with Enter."""

    chosen = Signal(str)

    def __init__(self, entry: Entry, parent: QWidget | None = None) -> None:
        super().__init__(entry.title, parent)
        self.entry = entry
        self._badge = label(self._badge_text(), "badge")
        self.header.addWidget(self._badge)
        self.body.addWidget(label(engine_text(entry.line), wrap=True))
        for name, value in (
            (self.tr("Effect"), entry.effect),
            (self.tr("Speed"), entry.speed),
            (self.tr("Memory"), entry.memory),
        ):
            self.body.addLayout(_meter(name, value))
        self.body.addWidget(label(engine_text(entry.best_for), "note", wrap=True))
        if entry.warning:
            self.body.addWidget(label(engine_text(entry.warning), "note", wrap=True))
        figures = measured().get(entry.kind)
        if figures is not None:
            self.body.addWidget(label(self._in_words(figures), "quiet", wrap=True))
        self._fit = label("", "note", wrap=True)
        self._fit.hide()
        self.body.addWidget(self._fit)
        self.body.addStretch(1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(f"{entry.title}, {self._badge.text()}")

    def set_chosen(self, chosen: bool) -> None:
        set_kind(self, "chosen", "true" if chosen else "false")

    def show_fit(self, event: MethodFits | None) -> None:
        """Whether it has room here; None where that is not known."""
        if event is None:
            self._fit.hide()
            self.setAccessibleDescription("")
            return
        needed, free = event.needed_bytes / 2**30, event.free_bytes / 2**30
        offered = said(event.offer) if event.offer else ""
        if offered:
            text = self.tr(
                "Does not fit as it is; it would with {2}: about {0:.1f} of {1:.1f} GiB."
            )
            needed, kind = event.offer_bytes / 2**30, "warn"
        elif not event.fits:
            text, kind = self.tr("Does not fit: {0:.1f} GiB needed, {1:.1f} free."), "error"
        elif event.eased:
            text, kind = self.tr("Tight, so slower: about {0:.1f} of {1:.1f} GiB."), "warn"
        else:
            text, kind = self.tr("Fits: about {0:.1f} of {1:.1f} GiB free memory."), "ok"
        self._fit.setText(text.format(needed, free, offered))
        set_kind(self._fit, "kind", kind)
        self._fit.show()
        self.setAccessibleDescription(self._fit.text())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.chosen.emit(self.entry.kind)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.entry.kind)
        else:
            super().keyPressEvent(event)

    def _in_words(self, figures: Figures) -> str:
        return self.tr(
            "Measured on the starter model: likeness gained {gain:.2f} ± {spread:.2f}, "
            "{seconds:.2f} s a step, {memory:.0f} MiB of memory, file {file}."
        ).format(
            gain=figures.gain,
            spread=figures.gain_spread,
            seconds=figures.seconds_a_step,
            memory=figures.peak_bytes / 2**20,
            file=self.locale().formattedDataSize(round(figures.file_bytes)),
        )

    def _badge_text(self) -> str:
        if self.entry.warning:
            return self.tr("Not recommended")
        return self.tr("Recommended") if self.entry.recommended else ""


def _meter(name: str, value: int) -> QHBoxLayout:
    """A word and one to four dots; the dots are said as a number too."""
    row = QHBoxLayout()
    dots: QLabel = label("●" * value + "○" * (4 - value))
    dots.setAccessibleName(f"{name}: {value} / 4")
    row.addWidget(label(name, "quiet"))
    row.addStretch(1)
    row.addWidget(dots)
    return row
