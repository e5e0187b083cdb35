"""A part's config.json -> its network without weights, on the meta device.

The configs come from files of others: only settings of known names and sensible size get as far
as the libraries (CVE-2026-5241 came in through a config).
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from engine.models.config_check import require_sensible
from engine.models.ldm_names import folder_name

_TEXT_SETTINGS = (
    "vocab_size", "hidden_size", "intermediate_size", "projection_dim", "num_hidden_layers",
    "num_attention_heads", "max_position_embeddings", "hidden_act", "layer_norm_eps",
    "attention_dropout", "initializer_range", "initializer_factor", "pad_token_id",
    "bos_token_id", "eos_token_id",
)  # fmt: skip
_DIFFUSERS: dict[str, Any] = {"unet": UNet2DConditionModel, "vae": AutoencoderKL}


def network(part: str, config: Mapping[str, object]) -> nn.Module:
    """The part's network, every tensor of it on the meta device.

    Raises what the libraries raise at settings that make no sense: ValueError, TypeError,
    ArithmeticError, LookupError, AttributeError or RuntimeError.
    """
    require_sensible(config)
    with torch.device("meta"):
        if part in _DIFFUSERS:
            kind = _DIFFUSERS[part]
            known = inspect.signature(kind.__init__).parameters
            return kind.from_config({k: v for k, v in config.items() if k in known})
        kind = CLIPTextModel if part == "text_encoder" else CLIPTextModelWithProjection
        settings: Any = {key: config[key] for key in _TEXT_SETTINGS if key in config}
        return kind(CLIPTextConfig(**settings))


def folder_shapes(part: str, module: nn.Module) -> dict[str, tuple[int, ...]]:
    """The weights of a network under the names that they have in a diffusers folder."""
    return {folder_name(part, k): tuple(t.shape) for k, t in module.state_dict().items()}


def whole_shapes(
    configs: Mapping[str, Mapping[str, object]],
) -> dict[str, dict[str, tuple[int, ...]]]:
    """Part -> name in a diffusers folder -> shape, for a whole model."""
    return {part: folder_shapes(part, network(part, config)) for part, config in configs.items()}


def fill(part: str, module: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Put the tensors themselves in place; `weights` by their names in a diffusers folder.

    Raises KeyError where one is missing, RuntimeError where a shape is wrong.
    """
    own = {key: weights[folder_name(part, key)] for key in module.state_dict()}
    module.load_state_dict(own, assign=True)
    for name, buffer in module.named_buffers():
        if name.endswith("position_ids"):  # never kept in files
            owner = module.get_submodule(name.rpartition(".")[0])
            owner.position_ids = torch.arange(buffer.shape[-1]).expand(buffer.shape)
