"""A grid of pictures that stays quick with thousands: what is not seen is neither read nor asked.

The model holds numbers only; a row is described, and its thumbnail read, when it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.image_loader import ImageLoader, Wish
from desktop.theme import Theme
from engine.data.edits import NO_EDIT, PictureEdit

MARGIN = 8  # around a thumbnail
WORDS = 24  # height of the line below it
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class GridItem:
    """One picture: where it is, the words under it, and what a screen reader says."""

    path: str
    title: str
    description: str
    badge: str = ""
    edit: PictureEdit = NO_EDIT
    faded: bool = False
    starred: bool = False


Describe = Callable[[int], GridItem]


class GridModel(QAbstractListModel):
    """`count` rows; `describe` tells what stands in one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._describe: Describe = _nothing
        self._rows: dict[str, int] = {}  # path -> row, of what was drawn
        self.loader = ImageLoader(self)
        self.loader.ready.connect(self._on_ready)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's form)
        return 0 if parent.isValid() else self._count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= self._count:
            return None
        item = self._describe(index.row())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.title
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return item.description
            case Qt.ItemDataRole.DecorationRole:
                return self.picture(index.row())
        return None

    def picture(self, row: int) -> QPixmap | None:
        """None until it was read; a null one where there is nothing to show."""
        item = self._describe(row)
        self._rows[item.path] = row
        return self.loader.get(Wish(item.path, edit=item.edit))

    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:  # noqa: N802
        """The files themselves, for a file manager, a browser or a chat."""
        data = QMimeData()
        paths = [self._describe(index.row()).path for index in indexes]
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        return data

    def show(self, count: int, describe: Describe) -> None:
        """Other rows."""
        self.beginResetModel()
        self.loader.drop_wishes()
        self._rows.clear()
        self._count, self._describe = count, describe
        self.endResetModel()

    def set_items(self, items: list[GridItem]) -> None:
        self.show(len(items), items.__getitem__)

    def prepend(self) -> None:
        """One more row in front, which `describe` knows already."""
        self.beginInsertRows(QModelIndex(), 0, 0)
        self._count += 1
        self._rows.clear()
        self.endInsertRows()

    def refresh(self, rows: Iterable[int]) -> None:
        """These rows are described otherwise now."""
        known = [row for row in rows if row < self._count]
        if known:  # one signal: the view asks only for what is in sight
            self.dataChanged.emit(self.index(min(known)), self.index(max(known)))

    def item(self, row: int) -> GridItem:
        return self._describe(row)

    @Slot(str)
    def _on_ready(self, path: str) -> None:
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


class _GridDelegate(QStyledItemDelegate):
    """Draws a picture, the words under it and a badge.

    It asks the model itself: an object of Python that goes through `index.data`, for each cell that
    is drawn, was seen to crash there.
    """

    def __init__(self, theme: Theme, size: int, model: GridModel, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._model = model
        self.size = size

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        del option, index
        return QSize(self.size + 2 * MARGIN, self.size + 2 * MARGIN + WORDS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = self._theme.tokens
        if index.row() >= self._model.rowCount():
            return
        item = self._model.item(index.row())
        cell: QRect = option.rect.adjusted(4, 4, -4, -4)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(tokens.selection))
            painter.setPen(QColor(tokens.accent))
            painter.drawRoundedRect(cell, 8, 8)
        square = QRect(cell.left() + 4, cell.top() + 4, self.size, self.size)
        pixmap = self._model.picture(index.row())
        if isinstance(pixmap, QPixmap) and not pixmap.isNull():
            mode = Qt.TransformationMode.SmoothTransformation
            scaled = pixmap.scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio, mode)
            corner = square.center() - scaled.rect().center()
            painter.setOpacity(0.3 if item.faded else 1.0)
            painter.drawPixmap(corner, scaled)
            painter.setOpacity(1.0)
        else:
            painter.fillRect(square, QColor(tokens.bg))
            if isinstance(pixmap, QPixmap):  # read, and there is nothing to show
                broken = self._theme.icon("broken", "text3").pixmap(32, 32)
                painter.drawPixmap(square.center() - broken.rect().center(), broken)
        words = QRect(cell.left() + 4, square.bottom() + 4, self.size, 22)
        painter.setPen(QColor(tokens.text2))
        metrics = painter.fontMetrics()
        title = metrics.elidedText(item.title, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, title)
        if item.badge:
            self._paint_badge(painter, square, item.badge)
        if item.starred:
            star = self._theme.icon("star_on", "warn").pixmap(16, 16)
            place = QRect(square.right() - 25, square.top() + 4, 22, 22)
            painter.setPen(QColor(tokens.warn))
            painter.setBrush(QColor(tokens.surface))
            painter.drawEllipse(place)
            painter.drawPixmap(place.left() + 3, place.top() + 3, star)
        painter.restore()

    def _paint_badge(self, painter: QPainter, square: QRect, text: str) -> None:
        tokens = self._theme.tokens
        metrics = painter.fontMetrics()
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, square.width() - 20)
        badge = QRect(square.left() + 4, square.top() + 4, metrics.horizontalAdvance(text) + 12, 20)
        painter.setBrush(QColor(tokens.surface))
        painter.setPen(QColor(tokens.warn))
        painter.drawRoundedRect(badge, 6, 6)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)


class ImageGrid(QListView):
    """Shows a GridModel; tells which picture is chosen and which are selected."""

    chosen = Signal(int)
    selection_changed = Signal()
    key_pressed = Signal(str)  # a letter, or "delete", while the grid has the keyboard

    def __init__(
        self,
        theme: Theme,
        name: str,
        size: int = 128,
        parent: QWidget | None = None,
        *,
        many: bool = False,
    ) -> None:
        super().__init__(parent)
        self.grid_model = GridModel(self)
        self._delegate = _GridDelegate(theme, size, self.grid_model, self)
        self.setModel(self.grid_model)
        self.setItemDelegate(self._delegate)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setSpacing(2)
        self.setDragEnabled(True)  # out of the window; nothing moves inside
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        if many:
            self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setAccessibleName(name)
        self.selectionModel().currentChanged.connect(self._tell)
        self.selectionModel().selectionChanged.connect(self._tell_selection)

    @property
    def selected(self) -> list[int]:
        """Rows, in their order."""
        return sorted(index.row() for index in self.selectionModel().selectedIndexes())

    def set_size(self, size: int) -> None:
        """Side of the thumbnails in pixels."""
        self._delegate.size = size
        self.scheduleDelayedItemsLayout()

    def choose(self, row: int) -> None:
        self.setCurrentIndex(self.grid_model.index(row))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() == Qt.Key.Key_Delete and plain:
            self.key_pressed.emit("delete")
        elif plain and event.text().isalpha():
            self.key_pressed.emit(event.text().lower())
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex, QModelIndex)
    def _tell(self, current: QModelIndex, previous: QModelIndex) -> None:
        del previous
        self.chosen.emit(current.row())

    @Slot()
    def _tell_selection(self) -> None:
        self.selection_changed.emit()


def _nothing(row: int) -> GridItem:
    raise IndexError(row)
