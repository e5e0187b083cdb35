"""The names of weights in a diffusers folder, and in one file of the original code (LDM, SGM).

Every table is made from a part's own config, so it holds for any number of levels and layers.
Names alone: no tensor is touched here, and torch is not imported.
Layout: CompVis/latent-diffusion, Stability-AI/stablediffusion and generative-models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

UNET, VAE = "model.diffusion_model.", "first_stage_model."
CLIP, OPEN_CLIP = "cond_stage_model.transformer.", "cond_stage_model.model."
XL_CLIP, XL_OPEN_CLIP = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."

_UNET_FIXED = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "mid_block.attentions.0": "middle_block.1",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_UNET_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_VAE_RESNET = {"conv_shortcut": "nin_shortcut"}
_VAE_ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}
_VAE_ATTENTION_OF_OLD = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_OPEN_CLIP_FIXED = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
    "text_projection.weight": "text_projection",
}
_OPEN_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
# NovelAI's model and all that was merged from it; their CLIP has no `text_model.` in its names.
_BARE_CLIP = re.compile(
    r"(cond_stage_model|conditioner\.embedders\.0)\.transformer\."
    r"(?=(embeddings|encoder|final_layer_norm)\.)"
)
_LAYER = re.compile(r"\Atext_model\.encoder\.layers\.(\d{1,4})\.(.+)\.(weight|bias)")
# OpenCLIP-H has 24 layers. SD 2 reads the one before the last, and diffusers leaves that out.
_OPEN_CLIP_H_LAYERS = 24


def usual_names(names: Iterable[str]) -> dict[str, str]:
    """The names of a file's tensors -> those that the original code gives them, in order.

    A name that would be there twice stays as it is.
    """
    names = list(names)
    taken = set(names)
    usual = {name: _BARE_CLIP.sub(r"\g<0>text_model.", name, count=1) for name in names}
    return {name: name if new in taken else new for name, new in usual.items()}


class Form(Enum):
    """How a tensor of the original file comes from those of a diffusers folder."""

    SAME = "same"
    CONVOLUTION = "convolution"  # (C, C) -> (C, C, 1, 1)
    TRANSPOSED = "transposed"  # OpenCLIP multiplies from the other side
    FUSED = "fused"  # query, key and value, one below the other


@dataclass(frozen=True, slots=True)
class Entry:
    """Tensors of one part, and where they stand in the original file.

    `originals` holds more than one name where the file has the same values twice.
    """

    part: str
    names: tuple[str, ...]
    originals: tuple[str, ...]
    form: Form = Form.SAME


def original_unet_paths(unet_config: Mapping[str, object]) -> dict[str, str]:
    """Paths of the UNet's modules -> the original's, both without a dot at the end.

    A path of the table stands for all below it too: what lies inside an attention block is named
    alike in both worlds. The parts of a resnet are listed one by one.
    """
    table = dict(_UNET_FIXED)
    _add_resnet(table, "mid_block.resnets.0", "middle_block.0")
    _add_resnet(table, "mid_block.resnets.1", "middle_block.2")
    _add_down_blocks(table, unet_config)
    _add_up_blocks(table, unet_config)
    return table


def original_unet_path(path: str, unet_config: Mapping[str, object]) -> str:
    """One module's or weight's path, as the original code has it. Raises KeyError if unknown."""
    return renamed(path, original_unet_paths(unet_config))


def renamed(path: str, table: Mapping[str, str]) -> str:
    """`path` with its longest beginning that the table knows replaced. Raises KeyError."""
    start, rest = path, ""
    while start not in table:
        start, dot, last = start.rpartition(".")
        if not dot:
            raise KeyError(path)
        rest = f".{last}{rest}"
    return table[start] + rest


def original_vae_paths(vae_config: Mapping[str, object]) -> dict[str, str]:
    """As `original_unet_paths`, for the autoencoder."""
    table = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    levels = len(_sequence(vae_config["block_out_channels"]))
    layers = _count(vae_config.get("layers_per_block", 1))
    for side in ("encoder", "decoder"):
        table[f"{side}.conv_in"] = f"{side}.conv_in"
        table[f"{side}.conv_norm_out"] = f"{side}.norm_out"
        table[f"{side}.conv_out"] = f"{side}.conv_out"
        for number in (0, 1):
            _add_vae_resnet(
                table, f"{side}.mid_block.resnets.{number}", f"{side}.mid.block_{number + 1}"
            )
        for name, original in _VAE_ATTENTION.items():
            table[f"{side}.mid_block.attentions.0.{name}"] = f"{side}.mid.attn_1.{original}"
    for level in range(levels):
        # The original decoder counts its levels from the picture inwards.
        down, up = f"encoder.down.{level}", f"decoder.up.{levels - 1 - level}"
        for layer in range(layers):
            place = f"encoder.down_blocks.{level}.resnets.{layer}"
            _add_vae_resnet(table, place, f"{down}.block.{layer}")
        for layer in range(layers + 1):
            place = f"decoder.up_blocks.{level}.resnets.{layer}"
            _add_vae_resnet(table, place, f"{up}.block.{layer}")
        table[f"encoder.down_blocks.{level}.downsamplers.0"] = f"{down}.downsample"
        table[f"decoder.up_blocks.{level}.upsamplers.0"] = f"{up}.upsample"
    return table


def folder_name(part: str, name: str) -> str:
    """A weight's name as files of diffusers folders have it, whatever their age.

    transformers >= 5.6 has no `text_model.` in the live names of CLIPTextModel; the first
    folders of diffusers call the autoencoder's attention query, key, value, proj_attn.
    """
    if part == "vae" and ".attentions." in name:
        start, last, kind = name.rsplit(".", 2)
        return f"{start}.{_VAE_ATTENTION_OF_OLD.get(last, last)}.{kind}"
    if part.startswith("text_encoder") and not name.startswith(("text_model.", "text_projection.")):
        return f"text_model.{name}"
    return name


def original_entries(
    configs: Mapping[str, Mapping[str, object]], names: Mapping[str, list[str]]
) -> list[Entry]:
    """Where every weight of a whole model stands in one file.

    `configs`: part -> config.json; `names`: part -> its weights, named as in a folder. The layout
    follows from the parts: two text encoders are SDXL's, linear projections without are SD 2's.
    """
    unet, vae = original_unet_paths(configs["unet"]), original_vae_paths(configs["vae"])
    entries = [Entry("unet", (name,), (UNET + renamed(name, unet),)) for name in names["unet"]]
    entries += [_vae_entry(name, vae) for name in names["vae"]]
    if is_xl(configs):
        entries += _clip_entries("text_encoder", names["text_encoder"], XL_CLIP)
        entries += _open_clip_entries("text_encoder_2", names["text_encoder_2"], XL_OPEN_CLIP, None)
    elif is_sd2(configs):
        layers = _count(configs["text_encoder"]["num_hidden_layers"])
        twice = None if layers >= _OPEN_CLIP_H_LAYERS else layers - 1
        entries += _open_clip_entries("text_encoder", names["text_encoder"], OPEN_CLIP, twice)
    else:
        entries += _clip_entries("text_encoder", names["text_encoder"], CLIP)
    return entries


def is_xl(configs: Mapping[str, Mapping[str, object]]) -> bool:
    return "text_encoder_2" in configs


def is_sd2(configs: Mapping[str, Mapping[str, object]]) -> bool:
    return not is_xl(configs) and bool(configs["unet"].get("use_linear_projection"))


def _add_resnet(table: dict[str, str], place: str, original: str) -> None:
    for name, inner in _UNET_RESNET.items():
        table[f"{place}.{name}"] = f"{original}.{inner}"


def _add_vae_resnet(table: dict[str, str], place: str, original: str) -> None:
    table[place] = original
    for name, inner in _VAE_RESNET.items():
        table[f"{place}.{name}"] = f"{original}.{inner}"


def _add_down_blocks(table: dict[str, str], config: Mapping[str, object]) -> None:
    """The original counts through: every resnet and every downsampler is one input block."""
    kinds = _sequence(config["down_block_types"])
    count = 1
    for block, (kind, layers) in enumerate(zip(kinds, _layers(config), strict=True)):
        for layer in range(layers):
            place = f"down_blocks.{block}"
            _add_resnet(table, f"{place}.resnets.{layer}", f"input_blocks.{count}.0")
            if "CrossAttn" in str(kind):
                table[f"{place}.attentions.{layer}"] = f"input_blocks.{count}.1"
            count += 1
        if block < len(kinds) - 1:
            table[f"down_blocks.{block}.downsamplers.0.conv"] = f"input_blocks.{count}.0.op"
            count += 1


def _add_up_blocks(table: dict[str, str], config: Mapping[str, object]) -> None:
    """One output block for each resnet; the upsampler stands last in the level's last block."""
    kinds = _sequence(config["up_block_types"])
    count = 0
    for block, (kind, layers) in enumerate(zip(kinds, _layers(config)[::-1], strict=True)):
        attends = "CrossAttn" in str(kind)
        for layer in range(layers + 1):
            place, original = f"up_blocks.{block}", f"output_blocks.{count}"
            _add_resnet(table, f"{place}.resnets.{layer}", f"{original}.0")
            if attends:
                table[f"{place}.attentions.{layer}"] = f"{original}.1"
            count += 1
        if block < len(kinds) - 1:
            table[f"up_blocks.{block}.upsamplers.0.conv"] = (
                f"output_blocks.{count - 1}.{2 if attends else 1}.conv"
            )


def _layers(config: Mapping[str, object]) -> list[int]:
    """Resnets of each level, from the picture inwards."""
    layers, levels = config.get("layers_per_block", 2), len(_sequence(config["down_block_types"]))
    return [layers] * levels if isinstance(layers, int) else [_count(n) for n in _sequence(layers)]


def _vae_entry(name: str, table: Mapping[str, str]) -> Entry:
    is_matrix = ".attentions." in name and name.endswith(".weight") and "group_norm" not in name
    form = Form.CONVOLUTION if is_matrix else Form.SAME
    return Entry("vae", (name,), (VAE + renamed(name, table),), form)


def _clip_entries(part: str, names: list[str], prefix: str) -> Iterator[Entry]:
    for name in names:
        yield Entry(part, (name,), (prefix + name,))


def _open_clip_entries(
    part: str, names: list[str], prefix: str, twice: int | None
) -> Iterator[Entry]:
    """`twice`: the layer that stands for the next one too."""
    for name in names:
        if name in _OPEN_CLIP_FIXED:
            form = Form.TRANSPOSED if name == "text_projection.weight" else Form.SAME
            yield Entry(part, (name,), (prefix + _OPEN_CLIP_FIXED[name],), form)
            continue
        match = _LAYER.fullmatch(name)
        if match is None:
            raise KeyError(name)
        layer, place, kind = int(match[1]), match[2], match[3]
        blocks = [layer, layer + 1] if layer == twice else [layer]
        starts = [f"{prefix}transformer.resblocks.{block}." for block in blocks]
        if place in _OPEN_CLIP_LAYER:
            originals = tuple(f"{start}{_OPEN_CLIP_LAYER[place]}.{kind}" for start in starts)
            yield Entry(part, (name,), originals)
        elif place == "self_attn.q_proj":
            fused = tuple(name.replace(".q_proj.", f".{letter}_proj.") for letter in "qkv")
            originals = tuple(f"{start}attn.in_proj_{kind}" for start in starts)
            yield Entry(part, fused, originals, Form.FUSED)
        elif place not in ("self_attn.k_proj", "self_attn.v_proj"):
            raise KeyError(name)


def _sequence(value: object) -> list[object]:
    """A list of a config. Raises TypeError where it is none."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is not a list")
    return list(value)


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a number")
    return value
