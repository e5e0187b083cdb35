"""A row that offers something to fetch, and tells how far it is."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.download_desk import Download, Offered
from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import Card, label, set_kind
from desktop.words import duration, remedy_of, summary_of
from engine.errors import UserError


class Row(Card):
    """A title, a line below it, buttons at the right."""

    def __init__(self, title: str, line: str, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.body.setContentsMargins(16, 10, 12, 10)
        self.title = label(title, "heading")
        self.line = label(line, "quiet", wrap=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.line)
        self.buttons = QHBoxLayout()
        row = QHBoxLayout()
        row.addLayout(words, 1)
        row.addLayout(self.buttons)
        self.body.addLayout(row)


class DownloadRow(Row):
    """What is particular to one kind of thing are the words of `offered`, `checked` and
    `whole`. Call `show_download(None)` when it is made."""

    start_wanted = Signal(object)  # what is offered
    pause_wanted = Signal(object)  # Download
    go_on_wanted = Signal(object)
    stop_wanted = Signal(object)

    def __init__(
        self, title: str, offer: Offered, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(title, "", parent)
        self.offer = offer
        self._download: Download | None = None
        self.start = text_button(theme, "download", self.tr("Download"))
        self.pause = QPushButton(self.tr("Pause"))
        self.stop = QPushButton(self.tr("Cancel"))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        for button, slot in (
            (self.start, self._start), (self.pause, self._toggle), (self.stop, self._stop)
        ):  # fmt: skip
            button.setAccessibleName(f"{button.text()}: {title}")
            button.clicked.connect(slot)
            self.buttons.addWidget(button)
        self.body.addWidget(self.progress)

    def offered(self) -> str:
        """Before anything is fetched."""
        raise NotImplementedError

    def checked(self) -> str:
        """While it is seen whether what came is right."""
        raise NotImplementedError

    def whole(self) -> str:
        """When it is here."""
        raise NotImplementedError

    def advice(self, error: UserError) -> str:
        """What to do where it failed."""
        return remedy_of(error)

    def show_download(self, known: Download | None) -> None:
        self._download = known
        state = known.state if known else ""
        busy = known is not None and not known.is_over
        self.start.setVisible(not busy)
        self.start.setText(
            self.tr("Go on") if state in ("stopped", "failed") else self.tr("Download")
        )
        self.pause.setVisible(busy and state != "checking")
        self.pause.setText(self.tr("Continue") if state == "paused" else self.tr("Pause"))
        self.stop.setVisible(busy)
        self.progress.setVisible(busy)
        set_kind(self.line, "kind", "error" if state == "failed" else "quiet")
        self.line.setText(self._in_words(known))
        if known is not None and known.total_bytes:
            self.progress.setValue(round(1000 * known.done_bytes / known.total_bytes))
        self.progress.setAccessibleName(f"{self.title.text()}: {self.line.text()}")

    def _in_words(self, known: Download | None) -> str:
        locale = self.locale()
        if known is None:
            return self.offered()
        if known.error is not None:
            return f"{summary_of(known.error)} {self.advice(known.error)}"
        done, total = (locale.formattedDataSize(n) for n in (known.done_bytes, known.total_bytes))
        match known.state:
            case "waiting":
                return self.tr("Waiting…")
            case "paused":
                return self.tr("Paused at {0} of {1}").format(done, total)
            case "checking":
                return self.checked()
            case "done":
                return self.whole()
            case "stopped":
                return self.tr("Stopped at {0} of {1}; what arrived is kept.").format(done, total)
        speed = locale.formattedDataSize(round(known.speed))
        left = known.seconds_left
        text = self.tr("{0} of {1} · {2} a second").format(done, total, speed)
        return f"{text} · {duration(left)}" if left is not None else text

    @Slot()
    def _start(self) -> None:
        self.start_wanted.emit(self.offer)

    @Slot()
    def _toggle(self) -> None:
        if self._download is not None:
            paused = self._download.state == "paused"
            (self.go_on_wanted if paused else self.pause_wanted).emit(self._download)

    @Slot()
    def _stop(self) -> None:
        if self._download is not None:
            self.stop_wanted.emit(self._download)
