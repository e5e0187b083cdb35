"""Where one starts: the next step, the sample, and whether this computer is ready."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop.theme import Theme
from desktop.widgets.buttons import text_button
from desktop.widgets.labels import Card, Page, label, set_kind
from desktop.widgets.message_strip import MessageStrip
from engine.project import Project


class HomePanel(Page):
    """Three steps, in the order in which they are done."""

    page_requested = Signal(str)  # "images", "method", ...
    sample_requested = Signal()
    folder_requested = Signal()
    wizard_requested = Signal()
    project_requested = Signal(str)  # path of a project's folder

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__("Imprint", parent)
        self._theme = theme
        self.strip = MessageStrip(theme)
        self._hero = label(self.tr("Teach it something new"), "hero")
        self._line = label(
            self.tr("A guide asks for your pictures and what it is; the rest is filled in."),
            "quiet",
        )
        self.wizard = text_button(theme, "wizard", self.tr("Begin"), "primary")
        self._pictures = text_button(theme, "folder", self.tr("Choose a folder of pictures…"))
        self._sample = text_button(theme, "images", self.tr("Try the sample project"))
        self._project = label("", wrap=True)
        self._project_state = label("", "quiet", wrap=True)
        self._go = text_button(theme, "start", self.tr("Go to the training"))
        self._engine = label(self.tr("Warming up the engine…"), "quiet", wrap=True)
        self._model = label(
            self.tr(
                "Starter model: bundled, works offline on any computer. It draws small "
                "emoji-like pictures and nothing else."
            ),
            "quiet",
            wrap=True,
        )
        self._recent_buttons: list[QPushButton] = []
        self.check = text_button(theme, "ok", self.tr("Check this computer…"))
        self.card = text_button(theme, "download", self.tr("Use the graphics card…"))
        self.card.hide()
        self.wizard.clicked.connect(self.wizard_requested)
        self._pictures.clicked.connect(self.folder_requested)
        self._sample.clicked.connect(self.sample_requested)
        self._go.clicked.connect(self._ask_for_training)
        self._lay_out()

    def show_project(self, project: Project, num_runs: int, is_sample: bool) -> None:
        """Say what is open."""
        self._project.setText(project.folder.name)
        if is_sample:
            self._project_state.setText(
                self.tr(
                    "The sample: six pictures of a cat character that the starter model has "
                    "never seen. Its first training takes a few minutes."
                )
            )
        else:
            self._project_state.setText(self.tr("%n run(s) so far", "", num_runs))

    def show_recent(self, projects: list[Project]) -> None:
        """Projects that were open before."""
        for button in self._recent_buttons:
            self._recent.removeWidget(button)
            button.deleteLater()
        self._recent_buttons.clear()
        for project in projects:
            button = text_button(self._theme, "folder", project.folder.name)
            button.setProperty("folder", str(project.folder))
            button.setToolTip(str(project.folder))
            button.clicked.connect(self._open_recent)
            self._recent_buttons.append(button)
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._recent_card.setVisible(bool(projects))

    @Slot()
    def _open_recent(self) -> None:
        self.project_requested.emit(self.sender().property("folder"))

    def show_engine(self, text: str, ready: bool) -> None:
        """Say whether the engine is warm, and on what it runs."""
        self._engine.setText(text)
        set_kind(self._engine, "kind", "ok" if ready else "quiet")

    def show_offer(self, offer: QWidget) -> None:
        """Something that would make this computer better at it."""
        self._offers.addWidget(offer)

    @Slot()
    def _ask_for_training(self) -> None:
        self.page_requested.emit("training")

    def _lay_out(self) -> None:
        self.title.hide()
        self.state.hide()
        welcome = Card()
        welcome.body.setContentsMargins(32, 28, 32, 28)
        welcome.body.setSpacing(12)
        welcome.body.addWidget(self._hero)
        welcome.body.addWidget(self._line)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addWidget(self.wizard)
        buttons.addWidget(self._pictures)
        buttons.addWidget(self._sample)
        buttons.addStretch(1)
        welcome.body.addSpacing(8)
        welcome.body.addLayout(buttons)
        open_now = Card(self.tr("Open now"))
        open_now.body.addWidget(self._project)
        open_now.body.addWidget(self._project_state)
        row = QHBoxLayout()
        row.addWidget(self._go)
        row.addStretch(1)
        open_now.body.addLayout(row)
        open_now.body.addStretch(1)
        computer = Card(self.tr("This computer"))
        computer.body.addWidget(self._engine)
        computer.body.addWidget(self._model)
        computer.body.addWidget(self.check, 0, Qt.AlignmentFlag.AlignLeft)
        computer.body.addWidget(self.card, 0, Qt.AlignmentFlag.AlignLeft)
        computer.body.addStretch(1)
        pair = QHBoxLayout()
        pair.setSpacing(16)
        pair.addWidget(open_now, 1)
        pair.addWidget(computer, 1)
        self._offers = QVBoxLayout()
        self._recent = QVBoxLayout()
        self._recent_card = Card(self.tr("Go on with"))
        self._recent_card.body.addLayout(self._recent)
        self._recent_card.hide()
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(self.strip)
        column.addWidget(welcome)
        column.addLayout(self._offers)
        column.addLayout(pair)
        column.addWidget(self._recent_card)
        column.addStretch(1)
        self.content.addLayout(column)
