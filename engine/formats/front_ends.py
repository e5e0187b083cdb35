"""Which front end reads which of our files, and which keys of a file its rules know.

The patterns follow what the readers' own sources take, and not our writers: the export report
counts the keys of a written file against them. Read in AUTOMATIC1111 1.10, ComfyUI 2025-10,
Forge 2025-06, InvokeAI 2026-08, SD.Next 2025-03, stable-diffusion.cpp 2026-08, diffusers 0.42.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.formats.catalog import FormatEntry
from engine.formats.front_end_remarks import shows_invoke_the_model
from engine.models.catalog import Family

if TYPE_CHECKING:  # the window asks who reads what before torch is there
    from engine.formats.metadata import ExportFacts

A1111, FORGE, COMFY = "AUTOMATIC1111", "Forge", "ComfyUI"
INVOKE, SDNEXT, SDCPP, DIFFUSERS = "InvokeAI", "SD.Next", "stable-diffusion.cpp", "diffusers"
FRONT_ENDS = (A1111, FORGE, COMFY, INVOKE, SDNEXT, SDCPP, DIFFUSERS)

_RESNET = r"(conv1|conv2|conv_shortcut|time_emb_proj)"
_INNER = r"(proj_in|proj_out|transformer_blocks_\d+_(attn[12]_to_(q|k|v|out_0)|ff_net_(0_proj|2)))"
_DIFFUSERS_BLOCKS = (
    rf"((down_blocks_\d+|up_blocks_\d+|mid_block)_(attentions_\d+_{_INNER}|resnets_\d+_{_RESNET})"
    r"|down_blocks_\d+_downsamplers_0_conv|up_blocks_\d+_upsamplers_0_conv"
    r"|conv_in|conv_out|time_embedding_linear_[12])"
)
_ORIGINAL_RESNET = r"(in_layers_2|out_layers_3|emb_layers_1|skip_connection)"
_ORIGINAL_BLOCKS = (
    rf"((input_blocks_\d+|output_blocks_\d+|middle)_(block_)?\d+_({_INNER}|{_ORIGINAL_RESNET})"
    r"|input_blocks_\d+_0_op|output_blocks_\d+_[12]_conv|input_blocks_0_0|out_2"
    r"|time_embed_[02]|label_emb_0_[02])"
)
_TEXT = r"text_model_encoder_layers_\d+_(self_attn_(q|k|v|out)_proj|mlp_fc[12])"
_LORA = r"(lora_down\.weight|lora_up\.weight|lora_mid\.weight|alpha)"
_LYCORIS = r"(hada_(w[12]_[ab]|t[12])|lokr_(w[12](_[ab])?|t2)|alpha)"
_LYCORIS_KEY = re.compile(r"\.(hada|lokr)_")
_EMBEDDING = r"(emb_params|clip_[lg]|[^.]+|string_to_param\..+)"
_WHOLE = (
    r"(model\.diffusion_model\.|first_stage_model\.|cond_stage_model\.(transformer\.text_model|model)"
    r"\.|conditioner\.embedders\.(0\.transformer\.text_model|1\.model)\."
    # Readers leave aside what is no network's weight: schedules, marks, denoiser.sigmas.
    r"|(?!model\.|first_stage_model\.|cond_stage_model\.|conditioner\.|unet\.|vae\.|text_|lora_"
    r"|(down|up|mid)_block)).*"
)
_NETS = r"\d+\.[01]\.linear\.\d+\.(weight|bias)"

_ALL = frozenset(FRONT_ENDS)
# format -> who reads it.
READERS: dict[str, frozenset[str]] = {
    "kohya": _ALL,
    "diffusers": frozenset({DIFFUSERS}),
    "embedding": _ALL,
    "embedding_a1111": _ALL,
    "embedding_diffusers": _ALL,
    "hypernetwork": frozenset({A1111, COMFY}),
    "checkpoint": _ALL,
    "diffusers_folder": frozenset({DIFFUSERS, INVOKE, SDNEXT}),
}


def matches(entry: FormatEntry, facts: ExportFacts, names: Sequence[str]) -> dict[str, int]:
    """How many of a file's keys each front end knows, for those that read the format at all."""
    rule = re.compile(_rule(entry, facts))
    known = sum(rule.fullmatch(name) is not None for name in names)
    readers = sorted(_readers(entry, facts, names), key=FRONT_ENDS.index)
    return {name: known - _dropped(name, facts, names) for name in readers}


def not_reading(entry: FormatEntry, facts: ExportFacts, names: Sequence[str]) -> tuple[str, ...]:
    """Front ends that have no way to use such a file."""
    readers = _readers(entry, facts, names)
    return tuple(name for name in FRONT_ENDS if name not in readers)


def _readers(entry: FormatEntry, facts: ExportFacts, names: Sequence[str]) -> frozenset[str]:
    readers = READERS[entry.name]
    has_two_encoders = len(facts.source.family.text_prefixes) > 1
    if not facts.is_published_size:  # the others know no such model
        return readers & {DIFFUSERS}
    if entry.takes == "adapter":
        if any(_LYCORIS_KEY.search(name) for name in names):
            readers -= {DIFFUSERS, SDCPP}
        if INVOKE in readers and not shows_invoke_the_model(names):
            readers -= {INVOKE}
        return readers
    if entry.takes == "embedding" and has_two_encoders:
        return readers - {DIFFUSERS}  # not as one file; its two tensors one by one
    if entry.name == "embedding_diffusers" and _has_many_vectors(facts):
        return readers - {INVOKE}  # it takes the number of vectors for their width
    return readers


def _rule(entry: FormatEntry, facts: ExportFacts) -> str:
    return rule_of(entry.name, facts.source.family)


def rule_of(format_name: str, family: Family) -> str:
    """The keys that readers of a format know, as one pattern."""
    if format_name == "kohya":
        blocks = _ORIGINAL_BLOCKS if family.original_block_names else _DIFFUSERS_BLOCKS
        texts = "|".join(family.text_prefixes.values())
        return rf"(lora_unet_{blocks}|({texts})_{_TEXT})\.({_LORA}|{_LYCORIS})"
    return {
        "diffusers": r"(unet|text_encoder(_2)?)\..+\.lora_[AB]\.weight",
        "hypernetwork": _NETS,
        "checkpoint": _WHOLE,
        "diffusers_folder": r"(unet|vae|text_encoder(_2)?)/.+",
    }.get(format_name, _EMBEDDING)


def _dropped(front_end: str, facts: ExportFacts, names: Sequence[str]) -> int:
    """Keys that a front end knows by name and leaves out all the same.

    AUTOMATIC1111 patches the fused attention of OpenCLIP encoders only where q, k, v and out
    of a layer are all in the file.
    """
    if front_end != A1111:
        return 0
    # OpenCLIP: the second encoder, or the only one where the context is as wide as SD 2.x's.
    prefixes = list(facts.source.family.text_prefixes.values())
    is_open_clip = len(prefixes) > 1 or facts.source.family.context_width == 1024
    if not is_open_clip:
        return 0
    layers: dict[str, list[str]] = {}
    for name in names:
        found = re.match(rf"({prefixes[-1]}_.*_layers_\d+)_self_attn_(q|k|v|out)_proj\.", name)
        if found:
            layers.setdefault(found[1], []).append(found[2])
    return sum(len(kinds) for kinds in layers.values() if len(set(kinds)) < 4)


def _has_many_vectors(facts: ExportFacts) -> bool:
    return getattr(facts.config.method, "num_vectors", 1) != 1
