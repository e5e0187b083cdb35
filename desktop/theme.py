"""The look: tokens, palette, stylesheet and icons, dark and light.

Fusion with an own palette looks the same on every system. Contrast of text is at least 4.5 : 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import qtawesome
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QWidget

LOOKS = ("dark", "light", "system")
BODY = 13  # pixels of the text
LINE = 16  # pixels of a line of it, in the letters that the rows' heights were drawn for
_SIZES = re.compile(r"(font-size|min-height): (\d+)px")
CHECK_MARK = (Path(__file__).parents[1] / "resources/icons/check.svg").as_posix()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours by what they are for."""

    bg: str
    surface: str
    raised: str
    field: str
    text: str
    text2: str
    text3: str
    accent: str
    fill: str
    ok: str
    warn: str
    error: str
    line: str
    border: str
    focus: str
    selection: str


DARK = Tokens(
    bg="#16181D", surface="#1E2128", raised="#272B34", field="#14161A", text="#ECEEF2",
    text2="#B4BBC8", text3="#8E97A8", accent="#7C9CFF", fill="#3F63E0", ok="#4CC38A",
    warn="#F5B94A", error="#FF7A7A", line="#3A404C", border="#757F92", focus="#A9BEFF",
    selection="#2E3A66",
)  # fmt: skip
LIGHT = Tokens(
    bg="#F6F7F9", surface="#FFFFFF", raised="#FFFFFF", field="#FFFFFF", text="#1A1D23",
    text2="#4A5261", text3="#636C7C", accent="#3457D5", fill="#3457D5", ok="#17774C",
    warn="#8A5A00", error="#B92C2C", line="#DDE1E8", border="#7B8494", focus="#1F3FB5",
    selection="#DDE5FF",
)  # fmt: skip

ICONS = {  # what it means -> name in the set mdi6 (Material Design Icons, Apache-2.0)
    "home": "mdi6.home-outline",
    "images": "mdi6.image-multiple-outline",
    "method": "mdi6.tune-variant",
    "training": "mdi6.chart-line",
    "gallery": "mdi6.creation-outline",
    "add": "mdi6.image-plus-outline",
    "folder": "mdi6.folder-open-outline",
    "start": "mdi6.play",
    "pause": "mdi6.pause",
    "stop": "mdi6.stop",
    "save": "mdi6.content-save-outline",
    "sample": "mdi6.image-auto-adjust",
    "warning": "mdi6.alert-outline",
    "error": "mdi6.alert-circle-outline",
    "info": "mdi6.information-outline",
    "ok": "mdi6.check-circle-outline",
    "theme": "mdi6.theme-light-dark",
    "language": "mdi6.translate",
    "dice": "mdi6.dice-5-outline",
    "more": "mdi6.chevron-down",
    "close": "mdi6.close",
    "undo": "mdi6.undo",
    "redo": "mdi6.redo",
    "turn_left": "mdi6.rotate-left",
    "turn_right": "mdi6.rotate-right",
    "mirror": "mdi6.flip-horizontal",
    "crop": "mdi6.crop",
    "reset": "mdi6.restore",
    "leave_out": "mdi6.eye-off-outline",
    "take_in": "mdi6.eye-outline",
    "edit": "mdi6.text-box-edit-outline",
    "search": "mdi6.magnify",
    "star": "mdi6.star-outline",
    "star_on": "mdi6.star",
    "delete": "mdi6.trash-can-outline",
    "models": "mdi6.cube-outline",
    "settings": "mdi6.cog-outline",
    "help": "mdi6.help-circle-outline",
    "download": "mdi6.download-outline",
    "copy": "mdi6.content-copy",
    "install": "mdi6.puzzle-outline",
    "compare": "mdi6.compare",
    "grid": "mdi6.grid",
    "queue": "mdi6.playlist-play",
    "history": "mdi6.history",
    "log": "mdi6.text-long",
    "up": "mdi6.arrow-up",
    "down": "mdi6.arrow-down",
    "broken": "mdi6.image-broken-variant",
    "wizard": "mdi6.auto-fix",
}


class Theme(QObject):
    """The theme of a window; tells everybody when it changes.

    It styles nothing by itself: call `apply` when the widgets stand in their places. A widget that
    comes to a parent is styled again with all that is in it, which took half a second of a start.

    `window`: the one whose widgets and dialogs get the style sheet; all of the application's where
    there is none. The application's sheet would also be set on the window that a new language
    replaces, which took a second; and a dialog that its parent does not own is without it.
    """

    changed = Signal()

    def __init__(
        self,
        application: QApplication,
        window: QWidget | None = None,
        *,
        look: str = "dark",
        text_percent: int = 100,
    ) -> None:
        super().__init__(window or application)
        self._application = application
        self._scale = text_percent / 100
        self._dark = _is_dark(look)
        _use_fusion(application)
        font = application.font()
        font.setPixelSize(round(BODY * self._scale))
        application.setFont(font)
        for top in application.topLevelWidgets():  # Qt tells them only once its loop runs
            QApplication.sendEvent(top, QEvent(QEvent.Type.ApplicationFontChange))

    @property
    def is_dark(self) -> bool:
        return self._dark

    @property
    def tokens(self) -> Tokens:
        return DARK if self._dark else LIGHT

    def set_dark(self, dark: bool) -> None:
        if dark != self._dark:
            self._dark = dark
            self.apply()
            self.changed.emit()

    def set_look(self, look: str) -> None:
        """One of LOOKS."""
        self.set_dark(_is_dark(look))

    def icon(self, meaning: str, token: str = "text2") -> QIcon:
        colour = getattr(self.tokens, token)
        return qtawesome.icon(
            ICONS[meaning], color=colour, color_disabled=self.tokens.text3, color_active=colour
        )

    def scaled(self, pixels: int) -> int:
        """A width that holds words, for the size of text that was chosen."""
        return round(pixels * self._scale)

    def apply(self) -> None:
        """Colours, edges and sizes, for all widgets of the window that there are and will be."""
        self._application.setPalette(_palette(self.tokens))
        sheet = _stylesheet(self.tokens)
        scaled = _SIZES.sub(self._in_size, sheet)
        owner = self.parent()  # held by no name: it may go before the last who draws with us
        styled = owner if isinstance(owner, QWidget) else self._application
        if scaled != styled.styleSheet():  # Qt styles each widget again, a second's work
            styled.setStyleSheet(scaled)

    def _in_size(self, found: re.Match[str]) -> str:
        """Letters as they were chosen; rows as high as such letters are, Chinese ones higher."""
        what, pixels = found[1], int(found[2])
        if what == "min-height" and pixels >= LINE:
            higher = QFontMetrics(self._application.font()).height() - LINE
            return f"{what}: {pixels + max(0, higher)}px"
        return f"{what}: {self.scaled(pixels) if what == 'font-size' else pixels}px"


def _use_fusion(application: QApplication) -> None:
    """Once: a further style deletes the one before, which an open QWizard still points to. The
    next style sheet would end the program. A change of language or of letters makes a new Theme."""
    if not application.property("usesFusion"):
        application.setStyle("Fusion")
        application.setProperty("usesFusion", True)


def _is_dark(look: str) -> bool:
    if look == "system":
        return QGuiApplication.styleHints().colorScheme() is not Qt.ColorScheme.Light
    return look != "light"


def tabular(font: QFont) -> QFont:
    """Digits of one width, so that numbers that change do not tremble."""
    steady = QFont(font)
    steady.setFeature(QFont.Tag("tnum"), 1)
    return steady


def _palette(t: Tokens) -> QPalette:
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: t.bg,
        QPalette.ColorRole.WindowText: t.text,
        QPalette.ColorRole.Base: t.field,
        QPalette.ColorRole.AlternateBase: t.surface,
        QPalette.ColorRole.Text: t.text,
        QPalette.ColorRole.Button: t.surface,
        QPalette.ColorRole.ButtonText: t.text,
        QPalette.ColorRole.BrightText: t.error,
        QPalette.ColorRole.Highlight: t.selection,
        QPalette.ColorRole.HighlightedText: t.text,
        QPalette.ColorRole.ToolTipBase: t.raised,
        QPalette.ColorRole.ToolTipText: t.text,
        QPalette.ColorRole.PlaceholderText: t.text3,
        QPalette.ColorRole.Link: t.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
    ):
        palette.setColor(disabled, role, QColor(t.text3))
    return palette


def _stylesheet(t: Tokens) -> str:
    return f"""
    QWidget {{ color: {t.text}; }}
    QMainWindow, QDialog, QWidget#page, QScrollArea, QScrollArea > QWidget > QWidget#scrolled {{
        background: {t.bg};
    }}
    QScrollArea {{ border: none; background: transparent; }}
    QWidget#clear {{ background: transparent; }}
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line};
        padding: 6px; }}
    QLabel[kind="title"] {{ font-size: 20px; font-weight: 600; }}
    QLabel[kind="heading"] {{ font-size: 15px; font-weight: 600; }}
    QLabel[kind="hero"] {{ font-size: 28px; font-weight: 600; }}
    QLabel[kind="number"] {{ font-size: 17px; font-weight: 600; }}
    QLabel[heat="hot"] {{ color: {t.warn}; }}
    QLabel[kind="quiet"] {{ color: {t.text2}; }}
    QLabel[kind="changed"] {{ color: {t.text}; font-weight: 600; }}
    QLabel[kind="note"] {{ color: {t.text3}; font-size: 11px; }}
    QLabel[kind="ok"] {{ color: {t.ok}; }}
    QLabel[kind="warn"] {{ color: {t.warn}; }}
    QLabel[kind="error"] {{ color: {t.error}; }}
    QLabel[kind="badge"] {{ color: {t.accent}; font-size: 11px; font-weight: 600; }}
    QFrame#card {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 10px; }}
    QFrame#card[chosen="true"] {{ border: 2px solid {t.accent}; }}
    QFrame#card:focus {{ border: 2px solid {t.focus}; }}
    QFrame#strip {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 8px; }}
    QFrame#strip[kind="error"] {{ border: 1px solid {t.error}; }}
    QFrame#strip[kind="warn"] {{ border: 1px solid {t.warn}; }}
    QFrame#strip[kind="ok"] {{ border: 1px solid {t.ok}; }}
    QFrame#rail {{ background: {t.surface}; border: none; border-right: 1px solid {t.line}; }}
    QFrame#footer {{ background: {t.surface}; border: none; border-top: 1px solid {t.line}; }}
    QFrame#drop {{ border: 2px dashed {t.border}; border-radius: 10px; background: {t.surface}; }}
    QFrame#drop[over="true"] {{ border-color: {t.accent}; background: {t.selection}; }}
    QPushButton, QToolButton {{ background: {t.surface}; border: 1px solid {t.border};
        border-radius: 8px; padding: 6px 14px; min-height: 20px; }}
    QToolButton {{ padding: 6px; }}
    QToolButton::menu-indicator {{ image: none; }}
    QMenu {{ background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 6px 16px; border-radius: 6px; }}
    QMenu::item:selected {{ background: {t.selection}; }}
    QPushButton:hover, QToolButton:hover {{ background: {t.raised}; border-color: {t.accent}; }}
    QPushButton:focus, QToolButton:focus {{ border: 2px solid {t.focus}; padding: 5px 13px; }}
    QToolButton:focus {{ padding: 5px; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.text3}; border-color: {t.line}; }}
    QPushButton[role="primary"] {{ background: {t.fill}; color: white;
        border-color: {t.fill}; font-weight: 600; }}
    QPushButton[role="primary"]:focus {{ border-color: {t.focus}; }}
    QPushButton[role="primary"]:disabled {{ background: {t.line}; color: {t.text3};
        border-color: {t.line}; }}
    QPushButton[role="danger"] {{ color: {t.error}; border-color: {t.error}; }}
    QPushButton[role="danger"]:disabled {{ color: {t.text3}; border-color: {t.line}; }}
    QPushButton[role="nav"] {{ background: transparent; border: 2px solid transparent;
        text-align: left; padding: 9px 10px; border-radius: 8px; color: {t.text2}; }}
    QPushButton[role="nav"]:hover {{ background: {t.raised}; }}
    QPushButton[role="nav"]:focus {{ border-color: {t.focus}; }}
    QPushButton[role="nav"]:checked {{ background: {t.selection}; color: {t.text};
        font-weight: 600; }}
    QPushButton[role="small"] {{ padding: 2px 8px; min-height: 18px; border-radius: 6px;
        font-size: 12px; }}
    QPushButton[role="small"]:checked {{ background: {t.selection}; border-color: {t.accent}; }}
    QPushButton[role="small"]:focus {{ padding: 1px 7px; }}
    QPushButton[role="chip"] {{ padding: 1px 8px; min-height: 20px; border-radius: 6px;
        border-color: {t.line}; background: {t.raised}; color: {t.text2}; font-size: 12px; }}
    QPushButton[role="chip"]:focus {{ padding: 0px 7px; border-color: {t.focus}; }}
    QToolButton[role="small"] {{ padding: 2px; min-height: 16px; border: none;
        background: transparent; }}
    QToolButton[role="small"]:focus {{ border: 2px solid {t.focus}; padding: 0px; }}
    QToolButton:checked {{ background: {t.selection}; border-color: {t.accent}; }}
    QGraphicsView#view {{ background: {t.field}; border: 1px solid {t.line}; border-radius: 8px; }}
    QWidget#chart:focus {{ border: 2px solid {t.focus}; border-radius: 6px; }}
    QGraphicsView#view:focus {{ border: 2px solid {t.focus}; }}
    QLineEdit, QPlainTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ background: {t.field};
        border: 1px solid {t.border}; border-radius: 8px; padding: 5px 8px; min-height: 20px;
        selection-background-color: {t.fill}; selection-color: white; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button,
    QDoubleSpinBox::down-button {{ width: 0; border: none; }}
    QAbstractSpinBox QLineEdit {{ border: none; padding: 0; min-height: 0; }}
    QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus,
    QComboBox:focus {{ border: 2px solid {t.focus}; padding: 4px 7px; }}
    QAbstractSpinBox QLineEdit:focus {{ border: none; padding: 0; }}
    QLineEdit[wrong="true"], QSpinBox[wrong="true"], QDoubleSpinBox[wrong="true"] {{
        border: 2px solid {t.error}; }}
    QComboBox::drop-down {{ border: none; width: 24px; }}
    QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line}; }}
    QCheckBox {{ spacing: 8px; min-height: 24px; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {t.focus}; }}
    QRadioButton {{ spacing: 8px; min-height: 28px; }}
    QRadioButton::indicator {{ width: 16px; height: 16px; border: 1px solid {t.border};
        border-radius: 9px; background: {t.field}; }}
    QRadioButton::indicator:checked {{ border-color: {t.accent}; background: qradialgradient(
        cx: 0.5, cy: 0.5, radius: 0.5, fx: 0.5, fy: 0.5, stop: 0 {t.accent}, stop: 0.5 {t.accent},
        stop: 0.6 {t.field}, stop: 1 {t.field}); }}
    QCheckBox::indicator {{ width: 16px; height: 16px; border: 1px solid {t.border};
        border-radius: 4px; background: {t.field}; }}
    QCheckBox::indicator:checked {{ background: {t.fill}; border-color: {t.fill};
        image: url("{CHECK_MARK}"); }}
    QTabWidget::pane {{ border: none; }}
    QTabBar::tab {{ background: transparent; color: {t.text2}; padding: 6px 14px;
        border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QTabBar:focus {{ color: {t.focus}; }}
    QTableWidget {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 8px;
        gridline-color: {t.line}; }}
    QTableWidget::item {{ padding: 0 2px; }}
    QTableWidget::item:selected {{ background: {t.selection}; color: {t.text}; }}
    QHeaderView::section {{ background: {t.surface}; color: {t.text2}; border: none;
        border-bottom: 1px solid {t.line}; padding: 6px; }}
    QProgressBar {{ background: {t.field}; border: 1px solid {t.line}; border-radius: 5px;
        max-height: 8px; min-height: 8px; text-align: center; }}
    QProgressBar::chunk {{ background: {t.fill}; border-radius: 4px; }}
    QSlider::groove:horizontal {{ height: 4px; background: {t.line}; border-radius: 2px; }}
    QSlider::sub-page:horizontal {{ background: {t.fill}; border-radius: 2px; }}
    QSlider::handle:horizontal {{ background: {t.accent}; width: 14px; height: 14px;
        margin: -5px 0; border-radius: 7px; }}
    QSlider:focus {{ border: 1px solid {t.focus}; border-radius: 6px; }}
    QListView {{ background: {t.surface}; border: 1px solid {t.line}; border-radius: 10px;
        padding: 6px; outline: none; }}
    QListView:focus {{ border: 2px solid {t.focus}; padding: 5px; }}
    QScrollBar:vertical {{ background: transparent; width: 12px; }}
    QScrollBar:horizontal {{ background: transparent; height: 12px; }}
    QScrollBar::handle {{ background: {t.border}; border-radius: 4px; margin: 2px;
        min-height: 28px; min-width: 28px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QSplitter::handle {{ background: transparent; }}
    """
