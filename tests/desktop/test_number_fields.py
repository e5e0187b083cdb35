"""What is typed into a field for a number is that number, or is refused; never another one."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from desktop.widgets.labels import decimal_box, spin_box


@pytest.mark.parametrize("text", ["1,5", "0,0005", "1,000"])
def test_a_field_for_a_whole_number_refuses_a_comma(qtbot, text):
    box = spin_box(0, 10_000)
    qtbot.addWidget(box)
    box.setValue(7)
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == int(text.split(",", maxsplit=1)[0])


@pytest.mark.parametrize("typed", ["1,5", "1.5"])
def test_a_comma_is_a_decimal_point(qtbot, typed):
    box = decimal_box(0, 2)
    qtbot.addWidget(box)
    box.selectAll()
    QTest.keyClicks(box, typed)
    assert box.value() == 1.5


@pytest.mark.parametrize("text", ["1e400", "-1e400", "inf", "nan", "9" * 400, "9" * 5000])
def test_an_odd_number_in_a_setting_damages_no_project(qtbot, window, text):
    """It is saved as the text that it is, and marked as wrong."""
    window.draft.set("training.steps", 15)
    editor = window.method.form._editors["method.learning_rate"]
    editor.setText(text)
    editor.editingFinished.emit()
    window.draft.flush()
    draft = json.loads(window.draft.project.file.read_text("utf-8"))["draft"]
    assert draft["method"]["learning_rate"] == text
    assert window.draft.project.load_draft()["training"]["steps"] == 15
