"""Looks at a folder of pictures and says what is wrong, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.control import Control
from engine.data.scan import Scan, scan_folder
from engine.errors import NoPictures, UserError
from engine.events import (
    Event,
    Noticed,
    PictureChecked,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)


def check_pictures(folder: Path, captions_folder: Path | None, control: Control) -> Iterator[Event]:
    """Ends with RunFinished, or with RunFailed where no picture can be used."""
    try:
        for found in scan_folder(folder, captions_folder):
            if control.stop_requested:
                yield RunFinished(steps=0, stopped_early=True, exports=())
                return
            if isinstance(found, Scan):
                yield from _report(found)
            else:
                yield StageProgress(stage=Stage.SCAN, done=found, total=0)
    except UserError as error:
        yield RunFailed(error=error)


def _report(scan: Scan) -> Iterator[Event]:
    for item in scan.items:
        yield PictureChecked(
            path=str(item.path),
            name=item.path.relative_to(scan.folder).as_posix(),
            width=item.width,
            height=item.height,
            caption=item.caption,
            content_hash=item.content_hash,
        )
    for notice in scan.notices:
        yield Noticed(notice=notice)
    if not scan.items:
        raise NoPictures(folder=str(scan.folder), num_files=scan.num_files)
    yield RunFinished(steps=len(scan.items), stopped_early=False, exports=())
