"""Writes the names and shapes of kohya LoRAs for SD 2.1, SDXL, and the convolutions of all.

Made from the published tables of the format and the architectures, not from our writer: the two
must agree. SD 1.5's usual layers are in make_sd15_lora. Each module is one line of JSON, its
shapes at rank 4: `"name": [lora_down, lora_up]`. Run it as a script to write the data anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

RANK = 4
FOLDER = Path(__file__).parent
Shapes = dict[str, list[list[int]]]

# SDXL in the original code's names: place of a transformer, its width, its depth.
_XL_TRANSFORMERS = [
    *((f"input_blocks_{i}_1", 640, 2) for i in (4, 5)),
    *((f"input_blocks_{i}_1", 1280, 10) for i in (7, 8)),
    ("middle_block_1", 1280, 10),
    *((f"output_blocks_{i}_1", 1280, 10) for i in (0, 1, 2)),
    *((f"output_blocks_{i}_1", 640, 2) for i in (3, 4, 5)),
]
# Place of a resnet, what it takes and what it gives.
_XL_RESNETS = [
    ("input_blocks_1_0", 320, 320), ("input_blocks_2_0", 320, 320),
    ("input_blocks_4_0", 320, 640), ("input_blocks_5_0", 640, 640),
    ("input_blocks_7_0", 640, 1280), ("input_blocks_8_0", 1280, 1280),
    ("middle_block_0", 1280, 1280), ("middle_block_2", 1280, 1280),
    ("output_blocks_0_0", 2560, 1280), ("output_blocks_1_0", 2560, 1280),
    ("output_blocks_2_0", 1920, 1280), ("output_blocks_3_0", 1920, 640),
    ("output_blocks_4_0", 1280, 640), ("output_blocks_5_0", 960, 640),
    ("output_blocks_6_0", 960, 320), ("output_blocks_7_0", 640, 320),
    ("output_blocks_8_0", 640, 320),
]  # fmt: skip
_XL_SAMPLERS = [
    ("input_blocks_3_0_op", 320), ("input_blocks_6_0_op", 640),
    ("output_blocks_2_2_conv", 1280), ("output_blocks_5_2_conv", 640),
]  # fmt: skip
# SD 1.x and 2.x in diffusers' names; the same widths in both.
_DOWN, _UP = ((320, 320), (320, 640), (640, 1280), (1280, 1280)), (
    ((2560, 2560, 2560), 1280), ((2560, 2560, 1920), 1280),
    ((1920, 1280, 960), 640), ((960, 640, 640), 320),
)  # fmt: skip
_TRANSFORMERS = [
    *((f"down_blocks_{b}_attentions_{a}", w) for b, w in enumerate((320, 640, 1280))
      for a in (0, 1)),
    ("mid_block_attentions_0", 1280),
    *((f"up_blocks_{b}_attentions_{a}", w) for b, w in ((1, 1280), (2, 640), (3, 320))
      for a in (0, 1, 2)),
]  # fmt: skip


def linear(inputs: int, outputs: int) -> list[list[int]]:
    return [[RANK, inputs], [outputs, RANK]]


def convolution(inputs: int, outputs: int, side: int) -> list[list[int]]:
    return [[RANK, inputs, side, side], [outputs, RANK, 1, 1]]


def transformer(place: str, width: int, depth: int, context: int) -> Shapes:
    """Linear projections, as SD 2.x and SDXL have them."""
    found = {f"{place}_proj_in": linear(width, width), f"{place}_proj_out": linear(width, width)}
    for block in (f"{place}_transformer_blocks_{number}" for number in range(depth)):
        for attention, inputs in (("attn1", width), ("attn2", context)):
            found[f"{block}_{attention}_to_q"] = linear(width, width)
            found[f"{block}_{attention}_to_k"] = linear(inputs, width)
            found[f"{block}_{attention}_to_v"] = linear(inputs, width)
            found[f"{block}_{attention}_to_out_0"] = linear(width, width)
        found[f"{block}_ff_net_0_proj"] = linear(width, 8 * width)
        found[f"{block}_ff_net_2"] = linear(4 * width, width)
    return found


def text_encoder(prefix: str, layers: int, width: int) -> Shapes:
    found = {}
    for start in (f"{prefix}_text_model_encoder_layers_{number}" for number in range(layers)):
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found[f"{start}_self_attn_{name}"] = linear(width, width)
        found[f"{start}_mlp_fc1"] = linear(width, 4 * width)
        found[f"{start}_mlp_fc2"] = linear(4 * width, width)
    return found


def sd21() -> Shapes:
    found: Shapes = {}
    for place, width in _TRANSFORMERS:
        found |= transformer(f"lora_unet_{place}", width, 1, 1024)
    return found | text_encoder("lora_te", 23, 1024)


def sdxl() -> Shapes:
    found: Shapes = {}
    for place, width, depth in _XL_TRANSFORMERS:
        found |= transformer(f"lora_unet_{place}", width, depth, 2048)
    return found | text_encoder("lora_te1", 12, 768) | text_encoder("lora_te2", 32, 1280)


def sd15_convolutions() -> Shapes:
    """Those of SD 2.1 as well: the resnets of both are the same."""
    found: Shapes = {}
    for place, inputs, outputs in _resnets():
        names = ("conv1", "time_emb_proj", "conv2", "conv_shortcut")
        found |= _resnet(f"lora_unet_{place}", inputs, outputs, names)
    for block, (_, width) in enumerate(_DOWN[:3]):
        found[f"lora_unet_down_blocks_{block}_downsamplers_0_conv"] = convolution(width, width, 3)
    for block, (_, width) in enumerate(_UP[:3]):
        found[f"lora_unet_up_blocks_{block}_upsamplers_0_conv"] = convolution(width, width, 3)
    return found


def sdxl_convolutions() -> Shapes:
    found: Shapes = {}
    names = ("in_layers_2", "emb_layers_1", "out_layers_3", "skip_connection")
    for place, inputs, outputs in _XL_RESNETS:
        found |= _resnet(f"lora_unet_{place}", inputs, outputs, names)
    for place, width in _XL_SAMPLERS:
        found[f"lora_unet_{place}"] = convolution(width, width, 3)
    return found


def _resnets() -> Iterator[tuple[str, int, int]]:
    for block, (inputs, width) in enumerate(_DOWN):
        yield f"down_blocks_{block}_resnets_0", inputs, width
        yield f"down_blocks_{block}_resnets_1", width, width
    yield "mid_block_resnets_0", 1280, 1280
    yield "mid_block_resnets_1", 1280, 1280
    for block, (all_inputs, width) in enumerate(_UP):
        for number, inputs in enumerate(all_inputs):
            yield f"up_blocks_{block}_resnets_{number}", inputs, width


def _resnet(place: str, inputs: int, outputs: int, names: tuple[str, ...]) -> Shapes:
    first, time, second, shortcut = (f"{place}_{name}" for name in names)
    found = {
        first: convolution(inputs, outputs, 3),
        time: linear(1280, outputs),
        second: convolution(outputs, outputs, 3),
    }
    return found if inputs == outputs else found | {shortcut: convolution(inputs, outputs, 1)}


LISTS = {
    "sd21_lora": sd21,
    "sdxl_lora": sdxl,
    "sd15_convolutions": sd15_convolutions,
    "sdxl_convolutions": sdxl_convolutions,
}


def data(name: str) -> Path:
    return FOLDER / f"{name}.json"


if __name__ == "__main__":
    for name, make in LISTS.items():
        lines = ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in sorted(make().items()))
        data(name).write_text(f"{{\n{lines}\n}}\n", "utf-8")
