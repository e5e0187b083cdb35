"""Settings, another language while the program runs, and what keys open."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from desktop.dialogs.help_dialog import PAGES as HELP
from desktop.dialogs.help_dialog import HelpDialog
from desktop.dialogs.palette import Palette
from desktop.dialogs.settings_dialog import SettingsDialog
from desktop.dialogs.shortcuts import KEYS, Shortcuts
from desktop.language import install_language
from desktop.main_window import MainWindow
from desktop.preferences import Preferences
from desktop.theme import DARK, LIGHT, Theme
from desktop.widgets.rail import PAGES
from desktop.windows import Windows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def windows(qapp, qtbot, monkeypatch):
    monkeypatch.setattr(MainWindow, "_begin_warm_up", lambda self: None)
    made = Windows(qapp)
    qtbot.waitUntil(lambda: made.window.images.num_pictures == 6)
    yield made
    assert made.window.close()
    install_language(qapp, "en")


class Styled(QObject):
    """Counts the widgets that got another style sheet."""

    def __init__(self, root: QWidget) -> None:
        super().__init__(root)
        self.count = 0
        for widget in root.findChildren(QWidget):
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.StyleChange
        return super().eventFilter(watched, event)


def test_another_language_styles_no_widget_of_the_window_that_goes(qtbot, windows, qapp):
    """That took a second, and three to five beside other programs."""
    old = windows.window
    styled = Styled(old.centralWidget())
    Preferences().text_percent = 125  # another sheet than before, whatever fonts there are
    windows.renew()
    assert windows.window is not old
    assert windows.window.styleSheet() != old.styleSheet()
    assert styled.count == 0
    old.theme.set_dark(not old.theme.is_dark)  # the counter does count
    assert styled.count > 0


def test_the_list_of_tags_has_the_windows_style_sheet(windows, qapp):
    """QCompleter takes it away from the field, and so from the window that has the sheet."""
    window = windows.window
    field = window.images.inspector.caption.text
    for dark in (True, False):
        window.theme.set_dark(dark)
        qapp.sendEvent(field, QFocusEvent(QEvent.Type.FocusIn))
        assert field._list.parentWidget() is None
        assert field._list.styleSheet() == window.styleSheet() != ""


def test_another_language_comes_at_once_with_the_same_project_and_page(qtbot, windows, monkeypatch):
    # Whether this computer can draw the letters is another test's matter.
    monkeypatch.setattr("desktop.window_menu.can_be_drawn", lambda code: True)
    old = windows.window
    old.draft.set("training.steps", 123)
    old.gallery.prompt.setPlainText("a cat of my own words")
    old.show_page("method")
    old.rail.language_chosen.emit("zh_CN")
    new = windows.window
    assert new.gallery.prompt.toPlainText() == "a cat of my own words"
    assert new is not old
    assert new.isVisible()
    assert new.page == "method"
    new.resize(1280, 800)  # the screen that is pretended here is smaller: icons alone
    assert new.rail.buttons["method"].text() == "方法"
    assert new.draft.get("training.steps") == 123
    assert not old.isVisible()
    qtbot.waitUntil(lambda: new.images.num_pictures == 6)


def test_while_a_training_runs_the_window_stays(windows):
    old = windows.window
    old.runs._handle = object()
    try:
        old.rail.language_chosen.emit("en")
        assert windows.window is old
        assert "next start" in old._footer.text()
    finally:
        old.runs._handle = None


@pytest.fixture
def dialog(qtbot, theme):
    made = SettingsDialog(theme, Preferences(), busy=False)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_look_is_taken_at_once_and_remembered(dialog, theme):
    dialog.look.activated.emit(1)
    assert theme.tokens is LIGHT
    assert Preferences().look == "light"
    dialog.look.activated.emit(0)
    assert theme.tokens is DARK


def test_a_larger_text_asks_for_a_new_window(qtbot, dialog, qapp):
    dialog.text_size.setValue(150)
    assert Preferences().text_percent == 150
    with qtbot.waitSignal(dialog.renewal_wanted):
        dialog.accept()
    Theme(qapp, text_percent=150).apply()
    assert qapp.font().pixelSize() == 20
    assert "font-size: 30px" in qapp.styleSheet()  # of a title, 20 before
    Theme(qapp).apply()


def test_a_new_window_leaves_the_style_to_those_who_point_to_it(qapp, theme):
    """A QWizard does, and the next style sheet ended the program."""
    qapp.setStyleSheet("")  # with a sheet, a style of its own stands before the real one
    gone = []
    qapp.style().destroyed.connect(lambda: gone.append(True))
    Theme(qapp, text_percent=125).apply()
    assert not gone
    theme.apply()


def test_nothing_changed_asks_for_nothing(dialog):
    asked = []
    dialog.renewal_wanted.connect(lambda: asked.append(1))
    dialog.accept()
    assert asked == []


def test_the_palette_finds_what_can_be_done_and_does_it(qtbot, windows):
    window = windows.window
    palette = Palette(window)
    qtbot.addWidget(palette)
    palette.show()
    palette.line.setText("gall")
    assert palette.list.count() >= 1
    QTest.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.page == "gallery"


def test_arrows_move_in_the_palette_while_one_types(qtbot, windows):
    palette = Palette(windows.window)
    qtbot.addWidget(palette)
    palette.show()
    QTest.keyClick(palette.line, Qt.Key.Key_Down)
    assert palette.list.currentRow() == 1
    QTest.keyClick(palette.line, Qt.Key.Key_Up)
    assert palette.list.currentRow() == 0


def test_the_sheet_of_keys_can_be_searched(qtbot):
    sheet = Shortcuts()
    qtbot.addWidget(sheet)
    sheet.line.setText("crop")
    shown = [row for row in range(len(KEYS)) if not sheet.table.isRowHidden(row)]
    assert [KEYS[row][0] for row in shown] == ["C"]


def test_the_sheet_of_keys_shows_whole_sentences_however_large_the_letters(qtbot, qapp):
    Theme(qapp, look="light", text_percent=150).apply()
    try:
        sheet = Shortcuts()
        qtbot.addWidget(sheet)
        sheet.show()
        qtbot.waitExposed(sheet)
        assert sheet.table.horizontalScrollBar().maximum() == 0
    finally:
        Theme(qapp).apply()


@pytest.mark.parametrize(
    ("key", "modifier", "kind"),
    [
        (Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier, Palette),
        (Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier, Shortcuts),
        (Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier, SettingsDialog),
    ],
)
def test_keys_open_them(qtbot, windows, key, modifier, kind):
    window: QWidget = windows.window
    window.activateWindow()
    QTest.keyClick(window, key, modifier)
    qtbot.waitUntil(lambda: bool(window.findChildren(kind)))
    window.findChildren(kind)[0].close()


@pytest.mark.parametrize("code", ["en", "zh_CN"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_help_in_both_languages(qtbot, page, code):
    path = HELP / code / f"{page}.md"
    assert path.is_file()
    dialog = HelpDialog(page, code)
    qtbot.addWidget(dialog)
    text = dialog.text.toPlainText()
    assert len(text) > 80
    assert ("的" in text) is (code == "zh_CN")


def test_f1_opens_the_help_of_the_page_that_is_shown(qtbot, windows):
    window = windows.window
    window.show_page("gallery")
    QTest.keyClick(window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: bool(window.findChildren(HelpDialog)))
    (dialog,) = window.findChildren(HelpDialog)
    assert dialog.text.toPlainText().startswith("Gallery")
    window.show_page("models")
    window.menu.open_help()
    assert dialog.text.toPlainText().startswith("Models")


def test_the_first_window_of_a_program_has_large_letters_everywhere(tmp_path):
    """In a process of its own: Qt tells a window of new letters only while its loop runs."""
    script = (
        "import sys\n"
        "from PySide6.QtWidgets import QApplication, QLabel\n"
        "from desktop.main_window import MainWindow\n"
        "from desktop.preferences import Preferences\n"
        "application = QApplication([])\n"
        "Preferences().text_percent = 150\n"
        "window = MainWindow()\n"
        "print({part.font().pixelSize() for part in window.home.findChildren(QLabel)})\n"
    )
    homes = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=os.environ | homes, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    sizes = ast.literal_eval(done.stdout.strip().splitlines()[-1])
    assert min(sizes) >= 16, sizes  # 11 pixels at 150 per cent
