"""Rows of the models page: a model that is here, one that can be fetched, one on its way."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop.download_desk import Download
from desktop.theme import Theme, icon_button, text_button
from desktop.widgets.labels import Card, label, set_kind
from desktop.words import duration, remedy_of, said, summary_of
from engine.config import STARTER
from engine.model_offers import Offer
from engine.model_shelf import ShelfEntry


class _Row(Card):
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


class ShelfRow(_Row):
    """A model on this computer."""

    use_wanted = Signal(str)
    remove_wanted = Signal(str)
    find_wanted = Signal(str)

    def __init__(
        self, entry: ShelfEntry, theme: Theme, in_use: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(entry.title, "", parent)
        self.entry = entry
        if entry.path == STARTER:
            self.title.setText(self.tr("Starter model"))
        if entry.problem:
            badge = self.tr("missing") if entry.is_missing else self.tr("cannot be used")
            self.line.setText(f"{badge}: {said(entry.problem)}")
            set_kind(self.line, "kind", "error")
        else:
            size = self.locale().formattedDataSize(entry.num_bytes)
            place = self.tr("comes with Imprint") if entry.path == STARTER else entry.path
            self.line.setText(f"{entry.family} · {size} · {place}")
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if entry.is_missing:
            self._add(text_button(theme, "search", self.tr("Find it…")), self._find)
        elif not entry.problem:
            text = self.tr("In use") if in_use else self.tr("Use for this project")
            use = text_button(theme, "ok", text)
            use.setEnabled(not in_use)
            self._add(use, self._use)
        if entry.path != STARTER:
            remove = icon_button(
                theme, "close", self.tr("Take {0} out of the list").format(entry.title)
            )
            remove.clicked.connect(self._remove)
            self.buttons.addWidget(remove)

    def _add(self, button: QPushButton, slot) -> None:  # noqa: ANN001 (a bound slot)
        button.setAccessibleName(f"{button.text()}: {self.entry.title}")
        button.clicked.connect(slot)
        self.buttons.addWidget(button)

    @Slot()
    def _use(self) -> None:
        self.use_wanted.emit(self.entry.path)

    @Slot()
    def _remove(self) -> None:
        self.remove_wanted.emit(self.entry.path)

    @Slot()
    def _find(self) -> None:
        self.find_wanted.emit(self.entry.path)


class OfferRow(_Row):
    """A model that can be fetched, and how far it is."""

    start_wanted = Signal(object)  # Offer
    pause_wanted = Signal(object)  # Download
    go_on_wanted = Signal(object)
    stop_wanted = Signal(object)

    def __init__(self, offer: Offer, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(offer.name, "", parent)
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
            button.setAccessibleName(f"{button.text()}: {offer.name}")
            button.clicked.connect(slot)
            self.buttons.addWidget(button)
        self.body.addWidget(self.progress)
        self.show_download(None)

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
        self.progress.setAccessibleName(f"{self.offer.name}: {self.line.text()}")

    def _in_words(self, known: Download | None) -> str:
        locale = self.locale()
        if known is None:
            size = locale.formattedDataSize(self.offer.about_bytes)
            return self.tr("about {0} · licence: {1} · not tried here by us").format(
                size, self.offer.licence
            )
        if known.error is not None:
            return f"{summary_of(known.error)} {remedy_of(known.error)}"
        done, total = (locale.formattedDataSize(n) for n in (known.done_bytes, known.total_bytes))
        match known.state:
            case "waiting":
                return self.tr("Waiting…")
            case "paused":
                return self.tr("Paused at {0} of {1}").format(done, total)
            case "checking":
                return self.tr("Checking the file…")
            case "done":
                return self.tr("Here, and whole: its sha256 is the hub's.")
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
