"""LoRA files built by hand in the forms that people have, and what they change in a model."""

from __future__ import annotations

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from engine.addons import Addon, applied
from tests.method_matrix import base_weights, same

Q = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"  # 16 -> 16
OUT = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0"  # 16 -> 16
FF = "down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj"  # 16 -> 128
CONV = "down_blocks.0.resnets.0.conv1"  # 16 -> 16, 3x3
TEXT = "encoder.layers.0.self_attn.q_proj"  # 32 -> 32
TEXT_OUT = "encoder.layers.0.self_attn.out_proj"
FC = "encoder.layers.1.mlp.fc1"  # 32 -> 64

Tensors = dict[str, Tensor]


def rand(*shape: int) -> Tensor:
    """Drawn by the shape alone, so that a test can draw the same again."""
    generator = torch.Generator().manual_seed(hash(shape) % 2**31)
    return 0.1 * torch.randn(shape, generator=generator)


def pair(inputs: int, outputs: int, rank: int = 4) -> tuple[Tensor, Tensor]:
    return rand(rank, inputs), rand(outputs, rank)


def save(folder: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> Path:
    path = folder / "addon.safetensors"
    safetensors.torch.save_file({k: t.contiguous() for k, t in tensors.items()}, path, metadata)
    return path


def added(model, path: Path, strength: float = 1.0) -> Tensors:
    """What changed in the weights, by part and path; every weight is back afterwards."""
    before = base_weights(model)
    with applied(model, [Addon(path, strength)]):
        during = base_weights(model)
    assert same(base_weights(model), before)
    return {
        name.removesuffix(".weight"): during[name] - before[name]
        for name in before
        if not torch.equal(during[name], before[name])
    }


def require_added(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor.reshape(found[name].shape),
                                   atol=1e-6, rtol=1e-4)  # fmt: skip


def text(path: str) -> str:
    """The live name of a text encoder's layer with transformers of today."""
    return f"text_encoder.{path}"


def kohya(name: str, down: Tensor, up: Tensor, alpha: float | None = None) -> Tensors:
    found = {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
    return found if alpha is None else found | {f"{name}.alpha": torch.tensor(alpha)}


def flat(path: str) -> str:
    return path.replace(".", "_")


def simple() -> Tensors:
    return kohya(f"lora_unet_{flat(Q)}", *pair(16, 16), 4.0)


NAME = f"lora_unet_{flat(OUT)}"
