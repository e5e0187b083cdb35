"""Why a file of settings cannot be read at all; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import ConfigUnreadable
from engine.wording import QT_TRANSLATE_NOOP


class ConfigNotOpened(ConfigUnreadable):
    """The system refused: the file is missing, or the right to read it."""

    code = "IM-SET-05"
    summary = QT_TRANSLATE_NOOP("engine", "{path} could not be opened: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Check the path and your rights to read the file, then try again."
    )


class ConfigNotText(ConfigUnreadable):
    code = "IM-SET-06"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} could not be read as settings: it is not UTF-8 text."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "Save it as UTF-8 in a text editor, then try again.")
