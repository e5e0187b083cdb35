"""What an exported file is, read from the file alone: its kind, its family, its words.

Only headers are read; an old-style file goes through the gate that runs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.addon_errors import require_addon_file
from engine.errors import AddonUnreadable, UserError
from engine.formats.catalog import EMBEDDING_KEY
from engine.models.catalog import SD1, SD2_BASE, SDXL, Family, header_of
from engine.models.safetensors_header import Header, is_pickle, read_header
from engine.wording import QT_TRANSLATE_NOOP, Phrase

KINDS = ("lora", "embedding", "hypernetwork", "checkpoint")
_BY_WIDTH = {768: SD1, 1024: SD2_BASE, 2048: SDXL}
_NETS = re.compile(r"\A(\d{1,5})\.[01]\.")
# Keys of cross-attention, whose second dimension is the width of the text.
_CHECKPOINT_KEY = re.compile(r"input_blocks\.\d+\.1\.transformer_blocks\.0\.attn2\.to_k\.weight")
_LORA_KEY = re.compile(r"attn2_to_k\.lora_down\.weight|attn2\.to_k\.lora_A\.weight")
_LYCORIS_KEY = re.compile(r"attn2_to_k\.(hada_w1_b|lokr_w2)")


@dataclass(frozen=True, slots=True)
class TrainedFile:
    """`family` None: made for no published model, the starter model say."""

    path: Path
    kind: str  # one of KINDS
    format_name: str  # of engine.formats.catalog
    family: Family | None
    trigger: str  # the words that call it up, as far as the file tells
    num_keys: int
    names: frozenset[str]
    word_beside: str = ""  # of a LoRA: the embedding that was trained with it, in its own file


def inspect(path: Path) -> TrainedFile:
    """Raises AddonMissing, AddonUnreadable, or one of the Model... errors."""
    require_addon_file(path)
    pickled = is_pickle(path)
    header = _pickled_header(path) if pickled else read_header(path)
    names = header.shapes
    kind, format_name = _kind_of(header, pickled=pickled)
    if not kind:
        reason = QT_TRANSLATE_NOOP("engine", "it is nothing that front ends load")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason))
    trigger = header.metadata.get("modelspec.trigger_phrase", "")
    if kind == "embedding":
        trigger = path.stem  # the file's name is the word
    return TrainedFile(
        path=path,
        kind=kind,
        format_name=format_name,
        family=_family_of(kind, header),
        trigger=trigger,
        num_keys=len(names),
        names=frozenset(names),
        word_beside=header.metadata.get(EMBEDDING_KEY, "") if kind == "lora" else "",
    )


def can_be_inspected(path: Path) -> bool:
    try:
        inspect(path)
    except UserError:
        return False
    return True


def _pickled_header(path: Path) -> Header:
    """Names and shapes of an old-style file as our rules for front ends know them."""
    whole = header_of(path)
    if whole.shapes:
        return whole
    from engine.models.pickle_gate import load_pickle  # late: it needs torch

    shapes: dict[str, tuple[int, ...]] = {}
    for key, value in load_pickle(path).items():
        if isinstance(key, int) and isinstance(value, list | tuple):
            for number, net in enumerate(value):
                named = net.items() if isinstance(net, dict) else ()
                shapes |= {f"{key}.{number}.{name}": _shape(t) for name, t in named}
        elif key == "string_to_param" and isinstance(value, dict):
            shapes |= {f"{key}.{name}": _shape(t) for name, t in value.items()}
    return Header(shapes, {}, {})


def _shape(tensor: object) -> tuple[int, ...]:
    return tuple(getattr(tensor, "shape", ()))


def _kind_of(header: Header, *, pickled: bool) -> tuple[str, str]:
    names = list(header.shapes)
    if any(name.startswith("model.diffusion_model.") for name in names):
        return "checkpoint", "checkpoint"
    if any(name.startswith("lora_") for name in names):
        return "lora", "kohya"
    if any(".lora_A." in name for name in names):
        return "lora", "diffusers"
    if any(_NETS.match(name) for name in names):
        return "hypernetwork", "hypernetwork"
    if set(names) == {"clip_l", "clip_g"} or len(names) == 1:
        return "embedding", "embedding_a1111" if pickled else "embedding"
    return "", ""


def _family_of(kind: str, header: Header) -> Family | None:
    """By the width of the text that it was made for, as front ends tell it."""
    shapes = header.shapes
    if kind == "embedding":
        if set(shapes) == {"clip_l", "clip_g"}:
            return SDXL if shapes["clip_g"][-1] == 1280 else None
        return _BY_WIDTH.get(next(iter(shapes.values()))[-1])
    if kind == "hypernetwork":
        widths = {int(found[1]) for name in shapes if (found := _NETS.match(name))}
        known = [family for width, family in _BY_WIDTH.items() if width in widths]
        return known[0] if known else None
    if kind == "checkpoint":
        width = _width(shapes, _CHECKPOINT_KEY)
    else:
        width = _width(shapes, _LORA_KEY)
        width = width or _width(shapes, _LYCORIS_KEY)
    family = _BY_WIDTH.get(width)
    named = header.metadata.get("ss_base_model_version", "")
    if family is None and not width and named:  # no cross attention in it: what it says itself
        return next((f for f in _BY_WIDTH.values() if named.startswith(f.kohya_version)), None)
    return family


def _width(shapes: dict[str, tuple[int, ...]], key: re.Pattern[str]) -> int:
    found = (shape for name, shape in shapes.items() if key.search(name))
    shape = next(found, ())
    return shape[1] if len(shape) > 1 else 0
