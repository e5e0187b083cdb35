"""The last resort of a run whose folder can no longer be written: the result goes elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

import platformdirs

from engine import checkpoint, storage
from engine.checkpoint import Checkpoint
from engine.errors import DiskFull, OutputNotWritable, SavedElsewhere
from engine.events import Event
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_FULL = QT_TRANSLATE_NOOP("engine", "the disk is full")


def rescue_folder() -> Path:
    """Beside the program's own data, on the disk of the user's home."""
    return Path(platformdirs.user_data_dir("imprint", appauthor=False)) / "rescue"


def rescue(
    name: str,
    step: int,
    state: Checkpoint | None,
    export: Callable[[Path], Generator[Event, None, object]],
    reason: OutputNotWritable | DiskFull,
) -> Generator[Event, None, None]:
    """Write the trained files of a run, and its state where that is not kept yet, into a folder
    of its own.

    Raises SavedElsewhere, or `reason` where nothing can be written there either.
    """
    try:
        folder = storage.make_new_folder(rescue_folder() / name)
        if state is not None:
            yield from checkpoint.saving(folder / "checkpoints", state)
        yield from export(folder)
    except (OutputNotWritable, DiskFull):
        raise reason from None
    told = reason.facts.get("reason", Phrase(_FULL))
    facts = {"lost": reason.facts["folder"], "reason": told}
    raise SavedElsewhere(folder=str(folder), step=step, **facts) from reason
