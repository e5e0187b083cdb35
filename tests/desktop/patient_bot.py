"""pytest-qt's bot, whose waits end only where the program hangs; see tests/timing.py."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

from tests.timing import PATIENCE

PATIENCE_MS = 1000 * PATIENCE


class PatientBot(QtBot):
    """Takes no other time-out: a number that suits one machine is too short for another."""

    def waitUntil(self, callback: Any) -> None:
        super().waitUntil(callback, timeout=PATIENCE_MS)

    def waitSignal(self, signal: Any, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=PATIENCE_MS, **options)

    def waitSignals(self, signals: Any, **options: Any) -> Any:
        return super().waitSignals(signals, timeout=PATIENCE_MS, **options)

    def waitExposed(self, widget: Any) -> Any:
        return super().waitExposed(widget, timeout=PATIENCE_MS)
