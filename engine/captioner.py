"""Writes captions with an image-to-text model that lies in a folder of the user's.

Nothing is fetched, nothing leaves the computer, and no code out of the folder is run: the
classes are transformers' own, the weights are safetensors.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoTokenizer,
)

from engine import storage
from engine.caption_models import CaptionModel, look_at, unsuitable
from engine.control import Control
from engine.data.caption_edits import put_before, tidy
from engine.data.edits import NO_EDIT, PictureEdit, apply
from engine.data.pictures import PictureError, decode_any_size, read_file
from engine.data.scan import Scan, scan_folder
from engine.dataset_notices import PictureSkipped
from engine.device import best_device, memory_guard
from engine.errors import NoPictures
from engine.events import CaptionMade, Event, Noticed, RunFinished, Stage, StageProgress
from engine.regular_files import read_bytes, require_regular
from engine.wording import QT_TRANSLATE_NOOP, Phrase

MAX_NEW_TOKENS = 48  # a caption has to leave room among the 75 that Stable Diffusion reads
NUM_BEAMS = 3
MOST_UNKNOWN = 1.1  # parameters of the network for each one that the file holds

log = logging.getLogger("imprint")


@dataclass(frozen=True, slots=True)
class CaptionRequest:
    """`pictures`: key -> file; `edits`: key -> how the picture is turned and cut before."""

    model: Path
    pictures: Mapping[str, Path]
    edits: Mapping[str, PictureEdit] = field(default_factory=dict)


def write_captions(request: CaptionRequest, control: Control) -> Iterator[Event]:
    """Yield CaptionMade for each picture; what is done with them is the caller's matter.

    Raises CaptionModelUnsuitable and OutOfMemory.
    """
    total = len(request.pictures)
    yield StageProgress(stage=Stage.LOAD_MODEL, done=0, total=1)
    captioner = Captioner(look_at(request.model))
    yield StageProgress(stage=Stage.LOAD_MODEL, done=1, total=1)
    made = 0
    for done, (key, path) in enumerate(request.pictures.items()):
        yield StageProgress(stage=Stage.CAPTION, done=done, total=total)
        if control.stop_requested:
            break
        try:
            image = decode_any_size(read_file(path))
        except PictureError as error:
            yield Noticed(notice=PictureSkipped(name=path.name, reason=error.reason))
            continue
        text = captioner.describe(apply(image, request.edits.get(key, NO_EDIT)))
        made += 1
        yield CaptionMade(key=key, path=str(path), text=text)
    else:
        yield StageProgress(stage=Stage.CAPTION, done=total, total=total)
    yield RunFinished(steps=made, stopped_early=control.stop_requested, exports=())


class Captioner:
    """One model, held in memory while it is used."""

    def __init__(self, model: CaptionModel) -> None:
        """Raises CaptionModelUnsuitable and OutOfMemory."""
        self._device = torch.device(best_device())
        dtype = torch.float16 if self._device.type == "cuda" else torch.float32
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        try:
            require_regular(model.folder)  # the library opens them by name
            config = AutoConfig.from_pretrained(model.folder, **options)
            _refuse_more_than_the_file(config, model)
            with memory_guard(self._device, Phrase(_DESCRIBING)):
                network: Any = AutoModelForImageTextToText.from_pretrained(
                    model.folder, config=config, use_safetensors=True, dtype=dtype, **options
                )
                self._network: Any = network.to(self._device).eval()
            self._processor = AutoImageProcessor.from_pretrained(model.folder, **options)
            self._tokenizer = AutoTokenizer.from_pretrained(model.folder, **options)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            log.info("%s could not be loaded", model.folder, exc_info=True)
            reason = Phrase(_NOT_LOADED, reason=str(error).strip().split("\n")[0][:200])
            raise unsuitable(model.folder, reason) from error

    @torch.inference_mode()
    def describe(self, image: Image.Image) -> str:
        """One line. The same picture always gives the same words."""
        pixels = self._processor(images=image, return_tensors="pt")["pixel_values"]
        pixels = pixels.to(self._device, self._network.dtype)
        with memory_guard(self._device, Phrase(_DESCRIBING)):
            tokens = self._network.generate(
                pixel_values=pixels,
                max_new_tokens=MAX_NEW_TOKENS,
                num_beams=NUM_BEAMS,
                do_sample=False,
            )
        text = self._tokenizer.batch_decode(tokens, skip_special_tokens=True)[0]
        return tidy(text).rstrip(".")


def _refuse_more_than_the_file(config: Any, model: CaptionModel) -> None:
    """A config.json can ask for any size; what no file fills would cost memory for nothing."""
    with torch.device("meta"):
        network = AutoModelForImageTextToText.from_config(config)
    asked = sum(parameter.numel() for parameter in network.parameters())
    if asked > MOST_UNKNOWN * model.num_parameters:
        raise unsuitable(model.folder, Phrase(_NOT_TOGETHER))


def caption_folder(
    folder: Path, model: Path, control: Control, *, anew: bool = False, in_front: str = ""
) -> Iterator[Event]:
    """Write captions as .txt beside the pictures of a folder that have none.

    `anew`: those that have one get another. `in_front`: put before each, the trigger word, say.
    Raises CaptionModelUnsuitable, OutOfMemory, FolderMissing, NoPictures, OutputNotWritable and
    DiskFull.
    """
    scan = next(found for found in scan_folder(folder) if isinstance(found, Scan))
    for notice in scan.notices:
        yield Noticed(notice=notice)
    if not scan.items:
        raise NoPictures(folder=str(folder), num_files=scan.num_files)
    pictures = {i.content_hash: i.path for i in scan.items if anew or not i.caption}
    edit = put_before(in_front)
    for event in write_captions(CaptionRequest(model, pictures), control):
        if isinstance(event, CaptionMade):
            text = edit(event.text)
            beside = Path(event.path).with_suffix(".txt")
            over = anew or _is_blank(beside)
            storage.write_text(beside, text + "\n", root=folder, over=over)
            yield replace(event, text=text)
        else:
            yield event


def _is_blank(path: Path) -> bool:
    """Whether a file holds no words; not one that cannot be read."""
    try:
        return not read_bytes(path).strip()
    except OSError:
        return False


_DESCRIBING = QT_TRANSLATE_NOOP("engine", "writing captions")
_NOT_LOADED = QT_TRANSLATE_NOOP("engine", "it could not be loaded ({reason})")
_NOT_TOGETHER = QT_TRANSLATE_NOOP("engine", "its config.json and its weights do not fit together")
