"""Hypernetworks as AUTOMATIC1111 and ComfyUI compute them, and a small model to try them on.

Both front ends' arithmetic is written anew from the description of the format.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace

import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn

from engine.formats import hypernetwork as file_format
from engine.methods.base import Subject
from engine.methods.hypernetwork.method import Hypernetwork
from engine.methods.hypernetwork.settings import HypernetworkSettings
from engine.models.base import Part
from engine.results import HypernetworkResult

FACTS = SimpleNamespace(step=700, source=SimpleNamespace(title="some model"))
PROMPT_WIDTH = 24
WIDTHS = (16, 24, 32)  # of the small UNet below; two attention levels and the prompt

TORCH_NAMES = {
    "relu": nn.ReLU, "leakyrelu": nn.LeakyReLU, "elu": nn.ELU, "swish": nn.Hardswish,
    "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softsign": nn.Softsign, "mish": nn.Mish,
}  # fmt: skip


def a1111_net(state: dict, width: int, data: dict) -> nn.Module:
    """AUTOMATIC1111's module with the state loaded strictly, ready to draw."""
    structure, modules = data["layer_structure"], []
    for i in range(len(structure) - 1):
        modules.append(nn.Linear(int(width * structure[i]), int(width * structure[i + 1])))
        is_last = i == len(structure) - 2
        if data["activation_func"] != "linear" and (not is_last or data["activate_output"]):
            modules.append(TORCH_NAMES[data["activation_func"]]())
        if data["is_layer_norm"]:
            modules.append(nn.LayerNorm(int(width * structure[i + 1])))
        if data["dropout_structure"][i + 1] > 0:
            modules.append(nn.Dropout(data["dropout_structure"][i + 1]))
    holder = nn.Module()
    holder.linear = nn.Sequential(*modules)
    holder.load_state_dict(state, strict=True)
    return holder.linear.eval()


def comfy_net(state: dict, width: int, data: dict) -> nn.Module:
    """ComfyUI's: layers by their order in the file; its test for the last one counts norms too."""
    del width
    weights = [name for name in state if name.endswith(".weight")]
    modules: list[nn.Module] = []
    for i, name in enumerate(weights):
        weight, bias = state[name], state[name.replace(".weight", ".bias")]
        if weight.dim() == 1:
            modules.append(nn.LayerNorm(len(weight)))
        else:
            modules.append(nn.Linear(weight.shape[1], weight.shape[0]))
        modules[-1].load_state_dict({"weight": weight, "bias": bias})
        is_activated = data["activate_output"] or i < len(weights) - 1
        if weight.dim() == 2 and is_activated and data["activation_func"] != "linear":
            modules.append(TORCH_NAMES[data["activation_func"]]())
    return nn.Sequential(*modules)


@contextmanager
def front_end(unet: nn.Module, files: list[tuple[dict, float]], net_of) -> Iterator[None]:
    """What a front end computes before to_k and to_v, layer by layer."""
    ready = [
        ({w: [net_of(s, w, data) for s in data[w]] for w in data if isinstance(w, int)}, strength)
        for data, strength in files
    ]

    def hook(number):
        def bend(_module, args):
            x = args[0]
            for nets, strength in ready:
                if x.shape[-1] in nets:
                    x = x + nets[x.shape[-1]][number](x) * strength
            return (x,)

        return bend

    handles = [
        module.register_forward_pre_hook(hook("kv".index(path[-1])))
        for path, module in unet.named_modules()
        if re.search(r"attn[12]\.to_[kv]$", path)
    ]
    yield
    for handle in handles:
        handle.remove()


class Model:
    """As much of a DiffusionModel as a method asks for."""

    def __init__(self, unet: nn.Module) -> None:
        self.unet = unet

    def parts(self):
        yield Part("unet", self.unet, False)
        yield Part("text_encoder", nn.Linear(1, 1), True)

    def freeze(self) -> None:
        self.unet.requires_grad_(False)
        self.unet.eval()


@cache
def _unet() -> nn.Module:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        cross_attention_dim=PROMPT_WIDTH,
        attention_head_dim=2,
        norm_num_groups=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    ).eval()


def small_model() -> Model:
    """The same at each call, with random weights."""
    return Model(copy.deepcopy(_unet()))


def inputs(dtype: torch.dtype = torch.float32) -> tuple:
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(2, 4, 8, 8, generator=generator).to(dtype)
    return (
        noisy,
        torch.tensor([10, 700]),
        torch.randn(2, 7, PROMPT_WIDTH, generator=generator).to(dtype),
    )


def answer(model: Model, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return model.unet(*inputs(dtype), return_dict=False)[0]


def attached(model: Model, **settings) -> Hypernetwork:
    method = Hypernetwork(HypernetworkSettings(**settings), Subject())
    method.attach(model)
    return method


def shaken(method: Hypernetwork, scale: float = 0.2) -> Hypernetwork:
    """As if it had learnt a lot."""
    generator = torch.Generator().manual_seed(5)
    for _, parameter in method.named_parameters():
        parameter.data += scale * torch.randn(parameter.shape, generator=generator)
    return method


def made(scale: float = 0.2, **settings) -> HypernetworkResult:
    method = shaken(attached(small_model(), **settings), scale)
    (result,) = method.results()
    return result


def saved(folder, result: HypernetworkResult, name: str = "toy"):
    path = folder / f"{name}.pt"
    file_format.save(path, result, FACTS)
    return path, torch.load(path, weights_only=True)


def relative(found: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((found - wanted).detach().norm() / wanted.detach().norm())


SHAPES = {
    "plain": {},
    "five layers": {"layer_structure": "1, 1.5, 3, 1.5, 1", "activation": "linear"},
    **{name: {"activation": name} for name in TORCH_NAMES},
    "output activated": {"activation": "mish", "activate_output": True},
    "norm": {"layer_norm": True},
    "norm, output activated": {"activation": "relu", "activate_output": True, "layer_norm": True},
}
NORM_AND_ACTIVATION = {"activation": "relu", "layer_norm": True}
