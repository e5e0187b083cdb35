"""A grid of pictures that stays quick with thousands: thumbnails come when they are seen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRunnable,
    QSize,
    Qt,
    QThreadPool,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from desktop.theme import Theme
from engine.data import pictures

THUMBNAIL = 320
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class GridItem:
    """One picture: where it is, the words under it, and what a screen reader says."""

    path: str
    title: str
    description: str
    badge: str = ""


class _Thumbnails(QObject):
    ready = Signal(str, QImage)


class _Decode(QRunnable):
    """Reads one picture with Pillow, in a pool thread; never touches a widget."""

    def __init__(self, path: str, answer: _Thumbnails) -> None:
        super().__init__()
        self._path, self._answer = path, answer

    def run(self) -> None:
        self._answer.ready.emit(self._path, read_image(self._path))


def read_image(path: str) -> QImage:
    """A picture as the training sees it, upright and at most THUMBNAIL large; null if broken.

    Through Pillow, because Qt reads neither HEIC nor, in every build, AVIF.
    """
    try:
        image = pictures.decode_any_size(pictures.read_file(Path(path)))
    except pictures.PictureError:
        return QImage()
    image.thumbnail((THUMBNAIL, THUMBNAIL))
    row = 3 * image.width
    made = QImage(image.tobytes(), image.width, image.height, row, QImage.Format.Format_RGB888)
    return made.copy()  # the copy owns its bytes


class GridModel(QAbstractListModel):
    """Pictures by row. `data` only looks things up; reading happens in a pool."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._items: list[GridItem] = []
        self._rows: dict[str, int] = {}
        self._pixmaps: dict[str, QPixmap] = {}
        self._asked: set[str] = set()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(2)
        self._answers = _Thumbnails(self)
        self._answers.ready.connect(self._take)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's form)
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._items):
            return None
        item = self._items[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return item.title
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return item.description
            case Qt.ItemDataRole.UserRole:
                return item
            case Qt.ItemDataRole.DecorationRole:
                return self._pixmap(item.path)
        return None

    def set_items(self, items: list[GridItem]) -> None:
        self.beginResetModel()
        self._items = list(items)
        self._rows = {item.path: row for row, item in enumerate(items)}
        self.endResetModel()

    def insert(self, row: int, item: GridItem) -> None:
        self.beginInsertRows(QModelIndex(), row, row)
        self._items.insert(row, item)
        self._rows = {known.path: number for number, known in enumerate(self._items)}
        self.endInsertRows()

    def update_item(self, row: int, item: GridItem) -> None:
        self._items[row] = item
        index = self.index(row)
        self.dataChanged.emit(index, index)

    def item(self, row: int) -> GridItem:
        return self._items[row]

    def _pixmap(self, path: str) -> QPixmap | None:
        if path not in self._pixmaps and path not in self._asked:
            self._asked.add(path)
            self._pool.start(_Decode(path, self._answers))
        return self._pixmaps.get(path)

    @Slot(str, QImage)
    def _take(self, path: str, image: QImage) -> None:
        self._asked.discard(path)
        self._pixmaps[path] = QPixmap.fromImage(image)
        row = self._rows.get(path)
        if row is not None:
            index = self.index(row)
            self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])


class _GridDelegate(QStyledItemDelegate):
    """Draws a picture, the words under it and a badge."""

    def __init__(self, theme: Theme, size: int, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self.size = size

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        del option, index
        return QSize(self.size + 16, self.size + 40)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        tokens = self._theme.tokens
        item = index.data(Qt.ItemDataRole.UserRole)
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
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(pixmap, QPixmap) and not pixmap.isNull():
            mode = Qt.TransformationMode.SmoothTransformation
            scaled = pixmap.scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio, mode)
            corner = square.center() - scaled.rect().center()
            painter.drawPixmap(corner, scaled)
        else:
            painter.fillRect(square, QColor(tokens.raised))
        words = QRect(cell.left() + 4, square.bottom() + 4, self.size, 22)
        painter.setPen(QColor(tokens.text2))
        metrics = painter.fontMetrics()
        title = metrics.elidedText(item.title, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, title)
        if item.badge:
            self._paint_badge(painter, square, item.badge)
        painter.restore()

    def _paint_badge(self, painter: QPainter, square: QRect, text: str) -> None:
        tokens = self._theme.tokens
        width = painter.fontMetrics().horizontalAdvance(text) + 12
        badge = QRect(square.left() + 4, square.top() + 4, width, 20)
        painter.setBrush(QColor(tokens.surface))
        painter.setPen(QColor(tokens.warn))
        painter.drawRoundedRect(badge, 6, 6)
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)


class ImageGrid(QListView):
    """Shows a GridModel; tells which picture is chosen."""

    chosen = Signal(int)

    def __init__(
        self, theme: Theme, name: str, size: int = 128, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.grid_model = GridModel(self)
        self.setModel(self.grid_model)
        self.setItemDelegate(_GridDelegate(theme, size, self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setSpacing(2)
        self.setAccessibleName(name)
        self.selectionModel().currentChanged.connect(self._tell)

    @Slot(QModelIndex, QModelIndex)
    def _tell(self, current: QModelIndex, previous: QModelIndex) -> None:
        del previous
        self.chosen.emit(current.row())
