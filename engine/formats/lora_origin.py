"""What a LoRA or a weights file was made for, by the names and shapes of its tensors. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine.formats.lora_keys import split_key
from engine.models.catalog import SD1, SD2_BASE, SDXL, Family
from engine.models.safetensors_header import Header
from engine.results import LORA_DOWN
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_S = r"[._]"  # dotted names, and kohya's flat ones
_START = r"\A(base_model\.model\.)?((diffusion_model|transformer|unet)\.|lora_unet_|lycoris_)?"
# The first that matches a key decides, so the more special names come first.
_ARCHITECTURES = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"\Alllite_", QT_TRANSLATE_NOOP("engine", "ControlNet (a ControlNet-LLLite file)")),
        (r"\A(lora_controlnet|control_model\.|controlnet_)",
         QT_TRANSLATE_NOOP("engine", "ControlNet")),
        (r"\A(ip_adapter|image_proj)\.", QT_TRANSLATE_NOOP("engine", "IP-Adapter")),
        (r"(motion_modules|temporal_transformer)",
         QT_TRANSLATE_NOOP("engine", "AnimateDiff (its motion module)")),
        (r"\Alora_prior_", QT_TRANSLATE_NOOP("engine", "Stable Cascade")),
        (rf"transformer_blocks{_S}\d+{_S}(img|txt)_(mlp|mod)",
         QT_TRANSLATE_NOOP("engine", "Qwen-Image")),
        (rf"(double_blocks|single_blocks|single_transformer_blocks){_S}",
         QT_TRANSLATE_NOOP("engine", "Flux, Chroma or HunyuanVideo")),
        (rf"joint_blocks{_S}", QT_TRANSLATE_NOOP("engine", "Stable Diffusion 3")),
        (rf"transformer_blocks{_S}\d+{_S}attn2?{_S}(add_|to_add_)",
         QT_TRANSLATE_NOOP("engine", "Stable Diffusion 3, Flux or Qwen-Image")),
        (r"lora_te3_", QT_TRANSLATE_NOOP("engine", "Stable Diffusion 3 or Flux")),
        (rf"{_START}blocks{_S}\d+{_S}attn[12]{_S}(Wqkv|q_proj|kv_proj|out_proj)",
         QT_TRANSLATE_NOOP("engine", "Hunyuan-DiT")),
        (rf"{_START}blocks{_S}\d+{_S}(self_attn|cross_attn|ffn|attn1{_S}to_)",
         QT_TRANSLATE_NOOP("engine", "Wan")),
        (r"adaln_single", QT_TRANSLATE_NOOP("engine", "PixArt")),
        (rf"(noise_refiner|context_refiner|layers{_S}\d+{_S}attention{_S})",
         QT_TRANSLATE_NOOP("engine", "Lumina or Z-Image")),
        (r"\A((base_model\.model\.)?transformer\.|lora_transformer_)",
         QT_TRANSLATE_NOOP("engine", "a model with a transformer in place of the UNet")),
        (r"\A(base_model\.model\.)?model\.layers\.\d+\.",
         QT_TRANSLATE_NOOP("engine", "a language model")),
    )
)  # fmt: skip
_CROSS = re.compile(rf"attn2{_S}to_[kv]$")
_SECOND_ENCODER = re.compile(
    r"\A(base_model\.model\.)?(lora_te2_|text_encoder_2\.|clip_g\.|text_encoders\.clip_g\.)"
)
_FAMILIES = {family.context_width: family for family in (SD1, SD2_BASE, SDXL)}
# What a file of weights is that is no add-on.
_WHOLE = tuple(
    (re.compile(rf"\A({pattern})"), what)
    for pattern, what in (
        (r"model\.diffusion_model\.|first_stage_model\.|cond_stage_model\.|conditioner\.",
         QT_TRANSLATE_NOOP("engine", "it is a whole model, not a LoRA")),
        (r"control_model\.|controlnet_|input_hint_block",
         QT_TRANSLATE_NOOP("engine", "it is a ControlNet")),
        (r"(ip_adapter|image_proj)\.", QT_TRANSLATE_NOOP("engine", "it is an IP-Adapter")),
        (r"(encoder|decoder)\.(conv_in|down\.|up\.|down_blocks|up_blocks)",
         QT_TRANSLATE_NOOP("engine", "it is an autoencoder (VAE)")),
        (r"text_model\.(encoder|embeddings)\.",
         QT_TRANSLATE_NOOP("engine", "it is a text encoder")),
        (r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks)\.",
         QT_TRANSLATE_NOOP("engine", "it is a UNet, not a LoRA")),
    )
)  # fmt: skip


def other_architecture(header: Header) -> str | None:
    """The model that a LoRA was made for, if that is none with a Stable Diffusion UNet."""
    for pattern, what in _ARCHITECTURES:
        if any(pattern.search(key) for key in header.shapes):
            return Phrase(what)
    return None


def family_of(header: Header) -> Family | None:
    """By its second text encoder, by the width of the text that its cross-attention reads, or by
    what kohya's header says; None where nothing tells."""
    if any(_SECOND_ENCODER.search(key) for key in header.shapes):
        return SDXL
    for key, shape in header.shapes.items():
        split = split_key(key)
        if split and split[1] in (LORA_DOWN, "hada_w1_b") and _CROSS.search(split[0]):
            family = _FAMILIES.get(shape[1]) if len(shape) > 1 else None
            if family is not None:
                return family
    return _said(header.metadata)


def what_weights_are(header: Header) -> str:
    for pattern, what in _WHOLE:
        if any(pattern.search(key) for key in header.shapes):
            return Phrase(what)
    return Phrase(QT_TRANSLATE_NOOP("engine", "its form is not known"))


def _said(metadata: Mapping[str, str]) -> Family | None:
    version = metadata.get("ss_base_model_version", "")
    if version.startswith("sdxl"):
        return SDXL
    if version.startswith("sd_v2") or metadata.get("ss_v2") == "True":
        return SD2_BASE
    return SD1 if version.startswith("sd_v1") else None
