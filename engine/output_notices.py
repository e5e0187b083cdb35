"""What is told about files that were there already; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import Notice
from engine.remedies import Action
from engine.wording import QT_TRANSLATE_NOOP


class FileKept(Notice):
    """Facts: `path`, `kept`, its new name, and `folder`."""

    code = "IM-OUT-14"
    actions = (Action.SHOW_FOLDER,)
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} was there already and is not as Imprint exported it."
    )
    remedy = QT_TRANSLATE_NOOP("engine", "It is kept as {kept}.")
