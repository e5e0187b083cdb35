"""Networks that say how alike two pictures are: the bundled one, or a CLIP or DINOv2 folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine import records
from engine.errors import JudgeUnreadable
from engine.evaluation import mobilenet
from engine.models.catalog import RESOURCES
from engine.models.config_check import require_sensible
from engine.out_of_memory import is_out_of_memory
from engine.records import NotRead, Why
from engine.regular_files import is_file, require_regular
from engine.shapes import Record
from engine.wording import QT_TRANSLATE_NOOP, Phrase

BUNDLED = RESOURCES / "likeness/mobilenet_v2.safetensors"
TOKENIZER = RESOURCES / "model_configs/clip_tokenizer"
SMALL_SIDE, SIDE = 128, 224  # pictures of up to 128 pixels are only made twice as large or less

_NO_CONFIG = QT_TRANSLATE_NOOP("engine", "it holds no config.json")
_OTHER_KIND = QT_TRANSLATE_NOOP("engine", "a model of the type {kind} does not look at pictures")


class NetworkConfig(Record):
    """config.json of transformers."""

    model_type: str | None = None


class Network(Protocol):
    """Pictures, and perhaps texts, as unit vectors whose products are cosines."""

    name: str  # for reports

    def pictures(self, pictures: Sequence[Tensor]) -> Tensor:
        """Each (3, H, W) in [-1, 1], of any sizes -> (N, width) in fp32 on the CPU."""
        ...

    def texts(self, prompts: Sequence[str]) -> Tensor | None:
        """(N, width), or None where the network reads no text."""
        ...


def load_network(folder: Path | None) -> Network:
    """The bundled network, or that of a diffusers-style folder. Raises JudgeUnreadable."""
    if folder is None:
        return Bundled()
    try:
        config = records.read_json(folder / "config.json", NetworkConfig)
    except NotRead as error:
        is_missing = error.why is Why.MISSING
        reason = Phrase(_NO_CONFIG) if is_missing else error.reason
        raise JudgeUnreadable(folder=str(folder), reason=reason) from error
    kind, known = config.model_type, {"clip": Clip, "dinov2": Dino}
    if kind not in known:
        raise JudgeUnreadable(folder=str(folder), reason=Phrase(_OTHER_KIND, kind=str(kind)))
    try:
        require_sensible(config.as_data())
        require_regular(folder)  # the library opens them by name
        return known[kind](folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
            RuntimeError, SafetensorError) as error:  # fmt: skip
        if is_out_of_memory(error):
            raise
        raise JudgeUnreadable(folder=str(folder), reason=str(error).split("\n")[0]) from error


class Bundled:
    """MobileNetV2 of ImageNet: the mean over the picture of its last features."""

    name = "MobileNetV2"

    def __init__(self) -> None:
        self._network = mobilenet.MobileNetV2().eval()
        weights = load_file(BUNDLED)
        self._network.load_state_dict({name: t.float() for name, t in weights.items()})

    @torch.no_grad()
    def pictures(self, pictures: Sequence[Tensor]) -> Tensor:
        rows = []
        for picture in pictures:
            side = SMALL_SIDE if max(picture.shape[-2:]) <= SMALL_SIDE else SIDE
            features = self._network(_prepared(picture, side, mobilenet.MEAN, mobilenet.STD))
            rows.append(F.normalize(features.mean(dim=(2, 3)), dim=1))
        return torch.cat(rows)

    def texts(self, prompts: Sequence[str]) -> None:
        return None


class Clip:
    """CLIP (Radford et al. 2021), from a folder as transformers writes it."""

    def __init__(self, folder: Path) -> None:
        from transformers import CLIPModel, CLIPTokenizer  # late: only where it is wished for

        self.name = f"CLIP ({folder.name})"
        self._model: Any = CLIPModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        ).eval()
        self._side = self._model.config.vision_config.image_size
        has_own = is_file(folder / "merges.txt")
        self._tokenizer: Any = CLIPTokenizer.from_pretrained(
            folder if has_own else TOKENIZER, local_files_only=True
        )

    @torch.no_grad()
    def pictures(self, pictures: Sequence[Tensor]) -> Tensor:
        pixels = [_square(picture, self._side, CLIP_MEAN, CLIP_STD) for picture in pictures]
        output = self._model.vision_model(pixel_values=torch.cat(pixels))
        return F.normalize(self._model.visual_projection(output.pooler_output), dim=1)

    @torch.no_grad()
    def texts(self, prompts: Sequence[str]) -> Tensor:
        tokens = self._tokenizer(
            list(prompts), padding="max_length", max_length=77, truncation=True, return_tensors="pt"
        )
        output = self._model.text_model(input_ids=tokens.input_ids)
        return F.normalize(self._model.text_projection(output.pooler_output), dim=1)


class Dino:
    """DINOv2 (Oquab et al. 2023), from a folder as transformers writes it."""

    def __init__(self, folder: Path) -> None:
        from transformers import Dinov2Model

        self.name = f"DINOv2 ({folder.name})"
        self._model: Any = Dinov2Model.from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        ).eval()
        patch = self._model.config.patch_size
        self._side = SIDE // patch * patch

    @torch.no_grad()
    def pictures(self, pictures: Sequence[Tensor]) -> Tensor:
        pixels = [
            _square(picture, self._side, mobilenet.MEAN, mobilenet.STD) for picture in pictures
        ]
        return F.normalize(self._model(pixel_values=torch.cat(pixels)).pooler_output, dim=1)

    def texts(self, prompts: Sequence[str]) -> None:
        return None


CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def _prepared(
    picture: Tensor, side: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> Tensor:
    """(1, 3, h, w) of about `side` squared pixels in the picture's own proportions."""
    height, width = picture.shape[-2:]
    scale = side / (height * width) ** 0.5
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return _scaled(picture, size, mean, std)


def _square(picture: Tensor, side: int, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """(1, 3, side, side): the middle of the picture."""
    height, width = picture.shape[-2:]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    middle = picture[:, top : top + short, left : left + short]
    return _scaled(middle, (side, side), mean, std)


def _scaled(
    picture: Tensor, size: tuple[int, int], mean: tuple[float, ...], std: tuple[float, ...]
) -> Tensor:
    pixels = picture.detach().to("cpu", torch.float32)[None]
    pixels = F.interpolate(pixels, size=size, mode="bilinear", antialias=True)
    mean_, std_ = (torch.tensor(values)[:, None, None] for values in (mean, std))
    return ((pixels + 1) / 2 - mean_) / std_
