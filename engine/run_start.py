"""What a run keeps about its start: when it began, with which pictures, on which base model.

A resumed run keeps the first one, and says what has changed since.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine import checkpoint, records
from engine.checkpoint import Checkpoint
from engine.checkpoint_errors import NoUsableCheckpoint
from engine.dataset_notices import PicturesChanged
from engine.errors import Notice, UserError
from engine.events import Event
from engine.models import identity
from engine.notices import BaseModelChanged, BaseModelReplaced, RecordSetAside
from engine.project import RunFolder
from engine.records import NotRead, Why
from engine.shapes import Count, Record, shaped
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_GONE = QT_TRANSLATE_NOOP("engine", "its checkpoints are gone, the last was of step {step}")
_KEPT_DIGITS = 16  # of a sha256: enough to tell a picture from another
_SHOWN = 3  # names of files in one sentence
_FIRST_YEAR, _LAST_YEAR = 1971, 9000


class _BaseModel(Record):
    path: str = ""
    files: dict[str, str] | None = None


class _Start(Record):
    """start.json."""

    started_at: str = ""
    num_images: Count = 0
    images: list[str] | None = None
    base_model: _BaseModel | None = None


@dataclass(slots=True)
class RunStart:
    """start.json of a run. What is not in it is not known: an older Imprint did not keep it."""

    path: Path
    known: _Start = field(default_factory=_Start)
    _why_not_read: Why | None = None

    @classmethod
    def of(cls, run_folder: Path) -> RunStart:
        path = run_folder / "start.json"
        try:
            return cls(path, records.read_json(path, _Start))
        except NotRead as error:
            return cls(path, _why_not_read=None if error.why is Why.MISSING else error.why)

    @property
    def started_at(self) -> datetime:
        """Where it is not known, when the run's folder was made."""
        with suppress(ValueError):
            found = datetime.fromisoformat(self.known.started_at)
            if _FIRST_YEAR <= found.year <= _LAST_YEAR:  # others have no place in a time zone
                return found
        return datetime.fromtimestamp((self.path.parent / "config.json").stat().st_mtime)

    @property
    def num_images(self) -> int:
        """0 where it is not known."""
        return self.known.num_images

    def changes(self, images: Collection[str], base_model: str) -> list[Notice]:
        """What is not as it was at the start. `images`: content hashes."""
        found: list[Notice] = []
        ours = _shortened(images)
        if self.known.images is not None and (known := set(self.known.images)) != ours:
            came, went = len(ours - known), len(known - ours)
            found.append(PicturesChanged(came=came, went=went))
        return found + self.base_changes(base_model)

    def base_changes(self, base_model: str) -> list[Notice]:
        """What is told before anything is made of the run and its base model."""
        base = self.known.base_model
        if base is None or base.files is None:
            return []
        changed = _base_changes(base.path, base.files, base_model)
        return [] if changed is None else [changed]

    def keep(self, images: Collection[str], base_model: str) -> list[Notice]:
        """Write down what is not known yet. Raises DiskFull or OutputNotWritable."""
        notices: list[Notice] = []
        if self._why_not_read is not None:
            aside = records.set_aside(self.path, self._why_not_read)
            self._why_not_read = None
            notices.append(RecordSetAside(file=self.path.name, aside=aside.name))
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        facts: dict[str, Any] = {
            "started_at": now,
            "num_images": len(images),
            "images": sorted(_shortened(images)),
        }
        data = self.known.as_data()
        if "base_model" not in data:
            with suppress(UserError, OSError):  # it was loaded a moment ago; without it no promise
                facts["base_model"] = {"path": base_model, "files": identity.sums(base_model)}
        merged = facts | data
        if merged != data:
            records.write_json(self.path, merged, _Start)
            self.known = shaped(merged, _Start)
        return notices


def newest_checkpoint(folder: RunFolder) -> Generator[Event, None, Checkpoint | None]:
    """Yield notices; return what the run goes on from, None at its very start.

    Raises NoUsableCheckpoint, CheckpointUnreadable or CheckpointFromLater: a run never begins
    again over what it has done.
    """
    saved = yield from checkpoint.latest(folder.path)
    if saved is None:
        last = folder.last_saved_step()
        if last:
            raise NoUsableCheckpoint(folder=str(folder.path), reason=Phrase(_GONE, step=last))
    return saved


def _shortened(images: Collection[str]) -> set[str]:
    return {content[:_KEPT_DIGITS] for content in images}


def _base_changes(was: str, before: Mapping[str, str], base_model: str) -> Notice | None:
    try:
        now = identity.sums(base_model)
    except (UserError, OSError):
        return None  # what is wrong with it is said by whoever loads it
    if ".vae" not in before:  # an older record; a model that needs one does not load without
        now.pop(".vae", None)
    names = sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))
    if not names:
        return None
    files = ", ".join(_name_of(name, base_model) for name in names[:_SHOWN])
    more = ", …" if len(names) > _SHOWN else ""
    if was == base_model:
        return BaseModelReplaced(path=base_model, files=files + more)
    return BaseModelChanged(was=was, path=base_model, files=files + more)


def _name_of(name: str, base_model: str) -> str:
    """A single file, and what lies beside it, have no name of their own in the list."""
    path = Path(base_model)
    return path.name if name == "" else path.stem + name if name in (".yaml", ".vae") else name
