"""The alpha of LoRA files that keep it beside the tensors.

diffusers and SimpleTuner write peft's settings into the safetensors header
(`lora_adapter_metadata`, or `unet.lora_alpha` and the like), peft into `adapter_config.json`
beside the file, kohya `ss_network_alpha` into the header. No torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import AddonUnreadable
from engine.json_reading import NotParsed, parse_json
from engine.regular_files import read_text
from engine.wording import QT_TRANSLATE_NOOP, Phrase

HEADER_KEY = "lora_adapter_metadata"
CONFIG = "adapter_config.json"
_MOST_CONFIG_BYTES = 1 << 20
_PARTS = ("unet", "text_encoder", "text_encoder_2")
_ALPHAS = ("lora_alpha", "network_alpha", "alpha")  # peft's LoRA, others, peft's LoHa and LoKr
_PLAIN_PATTERN = re.compile(r"\^?[\w.]+\$?")
_BAD = QT_TRANSLATE_NOOP("engine", "its settings give {name} as {value}")


@dataclass(frozen=True, slots=True)
class StatedAlphas:
    """What is said beside the tensors. By part, "" for all parts; empty where nothing is said."""

    path: Path
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    kohya: Mapping[str, str] = field(default_factory=dict)

    def of(self, part: str, layer: str, rank: int, *, is_convolution: bool) -> float | None:
        """The alpha of a layer without one of its own, as in alpha / rank; None: alpha = rank.

        As peft has it: `alpha_pattern` before `lora_alpha`, and with `use_rslora` the scale is
        alpha / sqrt(rank). Raises AddonUnreadable.
        """
        settings = self.settings.get(part) or self.settings.get("") or {}
        stated = next((settings[name] for name in _ALPHAS if name in settings), None)
        pattern = settings.get("alpha_pattern")
        if isinstance(pattern, Mapping):
            stated = next((v for k, v in pattern.items() if self._matches(k, layer)), stated)
        if stated is not None:
            alpha = self._number("lora_alpha", stated)
            return alpha * math.sqrt(rank) if settings.get("use_rslora") is True else alpha
        return self._kohya_alpha(is_convolution=is_convolution)

    def rank_of(self, part: str, layer: str) -> int | None:
        """The rank by which peft divides, for layers whose tensors have none of their own."""
        settings = self.settings.get(part) or self.settings.get("") or {}
        stated, pattern = settings.get("r"), settings.get("rank_pattern")
        if isinstance(pattern, Mapping):
            stated = next((v for k, v in pattern.items() if self._matches(k, layer)), stated)
        return stated if type(stated) is int and stated > 0 else None

    def _kohya_alpha(self, *, is_convolution: bool) -> float | None:
        text = self.kohya.get("ss_network_alpha")
        if is_convolution:
            arguments = _table(self.kohya.get("ss_network_args"))
            text = arguments.get("conv_alpha", text)
        if text in (None, "", "None"):
            return None
        return self._number("ss_network_alpha", text)

    def _number(self, name: str, value: object) -> float:
        try:
            number = float(value)  # type: ignore[arg-type] (checked right here)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number) or isinstance(value, bool):
            raise AddonUnreadable(
                path=self.path.name, reason=Phrase(_BAD, name=name, value=repr(value)[:40])
            )
        return number

    def _matches(self, pattern: object, layer: str) -> bool:
        """peft matches the end of the layer's name, from a dot on. Its patterns may be any
        expression; one that is more than names could also run for ever and is refused."""
        if not isinstance(pattern, str) or not _PLAIN_PATTERN.fullmatch(pattern):
            raise AddonUnreadable(
                path=self.path.name,
                reason=Phrase(_BAD, name="alpha_pattern", value=repr(pattern)[:40]),
            )
        name = pattern.removesuffix("$")
        if name.startswith("^"):
            return layer == name[1:]
        return f".{layer}".endswith(f".{name}")


def stated_alphas(path: Path, metadata: Mapping[str, str], *, is_kohya: bool) -> StatedAlphas:
    """From a safetensors header and from peft's settings beside the file.

    `is_kohya`: kohya's own statement counts, since the file has kohya's names.
    """
    settings = _by_part(_header_table(path, metadata) or _plain_keys(metadata))
    if not settings and path.name.startswith("adapter_model."):
        settings = _by_part(_config_beside(path))
    return StatedAlphas(path, settings, metadata if is_kohya else {})


def _header_table(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    text = metadata.get(HEADER_KEY)
    found = _table(text)
    if text and not found and text.strip() != "{}":
        reason = QT_TRANSLATE_NOOP("engine", "{name} in its header cannot be read")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, name=HEADER_KEY))
    return found


def _by_part(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`unet.lora_alpha` -> {"unet": {"lora_alpha": ...}}."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        part, dot, name = key.partition(".")
        if dot and part in _PARTS:
            found.setdefault(part, {})[name] = value
        elif not dot:
            found.setdefault("", {})[key] = value
    return found


def _plain_keys(metadata: Mapping[str, str]) -> dict[str, Any]:
    """Settings that are keys of the header itself, without JSON around them."""
    names = (*_ALPHAS, "use_rslora")
    wanted = {*names, *(f"{part}.{name}" for part in _PARTS for name in names)}
    found: dict[str, Any] = {key: text for key, text in metadata.items() if key in wanted}
    for key, text in found.items():
        if key.endswith("use_rslora"):
            found[key] = text.lower() == "true"
    return found


def _config_beside(path: Path) -> dict[str, Any]:
    beside = path.with_name(CONFIG)
    try:
        if beside.stat().st_size > _MOST_CONFIG_BYTES:
            return {}
        text = read_text(beside, "utf-8-sig")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        reason = QT_TRANSLATE_NOOP("engine", "{name} beside it cannot be read")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, name=CONFIG)) from error
    found = _table(text)
    if not found:
        reason = QT_TRANSLATE_NOOP("engine", "{name} beside it cannot be read")
        raise AddonUnreadable(path=path.name, reason=Phrase(reason, name=CONFIG))
    return found


def _table(text: str | None) -> dict[str, Any]:
    try:
        found = parse_json(text) if text else {}
    except NotParsed:
        return {}
    return found if isinstance(found, dict) else {}
