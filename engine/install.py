"""Puts a trained file where another program finds it, and proves that it arrived."""

from __future__ import annotations

import hashlib
import io
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from engine import replaced_files, storage
from engine.data import pictures
from engine.errors import DiskFull, UserError
from engine.formats.catalog import FORMATS
from engine.formats.front_ends import COMFY, READERS, rule_of
from engine.front_end_folders import FrontEnd
from engine.project import safe_name
from engine.regular_files import is_file, opened
from engine.replaced_files import Replaced
from engine.trained_file import TrainedFile, inspect
from engine.trigger import needs_blanks
from engine.wording import QT_TRANSLATE_NOOP, Phrase

PREVIEW_SIDE = 512
_IN_A_NAME = re.compile("[a-z0-9]")
CHUNK = 1 << 20


class FitsOnlyStarter(UserError):
    code = "IM-INS-01"
    summary = QT_TRANSLATE_NOOP("engine", "This fits only Imprint's starter model.")
    remedy = QT_TRANSLATE_NOOP("engine", "Train the same project on SD 1.5.")
    setting = "base_model"


class NotReadThere(UserError):
    code = "IM-INS-02"
    summary = QT_TRANSLATE_NOOP("engine", "{front_end} does not load this kind of file: {what}.")
    remedy = QT_TRANSLATE_NOOP("engine", "Choose another program, or train a LoRA.")


class NameTaken(UserError):
    code = "IM-INS-03"
    summary = QT_TRANSLATE_NOOP("engine", "{front_end} has another file called {name} already.")
    remedy = QT_TRANSLATE_NOOP("engine", "Install it as {free}, or replace the file that is there.")


class NotArrived(UserError):
    code = "IM-INS-04"
    summary = QT_TRANSLATE_NOOP("engine", "The copy of {name} is not what was trained: {reason}")
    remedy = QT_TRANSLATE_NOOP("engine", "Nothing was installed. Check the disk and try again.")


class NotTakenAway(UserError):
    """Fact: `name`, of what stays."""

    code = "IM-INS-05"
    summary = QT_TRANSLATE_NOOP("engine", "{name} was changed since, or cannot be removed.")
    remedy = QT_TRANSLATE_NOOP("engine", "It stays as it is. Remove it by hand if nobody needs it.")


class EarlierElsewhere(NotTakenAway):
    """Facts: `name`, and `earlier`, where the file lies that was replaced."""

    code = "IM-INS-06"
    remedy = QT_TRANSLATE_NOOP("engine", "It stays as it is. The earlier file is {earlier}.")


KIND_NAMES = {
    "lora": QT_TRANSLATE_NOOP("engine", "LoRA"),
    "embedding": QT_TRANSLATE_NOOP("engine", "embedding"),
    "hypernetwork": QT_TRANSLATE_NOOP("engine", "hypernetwork"),
    "checkpoint": QT_TRANSLATE_NOOP("engine", "checkpoint"),
}

_WEBUI_LORA = QT_TRANSLATE_NOOP(
    "engine",
    "In {front_end} press Refresh on the Lora tab with a model of {family} selected, then write "
    "{text}",
)
_HOW = {  # (kind, program), or (kind, "") for the others: the sentence that makes it appear there
    ("lora", COMFY): QT_TRANSLATE_NOOP(
        "engine",
        "In ComfyUI press R, put the node Load LoRA behind a checkpoint of {family}, choose "
        "{name}, and write {trigger}",
    ),
    ("lora", ""): _WEBUI_LORA,
    ("embedding", COMFY): QT_TRANSLATE_NOOP(
        "engine", "In ComfyUI write embedding:{name} in the prompt, with a checkpoint of {family}."
    ),
    ("embedding", ""): QT_TRANSLATE_NOOP(
        "engine", "In {front_end} select a model of {family} and write {name} in the prompt."
    ),
    ("hypernetwork", COMFY): QT_TRANSLATE_NOOP(
        "engine", "In ComfyUI press R and put the node HypernetworkLoader behind a checkpoint."
    ),
    ("hypernetwork", ""): QT_TRANSLATE_NOOP(
        "engine", "In {front_end} press Refresh on the Hypernetworks tab, then write {text}"
    ),
    ("checkpoint", ""): QT_TRANSLATE_NOOP(
        "engine",
        "In {front_end} refresh the list of checkpoints, choose {name}, and write {trigger}",
    ),
}
# The same, where the word has to be set off from a sentence in a script without blanks.
_APART = {
    COMFY: QT_TRANSLATE_NOOP(
        "engine",
        "In ComfyUI write embedding:{name} in the prompt, with a blank before and after it and "
        "a checkpoint of {family}.",
    ),
    "": QT_TRANSLATE_NOOP(
        "engine",
        "In {front_end} select a model of {family} and write {name} in the prompt, with a blank "
        "or a comma before and after it.",
    ),
}
_WORD_BY_HAND = QT_TRANSLATE_NOOP(
    "engine",
    "{front_end} keeps its own list: add the file on its page of models: {path} Then write "
    "<{name}> in the prompt.",
)
BY_HAND = QT_TRANSLATE_NOOP(
    "engine", "{front_end} keeps its own list: add the file on its page of models: {path}"
)


_TAGS = {"lora": "<lora:{name}:0.8>", "hypernetwork": "<hypernet:{name}:1>"}


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written, and what to do to see it there."""

    front_end: str
    path: Path  # of the file there; of the file here where it has to be added by hand
    preview: Path | None
    was_there: bool  # the very same file, already
    how: Phrase
    sums: tuple[str, str] = ("", "")  # sha256 of the file and of the preview, as they were written
    earlier: Replaced | None = None  # until `settle`


def suggested_name(file: TrainedFile) -> str:
    """ASCII, no spaces; of an embedding its word, which has to stay what it is."""
    if file.kind == "embedding":
        return safe_name(file.path.stem)
    plain = safe_name(file.path.stem).encode("ascii", "ignore").decode()
    # Once more: what is left of a name may be one that Windows keeps for itself.
    return safe_name(plain) if _IN_A_NAME.search(plain) else "trained"


def name_there(file: TrainedFile, wanted: str) -> str:
    """What the file will be called, without its suffix, where a name is typed or none."""
    return safe_name(wanted) if wanted else suggested_name(file)


def why_not(file: TrainedFile, front_end: str) -> UserError | None:
    """What stands in the way of using a file in a program; None if nothing does."""
    if file.family is None:
        return FitsOnlyStarter()
    if front_end not in READERS[file.format_name]:
        return NotReadThere(front_end=front_end, what=Phrase(KIND_NAMES[file.kind]))
    return None


def install(
    path: Path,
    front_end: FrontEnd,
    name: str = "",
    *,
    preview: Path | None = None,
    link: bool = False,
    replace: bool = False,
) -> Installed:
    """Copy, or link where the disk is the same, then read it back there.

    Raises FitsOnlyStarter, NotReadThere, NameTaken, NotArrived, DiskFull, OutputNotWritable,
    InputNotReadable, or what `inspect` raises.
    """
    file = inspect(path)
    problem = why_not(file, front_end.name)
    if problem is not None:
        raise problem
    stem = name_there(file, name)
    folder = front_end.place(file.kind)
    if folder is None:
        by_hand = _WORD_BY_HAND if file.kind == "embedding" else BY_HAND
        how = Phrase(by_hand, front_end=front_end.name, path=str(path), name=path.stem)
        return Installed(front_end.name, path, None, was_there=False, how=how)
    target = folder / f"{stem}{path.suffix}"
    wanted = storage.sha256_of(path)
    was_there = is_file(target) and storage.sha256_of(target) == wanted
    earlier = None
    if not was_there:
        if os.path.lexists(target) and not replace:
            raise NameTaken(front_end=front_end.name, name=target.name, free=_free(target).name)
        earlier = replaced_files.set_aside(target) if replace else None
        try:
            _bring(path, target, wanted, link=link)
            _prove(file, target, wanted)
        except BaseException as error:
            back = None if earlier is None else replaced_files.bring_back(earlier)
            if not isinstance(error, FileExistsError):
                raise
            # It came in between.
            if back is not None and back != target:
                raise EarlierElsewhere(name=target.name, earlier=str(back)) from error
            free = _free(target).name
            raise NameTaken(front_end=front_end.name, name=target.name, free=free) from error
    shown = None if preview is None else _write_preview(preview, target)
    sums = (wanted, "" if shown is None else storage.sha256_of(shown))
    how = _how(file, front_end.name, stem)
    return Installed(front_end.name, target, shown, was_there, how, sums, earlier)


def uninstall(installed: Installed) -> None:
    """Take away what was written, file and preview each only if nobody changed it since; what was
    replaced comes back, under a free name where its own is taken.

    Raises NotTakenAway where anything is not as it was before; call it once.
    """
    stays: list[str] = []
    for path, written in zip((installed.path, installed.preview), installed.sums, strict=True):
        if path is None or not written or installed.was_there or not os.path.lexists(path):
            continue
        try:
            is_ours = storage.sha256_of(path) == written
            if is_ours:
                storage.remove_file(path)
        except (OSError, UserError):
            is_ours = False
        if not is_ours:
            stays.append(path.name)
    back = None if installed.earlier is None else replaced_files.bring_back(installed.earlier)
    if back is not None and back != installed.path:
        raise EarlierElsewhere(name=installed.path.name, earlier=str(back))
    if stays:
        raise NotTakenAway(name=", ".join(stays))


def settle(installed: Installed) -> None:
    """Nobody will undo it: what was replaced goes to the bin of the system."""
    if installed.earlier is not None:
        replaced_files.settle(installed.earlier)


def _bring(path: Path, target: Path, wanted: str, *, link: bool) -> None:
    if link:
        with suppress(OSError):  # another disk, or a system without links: copy
            if storage.link_file(path, target):
                return
    need, free = path.stat().st_size, storage.free_bytes(target.parent)
    if need > free:
        raise DiskFull(folder=str(target.parent), need_mib=need / 2**20, free_mib=free / 2**20)
    digest = hashlib.sha256()
    with storage.new_file(target) as out:
        with opened(path) as data:
            while chunk := data.read(CHUNK):
                digest.update(chunk)
                out.write(chunk)
        if digest.hexdigest() != wanted:  # before it gets its name
            reason = QT_TRANSLATE_NOOP("engine", "it changed while it was copied.")
            raise NotArrived(name=path.name, reason=Phrase(reason))


def _prove(file: TrainedFile, target: Path, wanted: str) -> None:
    """Open what lies there now: the same bytes, the same keys, each known to the program."""
    there = inspect(target)
    rule = re.compile(rule_of(FORMATS[file.format_name].name, file.family))  # type: ignore[arg-type]
    strange = [name for name in there.names if rule.fullmatch(name) is None]
    if storage.sha256_of(target) != wanted or there.names != file.names:
        reason = Phrase(QT_TRANSLATE_NOOP("engine", "its bytes differ."))
    elif strange:
        reason = Phrase(
            QT_TRANSLATE_NOOP("engine", "{name} is not known there."), name=min(strange)
        )
    else:
        return
    storage.remove_file(target)
    raise NotArrived(name=target.name, reason=reason)


def _write_preview(picture: Path, target: Path) -> Path | None:
    """The picture that the program shows beside the file; one that is there stays."""
    path = target.with_suffix(".png")
    try:
        image = pictures.decode_any_size(pictures.read_file(picture))
    except pictures.PictureError:
        return None  # the file works without it
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    image.save(data, "PNG")
    return path if storage.write_new(path, data.getvalue()) else None


def _free(target: Path) -> Path:
    return storage.free_name(target)


def _how(file: TrainedFile, front_end: str, name: str) -> Phrase:
    template = _HOW.get((file.kind, front_end)) or _HOW[file.kind, ""]
    trigger, text = file.trigger, file.trigger
    if file.kind == "embedding":
        trigger, text = name, f"embedding:{name}" if front_end == COMFY else name
        if needs_blanks(name):
            template = _APART.get(front_end, _APART[""])
    elif file.kind in _TAGS:
        text = f"{_TAGS[file.kind].format(name=name)} {trigger}".strip()
    family = file.family.title if file.family else ""
    return Phrase(
        template, front_end=front_end, family=family, name=name, trigger=trigger, text=text
    )
