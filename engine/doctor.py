"""Looks at this computer, then does on it what Imprint is for, in small: draws a picture, trains
five steps, writes the file and reads it back.

Nothing that it says tells of a person or of a place, so that it can be shown to others.
"""

from __future__ import annotations

import logging
import platform
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from engine.config import STARTER
from engine.control import Control
from engine.errors import Message, Notice, UserError
from engine.events import (
    Event,
    Examined,
    ExportChecked,
    ImageGenerated,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)
from engine.models.catalog import locate
from engine.out_of_memory import as_out_of_memory
from engine.project import cache_folder, default_home
from engine.regular_files import is_file, paths_in
from engine.sample_project import PROMPTS, sample_data
from engine.storage import free_bytes, require_writable, temporary_folder
from engine.version import VERSION, is_installed
from engine.wording import QT_TRANSLATE_NOOP, Phrase

LIBRARIES = (
    "torch", "diffusers", "transformers", "peft", "accelerate", "safetensors", "numpy", "pillow",
    "pydantic", "PySide6_Essentials", "pyqtgraph",
)  # fmt: skip
STEPS = 5
FLAT = 2.0  # of 255: a picture whose colours differ by no more shows nothing
EXAMINATIONS = 9

log = logging.getLogger("imprint")
Found = Phrase | Message


class LibraryMissing(UserError):
    code = "IM-SYS-01"
    summary = QT_TRANSLATE_NOOP("engine", "These libraries are missing: {names}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Set Imprint up again: make run, or the installer, brings what is missing."
    )


class PartBroken(UserError):
    code = "IM-SYS-02"
    summary = QT_TRANSLATE_NOOP("engine", "This does not work here: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine", "Copy what was found into a report of the fault; it names no person and no place."
    )


class PictureEmpty(UserError):
    code = "IM-SYS-03"
    summary = QT_TRANSLATE_NOOP("engine", "The starter model drew a picture that shows nothing.")
    remedy = QT_TRANSLATE_NOOP("engine", "Its file may be damaged: install Imprint again.")


class CardUnused(Notice):
    code = "IM-SYS-04"
    summary = QT_TRANSLATE_NOOP(
        "engine", "This computer has a card, {name}, but the processor does the work."
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "The PyTorch that is installed cannot use it: it is made for processors only, or the "
        "card's driver is too old for it.",
    )


def examine(control: Control) -> Iterator[Event]:
    """One Examined for each part; ends with RunFinished, or with RunFailed and what has to be
    mended first. All that it draws and trains is removed again."""
    first_error: UserError | None = None
    with temporary_folder() as place:
        for done, (what, look) in enumerate(_examinations(place, control).items()):
            yield StageProgress(stage=Stage.EXAMINE, done=done, total=EXAMINATIONS)
            found = None if control.stop_requested else _tried(look)
            # Looked at again: what is found after a Stop tells nothing of this computer.
            if found is None or control.stop_requested:
                yield RunFinished(steps=done, stopped_early=True, exports=())
                return
            if isinstance(found, UserError):
                first_error = first_error or found
            yield Examined(what=Phrase(what), found=found)
    if first_error is not None:
        yield RunFailed(error=first_error)
        return
    yield RunFinished(steps=EXAMINATIONS, stopped_early=False, exports=())


def line_of(examined: Examined) -> str:
    """As it stands in a terminal."""
    kinds = {UserError: "BAD ", Notice: "note"}
    kind = next((mark for kind, mark in kinds.items() if isinstance(examined.found, kind)), "ok  ")
    return f"{kind} {examined.what}: {examined.found}"


def report(lines: Iterable[str]) -> str:
    """All lines, for a report of a fault: the user's own folders, which bear a name, left out."""
    text = "\n".join(lines)
    places = {default_home(): "(projects)", cache_folder(): "(cache)", Path.home(): "~"}
    for place, shown in (places | {Path(tempfile.gettempdir()): "(temporary)"}).items():
        # As it is, as an OSError of Windows tells it, and with the strokes of the web.
        for written in (str(place), repr(str(place))[1:-1], place.as_posix()):
            text = re.sub(re.escape(written), lambda _, name=shown: name, text, flags=re.IGNORECASE)
    return text + "\n"


def _examinations(place: Path, control: Control) -> dict[str, Callable[[], Found]]:
    return {
        QT_TRANSLATE_NOOP("engine", "Imprint"): _imprint,
        QT_TRANSLATE_NOOP("engine", "Libraries"): _libraries,
        QT_TRANSLATE_NOOP("engine", "Memory"): _memory,
        QT_TRANSLATE_NOOP("engine", "Graphics card"): _card,
        QT_TRANSLATE_NOOP("engine", "Disk"): _disk,
        QT_TRANSLATE_NOOP("engine", "Starter model"): _starter,
        QT_TRANSLATE_NOOP("engine", "A picture"): lambda: _draw(place, control),
        QT_TRANSLATE_NOOP("engine", "A training"): lambda: _train(place, control),
        QT_TRANSLATE_NOOP("engine", "The trained file"): lambda: _read_back(place, control),
    }


def _tried(look: Callable[[], Found]) -> Found:
    try:
        return look()
    except UserError as error:
        return error
    except Exception as error:  # a fault of ours, or of a library: the others are still looked at
        log.warning("a part that was examined broke", exc_info=True)
        found = as_out_of_memory(error)
        if found is not None:
            return found
        return PartBroken(reason=f"{type(error).__name__}: {error}")


def _imprint() -> Found:
    facts = {
        "version": VERSION,
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    if is_installed():
        return Phrase(
            QT_TRANSLATE_NOOP("engine", "{version}, installed; {system}; Python {python}"), **facts
        )
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "{version}, from its source; {system}; Python {python}"),
        **facts,
    )


def _libraries() -> Found:
    missing, found = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return LibraryMissing(names=", ".join(missing)) if missing else Phrase(", ".join(found))


def _memory() -> Found:
    memory = psutil.virtual_memory()
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "{free:.1f} of {total:.1f} GiB free; {cores} processor cores"),
        free=memory.available / 2**30,
        total=memory.total / 2**30,
        cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
    )


def _card() -> Found:
    import torch  # late: two seconds

    from engine.gpu_figures import GpuReader

    card = GpuReader().read()
    if torch.cuda.is_available():
        seen = torch.cuda.get_device_properties(0)
        return Phrase(
            QT_TRANSLATE_NOOP("engine", "{name}, {gib:.0f} GiB, driver {driver}, CUDA {cuda}"),
            name=seen.name,
            gib=seen.total_memory / 2**30,
            driver=card.driver if card else "?",
            cuda=str(torch.version.cuda),
        )
    if torch.backends.mps.is_available():
        return Phrase(QT_TRANSLATE_NOOP("engine", "that of the Apple chip"))
    if card is not None:
        return CardUnused(name=f"{card.name} ({card.driver})")
    return Phrase(QT_TRANSLATE_NOOP("engine", "none that is of use; the processor does the work"))


def _disk() -> Found:
    """Where projects and what is kept ready for them lie; the places are not told."""
    for folder in (default_home(), cache_folder()):
        require_writable(folder)
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "{free:.1f} GiB free; projects can be written"),
        free=free_bytes(default_home()) / 2**30,
    )


def _starter() -> Found:
    source = locate(STARTER)
    return Phrase(QT_TRANSLATE_NOOP("engine", "there, of the family {family}"),
                  family=source.family.title)  # fmt: skip


def _draw(place: Path, control: Control) -> Found:
    from engine.generate import GenerateRequest, default_settings, generate

    started = time.monotonic()
    settings = default_settings(STARTER, PROMPTS[0])
    events = _of(generate(GenerateRequest(settings=settings, folder=place / "drawn"), control))
    drawn = next(event for event in events if isinstance(event, ImageGenerated))
    if _spread(Path(drawn.path)) <= FLAT:
        return PictureEmpty()
    return _took(started, QT_TRANSLATE_NOOP("engine", "drawn in {seconds:.1f} s"))


def _train(place: Path, control: Control) -> Found:
    from engine.config_file import merge, require
    from engine.run import run

    started = time.monotonic()
    small = {
        "training": {"steps": STEPS},
        "sampling": {"every_steps": 0},
        "checkpoints": {"every_steps": 0},
        "evaluation": {"enabled": False},
    }
    data = merge(sample_data(place / "runs"), small)
    _of(run(require(data), control))
    return _took(
        started, QT_TRANSLATE_NOOP("engine", "{steps} steps in {seconds:.1f} s"), steps=STEPS
    )


def _read_back(place: Path, control: Control) -> Found:
    """Written once more from the state on disk, and compared by the export's own check."""
    from engine.later_exports import export_step_again

    del control
    runs = [path for path in paths_in(place / "runs") if is_file(path / "config.json")]
    if not runs:
        return PartBroken(reason=Phrase(QT_TRANSLATE_NOOP("engine", "nothing was trained")))
    events = _of(export_step_again(runs[0], STEPS))
    checked = next(event for event in events if isinstance(event, ExportChecked))
    return Phrase(
        QT_TRANSLATE_NOOP("engine", "reads back as it was trained; loads in {front_ends}"),
        front_ends=", ".join(checked.loads_in),
    )


def _of(events: Iterator[Event]) -> list[Event]:
    """All of them. Raises the error of a job that fails."""
    found = list(events)
    if isinstance(found[-1], RunFailed):
        raise found[-1].error
    return found


def _took(started: float, template: str, **facts: int) -> Phrase:
    return Phrase(template, seconds=time.monotonic() - started, **facts)


def _spread(path: Path) -> float:
    """How far the colours of a picture differ: their standard deviation, of 255."""
    from PIL import Image, ImageStat

    with Image.open(path) as image:
        return max(ImageStat.Stat(image.convert("RGB")).stddev)
