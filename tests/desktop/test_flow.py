"""Widgets that flow into rows."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget

from desktop.widgets.flow import GAP, Flow


@pytest.fixture
def buttons():
    made = [QPushButton(f"button {number}") for number in range(6)]
    for button in made:
        button.setFixedWidth(100)
    return made


@pytest.fixture
def holder(qtbot, buttons):
    """A window with a flow of six buttons of 100 pixels."""
    window = QWidget()
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    window.flow = Flow(*buttons)
    column.addWidget(window.flow)
    column.addStretch(1)
    qtbot.addWidget(window)
    window.resize(700, 300)
    window.show()
    QApplication.processEvents()
    return window


def rows_of(buttons) -> list[int]:
    """How many stand in each row, from the top."""
    tops = [button.y() for button in buttons if not button.isHidden()]
    return [tops.count(top) for top in sorted(set(tops))]


def test_they_stand_in_one_row_while_there_is_room_and_then_in_more(holder, buttons):
    assert rows_of(buttons) == [6]
    assert [button.x() for button in buttons] == [(100 + GAP) * n for n in range(6)]
    holder.resize(330, 300)
    QApplication.processEvents()
    assert rows_of(buttons) == [3, 3]
    assert holder.flow.height() == 2 * buttons[0].height() + GAP


def test_what_is_hidden_takes_no_room_and_comes_back_in_its_place(holder, buttons):
    buttons[0].hide()
    buttons[2].hide()
    QApplication.processEvents()
    assert [b.x() for b in buttons if b.isVisible()] == [(100 + GAP) * n for n in range(4)]
    buttons[0].show()
    QApplication.processEvents()
    assert buttons[0].x() == 0
    assert buttons[1].x() == 100 + GAP


def test_what_is_lower_stands_in_the_middle_of_its_row(holder, buttons):
    buttons[0].setFixedHeight(60)
    buttons[1].setFixedHeight(20)
    QApplication.processEvents()
    assert [buttons[0].y(), buttons[1].y()] == [0, 20]


def test_longer_words_push_the_others_on(holder, buttons):
    buttons[0].setMinimumWidth(0)
    buttons[0].setMaximumWidth(1000)
    buttons[0].setText("much longer words than there were before")
    QApplication.processEvents()
    assert buttons[1].x() == buttons[0].width() + GAP > 100 + GAP


def test_a_widget_that_was_hidden_before_it_came_stays_hidden(qtbot):
    button = QPushButton("later")
    button.hide()
    flow = Flow(button, QPushButton("now"))
    qtbot.addWidget(flow)
    flow.show()
    assert not button.isVisible()


def test_it_can_be_filled_and_cleared_again_and_again(holder, buttons):
    for _ in range(50):
        holder.flow.clear()
        for number in range(5):
            holder.flow.add(QPushButton(str(number)))
        QApplication.processEvents()
        gc.collect()
    assert rows_of(holder.flow.widgets) == [5]
