"""Folders with a model that says in words what a picture shows. Reads headers only, no torch.

The layout is that of transformers (`config.json`, weights as safetensors, the tokenizer and the
image processor beside them), as the hub serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

from engine import records
from engine.errors import UserError
from engine.models.config_check import require_sensible
from engine.models.safetensors_header import read_header
from engine.records import NotRead, Why
from engine.regular_files import is_file, listed, reason_of
from engine.shapes import Record
from engine.wording import QT_TRANSLATE_NOOP, Phrase

# Models that describe a picture without being asked in words; others want a question in a form of
# their own.
KINDS = {
    "blip": "BLIP",
    "git": "GIT",
    "vision-encoder-decoder": "ViT-GPT2",
}
MAX_CONFIG_BYTES = 1 << 20
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json")


class CaptionModelUnsuitable(UserError):
    code = "IM-CAP-06"
    summary = QT_TRANSLATE_NOOP("engine", "{path} holds no model that writes captions: {reason}.")
    remedy = QT_TRANSLATE_NOOP(
        "engine",
        "Choose a folder with config.json, a tokenizer and .safetensors files of one of these: "
        "{kinds}.",
    )


class _Config(Record):
    """config.json of transformers."""

    model_type: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionModel:
    """A folder that was looked at. `num_parameters` is what its weights hold."""

    folder: Path
    kind: str
    num_parameters: int
    num_bytes: int

    @property
    def title(self) -> str:
        return f"{self.folder.name} ({KINDS[self.kind]}, {self.num_bytes / 2**20:.0f} MB)"


def look_at(folder: Path) -> CaptionModel:
    """Raises CaptionModelUnsuitable, and what `read_header` raises for a damaged file."""
    kind = _kind_of(folder)
    try:
        files, has_others = listed(folder, "*.safetensors"), bool(listed(folder, "*.bin"))
    except OSError as error:
        raise unsuitable(folder, reason_of(error)) from error
    if not files:
        raise unsuitable(folder, Phrase(_ONLY_PICKLE if has_others else _NO_WEIGHTS))
    if not any(is_file(folder / name) for name in VOCABULARIES):
        # transformers would make a tokenizer without words, and the captions would be noise
        raise unsuitable(folder, Phrase(_NO_VOCABULARY))
    headers = [read_header(file) for file in files]
    return CaptionModel(
        folder,
        kind,
        sum(prod(shape) for header in headers for shape in header.shapes.values()),
        sum(file.stat().st_size for file in files),
    )


def unsuitable(folder: Path, reason: str) -> CaptionModelUnsuitable:
    kinds = ", ".join(KINDS.values())
    return CaptionModelUnsuitable(path=str(folder), reason=reason, kinds=kinds)


def _kind_of(folder: Path) -> str:
    config = folder / "config.json"
    try:
        found = records.read_json(config, _Config, max_bytes=MAX_CONFIG_BYTES)
        require_sensible(found.as_data())
    except NotRead as error:
        reason = _NO_CONFIG if error.why is Why.MISSING else _BROKEN
        raise unsuitable(folder, Phrase(reason)) from error
    except ValueError as error:  # a number that no such model has
        raise unsuitable(folder, Phrase(_BROKEN)) from error
    kind = found.model_type
    if kind not in KINDS:
        shown = kind[:40] if kind else "?"
        raise unsuitable(folder, Phrase(_OTHER, kind=shown))
    return kind


_NO_CONFIG = QT_TRANSLATE_NOOP("engine", "it has no config.json")
_BROKEN = QT_TRANSLATE_NOOP("engine", "its config.json cannot be read")
_OTHER = QT_TRANSLATE_NOOP("engine", "it is of the kind {kind}")
_NO_WEIGHTS = QT_TRANSLATE_NOOP("engine", "it has no .safetensors file")
_NO_VOCABULARY = QT_TRANSLATE_NOOP("engine", "it has no tokenizer")
_ONLY_PICKLE = QT_TRANSLATE_NOOP(
    "engine", "its weights are an old-style .bin file, which can hold program code"
)
