"""Two pictures against each other: a line to drag, side by side, or one while hovering."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from desktop.image_loader import ImageLoader, Wish
from desktop.theme import Theme

MODES = ("side", "slider", "hover")
GAP = 16
STEP = 0.05
LARGE = 2_048  # pixels: as large as pictures are drawn
MOST_BYTES = 128 << 20  # of large pictures in memory


class CompareView(QWidget):
    """`before` may be missing; then the other one is shown alone."""

    mode_changed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._before, self._after = QPixmap(), QPixmap()
        self._paths = ("", "")  # before, after
        self._names = ("", "")
        self.mode = MODES[0]
        self.share = 0.5  # of the slider, from the left
        self._swapped = self._hovered = False
        self._loader = ImageLoader(self, MOST_BYTES)
        self._loader.ready.connect(self._show_what_is_read)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(120)  # beside a message, with large letters, there is no more
        theme.changed.connect(self.update)
        self._name()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt's name)
        return QSize(560, 320)

    @property
    def has_both(self) -> bool:
        return not self._before.isNull() and not self._after.isNull()

    def show_pictures(
        self, after: str, before: str = "", names: tuple[str, str] = ("", "")
    ) -> None:
        """Paths, and what stands below: before, after."""
        self._names = names
        self._name()
        self._paths = (before, after)
        if not after:
            self._loader.forget_all()
        self._loader.drop_wishes()
        self._show_what_is_read()

    @Slot()
    def _show_what_is_read(self) -> None:
        """Both at once; until then what was shown before stays."""
        before, after = (self._read(path) for path in self._paths)
        if before is not None and after is not None:
            self._before, self._after = before, after
            self.update()

    def _read(self, path: str) -> QPixmap | None:
        return self._loader.get(Wish(path, LARGE)) if path else QPixmap()

    def _name(self) -> None:
        names = " · ".join(name for name in self._names if name)
        self.setAccessibleName(names or self.tr("The chosen image"))

    def set_mode(self, mode: str) -> None:
        self.mode = mode
        self.mode_changed.emit(mode)
        self.update()

    def swap(self) -> None:
        self._swapped = not self._swapped
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        first, second = (self._before, self._after)
        names = self._names
        if self._swapped:
            first, second, names = second, first, (names[1], names[0])
        if not self.has_both:
            self._draw(painter, self._area(), self._after, self._names[1])
        elif self.mode == "side":
            half = (self.width() - GAP) // 2
            self._draw(painter, QRect(0, 0, half, self.height()), first, names[0])
            self._draw(painter, QRect(half + GAP, 0, half, self.height()), second, names[1])
        elif self.mode == "hover":
            shown = (first, names[0]) if self._hovered else (second, names[1])
            self._draw(painter, self._area(), *shown)
        else:
            self._draw_slider(painter, first, second, names)

    def _draw_slider(
        self, painter: QPainter, first: QPixmap, second: QPixmap, names: tuple[str, str]
    ) -> None:
        words = self._line_height()
        area = self._area().adjusted(0, 0, 0, -words)
        self._draw(painter, area, second, "")
        edge = round(self.width() * self.share)
        painter.setClipRect(QRect(0, 0, edge, self.height()))
        painter.fillRect(area, QColor(self._theme.tokens.surface))
        self._draw(painter, area, first, "")
        painter.setClipping(False)
        painter.setPen(QColor(self._theme.tokens.text3))
        line = QRect(0, area.bottom() + 1, self.width(), words)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | middle, names[0])
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, names[1])
        painter.setPen(QPen(QColor(self._theme.tokens.focus), 2))
        painter.drawLine(edge, 0, edge, self.height())

    def _draw(self, painter: QPainter, area: QRect, pixmap: QPixmap, name: str) -> None:
        words = self._line_height() if name else 0
        room = area.adjusted(0, 0, 0, -words)
        if not pixmap.isNull():
            scaled = pixmap.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            target = QRect(QPoint(0, 0), scaled)
            target.moveCenter(room.center())
            painter.drawPixmap(target, pixmap)
        painter.setPen(QColor(self._theme.tokens.text3))
        line = QRect(area.left(), room.bottom() + 1, area.width(), words)
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 4

    def _area(self) -> QRect:
        return QRect(0, 0, self.width(), self.height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.mode == "slider" and event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event.position().x() / max(1, self.width()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.mode == "slider":
            self._move_to(event.position().x() / max(1, self.width()))
        event.accept()

    def enterEvent(self, event) -> None:  # noqa: N802, ANN001 (Qt's name)
        self._hovered = True
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event) -> None:  # noqa: N802, ANN001
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        match event.key():
            case Qt.Key.Key_M:
                self.set_mode(MODES[(MODES.index(self.mode) + 1) % len(MODES)])
            case Qt.Key.Key_X:
                self.swap()
            case Qt.Key.Key_Left if self.mode == "slider":
                self._move_to(self.share - STEP)
            case Qt.Key.Key_Right if self.mode == "slider":
                self._move_to(self.share + STEP)
            case _:
                super().keyPressEvent(event)

    def _move_to(self, share: float) -> None:
        self.share = min(1.0, max(0.0, share))
        self.update()
