"""What is typed, pasted or dropped has a length that is said."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QClipboard, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from desktop.widgets.limited_text import MOST, LimitedText
from tests.timing import cpu_seconds

LONG = "x" * 1_000_000  # a picture that was copied as text has no blanks


def mime(text: str) -> QMimeData:
    data = QMimeData()
    data.setText(text)
    return data


@pytest.fixture
def field(qtbot) -> LimitedText:
    made = LimitedText()
    made.resize(400, 100)
    qtbot.addWidget(made)
    made.show()
    return made


def test_what_is_pasted_beyond_the_limit_is_cut_and_told(qtbot, field):
    with qtbot.waitSignal(field.was_cut):
        field.insertFromMimeData(mime(LONG))
    assert field.toPlainText() == "x" * MOST
    field.undo()
    assert field.toPlainText() == ""


def test_a_selection_that_is_replaced_makes_room(qtbot, field):
    field.setPlainText("y" * MOST)
    field.selectAll()
    field.insertFromMimeData(mime("a b"))
    assert field.toPlainText() == "a b"


def test_nothing_is_typed_beyond_the_limit_but_keys_that_write_nothing_work(qtbot, field):
    field.setPlainText("y" * (MOST - 1))
    field.moveCursor(field.textCursor().MoveOperation.End)
    QTest.keyClicks(field, "ab")
    assert len(field.toPlainText()) == MOST
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, "z")
    assert field.toPlainText() == "z"


def test_an_input_method_stops_at_the_limit_too(qtbot, field):
    field.setPlainText("y" * (MOST - 2))
    field.moveCursor(field.textCursor().MoveOperation.End)
    event = QInputMethodEvent()
    event.setCommitString("我的猫")
    QApplication.sendEvent(field, event)
    assert field.toPlainText() == "y" * (MOST - 2) + "我的"


def test_what_a_file_holds_is_shown_as_it_is(qtbot, field):
    field.setPlainText("y" * (3 * MOST))
    QTest.keyClicks(field, "a")
    assert field.toPlainText() == "y" * (3 * MOST)


def test_the_time_of_a_paste_does_not_grow_with_what_is_cut(qtbot, field):
    def paste(times: int) -> float:
        text = mime(LONG * times)

        def act() -> None:
            field.clear()
            field.insertFromMimeData(text)
            field.grab()

        return cpu_seconds(act)

    assert paste(8) < 4 * paste(1) + 0.05


def test_each_page_tells_of_what_its_fields_did_not_take(qtbot, window):
    QApplication.clipboard().setText(LONG, QClipboard.Mode.Clipboard)
    told = []
    for name, page in window.pages.items():
        window.show_page(name)
        for field in page.findChildren(LimitedText):
            page.strip.hide()
            field.selectAll()
            field.paste()
            assert len(field.toPlainText()) <= MOST
            assert f"{MOST:,}" in page.strip.text
            told.append(name)
        for line in page.findChildren(QLineEdit):
            assert line.maxLength() <= 32_767
    assert {"images", "gallery"} <= set(told)
    page = window.pages["gallery"]
    page.strip.hide()
    page.search.paste()
    assert len(page.search.text()) == MOST
    assert page.strip.isVisibleTo(page)
