"""What stands in the way of writing a file or a folder; see engine.errors for the form."""

from __future__ import annotations

from engine.errors import OutputNotWritable
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_A_LINK = QT_TRANSLATE_NOOP("engine", "a link is in its place")
_TOO_LARGE = QT_TRANSLATE_NOOP("engine", "files may not grow beyond {limit}")
_TAKEN = QT_TRANSLATE_NOOP("engine", "something else has this name")


class LinkInTheWay(OutputNotWritable):
    """Facts: `path`. A link may lead to files of the user that have nothing to do with Imprint."""

    code = "IM-OUT-11"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is a link. Imprint writes through no link inside a project or a run."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Put a folder or a file of its own there, or choose another output folder."
    )

    def __init__(self, **facts: str) -> None:
        super().__init__(folder=facts["path"], reason=Phrase(_A_LINK), **facts)


class NotOurs(OutputNotWritable):
    """Facts: `path`. What Imprint cannot prove to be its own is never replaced or deleted."""

    code = "IM-OUT-12"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is there already, and nothing shows that Imprint wrote it."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Nothing was changed. Choose another name, or move what is there."
    )

    def __init__(self, **facts: str) -> None:
        super().__init__(folder=facts["path"], reason=Phrase(_TAKEN), **facts)


class SuffixOfAnother(OutputNotWritable):
    """Facts: `path`, `format`, and `suffix`, that of the format."""

    code = "IM-OUT-13"
    summary = QT_TRANSLATE_NOOP(
        "engine", "{path} is no name for the format {format}, which has the ending {suffix}"
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing was changed. Choose a name with that ending; a folder's name has none.",
    )

    def __init__(self, **facts: str) -> None:
        super().__init__(folder=facts["path"], reason=Phrase(_TAKEN), **facts)


class FilesLimited(OutputNotWritable):
    """Facts: `folder`, and `limit`, how large a file may be there. There may be room enough, so
    that waiting does not help."""

    code = "IM-OUT-15"
    summary = QT_TRANSLATE_NOOP("engine", "Files in {folder} may not grow beyond {limit}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Lift the limit (ulimit -f unlimited), or choose a folder on another disk, then try again.",
    )

    def __init__(self, **facts: str) -> None:
        super().__init__(reason=Phrase(_TOO_LARGE, limit=facts["limit"]), **facts)
