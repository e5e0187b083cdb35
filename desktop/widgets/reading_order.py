"""Tab goes as one reads. Qt's own order is that in which widgets were made, so rows that come
later would be reached last, wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLayout, QScrollArea, QStackedWidget, QTabWidget, QWidget

from desktop.widgets.flow import Flow


def set_reading_order(page: QWidget) -> None:
    """To be called again when a page has got other rows."""
    for one, other in pairwise(_stops(page)):
        QWidget.setTabOrder(one, other)


def _stops(widget: QWidget | None) -> Iterator[QWidget]:
    if widget is None:
        return
    if widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value:
        yield widget
    match widget:
        case Flow():
            for one in widget.widgets:
                yield from _stops(one)
        case QScrollArea():
            yield from _stops(widget.widget())
        case QTabWidget():
            yield from _stops(widget.tabBar())
            for place in range(widget.count()):
                yield from _stops(widget.widget(place))
        case QStackedWidget():
            for place in range(widget.count()):
                yield from _stops(widget.widget(place))
        case _:
            yield from _in_layout(widget.layout())


def _in_layout(layout: QLayout | None) -> Iterator[QWidget]:
    for place in range(layout.count() if layout is not None else 0):
        item = layout.itemAt(place) if layout is not None else None
        if item is not None:
            yield from _stops(item.widget())
            yield from _in_layout(item.layout())
