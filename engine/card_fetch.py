"""Fetches the PyTorch for NVIDIA cards, unpacks it, and tries it before it is taken."""

from __future__ import annotations

import os
import subprocess
import time
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from engine import storage
from engine.card_pack import PACKAGES, STAMP, TRIAL, PackTable
from engine.control import Control
from engine.download_errors import NoRoomForModel
from engine.downloads import MARGIN_BYTES, TELL_SECONDS, PinnedFile, Progress, download
from engine.errors import OutputNotWritable, UserError
from engine.metrics_reading import read_metrics
from engine.regular_files import is_there, listed, read_bytes
from engine.watched import NO_CONSOLE, own_command
from engine.wording import QT_TRANSLATE_NOOP, Phrase

CHUNK = 8 << 20
UNPACKED = 2  # a wheel of libraries holds about twice its own size
TRIAL_SECONDS = 600
LOOK_SECONDS = 0.2


_TOO_LONG = Phrase(QT_TRANSLATE_NOOP("engine", "the check of this computer does not end."))


class CardPackUnfit(UserError):
    code = "IM-DL-12"
    summary = QT_TRANSLATE_NOOP(
        "engine", "What was fetched for the graphics card does not work here: {reason}"
    )
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Nothing was changed; the processor goes on doing the work. A newer driver for the card "
        "may help.",
    )


def fetch(
    table: PackTable,
    folder: Path,
    control: Control,
    whats_wrong: Callable[[Path, Control], str] | None = None,
) -> Generator[Progress, None, Path | None]:
    """Yield how far it is; return the folder of packages, or None where Stop came first.

    What has arrived stays for the next time. `whats_wrong` gets the unpacked folder and returns
    what is wrong with it, empty for nothing. Raises one of engine.download_errors, CardPackUnfit,
    OutputNotWritable or DiskFull.
    """
    whats_wrong = whats_wrong or trial
    arrived, made, target = folder / "arrived", folder / f"{PACKAGES}.new", folder / PACKAGES
    files = [PinnedFile(**row) for row in table.files]
    _require_room(files, arrived)
    before = 0
    for file in files:
        part = yield from _shifted(download(file, arrived, control), before, table.about_bytes)
        if part is None:
            return None
        before += file.about_bytes
    try:
        yield from _unpack([arrived / file.file for file in files], made, control)
        wrong = "" if control.stop_requested else whats_wrong(made, control)
        if control.stop_requested:
            return None
        if wrong:
            raise CardPackUnfit(reason=wrong)
        storage.write_json(made / STAMP, table.stamp)
        storage.remove_own(target)
        storage.replace_file(made, target)
    except OSError as error:
        raise storage.as_user_error(error, folder) from error
    finally:
        storage.remove_own(made)  # gone already where it was taken
    forget(folder)
    return target


def forget(folder: Path) -> None:
    """Remove what has arrived and is not in use: gigabytes, for which nobody waits any more."""
    with suppress(OutputNotWritable):
        storage.remove_own(folder / "arrived")
        storage.remove_own(folder / f"{PACKAGES}.new")


def _require_room(files: list[PinnedFile], arrived: Path) -> None:
    """Raises NoRoomForModel. Files of another program's table go first."""
    known = {file.file for file in files}
    try:
        here = listed(arrived)
    except OSError as error:
        raise storage.as_user_error(error, arrived) from error
    for path in here:
        if not path.name.startswith(tuple(known)):  # NAME.part is of NAME
            with suppress(OutputNotWritable):
                storage.remove_own(path)
    total = sum(file.about_bytes for file in files)
    held = sum(path.stat().st_size for path in here if is_there(path))
    need = max(0, total - held) + UNPACKED * total + MARGIN_BYTES
    free = storage.free_bytes(arrived)
    if need > free:
        raise NoRoomForModel(folder=str(arrived), need_mib=need / 2**20, free_mib=free / 2**20)


def trial(packages: Path, control: Control) -> str:
    """Let a program of its own look at this computer with it; what is wrong, or nothing."""
    environment = os.environ | {TRIAL: str(packages)}
    command = [*own_command(), "doctor", "--json"]
    with storage.temporary_folder() as place:
        said, complained = place / "said", place / "complained"
        try:
            with storage.open_own(said) as out, storage.open_own(complained) as errors:
                doctor = subprocess.Popen(
                    command, env=environment, stdout=out, stderr=errors, creationflags=NO_CONSOLE
                )
        except OSError as error:
            return str(error)
        if not _waited_for(doctor, control):
            return "" if control.stop_requested else _TOO_LONG
        for told in read_metrics(said):
            if told.get("event") == "Examined" and isinstance(told["found"], dict):
                return str(told["found"]["summary"])
        if doctor.returncode == 0:
            return ""
        text = read_bytes(complained).decode("utf-8", "replace").strip()
        return text[-300:] or str(doctor.returncode)


def _waited_for(doctor: subprocess.Popen, control: Control) -> bool:
    """False where Stop came first, or where it takes too long; it is gone then."""
    end = time.monotonic() + TRIAL_SECONDS
    while time.monotonic() < end and not control.stop_requested:
        with suppress(subprocess.TimeoutExpired):
            doctor.wait(LOOK_SECONDS)
            return True
    doctor.kill()
    doctor.wait()
    return False


def _shifted(
    events: Generator[Progress, None, Path | None], before: int, total: int
) -> Generator[Progress, None, Path | None]:
    """The progress of one file as that of all."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value
        yield Progress(
            done_bytes=before + event.done_bytes, total_bytes=total,
            is_checking=event.is_checking, is_paused=event.is_paused,
        )  # fmt: skip


def _unpack(wheels: list[Path], made: Path, control: Control) -> Iterator[Progress]:
    """A wheel of compiled packages is a zip of what belongs into one folder. Ends early where
    Stop is seen."""
    storage.remove_own(made)
    storage.make_folder(made)
    total = sum(entry.file_size for wheel in wheels for entry in _entries(wheel))
    done, told = 0, 0.0
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            for entry in _entries(wheel):
                for size in _write(opened, entry, made):
                    done += size
                    if control.stop_requested:
                        return
                    if time.monotonic() > told + TELL_SECONDS:
                        told = time.monotonic()
                        yield Progress(done_bytes=done, total_bytes=total, is_checking=True)
    yield Progress(done_bytes=total, total_bytes=total, is_checking=True)


def _entries(wheel: Path) -> Iterator[zipfile.ZipInfo]:
    """The files of a wheel. Raises CardPackUnfit for a name that leads out of the folder."""
    with zipfile.ZipFile(wheel) as opened:
        for entry in opened.infolist():
            name = PurePosixPath(entry.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts or ":" in entry.filename:
                reason = QT_TRANSLATE_NOOP("engine", "{file} names a place outside of its folder.")
                raise CardPackUnfit(reason=Phrase(reason, file=wheel.name))
            if not entry.is_dir():
                yield entry


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> Iterator[int]:
    """Yield the bytes of each piece: a library may have a gigabyte."""
    target = folder / entry.filename
    # A tool among the libraries stays one that can be started.
    mode = 0o777 if (entry.external_attr >> 16) & 0o111 else 0o666
    with opened.open(entry) as source, storage.open_own(target, mode) as file:
        while piece := source.read(CHUNK):
            file.write(piece)
            yield len(piece)
