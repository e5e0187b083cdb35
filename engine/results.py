"""What a method leaves behind, in a form that knows neither methods nor files.

A format writes one kind of result; a method says which kinds it has. Both meet here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

# The roles of the tensors in a low-rank layer, as kohya and LyCORIS name them in their files.
LORA_DOWN, LORA_UP, LORA_MID = "lora_down.weight", "lora_up.weight", "lora_mid.weight"
DIFF, BIAS = "diff", "diff_b"
GLORA = ("a1", "a2", "b1", "b2")


@dataclass(frozen=True, slots=True)
class AdapterLayer:
    """One adapted layer of the base model: delta W, from a few small tensors.

    `part` and `path` name the layer in the base model ("unet",
    "down_blocks.0...attn1.to_q"). `tensors` holds the roles that LyCORIS uses in files:

    * LoRA: `lora_down.weight` (r, in[, k, k]), `lora_up.weight` (out, r[, 1, 1]) and for the
      Tucker form `lora_mid.weight` (r, r, k, k);
    * LoHa: `hada_w1_a` (out, r), `hada_w1_b` (r, in * k * k), `hada_w2_a`, `hada_w2_b`, and for
      the Tucker form `hada_t1`, `hada_t2` (r, r, k, k);
    * LoKr: `lokr_w1` or `lokr_w1_a`, `lokr_w1_b`; `lokr_w2` or `lokr_w2_a`, `lokr_w2_b`
      and for the Tucker form `lokr_t2`;
    * GLoRA: `a1`, `a2`, `b1`, `b2`, in LyCORIS' newer form or in the older one;
    * what is added as it is: `diff` of the weight's own shape;

    and beside any of these, or alone, `diff_b`, which is added to the bias.

    `alpha` scales by alpha / rank, as files mean it (a LoKr of two whole matrices has no rank,
    and its alpha counts for nothing).
    """

    part: str
    path: str
    tensors: Mapping[str, Tensor]
    alpha: float

    @property
    def is_lora(self) -> bool:
        return LORA_DOWN in self.tensors

    @property
    def rank(self) -> int:
        """Inner size of the small matrices; 0 where there is none."""
        for role in (LORA_DOWN, "hada_w1_b", "lokr_w1_b", "lokr_w2_b"):
            if role in self.tensors:
                return self.tensors[role].shape[0]
        if "a1" in self.tensors:
            return min(self.tensors["a1"].flatten(1).shape)
        return 0

    @property
    def kind(self) -> str:
        """ "lora", "loha", "lokr", "glora" or "full"."""
        marks = {LORA_DOWN: "lora", "hada_w1_a": "loha", "a1": "glora"}
        found = next((kind for role, kind in marks.items() if role in self.tensors), None)
        is_lokr = any(role.startswith("lokr_") for role in self.tensors)
        return found or ("lokr" if is_lokr else "full")

    @property
    def is_zero(self) -> bool:
        """Whether delta W is surely zero: its alpha is, or a factor of its product."""
        if BIAS in self.tensors and self.tensors[BIAS].any():
            return False
        factors = [tensor for role, tensor in self.tensors.items() if role != BIAS]
        if self.kind == "glora":  # a sum of two products
            factors = []
        return (self.rank > 0 and self.alpha == 0) or any(not tensor.any() for tensor in factors)


@dataclass(frozen=True, slots=True)
class AdapterResult:
    """An add-on beside frozen layers: LoRA (Hu et al. 2021), LoHa, LoKr.

    `words`: embeddings that the file brings along.
    """

    layers: tuple[AdapterLayer, ...]
    rank: int
    alpha: float
    algorithm: str = "lora"  # of the first layer, see AdapterLayer.kind
    words: tuple[EmbeddingResult, ...] = ()

    @property
    def reads_text(self) -> bool:
        return any(layer.part != "unet" for layer in self.layers)

    @property
    def changes_nothing(self) -> bool:
        return not self.words and all(layer.is_zero for layer in self.layers)


@dataclass(frozen=True, slots=True)
class EmbeddingResult:
    """The vectors of a new word (Gal et al. 2022), for each text encoder.

    `vectors`: part name ("text_encoder", "text_encoder_2") -> (n, width), n the same for all.
    `has_output`: the file also has vectors for the text encoder's output, which are not used.
    """

    word: str
    vectors: Mapping[str, Tensor]
    has_output: bool = False

    @property
    def num_vectors(self) -> int:
        return next(iter(self.vectors.values())).shape[0]


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """How each net of a hypernetwork is built; AUTOMATIC1111's words."""

    layer_structure: tuple[float, ...] = (1, 2, 1)  # widths, in multiples of the net's own
    activation: str = "linear"
    activate_output: bool = False
    layer_norm: bool = False
    weight_initialization: str = "Normal"


@dataclass(frozen=True, slots=True)
class HypernetworkResult:
    """Nets that bend what goes into to_k and to_v of the attention layers, by their width.

    `nets`: width -> (tensors of the k net, tensors of the v net), each under
    `linear.<i>.weight|bias` and, with layer norm, `norm.<i>.weight|bias`; i counts the linear
    layers from 0.
    """

    nets: Mapping[int, tuple[Mapping[str, Tensor], Mapping[str, Tensor]]]
    shape: NetworkShape = field(default_factory=NetworkShape)


@dataclass(frozen=True, slots=True)
class WeightsResult:
    """A whole model: every weight of every part, under the names of a diffusers folder.

    `weights`: part name ("unet", "vae", "text_encoder", ...) -> name -> tensor. The inner
    mappings may work a tensor out when it is asked for, so that a merged model never lies in
    memory twice; ask for each once. `configs`: part name -> the part's config.json. `learnt`: the
    names of the weights that the training may have changed, of all parts that have any; None where
    that may be all.
    """

    weights: Mapping[str, Mapping[str, Tensor]]
    configs: Mapping[str, Mapping[str, object]]
    learnt: Mapping[str, Collection[str]] | None = None

    def is_untouched(self, part: str, name: str) -> bool:
        return self.learnt is not None and name not in self.learnt.get(part, ())


Result = AdapterResult | EmbeddingResult | HypernetworkResult | WeightsResult


def delta(layer: AdapterLayer, weight: Tensor | None = None) -> Tensor:
    """What the layer adds to the base weight at strength 1, (out, in * k * k) in fp32; zero where
    only the bias changes.

    `weight`: the base weight, which GLoRA multiplies. Raises KeyError or RuntimeError where the
    tensors do not make up a layer.
    """
    t = {role: tensor.detach().float() for role, tensor in layer.tensors.items()}
    if DIFF in t:
        return t[DIFF].reshape(len(t[DIFF]), -1)
    if LORA_DOWN in t:
        raw = _lora_product(t)
    elif "hada_w1_a" in t:
        raw = _hada_factor(t, "1") * _hada_factor(t, "2")
    elif "a1" in t:
        raw = _glora_product(t, weight)
    elif t.keys() == {BIAS}:
        if weight is None:
            raise KeyError(DIFF)
        return torch.zeros_like(weight, dtype=torch.float32).flatten(1)
    else:
        raw = _kron(_lokr_factor(t, "1"), _lokr_factor(t, "2"))
    scale = layer.alpha / layer.rank if layer.rank else 1.0
    return scale * raw.flatten(1)


def bias_delta(layer: AdapterLayer) -> Tensor | None:
    """What the layer adds to the bias at strength 1, in fp32."""
    bias = layer.tensors.get(BIAS)
    return None if bias is None else bias.detach().float()


def _glora_product(t: Mapping[str, Tensor], weight: Tensor | None) -> Tensor:
    """W a1 a2 + b1 b2 (Chavan et al. 2023); older files count the factors the other way round."""
    if weight is None:
        raise KeyError("weight")
    base = weight.detach().float()
    a1, a2, b1, b2 = (t[role].flatten(1).to(base.device) for role in GLORA)
    if a1.shape[0] < a1.shape[1]:  # (rank, in): the older form
        return base.flatten(1) @ a2 @ a1 + b2 @ b1
    return torch.einsum("oi...,ir,rj->oj...", base, a1, a2).flatten(1) + b1 @ b2


def _lora_product(t: Mapping[str, Tensor]) -> Tensor:
    up, down = t[LORA_UP].flatten(1), t[LORA_DOWN]
    if LORA_MID in t:  # (out, r) x (r, r, k, k) x (r, in)
        return torch.einsum("or,rskl,si->oikl", up, t[LORA_MID], down.flatten(1))
    return up @ down.flatten(1)


def _hada_factor(t: Mapping[str, Tensor], number: str) -> Tensor:
    """One factor of a Hadamard product (Hyeon-Woo et al. 2022), plain or Tucker."""
    a, b = t[f"hada_w{number}_a"], t[f"hada_w{number}_b"]
    core = t.get(f"hada_t{number}")
    if core is None:
        return a @ b.flatten(1)
    return torch.einsum("ijkl,jr,ip->prkl", core, b, a).flatten(1)


def _lokr_factor(t: Mapping[str, Tensor], number: str) -> Tensor:
    """One factor of a Kronecker product, whole or low-rank or Tucker."""
    whole = t.get(f"lokr_w{number}")
    if whole is not None:
        return whole
    a, b, core = t[f"lokr_w{number}_a"], t[f"lokr_w{number}_b"], t.get(f"lokr_t{number}")
    if core is not None:
        return torch.einsum("ijkl,jr,ip->prkl", core, b, a)
    return (a @ b.flatten(1)).reshape(a.shape[0], *b.shape[1:])


def _kron(left: Tensor, right: Tensor) -> Tensor:
    while left.dim() < right.dim():
        left = left.unsqueeze(-1)
    return torch.kron(left.contiguous(), right.contiguous())
