"""What has to be set or known in a front end that reads a file, but not as it is meant by itself.

The rules were read in the readers' own sources, in the versions that engine.formats.front_ends
names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.formats.catalog import FormatEntry
from engine.wording import QT_TRANSLATE_NOOP, Phrase

if TYPE_CHECKING:  # the window asks who reads what before torch is there
    from engine.formats.metadata import ExportFacts

_V, _EPSILON = "v_prediction", "epsilon"
_SD2_WIDTH = 1024
_ROUGH = 0.05  # bf16 costs usual weights 0.004
_READ_TEXT = ("attn2_to_k", "attn2_to_v")  # their inputs are as wide as the text

_DIFFUSERS = QT_TRANSLATE_NOOP(
    "engine",
    "diffusers: from_single_file makes a scheduler for {wrong} here. Build one with {settings}.",
)
_DIFFUSERS_ZERO_SNR = QT_TRANSLATE_NOOP(
    "engine",
    "diffusers: from_single_file does not see the zero terminal SNR of this model. Build the "
    "scheduler with {settings}.",
)
_INVOKE = QT_TRANSLATE_NOOP(
    "engine", "InvokeAI: set the model's prediction type to {right} on the page of models."
)
_YAML = QT_TRANSLATE_NOOP(
    "engine",
    "AUTOMATIC1111 and Forge: keep the .yaml beside the file; without it they may take this model "
    "for one that predicts noise.",
)
_COMFY_SD1 = QT_TRANSLATE_NOOP(
    "engine",
    "ComfyUI: put the node ModelSamplingDiscrete with v_prediction behind the checkpoint.",
)
_SDCPP_SD1 = QT_TRANSLATE_NOOP("engine", "stable-diffusion.cpp: start it with --prediction v.")
_A1111_ZERO_SNR = QT_TRANSLATE_NOOP(
    "engine",
    "AUTOMATIC1111: set Noise schedule for sampling to Zero Terminal SNR in the settings.",
)
_A1111_PRECISION = QT_TRANSLATE_NOOP(
    "engine",
    "AUTOMATIC1111 multiplies the matrices of LoHa and LoKr in the file's precision: small changes "
    "are off by 1 to 2 % there. With fp32 as the precision of the file they are not.",
)
_INVOKE_LOKR = QT_TRANSLATE_NOOP(
    "engine",
    "InvokeAI refuses this LoKr (“unrecognized token vector length”): it cannot tell the model "
    "from it. A LoKr with whole matrices (a higher rank) or a LoRA can be added there.",
)
_OLD_DIFFUSERS = QT_TRANSLATE_NOOP(
    "engine",
    "diffusers: the layers have different ranks. Versions from 0.34 on read their scale from the "
    "file's header; older ones scale them wrongly.",
)
_ROUNDED = QT_TRANSLATE_NOOP(
    "engine",
    "The learnt changes are so small that {precision} keeps them only roughly: the worst layer is "
    "off by {share:.0%}. With fp32 as the precision of the file they are kept.",
)
_EMA_LEFT_OUT = QT_TRANSLATE_NOOP(
    "engine",
    "The averaged weights (EMA) of the base model, {count} tensors, were left out: they are not "
    "those of the trained model.",
)


def remarks(
    entry: FormatEntry,
    facts: ExportFacts,
    names: Sequence[str],
    *,
    num_averaged: int = 0,
    rounding: float = 0.0,
) -> tuple[Phrase, ...]:
    """`names`: the keys of the file. `num_averaged`: tensors of the base model that are no part of
    what was made of it. `rounding`: what the file's type costs the worst layer, relative."""
    if entry.name == "checkpoint":
        return tuple(_of_checkpoint(facts, num_averaged))
    if entry.takes != "adapter":
        return ()
    said = tuple(_of_adapter(entry, facts, names))
    if rounding < _ROUGH:
        return said
    return (Phrase(_ROUNDED, precision=facts.config.export.precision, share=rounding), *said)


def _of_checkpoint(facts: ExportFacts, num_averaged: int) -> Iterator[Phrase]:
    if num_averaged:
        yield Phrase(_EMA_LEFT_OUT, count=num_averaged)
    if not facts.is_published_size:
        return  # no front end knows such a model
    is_sd2 = facts.source.family.context_width == _SD2_WIDTH
    right = _V if facts.is_v else _EPSILON
    assumed = _V if is_sd2 else _EPSILON  # where a reader does not look at the file itself
    if facts.is_v:
        yield Phrase(_YAML)
        if facts.zero_terminal_snr:
            yield Phrase(_A1111_ZERO_SNR)
        if not is_sd2 and not facts.source.family.original_block_names:
            yield Phrase(_COMFY_SD1)
            yield Phrase(_SDCPP_SD1)
    if right != assumed:
        yield Phrase(_INVOKE, right=right)
    if right != assumed:
        yield Phrase(_DIFFUSERS, wrong=assumed, settings=_scheduler_settings(facts))
    elif facts.zero_terminal_snr:
        yield Phrase(_DIFFUSERS_ZERO_SNR, settings=_scheduler_settings(facts))


def _scheduler_settings(facts: ExportFacts) -> str:
    settings = [f'prediction_type="{_V if facts.is_v else _EPSILON}"']
    if facts.zero_terminal_snr:
        settings += ["rescale_betas_zero_snr=True", 'timestep_spacing="trailing"']
    return ", ".join(settings)


def _of_adapter(entry: FormatEntry, facts: ExportFacts, names: Sequence[str]) -> Iterator[Phrase]:
    is_lokr = any(".lokr_" in name for name in names)
    if facts.is_published_size and (is_lokr or any(".hada_" in name for name in names)):
        if facts.config.export.precision != "fp32":
            yield Phrase(_A1111_PRECISION)
        if is_lokr and not shows_invoke_the_model(names):
            yield Phrase(_INVOKE_LOKR)
    if entry.name == "diffusers" and _has_mixed_ranks(facts.config.method):
        yield Phrase(_OLD_DIFFUSERS)


def _has_mixed_ranks(method: object) -> bool:
    conv_rank = getattr(method, "conv_rank", 0) if getattr(method, "conv", False) else 0
    return bool(getattr(method, "block_ranks", "")) or conv_rank not in (
        0,
        getattr(method, "rank", 0),
    )


def shows_invoke_the_model(names: Sequence[str]) -> bool:
    """InvokeAI tells what a LoRA was made for by the width of a layer that reads the text, or of
    the text encoder's attention (of both, in SDXL). A LoKr shows that width only where both of the
    layer's matrices are whole."""
    known = set(names)
    texts = {"lora_te_": False, "lora_te1_": False, "lora_te2_": False}
    for name in names:
        layer, _, role = name.partition(".")
        if role in ("lora_down.weight", "hada_w1_b"):
            shows = True
        elif role == "lokr_w1":
            shows = f"{layer}.lokr_w2" in known
        else:
            continue
        if (
            shows
            and layer.startswith("lora_unet_")
            and layer.endswith(("attn2_to_k", "attn2_to_v"))
        ):
            return True
        for prefix in texts:
            if shows and layer.startswith(prefix) and "_self_attn_" in layer:
                texts[prefix] = True
    return texts["lora_te_"] or (texts["lora_te1_"] and texts["lora_te2_"])
