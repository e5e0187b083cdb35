"""One picture large: wheel to zoom, drag to move, and a frame to crop it by."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsPixmapItem,
    QGraphicsRectItem,
    QGraphicsScene,
    QGraphicsSceneMouseEvent,
    QGraphicsView,
    QWidget,
)

from desktop.theme import Theme
from engine.data.edits import Box

ZOOM = 1.25
MOST_ZOOM = 16.0
HANDLE = 12.0  # pixels on the screen
LEAST = 0.05  # of a side, that a crop keeps


class PictureView(QGraphicsView):
    """Shows a picture; `cropped` tells the part that was chosen, as shares of the picture."""

    cropped = Signal(object)  # Box
    crop_left = Signal()

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._picture = QGraphicsPixmapItem()
        self._picture.setTransformationMode(Qt.TransformationMode.SmoothTransformation)
        self._frame = CropFrame(theme)
        self._kept = QGraphicsRectItem(self._picture)
        self._is_fitted = True
        scene = QGraphicsScene(self)
        scene.addItem(self._picture)
        scene.addItem(self._frame)
        self._frame.hide()
        self._kept.hide()
        self.setScene(scene)
        self.setAccessibleName(name)
        self.setObjectName("view")
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def is_empty(self) -> bool:
        return self._picture.pixmap().isNull()

    @property
    def is_cropping(self) -> bool:
        return self._frame.isVisible()

    def show_picture(self, pixmap: QPixmap | None, *, keep_zoom: bool = False) -> None:
        """Null or None shows nothing."""
        self.leave_crop()
        self._kept.hide()
        self._picture.setPixmap(pixmap or QPixmap())
        self.setSceneRect(self._picture.boundingRect())
        if not keep_zoom or self._is_fitted:
            self.fit()

    def show_kept(self, width: float, height: float) -> None:
        """Draw what the training keeps of the picture: the middle of this shape."""
        whole = self._picture.boundingRect()
        if whole.isEmpty():
            return
        scale = min(whole.width() / width, whole.height() / height)
        kept = QRectF(0, 0, width * scale, height * scale)
        kept.moveCenter(whole.center())
        pen = QPen(QColor(self._theme.tokens.warn), 2, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        self._kept.setPen(pen)
        self._kept.setRect(kept)
        # Nearly all of it: a line around the picture would only be noise.
        cut = 1 - kept.width() * kept.height() / (whole.width() * whole.height())
        self._kept.setVisible(cut > 0.02)

    def begin_crop(self, ratio: float) -> None:
        """Offer a frame; `ratio` is its width by its height, kept unless Shift is held."""
        if self.is_empty:
            return
        self._frame.begin(self._picture.boundingRect(), ratio)
        self.setDragMode(QGraphicsView.DragMode.NoDrag)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def apply_crop(self) -> None:
        if self.is_cropping:
            box = self._frame.box
            self.leave_crop()
            self.cropped.emit(box)

    def leave_crop(self) -> None:
        if self.is_cropping:
            self._frame.hide()
            self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
            self.crop_left.emit()

    def fit(self) -> None:
        self._is_fitted = True
        self.resetTransform()
        rect = self._picture.boundingRect()
        if not rect.isEmpty():
            room = self.viewport().rect()
            scale = min(room.width() / rect.width(), room.height() / rect.height())
            self.scale(scale, scale)
            self.centerOn(self._picture)

    def whole_size(self) -> None:
        """One pixel of the picture is one of the screen."""
        self._is_fitted = False
        self.resetTransform()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        factor = ZOOM if event.angleDelta().y() > 0 else 1 / ZOOM
        if self.transform().m11() * factor <= MOST_ZOOM and not self.is_empty:
            self._is_fitted = False
            self.scale(factor, factor)
        event.accept()

    def resizeEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        super().resizeEvent(event)
        if self._is_fitted:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_1:
                self.whole_size()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self.is_cropping:
                self.apply_crop()
            case Qt.Key.Key_Escape if self.is_cropping:
                self.leave_crop()
            case Qt.Key.Key_Left | Qt.Key.Key_Right | Qt.Key.Key_Up | Qt.Key.Key_Down if (
                self.is_cropping
            ):
                self._frame.nudge(event.key(), grow=bool(event.modifiers()))
            case _:
                super().keyPressEvent(event)


class CropFrame(QGraphicsItem):
    """A frame with four corners, inside a picture; outside it the picture is dimmed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._whole = QRectF()
        self._rect = QRectF()
        self._ratio = 1.0
        self._grip: str = ""  # "", "move" or two letters of a corner: "tl", "br", ...
        self._from = QPointF()

    @property
    def box(self) -> Box:
        whole, rect = self._whole, self._rect
        left, top = rect.left() / whole.width(), rect.top() / whole.height()
        right, bottom = rect.right() / whole.width(), rect.bottom() / whole.height()
        return max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)

    def begin(self, whole: QRectF, ratio: float) -> None:
        self.prepareGeometryChange()
        self._whole, self._ratio = whole, ratio
        width = min(whole.width(), whole.height() * ratio) * 0.9
        self._rect = QRectF(0, 0, width, width / ratio)
        self._rect.moveCenter(whole.center())
        self.show()
        self.update()

    def nudge(self, key: int, *, grow: bool) -> None:
        """Arrow keys move the frame by a hundredth; with Shift or Ctrl they change its size."""
        dx = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        dy = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(key), 0)
        by = self._whole.width() / 100
        rect = QRectF(self._rect)
        if grow:
            width = rect.width() + (dx - dy) * by
            rect.setSize(QRectF(0, 0, width, width / self._ratio).size())
        else:
            rect.translate(dx * by, dy * by)
        self._take(rect)

    def boundingRect(self) -> QRectF:  # noqa: N802 (Qt's name)
        return self._whole

    def paint(self, painter: QPainter, option, widget=None) -> None:  # noqa: ANN001
        del option, widget
        outside = QPainterPath()
        outside.addRect(self._whole)
        inside = QPainterPath()
        inside.addRect(self._rect)
        painter.fillPath(outside - inside, QColor(0, 0, 0, 150))
        pen = QPen(QColor(self._theme.tokens.focus), 2)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawRect(self._rect)
        side = self._handle
        for corner in self._corners().values():
            square = QRectF(0, 0, side, side)
            square.moveCenter(corner)
            painter.fillRect(square, QColor(self._theme.tokens.focus))

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:  # noqa: N802
        self._grip = self._grip_at(event.pos())
        self._from = event.pos()
        event.setAccepted(bool(self._grip))

    def mouseMoveEvent(self, event: QGraphicsSceneMouseEvent) -> None:  # noqa: N802
        rect = QRectF(self._rect)
        if self._grip == "move":
            rect.translate(event.pos() - self._from)
            self._from = event.pos()
        else:
            free = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            rect = self._dragged(event.pos(), free=free)
        self._take(rect)

    def _dragged(self, to: QPointF, *, free: bool) -> QRectF:
        """The frame with one corner at `to`; the opposite corner stays."""
        opposite = {"t": "b", "b": "t", "l": "r", "r": "l"}
        anchor = self._corners()["".join(opposite[letter] for letter in self._grip)]
        width, height = abs(to.x() - anchor.x()), abs(to.y() - anchor.y())
        if free:
            self._ratio = max(width, 1.0) / max(height, 1.0)
        else:
            width = max(width, height * self._ratio)
            height = width / self._ratio
        left = anchor.x() - width if "l" in self._grip else anchor.x()
        top = anchor.y() - height if "t" in self._grip else anchor.y()
        return QRectF(left, top, width, height)

    def _take(self, rect: QRectF) -> None:
        """As far as the picture reaches."""
        whole = self._whole
        least = LEAST * min(whole.width(), whole.height())
        if min(rect.width(), rect.height()) < least:
            return
        if rect.width() > whole.width() or rect.height() > whole.height():
            return
        rect.moveLeft(min(max(rect.left(), 0.0), whole.width() - rect.width()))
        rect.moveTop(min(max(rect.top(), 0.0), whole.height() - rect.height()))
        self._rect = rect
        self.update()

    def _corners(self) -> dict[str, QPointF]:
        r = self._rect
        return {
            "tl": r.topLeft(), "tr": r.topRight(), "bl": r.bottomLeft(), "br": r.bottomRight()
        }  # fmt: skip

    def _grip_at(self, place: QPointF) -> str:
        for name, corner in self._corners().items():
            distance = place - corner
            if max(abs(distance.x()), abs(distance.y())) <= self._handle:
                return name
        return "move" if self._rect.contains(place) else ""

    @property
    def _handle(self) -> float:
        """Side of a corner's handle in the picture's pixels."""
        views = self.scene().views() if self.scene() else []
        return HANDLE / (views[0].transform().m11() if views else 1.0)
