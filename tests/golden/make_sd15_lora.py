"""Writes sd15_lora_rank4.json: every name and shape of a kohya LoRA for SD 1.5.

Made from the published tables of the format (192 UNet and 72 text-encoder modules, three tensors
each), not from our writer: the two must agree. Run it as a script to write the data anew.
"""

from __future__ import annotations

import json
from pathlib import Path

RANK = 4
DATA = Path(__file__).with_name("sd15_lora_rank4.json")
CONTEXT = 768
# Where a transformer stands in the UNet, and the width of its level.
PLACES = {
    **{
        f"down_blocks_{b}_attentions_{a}": w for b, w in enumerate((320, 640, 1280)) for a in (0, 1)
    },
    "mid_block_attentions_0": 1280,
    **{
        f"up_blocks_{b}_attentions_{a}": w
        for b, w in ((1, 1280), (2, 640), (3, 320))
        for a in (0, 1, 2)
    },
}


def unet() -> dict[str, tuple[int, int, int]]:
    """Module name -> inputs, outputs, dimensions of its weight."""
    found = {}
    for place, width in PLACES.items():
        found[f"{place}_proj_in"] = (width, width, 4)
        found[f"{place}_proj_out"] = (width, width, 4)
        block = f"{place}_transformer_blocks_0"
        for attention, inputs in (("attn1", width), ("attn2", CONTEXT)):
            found[f"{block}_{attention}_to_q"] = (width, width, 2)
            found[f"{block}_{attention}_to_k"] = (inputs, width, 2)
            found[f"{block}_{attention}_to_v"] = (inputs, width, 2)
            found[f"{block}_{attention}_to_out_0"] = (width, width, 2)
        found[f"{block}_ff_net_0_proj"] = (width, 8 * width, 2)
        found[f"{block}_ff_net_2"] = (4 * width, width, 2)
    return {f"lora_unet_{name}": sizes for name, sizes in found.items()}


def text_encoder() -> dict[str, tuple[int, int, int]]:
    found = {}
    for layer in range(12):
        start = f"lora_te_text_model_encoder_layers_{layer}"
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            found[f"{start}_self_attn_{name}"] = (768, 768, 2)
        found[f"{start}_mlp_fc1"] = (768, 3072, 2)
        found[f"{start}_mlp_fc2"] = (3072, 768, 2)
    return found


def tensors() -> dict[str, list[int]]:
    shapes: dict[str, list[int]] = {}
    for name, (inputs, outputs, dimensions) in (unet() | text_encoder()).items():
        ones = [1] * (dimensions - 2)
        shapes[f"{name}.lora_down.weight"] = [RANK, inputs, *ones]
        shapes[f"{name}.lora_up.weight"] = [outputs, RANK, *ones]
        shapes[f"{name}.alpha"] = []
    return dict(sorted(shapes.items()))


if __name__ == "__main__":
    lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in tensors().items())
    DATA.write_text(f"{{\n{lines}\n}}\n", "utf-8")
