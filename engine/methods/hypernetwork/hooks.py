"""Puts hypernetworks before the to_k and to_v of a UNet: for training, or to draw with files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn

from engine.errors import HypernetworkDoesNotFit
from engine.methods.hypernetwork.layers import ROLES, Nets
from engine.models.base import DiffusionModel
from engine.results import HypernetworkResult

_CONTEXT = "encoder_hidden_states"
_CONTEXT_PLACE = 2  # among the UNet's positional arguments: sample, timestep, context
# A tensor of the prompt carries what the nets made of it under this name, so that it lives just
# as long: gradient checkpointing asks for it again in the backward pass.
_BENT = "_imprint_bent"


class Bend:
    """A chain of hypernetworks at work in a UNet, each on what the one before it gave.

    k' = k + strength * net(k), and v' likewise, computed in fp32, on what goes into to_k and
    to_v; the nets are chosen by the width of that. Every attention layer reads the same
    prompt, so its nets run once for a pass through the UNet.
    """

    def __init__(self, unet: nn.Module, chain: Sequence[tuple[Nets, float]]) -> None:
        self.is_on = True
        self._chain = tuple(chain)
        self._handles = [unet.register_forward_pre_hook(self._bend_context, with_kwargs=True)]
        for attention in _attentions(unet):
            for role in ROLES:
                layer: nn.Module = getattr(attention, f"to_{role}")
                self._handles.append(layer.register_forward_pre_hook(self._hook(role)))

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, role: str) -> Any:
        def before_layer(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
            del module
            x = args[0]
            if not self.is_on or not self._reaches(x):
                return None
            owner, bent = getattr(x, _BENT, (None, {}))
            ready = bent[role] if owner is self else self._bent(x, role)
            return (ready, *args[1:])

        return before_layer

    def _bend_context(self, unet: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        del unet
        is_named = _CONTEXT in kwargs
        if not is_named and len(args) <= _CONTEXT_PLACE:
            return None
        context = kwargs[_CONTEXT] if is_named else args[_CONTEXT_PLACE]
        if not self.is_on or context is None or not self._reaches(context):
            return None
        # A new name for the same tensor, so that passes that overlap do not share their nets.
        marked = context.view_as(context)
        setattr(marked, _BENT, (self, {role: self._bent(context, role) for role in ROLES}))
        if is_named:
            return args, kwargs | {_CONTEXT: marked}
        return (*args[:_CONTEXT_PLACE], marked, *args[_CONTEXT_PLACE + 1 :]), kwargs

    def _reaches(self, x: Tensor) -> bool:
        return any(str(x.shape[-1]) in nets.pairs for nets, _ in self._chain)

    def _bent(self, x: Tensor, role: str) -> Tensor:
        with torch.autocast(x.device.type, enabled=False):
            bent = x.float()
            for nets, strength in self._chain:
                if str(x.shape[-1]) in nets.pairs:
                    net = nets.pair(x.shape[-1])[role]
                    bent = torch.add(bent, net(bent), alpha=strength)
            return bent.to(x.dtype)


def widths(unet: nn.Module) -> tuple[set[int], set[int]]:
    """Widths of what goes into to_k: in any attention layer, and of the prompt alone."""
    of_prompt = {_width(attention) for attention in _attentions(unet, (".attn2",))}
    return {_width(attention) for attention in _attentions(unet)} | of_prompt, of_prompt


@contextmanager
def applied(
    model: DiffusionModel, chain: Sequence[tuple[HypernetworkResult, float]]
) -> Iterator[None]:
    """Inside the block the model draws with these hypernetworks, each at its strength.

    A width that a file has no nets for stays as it is, as in AUTOMATIC1111. Raises
    HypernetworkDoesNotFit for a file that was made for another family of models.
    """
    unet = next(part.module for part in model.parts() if not part.reads_text)
    device = next(unet.parameters()).device
    for result, _ in chain:
        require_fit(result, unet)
    bend = Bend(unet, [(Nets.of(result, device), strength) for result, strength in chain])
    try:
        yield
    finally:
        bend.remove()


def require_fit(result: HypernetworkResult, unet: nn.Module) -> None:
    """Raises HypernetworkDoesNotFit.

    Some widths are the same in all families, so one that fits proves little: a file with
    foreign widths must at least know that of the prompt.
    """
    all_widths, of_prompt = widths(unet)
    theirs = set(result.nets)
    knows_prompt = bool(theirs & of_prompt)
    if not theirs & all_widths or (theirs - all_widths and not knows_prompt):
        raise HypernetworkDoesNotFit(widths=_listed(theirs), model_widths=_listed(all_widths))


def _attentions(
    unet: nn.Module, endings: tuple[str, ...] = (".attn1", ".attn2")
) -> Iterator[Attention]:
    for path, module in unet.named_modules():
        if isinstance(module, Attention) and path.endswith(endings):
            yield module


def _width(attention: Attention) -> int:
    return cast(nn.Linear, attention.to_k).in_features


def _listed(numbers: set[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
