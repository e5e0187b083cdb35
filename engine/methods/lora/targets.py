"""Which layers an add-on stands beside, and peft's config for them."""

from __future__ import annotations

import re
from typing import Any

from peft import LoHaConfig, LoKrConfig, LoraConfig, OFTConfig
from torch import nn

from engine.methods.lora.settings import LoraSettings
from engine.models.base import Part

# The layers that kohya's trainer adapts by default: 192 in the UNet of SD 1.5, 72 in its text
# encoder. q, k, v and out always go together, because AUTOMATIC1111 drops a part of them.
ATTENTION = r".*\.attn[12]\.(to_q|to_k|to_v|to_out\.0)"
FEED_FORWARD = r"(.*\.ff\.net\.(0\.proj|2)|.*attentions\.\d+\.proj_(in|out))"
TEXT = r".*\.(q_proj|k_proj|v_proj|out_proj|fc1|fc2)"
# What LoCon adds: 86 layers of SD 1.5, 66 of SDXL. The first and last convolution and the layers
# that read timesteps and sizes are left alone, as no front end's LoCon has them in its usual set.
CONVOLUTIONS = (
    r".*resnets\.\d+\.(conv1|conv2|conv_shortcut|time_emb_proj)|.*(down|up)samplers\.0\.conv"
)
# Those with a kernel of 3x3; kohya's trainer and LyCORIS give the others the usual rank.
WIDE = r".*resnets\.\d+\.conv[12]|.*(down|up)samplers\.0\.conv"


def layers_of(part: Part, settings: LoraSettings) -> list[str]:
    """Paths of the layers that get an adapter, in the network's order."""
    pattern = re.compile(_pattern(part, settings))
    return [
        path
        for path, module in part.module.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d) and pattern.fullmatch(path)
    ]


def rank_of(path: str, settings: LoraSettings) -> int:
    """A block's own rank, or that of 3x3 convolutions, or the rank."""
    for place, rank in settings.ranks_by_block.items():
        if re.match(place, path):
            return rank
    is_wide = re.fullmatch(WIDE, path) is not None
    return settings.conv_rank or settings.rank if is_wide else settings.rank


def alpha_of(rank: int, settings: LoraSettings) -> float:
    """Grows with the rank, so that all layers learn at the same strength.

    Rank-stabilised it stays: alpha / root of the rank is what keeps them alike there.
    """
    return settings.alpha if settings.rslora else settings.alpha * rank / settings.rank


def peft_config(paths: list[str], settings: LoraSettings) -> Any:
    """One config for all layers of a part; what differs by layer goes into its patterns."""
    ranks = {path: rank_of(path, settings) for path in paths}
    others = {path: rank for path, rank in ranks.items() if rank != settings.rank}
    shared: dict[str, Any] = {
        "r": settings.rank,
        "target_modules": paths,
        # A pattern of peft may match in the middle of a path; the whole path cannot.
        "rank_pattern": {f"^{re.escape(path)}$": rank for path, rank in others.items()},
    }
    alphas = {f"^{re.escape(p)}$": alpha_of(rank, settings) for p, rank in others.items()}
    match settings.algorithm:
        case "lora" | "dora":
            return LoraConfig(
                **shared,
                lora_alpha=settings.alpha,  # type: ignore[arg-type]  (peft divides)
                alpha_pattern=alphas,
                lora_dropout=settings.dropout,
                use_rslora=settings.rslora,
                use_dora=settings.algorithm == "dora",
            )
        case "loha":
            return LoHaConfig(
                **shared,
                alpha=settings.alpha,  # type: ignore[arg-type]
                alpha_pattern=alphas,
                module_dropout=settings.dropout,
            )
        case "lokr":
            return LoKrConfig(
                **shared,
                alpha=settings.alpha,  # type: ignore[arg-type]
                alpha_pattern=alphas,
                module_dropout=settings.dropout,
                decompose_factor=settings.lokr_factor,
            )
        case "oft":
            # OFT has no rank; the size of its blocks says how much it can hold. peft takes the
            # nearest size that divides a layer's width.
            return OFTConfig(
                target_modules=paths,
                r=0,
                oft_block_size=settings.rank,
                module_dropout=settings.dropout,
            )


def _pattern(part: Part, settings: LoraSettings) -> str:
    if part.reads_text:
        return TEXT
    patterns = [ATTENTION]
    if settings.feed_forward:
        patterns.append(FEED_FORWARD)
    if settings.conv:
        patterns.append(CONVOLUTIONS)
    return "|".join(f"(?:{pattern})" for pattern in patterns)
