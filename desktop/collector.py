"""Python's garbage collector, kept to the window's thread.

Left to itself it runs in whatever thread happens to allocate. There it would destroy widgets
that are in reference cycles, and Qt ends the program. The rules of desktop/pool.py keep widgets
out of what threads hold; this keeps them out of what threads collect. Both are needed.
"""

from __future__ import annotations

import gc
from typing import ClassVar

from PySide6.QtCore import QObject, QTimer, Slot

EVERY_MS = 1_000
# Objects, then collections of the generation below, as gc.set_threshold has them.
THRESHOLDS = (2_000, 10, 20)


class Collector(QObject):
    """Collects once a second, what is young often and the rest seldom."""

    has_settled: ClassVar[bool] = False

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.collect_some)
        self._timer.start()

    @Slot()
    def collect_some(self) -> None:
        counts = gc.get_count()
        for generation in (2, 1, 0):
            if counts[generation] > THRESHOLDS[generation]:
                gc.collect(generation)
                return

    @staticmethod
    def settle() -> None:
        """Objects that exist now, the window or a library, stay for good: they are not looked at
        again."""
        gc.collect()
        gc.freeze()
        Collector.has_settled = True

    @staticmethod
    def unsettle() -> None:
        """A window goes: its objects are to be collected. The next one settles again."""
        gc.unfreeze()
        Collector.has_settled = False
