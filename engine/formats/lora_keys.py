"""The keys of LoRA files in every program's spelling: a layer's name, and a tensor's role in it.

kohya and LyCORIS write `lora_unet_x.lora_down.weight`, peft and diffusers
`unet.x.lora_A.default.weight`, older diffusers `unet.x.lora.down.weight` and
`unet.x.processor.to_q_lora.down.weight`. Imports no torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from engine.results import LORA_DOWN, LORA_MID, LORA_UP

ALPHA, SCALE, SCALAR = "alpha", "scale", "scalar"
NUMBERS = (ALPHA, SCALE, SCALAR)  # roles of a single number
_INFIX = r"(?:\.(?!weight$|bias$)[\w-]+)?"  # peft's name of the adapter
_LOW_RANK = re.compile(
    rf"\A(?P<layer>.+?)(?:\.lora_(?P<kohya>down|up|mid)|\.lora_(?P<peft>[AB]){_INFIX}"
    r"|(?:_lora|\.lora|\.lora_linear_layer)\.(?P<old>down|up|mid))(?:\.weight)?"
)
_NUMBER = re.compile(r"\A(?P<layer>.+?)(?:_lora|\.lora|\.lora_linear_layer)?\.(?P<role>alpha)")
_NAMED = re.compile(
    rf"\A(?P<layer>.+?)\.(?:(?P<role>hada_(?:w[12]_[ab]|t[12])|lokr_(?:w[12](?:_[ab])?|t[12])){_INFIX}"
    r"|(?P<weight>[ab][12])\.weight|(?P<plain>diff|diff_b|w_norm|b_norm|scale|scalar))"
)
_LOW_RANK_ROLES = {
    "down": LORA_DOWN, "A": LORA_DOWN, "up": LORA_UP, "B": LORA_UP, "mid": LORA_MID,
}  # fmt: skip
_SAME = {"w_norm": "diff", "b_norm": "diff_b"}  # LyCORIS' name for norms, and for all else
_PEFT = "base_model.model."
_TEXT_ATTENTION = re.compile(r"\A(.*self_attn)\.to_([qkv]|out)")


def split_key(key: str) -> tuple[str, str] | None:
    """The layer's name and the tensor's role, one of those of AdapterLayer or of NUMBERS.

    None for a key of another form. Names of flat form (`lora_unet_...`) stay as they are; dotted
    ones come as the live layer has them.
    """
    if found := _LOW_RANK.fullmatch(key):
        role = _LOW_RANK_ROLES[found["kohya"] or found["peft"] or found["old"]]
    elif found := _NUMBER.fullmatch(key):
        role = ALPHA
    elif found := _NAMED.fullmatch(key):
        role = found["role"] or found["weight"] or _SAME.get(found["plain"], found["plain"])
    else:
        return None
    return _layer(found["layer"]), role


def is_adapter(keys: Iterable[str]) -> bool:
    """Whether any of the keys is one of an add-on beside layers."""
    split = (split_key(key) for key in keys)
    return any(found is not None and found[1] not in NUMBERS for found in split)


def _layer(name: str) -> str:
    name = name.removeprefix(_PEFT).replace(".base_layer", "")
    name = name.replace(".processor.", ".").removesuffix(".processor")
    if found := _TEXT_ATTENTION.fullmatch(name):  # the text encoder, by the UNet's words
        return f"{found[1]}.{found[2]}_proj"
    return f"{name}.0" if name.endswith(".to_out") else name
