"""How the program looks and behaves: few things, each taken at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop.dialogs.growing_dialog import GrowingDialog
from desktop.dialogs.help_dialog import language_of_window
from desktop.language import LANGUAGES, can_be_drawn
from desktop.preferences import Preferences
from desktop.theme import LOOKS, Theme
from desktop.widgets.labels import label
from engine.version import VERSION

SIZES = (90, 150)  # per cent of the text


class SettingsDialog(GrowingDialog):
    """`renewal_wanted`: new words or another size of the text need a new window."""

    renewal_wanted = Signal()

    def __init__(
        self, theme: Theme, preferences: Preferences, busy: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._theme, self._preferences = theme, preferences
        self._before = (preferences.language, preferences.text_percent)
        self.look = QComboBox()
        self.look.addItems([self.tr("Dark"), self.tr("Light"), self.tr("As the system")])
        self.look.setCurrentIndex(LOOKS.index(preferences.look))
        self.language = QComboBox()
        for code, known in LANGUAGES.items():
            self.language.addItem(known.name, code)
        current = self.language.findData(language_of_window(preferences.language))
        self.language.setCurrentIndex(max(0, current))
        self.text_size = QSlider(Qt.Orientation.Horizontal)
        self.text_size.setRange(*SIZES)
        self.text_size.setSingleStep(5)
        self.text_size.setValue(preferences.text_percent)
        self._size_text = label(f"{preferences.text_percent} %", "quiet")
        self.awake = QCheckBox(self.tr("Keep the computer awake while a training runs"))
        self.awake.setChecked(preferences.keep_awake)
        self._note = label("", "note", wrap=True)
        if busy:
            self._note.setText(
                self.tr("Language and size change when the training has ended and you start anew.")
            )
        self._close = QPushButton(self.tr("Close"))
        self._connect()
        self._lay_out()

    @property
    def needs_renewal(self) -> bool:
        now = (self._preferences.language, self._preferences.text_percent)
        return now != self._before

    def done(self, result: int) -> None:
        super().done(result)
        if self.needs_renewal:
            self.renewal_wanted.emit()

    @Slot(int)
    def _take_look(self, number: int) -> None:
        self._preferences.look = LOOKS[number]
        self._theme.set_look(LOOKS[number])

    @Slot(int)
    def _take_language(self, number: int) -> None:
        code = self.language.itemData(number)
        if can_be_drawn(code):
            self._preferences.language = code
        else:
            self._note.setText(
                self.tr("Chinese needs a font: install one, such as fonts-noto-cjk.")
            )

    @Slot(int)
    def _take_size(self, percent: int) -> None:
        self._preferences.text_percent = percent
        self._size_text.setText(f"{percent} %")

    @Slot(bool)
    def _take_awake(self, awake: bool) -> None:
        self._preferences.keep_awake = awake

    def _connect(self) -> None:
        self.look.activated.connect(self._take_look)
        self.language.activated.connect(self._take_language)
        self.text_size.valueChanged.connect(self._take_size)
        self.awake.toggled.connect(self._take_awake)
        self._close.clicked.connect(self.accept)

    def _lay_out(self) -> None:
        self.resize(480, 280)
        form = QFormLayout()
        form.setSpacing(10)
        for name, editor in (
            (self.tr("Look"), self.look),
            # In both languages: whoever looks for it cannot read the other one.
            ("Language · 语言", self.language),
            (self.tr("Size of the text"), self.text_size),
        ):
            editor.setAccessibleName(name)
            form.addRow(label(name, "quiet"), editor)
        form.addRow("", self._size_text)
        form.addRow("", self.awake)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.addLayout(form)
        column.addWidget(self._note)
        column.addStretch(1)
        column.addWidget(label(f"Imprint {VERSION}", "note"))
        column.addWidget(self._close, 0, Qt.AlignmentFlag.AlignRight)
