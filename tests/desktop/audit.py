"""What can be seen wrong without eyes: words cut off, controls without a name, keys that skip."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabBar,
    QToolButton,
    QWidget,
)

from desktop.widgets.flow import Flow
from desktop.widgets.labels import ElidedLabel

SLACK = 2  # pixels that rounding may cost
Role = QAccessible.Role
SPOKEN = {
    Role.Button, Role.CheckBox, Role.RadioButton, Role.Slider, Role.EditableText, Role.ComboBox,
    Role.SpinBox, Role.ProgressBar, Role.PageTab, Role.ButtonMenu, Role.ButtonDropDown, Role.List,
    Role.Table,
}  # fmt: skip


def clipped(root: QWidget) -> list[str]:
    """Words of widgets that are shown that do not have the room they need."""
    return [
        f"{type(widget).__name__} {text[:60]!r} needs {needs}, has {has}"
        for widget in shown_in(root)
        for text, needs, has in _wants(widget)
        if needs > has + SLACK
    ]


def outside(root: QWidget) -> list[str]:
    """Widgets of a layout that reach beyond their parent, and so cannot be seen whole."""
    found = []
    for widget in shown_in(root):
        if isinstance(widget, QScrollArea) and _hides_a_side(widget):
            found.append(
                f"{_called(widget)} hides a part of what it holds, and does not scroll there"
            )
        parent = widget.parentWidget()
        if widget is root or widget.isWindow() or parent is None or _scrolls(parent):
            continue
        layout = parent.layout()
        is_laid_out = layout is not None and layout.indexOf(widget) >= 0
        if not (is_laid_out or isinstance(parent, Flow)):
            continue
        room = parent.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK)
        if not room.contains(widget.geometry()):
            found.append(f"{_called(widget)} {widget.geometry()} is not inside {parent.rect()}")
    return found


def _hides_a_side(area: QScrollArea) -> bool:
    never = area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    inside = area.widget()
    return never and inside is not None and inside.width() > area.viewport().width() + SLACK


def shown_in(root: QWidget) -> Iterator[QWidget]:
    """Also what has to be scrolled to; not the inner parts of Qt's own widgets."""
    for widget in (root, *root.findChildren(QWidget)):
        inner = isinstance(widget.parent(), (QAbstractSpinBox, QComboBox, QAbstractItemView))
        inner = inner and not isinstance(widget, QHeaderView)
        qts = inner or widget.objectName().startswith("qt_")
        if widget.isVisibleTo(root) and not qts and _is_shown(widget, root):
            yield widget


def _is_shown(widget: QWidget, root: QWidget) -> bool:
    """Another page of a stack is not."""
    while widget is not root and widget is not None:
        if widget.isHidden():
            return False
        widget = widget.parentWidget()
    return True


def _scrolls(widget: QWidget) -> bool:
    return (
        isinstance(widget, QAbstractScrollArea) or widget.objectName() == "qt_scrollarea_viewport"
    )


def _wants(widget: QWidget) -> Iterator[tuple[str, int, int]]:
    """The words of a widget, the pixels they need, and the pixels they have."""
    match widget:
        case ElidedLabel():
            return  # it tells by dots
        case QLabel() if widget.text() and widget.wordWrap():
            yield widget.text(), widget.heightForWidth(widget.width()), widget.height()
        case QLabel() if widget.text():
            yield widget.text(), widget.sizeHint().width(), widget.width()
        case QAbstractButton() if widget.text() and not (
            isinstance(widget, QToolButton)
            and widget.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly
        ):
            yield widget.text(), widget.sizeHint().width(), widget.width()
            yield widget.text(), widget.sizeHint().height(), widget.height()
        case QComboBox():
            # As Qt's own hint: a full-width bracket ends in space that may be cut.
            drawn = widget.fontMetrics().boundingRect(widget.currentText()).width()
            yield widget.currentText(), drawn + 34, widget.width()
        case QLineEdit() if widget.placeholderText():
            text = widget.placeholderText()
            yield text, _advance(widget, text) + 18, widget.width()
        case QTabBar():
            for place in range(widget.count()):
                text = widget.tabText(place)
                yield text, _advance(widget, text), widget.tabRect(place).width()
            yield "tabs", widget.sizeHint().width(), widget.width()
        case QHeaderView() if widget.orientation() is Qt.Orientation.Horizontal:
            for place in range(widget.count()):
                text = str(widget.model().headerData(place, Qt.Orientation.Horizontal) or "")
                yield text, _advance(widget, text) + 12, widget.sectionSize(place)


def _advance(widget: QWidget, text: str) -> int:
    return widget.fontMetrics().horizontalAdvance(text)


def _called(widget: QWidget) -> str:
    words = getattr(widget, "text", str)() if isinstance(widget, QAbstractButton) else ""
    return f"{type(widget).__name__} {widget.accessibleName() or words!r}"


# ---- names -----------------------------------------------------------------------------------


def unnamed(root: QWidget) -> list[str]:
    """Interactive nodes of the accessibility tree that a screen reader could not call anything."""
    return [
        f"{node.role().name} {_place(node)}"
        for node in _nodes(QAccessible.queryAccessibleInterface(root))
        if (node.role() in SPOKEN or node.state().focusable)
        and not _is_viewport(node)
        and not node.text(QAccessible.Text.Name)
    ]


def _is_viewport(node: QAccessibleInterface) -> bool:
    """Qt's own inner part of an area that scrolls; the area has the name."""
    widget = node.object()
    above = widget.parent() if isinstance(widget, QWidget) else None
    return isinstance(above, QAbstractScrollArea) and above.viewport() is widget


def _nodes(node: QAccessibleInterface | None) -> Iterator[QAccessibleInterface]:
    if node is None or node.state().invisible:
        return
    yield node
    for number in range(node.childCount()):
        yield from _nodes(node.child(number))


def _place(node: QAccessibleInterface) -> str:
    widget = node.object()
    names = []
    while widget is not None:
        names.append(type(widget).__name__)
        widget = widget.parent()
    return " in ".join(names[:4])


# ---- keys ------------------------------------------------------------------------------------


def focusable(root: QWidget) -> set[QWidget]:
    """What a person who uses only the keyboard must be able to get to by Tab."""
    policy = Qt.FocusPolicy.TabFocus.value
    return {
        widget
        for widget in shown_in(root)
        if widget.isEnabled() and widget.focusPolicy().value & policy and widget.isVisible()
        and not (widget.focusProxy() and widget.focusProxy() is not widget)
    }  # fmt: skip


def tab_order(root: QWidget, most: int = 500) -> list[QWidget]:
    """The widgets that have the focus, one after the other, as Tab is pressed, until the first
    comes again."""
    root.activateWindow()
    root.setFocus()
    QApplication.processEvents()
    seen: list[QWidget] = []
    for _ in range(most):
        root.focusNextPrevChild(True)
        now = QApplication.focusWidget()
        if now is None or now in seen:
            break
        seen.append(now)
    return seen


def backwards(order: list[QWidget], root: QWidget) -> list[str]:
    """Steps that go up the page and not to a column further right. The order is a round, so one
    such step, from its end to its beginning, is right."""
    found = []
    for one, other in itertools.pairwise([*order, *order[:1]]):
        a, b = (widget.mapTo(root, QPoint(0, 0)) for widget in (one, other))
        if b.y() + other.height() <= a.y() and b.x() <= a.x():
            found.append(f"{_called(one)} at {a.toTuple()} -> {_called(other)} at {b.toTuple()}")
    return found if len(found) > 1 else []
