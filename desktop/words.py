"""Sentences of the engine in the language of the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.errors import Message


def engine_text(english: str) -> str:
    """A text of the engine, translated."""
    return QCoreApplication.translate("engine", english)


def summary_of(message: Message) -> str:
    """What happened, translated, with the facts filled in."""
    return engine_text(message.summary).format(**message.facts)


def remedy_of(message: Message) -> str:
    """What to do, translated, with the facts filled in."""
    return engine_text(message.remedy).format(**message.facts) if message.remedy else ""
