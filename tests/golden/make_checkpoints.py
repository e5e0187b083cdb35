"""Names and shapes of whole models in one file, as the original code builds them.

Made from the published settings of Stable Diffusion 1.5, 2.1 and XL (v1-inference.yaml,
v2-inference.yaml, sd_xl_base.yaml) by walking through the networks in the order of the original
constructors: UNetModel, AutoencoderKL, CLIP of transformers, OpenCLIP's text tower. No table of
Imprint or diffusers is used. Run this file to write checkpoints.json: how many, and a hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).with_name("checkpoints.json")

Shape = tuple[int, ...]
Named = Iterator[tuple[str, Shape]]


@dataclass(frozen=True)
class UNet:
    """Settings of UNetModel, under their names in the yaml."""

    context_dim: int
    use_linear_in_transformer: bool
    channel_mult: tuple[int, ...]
    attention_resolutions: tuple[int, ...]
    transformer_depth: tuple[int, ...]  # by level
    adm_in_channels: int = 0
    model_channels: int = 320
    num_res_blocks: int = 2


SD1 = UNet(768, False, (1, 2, 4, 4), (4, 2, 1), (1, 1, 1, 1))
SD2 = UNet(1024, True, (1, 2, 4, 4), (4, 2, 1), (1, 1, 1, 1))
SDXL = UNet(2048, True, (1, 2, 4), (4, 2), (1, 2, 10), adm_in_channels=2816)


def linear(name: str, inner: int, outer: int, *, bias: bool = True) -> Named:
    yield f"{name}.weight", (outer, inner)
    if bias:
        yield f"{name}.bias", (outer,)


def conv(name: str, inner: int, outer: int, side: int) -> Named:
    yield f"{name}.weight", (outer, inner, side, side)
    yield f"{name}.bias", (outer,)


def norm(name: str, width: int) -> Named:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


def res_block(name: str, inner: int, outer: int, embedding: int) -> Named:
    yield from norm(f"{name}.in_layers.0", inner)
    yield from conv(f"{name}.in_layers.2", inner, outer, 3)
    yield from linear(f"{name}.emb_layers.1", embedding, outer)
    yield from norm(f"{name}.out_layers.0", outer)
    yield from conv(f"{name}.out_layers.3", outer, outer, 3)
    if inner != outer:
        yield from conv(f"{name}.skip_connection", inner, outer, 1)


def spatial_transformer(name: str, width: int, depth: int, net: UNet) -> Named:
    def project(place: str) -> Named:
        if net.use_linear_in_transformer:
            return linear(f"{name}.{place}", width, width)
        return conv(f"{name}.{place}", width, width, 1)

    yield from norm(f"{name}.norm", width)
    yield from project("proj_in")
    for number in range(depth):
        block = f"{name}.transformer_blocks.{number}"
        for attention, context in (("attn1", width), ("attn2", net.context_dim)):
            yield from linear(f"{block}.{attention}.to_q", width, width, bias=False)
            yield from linear(f"{block}.{attention}.to_k", context, width, bias=False)
            yield from linear(f"{block}.{attention}.to_v", context, width, bias=False)
            yield from linear(f"{block}.{attention}.to_out.0", width, width)
        yield from linear(f"{block}.ff.net.0.proj", width, 8 * width)  # gated
        yield from linear(f"{block}.ff.net.2", 4 * width, width)
        for place in ("norm1", "norm2", "norm3"):
            yield from norm(f"{block}.{place}", width)
    yield from project("proj_out")


def unet(net: UNet) -> Named:
    start, embedding = net.model_channels, 4 * net.model_channels
    yield from linear("time_embed.0", start, embedding)
    yield from linear("time_embed.2", embedding, embedding)
    if net.adm_in_channels:
        yield from linear("label_emb.0.0", net.adm_in_channels, embedding)
        yield from linear("label_emb.0.2", embedding, embedding)
    yield from conv("input_blocks.0.0", 4, start, 3)
    skips, width, count, levels = [start], start, 1, len(net.channel_mult)
    for level, multiple in enumerate(net.channel_mult):
        attends = 2**level in net.attention_resolutions
        for _ in range(net.num_res_blocks):
            block = f"input_blocks.{count}"
            yield from res_block(f"{block}.0", width, multiple * start, embedding)
            width = multiple * start
            if attends:
                yield from spatial_transformer(
                    f"{block}.1", width, net.transformer_depth[level], net
                )
            skips.append(width)
            count += 1
        if level < levels - 1:
            yield from conv(f"input_blocks.{count}.0.op", width, width, 3)
            skips.append(width)
            count += 1
    yield from res_block("middle_block.0", width, width, embedding)
    yield from spatial_transformer("middle_block.1", width, net.transformer_depth[-1], net)
    yield from res_block("middle_block.2", width, width, embedding)
    count = 0
    for level in range(levels - 1, -1, -1):
        attends = 2**level in net.attention_resolutions
        for number in range(net.num_res_blocks + 1):
            block, outer = f"output_blocks.{count}", net.channel_mult[level] * start
            yield from res_block(f"{block}.0", width + skips.pop(), outer, embedding)
            width, place = outer, 1
            if attends:
                yield from spatial_transformer(
                    f"{block}.1", width, net.transformer_depth[level], net
                )
                place = 2
            if level and number == net.num_res_blocks:
                yield from conv(f"{block}.{place}.conv", width, width, 3)
            count += 1
    yield from norm("out.0", width)
    yield from conv("out.2", width, 4, 3)


def vae_block(name: str, inner: int, outer: int) -> Named:
    yield from norm(f"{name}.norm1", inner)
    yield from conv(f"{name}.conv1", inner, outer, 3)
    yield from norm(f"{name}.norm2", outer)
    yield from conv(f"{name}.conv2", outer, outer, 3)
    if inner != outer:
        yield from conv(f"{name}.nin_shortcut", inner, outer, 1)


def vae_middle(name: str, width: int) -> Named:
    yield from vae_block(f"{name}.block_1", width, width)
    yield from norm(f"{name}.attn_1.norm", width)
    for place in ("q", "k", "v", "proj_out"):
        yield from conv(f"{name}.attn_1.{place}", width, width, 1)
    yield from vae_block(f"{name}.block_2", width, width)


def vae() -> Named:
    widths = [128 * multiple for multiple in (1, 2, 4, 4)]
    yield from conv("encoder.conv_in", 3, widths[0], 3)
    width = widths[0]
    for level, outer in enumerate(widths):
        for number in range(2):
            yield from vae_block(f"encoder.down.{level}.block.{number}", width, outer)
            width = outer
        if level < len(widths) - 1:
            yield from conv(f"encoder.down.{level}.downsample.conv", width, width, 3)
    yield from vae_middle("encoder.mid", width)
    yield from norm("encoder.norm_out", width)
    yield from conv("encoder.conv_out", width, 8, 3)
    yield from conv("decoder.conv_in", 4, width, 3)
    yield from vae_middle("decoder.mid", width)
    for level in range(len(widths) - 1, -1, -1):
        for number in range(3):
            yield from vae_block(f"decoder.up.{level}.block.{number}", width, widths[level])
            width = widths[level]
        if level:
            yield from conv(f"decoder.up.{level}.upsample.conv", width, width, 3)
    yield from norm("decoder.norm_out", width)
    yield from conv("decoder.conv_out", width, 3, 3)
    yield from conv("quant_conv", 8, 8, 1)
    yield from conv("post_quant_conv", 4, 4, 1)


def clip_l() -> Named:
    width = 768
    yield "embeddings.token_embedding.weight", (49408, width)
    yield "embeddings.position_embedding.weight", (77, width)
    for number in range(12):
        layer = f"encoder.layers.{number}"
        for place in ("q_proj", "k_proj", "v_proj", "out_proj"):
            yield from linear(f"{layer}.self_attn.{place}", width, width)
        yield from linear(f"{layer}.mlp.fc1", width, 4 * width)
        yield from linear(f"{layer}.mlp.fc2", 4 * width, width)
        yield from norm(f"{layer}.layer_norm1", width)
        yield from norm(f"{layer}.layer_norm2", width)
    yield from norm("final_layer_norm", width)


def open_clip(width: int, layers: int) -> Named:
    yield "positional_embedding", (77, width)
    yield "text_projection", (width, width)
    yield "logit_scale", ()
    yield "token_embedding.weight", (49408, width)
    for number in range(layers):
        block = f"transformer.resblocks.{number}"
        yield f"{block}.attn.in_proj_weight", (3 * width, width)
        yield f"{block}.attn.in_proj_bias", (3 * width,)
        yield from linear(f"{block}.attn.out_proj", width, width)
        yield from linear(f"{block}.mlp.c_fc", width, 4 * width)
        yield from linear(f"{block}.mlp.c_proj", 4 * width, width)
        yield from norm(f"{block}.ln_1", width)
        yield from norm(f"{block}.ln_2", width)
    yield from norm("ln_final", width)


def tensors(family: str) -> dict[str, Shape]:
    """Name -> shape of "sd15", "sd21-base", "sd21-v" or "sdxl"."""
    net = {"sd15": SD1, "sdxl": SDXL}.get(family, SD2)
    texts = {
        "sd15": [("cond_stage_model.transformer.text_model.", clip_l())],
        "sdxl": [
            ("conditioner.embedders.0.transformer.text_model.", clip_l()),
            ("conditioner.embedders.1.model.", open_clip(1280, 32)),
        ],
    }.get(family, [("cond_stage_model.model.", open_clip(1024, 24))])
    named = [("model.diffusion_model.", unet(net)), ("first_stage_model.", vae()), *texts]
    return {prefix + name: shape for prefix, part in named for name, shape in part}


def digest(found: dict[str, Shape]) -> dict[str, object]:
    """Small enough to keep: how many tensors, and a hash of all names and shapes."""
    text = json.dumps(sorted((name, list(shape)) for name, shape in found.items()))
    return {"tensors": len(found), "sha256": hashlib.sha256(text.encode()).hexdigest()}


if __name__ == "__main__":
    golden = {family: digest(tensors(family)) for family in ("sd15", "sd21-base", "sd21-v", "sdxl")}
    DATA.write_text(json.dumps(golden, indent=2) + "\n", "utf-8")
