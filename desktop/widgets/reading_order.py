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
    """What it holds, in its order. Never by `itemAt`: the items that it gives are freed by Python
    once more after Qt has freed them, when garbage is collected, and the program ends."""
    if layout is None:
        return
    owner = layout.parentWidget()
    widgets = [child for child in owner.children() if isinstance(child, QWidget)] if owner else []
    nested = [child for child in layout.children() if isinstance(child, QLayout)]
    held = {layout.indexOf(child): child for child in (*widgets, *nested)}
    for place in sorted(place for place in held if place >= 0):
        child = held[place]
        yield from _in_layout(child) if isinstance(child, QLayout) else _stops(child)
