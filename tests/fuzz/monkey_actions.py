"""What the monkey can do: everything that a hand, a clipboard and another program can."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QImage,
    QKeySequence,
    QShortcut,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPlainTextEdit,
    QSpinBox,
    QTabBar,
    QTextEdit,
    QWidget,
)

from desktop.widgets.rail import PAGES
from tests.fuzz.monkey_words import KEYS, TEXTS

if TYPE_CHECKING:
    from desktop.main_window import MainWindow
    from tests.fuzz.monkey_world import World

SIZES = (QSize(1024, 680), QSize(1280, 800), QSize(2000, 1200), QSize(1024, 2000), QSize(300, 200))
LEFT = Qt.MouseButton.LeftButton
DEEPEST = 4  # dialogs on dialogs, from which they are only closed
Said = str | None  # what was done; None where it could not be


class Hand:
    """Acts on the window that is in front. Each action says in a word what it did."""

    def __init__(
        self, chance: random.Random, world: World, spared: Callable[[], AbstractContextManager]
    ) -> None:
        """`spared`: around what the window has no part in, and no fault of the disk reaches."""
        self.chance, self.world, self.spared = chance, world, spared
        self.depth = 0

    def act(self, window: MainWindow) -> str:
        for _ in range(8):
            said = self._act(window)
            if said is not None:
                return said
        return "nothing"

    def _act(self, window: MainWindow) -> Said:
        popup = QApplication.activePopupWidget()
        if isinstance(popup, QMenu):
            return self.choose_in_menu(popup)
        if popup is not None:
            return self.press_key(popup)
        modal = QApplication.activeModalWidget()
        front = modal or self._front(window)
        if modal is not None:
            if isinstance(modal, QFileDialog):
                return self.answer_file_dialog(modal)
            if isinstance(modal, QMessageBox) or self.depth > DEEPEST:
                return self.answer_dialog(modal)
        if isinstance(front, QDialog) and self.chance.random() < 0.12:
            return self.answer_dialog(front)
        actions = _ON_ANY if front is not window else _ON_ANY + _ON_WINDOW
        return self.chance.choice(actions)(self, front)

    def _front(self, window: QWidget) -> QWidget:
        """One of the open dialogs that let the window be used, now and then."""
        tops = [
            one for one in QApplication.topLevelWidgets()
            if one.isVisible() and isinstance(one, QDialog) and one is not window
        ]  # fmt: skip
        return self.chance.choice([window, *tops, *tops]) if tops else window

    def choose_in_menu(self, menu: QMenu) -> Said:
        actions = [one for one in menu.actions() if one.isEnabled() and not one.isSeparator()]
        if not actions or self.chance.random() < 0.25:
            menu.close()
            return "close the menu"
        action = self.chance.choice(actions)
        said = f"menu: {action.text()}"
        QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
        return said

    def answer_file_dialog(self, dialog: QFileDialog) -> Said:
        if self.chance.random() < 0.3:
            dialog.reject()
            return "file dialog: cancel"
        path = self.some_path()
        if dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave:
            path = self.world.home / "Documents" / self.chance.choice(("out.json", "x" * 30, "a b.zip", "²", "con"))  # fmt: skip
        said = f"file dialog: {path.name[:40]!r}"
        dialog.setDirectory(str(path.parent))
        (name,) = dialog.findChildren(QLineEdit, "fileNameEdit")
        name.setText(str(path))
        dialog.accept()
        if dialog.isVisible():
            dialog.reject()
            said += " (refused)"
        return said

    def answer_dialog(self, dialog: QWidget) -> Said:
        buttons = [one for one in dialog.findChildren(QAbstractButton) if _is_usable(one)]
        if buttons and self.chance.random() < 0.75:
            return self._press(self.chance.choice(buttons))
        said = f"close {type(dialog).__name__}"
        dialog.close()
        return said

    def click_button(self, front: QWidget) -> Said:
        found = self._some(front, QAbstractButton)
        return self._press(found) if found else None

    def _press(self, button: QAbstractButton) -> str:
        said = f"click {button.text() or button.accessibleName() or type(button).__name__!r}"
        QTest.mouseClick(button, LEFT)
        return said.replace("\n", " ")

    def type_text(self, front: QWidget) -> Said:
        field = self._some(front, (QLineEdit, QPlainTextEdit, QTextEdit))
        if field is None or field.isReadOnly():
            return None
        text = self.chance.choice(TEXTS)
        said = f"type {text[:20]!r} into {field.accessibleName() or type(field).__name__!r}"
        match self.chance.randrange(3):
            case 0 if isinstance(field, QLineEdit):
                field.selectAll()
                field.insert(text)
                QTest.keyClick(field, Qt.Key.Key_Return)
            case 0:
                field.moveCursor(QTextCursor.MoveOperation.End)
                field.insertPlainText(text)
            case 1:
                QApplication.clipboard().setText(text)
                field.setFocus()
                field.selectAll()
                field.paste()
            case _:
                QTest.keyClicks(field, "".join(c for c in text[:30] if " " <= c < "\x7f"))
        return said

    def change_number(self, front: QWidget) -> Said:
        box = self._some(front, (QSpinBox, QDoubleSpinBox))
        if box is None:
            return None
        low, high = box.minimum(), box.maximum()
        value = self.chance.choice((low, high, box.value() + box.singleStep(), low + box.singleStep(), 4))  # fmt: skip
        if self.chance.random() < 0.2:
            QTest.keyClicks(box, self.chance.choice(("", "-", "1e9", "abc", "9999999999")))
            QTest.keyClick(box, Qt.Key.Key_Return)
            return f"type into {box.accessibleName()!r}"
        box.setValue(int(value) if isinstance(box, QSpinBox) else float(value))
        return f"number {value} into {box.accessibleName()!r}"

    def choose_one(self, front: QWidget) -> Said:
        box = self._some(front, QComboBox)
        if box is None or not box.count():
            return None
        place = self.chance.randrange(box.count())
        said = f"choose {box.itemText(place)!r} in {box.accessibleName()!r}"
        box.setCurrentIndex(place)
        box.activated.emit(place)
        box.textActivated.emit(box.itemText(place))
        return said

    def move_slider(self, front: QWidget) -> Said:
        slider = self._some(front, QAbstractSlider)
        if slider is None:
            return None
        slider.setValue(self.chance.randint(slider.minimum(), slider.maximum()))
        return "move a slider"

    def use_tabs(self, front: QWidget) -> Said:
        bar = self._some(front, QTabBar)
        if bar is None or not bar.count():
            return None
        bar.setCurrentIndex(self.chance.randrange(bar.count()))
        return f"tab {bar.currentIndex()}"

    def use_list(self, front: QWidget) -> Said:
        view = self._some(front, QAbstractItemView)
        if view is None or view.model() is None or not view.model().rowCount():
            return None
        row = self.chance.randrange(view.model().rowCount())
        index = view.model().index(row, 0)
        modifier = self.chance.choice((Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier))  # fmt: skip
        view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        where = view.visualRect(index).center()
        said = f"row {row} of {view.accessibleName() or type(view).__name__!r}"
        match self.chance.randrange(5):
            case 0 | 1:
                QTest.mouseClick(view.viewport(), LEFT, modifier, where)
            case 2:
                QTest.mouseDClick(view.viewport(), LEFT, modifier, where)
                said = f"double {said}"
            case 3:
                view.selectAll()
                said = f"all of {said}"
            case _:
                key = self.chance.choice(KEYS)
                QTest.keySequence(view, QKeySequence(key))
                said = f"{key} on {said}"
        return said

    def touch_anything(self, front: QWidget) -> Said:
        """The mouse at a random place of a random widget: for what we draw ourselves."""
        widget = self._some(front, QWidget)
        if widget is None or isinstance(widget, QAbstractSpinBox):
            return None
        where = QPoint(self.chance.randrange(max(1, widget.width())), self.chance.randrange(max(1, widget.height())))  # fmt: skip
        said = f"touch {type(widget).__name__}"
        match self.chance.randrange(6):
            case 0:
                QTest.mouseClick(widget, LEFT, pos=where)
            case 1:
                QTest.mouseDClick(widget, LEFT, pos=where)
            case 2:
                QTest.mousePress(widget, LEFT, pos=where)
                QTest.mouseMove(widget, QPoint(0, 0))
                QTest.mouseMove(widget, QPoint(widget.width() + 50, -20))
                QTest.mouseRelease(widget, LEFT, pos=QPoint(widget.width() + 50, -20))
                said = f"drag {said}"
            case 3:
                wheel = QWheelEvent(
                    QPointF(where), QPointF(widget.mapToGlobal(where)), QPoint(), QPoint(0, self.chance.choice((-1200, 120))),
                    Qt.MouseButton.NoButton, self.chance.choice((Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier)),
                    Qt.ScrollPhase.NoScrollPhase, False,
                )  # fmt: skip
                QApplication.sendEvent(widget, wheel)
                said = f"wheel on {said}"
            case 4:
                menu = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, widget.mapToGlobal(where))  # fmt: skip
                QApplication.sendEvent(widget, menu)
                said = f"context menu of {said}"
            case _:
                widget.setFocus()
        return said

    def press_key(self, front: QWidget) -> Said:
        focus = front.focusWidget() or front
        key = self.chance.choice(KEYS)
        said = f"{key} in {type(focus).__name__}"
        QTest.keySequence(focus, QKeySequence(key))
        return said

    def use_shortcut(self, front: QWidget) -> Said:
        shortcuts = [one for one in front.findChildren(QShortcut) if one.isEnabled()]
        if not shortcuts:
            return None
        shortcut = self.chance.choice(shortcuts)
        said = f"shortcut {shortcut.key().toString()}"
        shortcut.activated.emit()
        return said

    def drop(self, front: QWidget) -> Said:
        targets = [one for one in _shown(front) if one.acceptDrops()]
        if not targets:
            return None
        target, data = self.chance.choice(targets), self.some_data()
        where, actions = QPointF(target.rect().center()), Qt.DropAction.CopyAction
        said = f"drop {data.formats()[:2]} on {type(target).__name__}"
        enter = QDragEnterEvent(
            where.toPoint(), actions, data, LEFT, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(target, enter)
        if enter.isAccepted():
            event = QDropEvent(where, actions, data, LEFT, Qt.KeyboardModifier.NoModifier)
            QApplication.sendEvent(target, event)
        self._data = data  # Qt does not own it
        return said

    def some_data(self) -> QMimeData:
        data = QMimeData()
        match self.chance.randrange(6):
            case 0:
                data.setText(self.chance.choice(TEXTS))
            case 1:
                data.setImageData(
                    QImage(self.chance.choice((1, 40)), 40, QImage.Format.Format_RGB32)
                )
            case 2:
                data.setUrls([QUrl("https://example.invalid/a.png"), QUrl(), QUrl("file://")])
            case _:
                paths = [self.some_path() for _ in range(self.chance.choice((1, 1, 2, 5)))]
                data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        return data

    def some_path(self) -> Path:
        """A file or folder of this little computer, or none that there is."""
        with self.spared():
            return self._some_path()

    def _some_path(self) -> Path:
        world = self.world
        places = [world.pictures, world.odd_pictures, world.projects, world.home, world.model, world.home / "webui", world.home / "nowhere"]  # fmt: skip
        place = self.chance.choice(places)
        if place.is_dir() and self.chance.random() < 0.6:
            inside = sorted(place.iterdir())
            if place == world.projects:
                inside = [path for path in sorted(place.rglob("*")) if ".tmp" not in path.name]
            place = self.chance.choice(inside) if inside else place
        return place

    def turn_page(self, window: QWidget) -> Said:
        page = self.chance.choice(PAGES)
        window.show_page(page)  # type: ignore[attr-defined]
        return f"page {page}"

    def begin(self, window: MainWindow) -> Said:
        """What is found too seldom by chance."""
        draft = window.draft
        draft.set("base_model", str(self.world.model))
        for key, value in {"training.steps": self.chance.choice((1, 3, 6, 1000)), "training.resolution": 32, "training.device": "cpu"}.items():  # fmt: skip
            draft.set(key, value)
        match self.chance.randrange(6):
            case 0 | 1:
                window.show_page("training")
                window.monitor.start.click()
                return "start a training"
            case 2:
                window.show_page("gallery")
                window.gallery.generate.click()
                return "generate"
            case 3:
                window.show_page("images")
                folder = self.chance.choice((self.world.pictures, self.world.odd_pictures))
                window.open_pictures(folder)
                return f"open {folder.name}"
            case 4:
                with self.spared():
                    files = sorted(self.world.projects.glob("*/*.imprint"))
                file = self.chance.choice(files or [None])
                if file is None:
                    return None
                window.open_project(str(file))
                return f"open {file.name}"
            case _:
                window.show_page("training")
                window.monitor.queue.add_wanted.emit()
                return "add to the queue"

    def resize(self, window: QWidget) -> Said:
        window.resize(self.chance.choice(SIZES))
        return "resize"

    def meddle(self, window: MainWindow) -> Said:
        """Another program changes files of the project that is open."""
        with self.spared():
            done = self.world.damage_a_project(window.draft.project.folder, self.chance)
        return f"meddle: {done}" if done else None

    def _some(self, front: QWidget, kind: type | tuple[type, ...]) -> QWidget | None:
        found = [one for one in _shown(front) if isinstance(one, kind) and _is_usable(one)]
        return self.chance.choice(found) if found else None


def _shown(front: QWidget) -> Iterator[QWidget]:
    for one in front.findChildren(QWidget):
        if one.isVisible():
            yield one


def _is_usable(one: QWidget) -> bool:
    return one.isVisible() and one.isEnabled()


Action = Callable[[Hand, QWidget], Said]
_ON_ANY: tuple[Action, ...] = (
    *[Hand.click_button] * 8, *[Hand.type_text] * 4, *[Hand.change_number] * 2, *[Hand.choose_one] * 3, Hand.move_slider,
    *[Hand.use_list] * 4, *[Hand.use_tabs] * 2, *[Hand.touch_anything] * 4, *[Hand.press_key] * 3, Hand.use_shortcut, *[Hand.drop] * 2,
)  # fmt: skip
_ON_WINDOW: tuple[Action, ...] = (
    *[Hand.turn_page] * 5,
    *[Hand.begin] * 5,
    Hand.resize,
    Hand.meddle,
)  # type: ignore[assignment]
