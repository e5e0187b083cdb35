"""What a model in one file is, by the names and shapes of its tensors. Imports no torch.

Never by its file name. Whatever Imprint cannot train is refused by its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from engine.errors import UserError
from engine.model_errors import (
    ModelIncomplete,
    ModelIsLora,
    ModelUnsupported,
    ModelWithoutVae,
    NotAModel,
)
from engine.models.ldm_names import (
    CLIP,
    OPEN_CLIP,
    UNET,
    VAE,
    XL_CLIP,
    XL_OPEN_CLIP,
    original_unet_paths,
)
from engine.models.safetensors_header import Header
from engine.regular_files import is_file
from engine.wording import QT_TRANSLATE_NOOP, Phrase

Kind = Literal["sd1", "sd2", "sdxl"]
Shapes = Mapping[str, tuple[int, ...]]

_FIRST = f"{UNET}input_blocks.0.0.weight"
_CROSS = "transformer_blocks.0.attn2.to_k.weight"
_LORA = (".lora_down.", ".lora_A.", "lora.down", ".hada_w", ".lokr_w", ".oft_")  # and its kin
_BITSANDBYTES = (".absmax", ".quant_map", ".SCB", ".weight_format")
_NOT_FOUR_CHANNELS = {
    9: QT_TRANSLATE_NOOP("engine", "an inpainting model"),
    8: QT_TRANSLATE_NOOP("engine", "an image-editing model (instruct-pix2pix)"),
    7: QT_TRANSLATE_NOOP("engine", "an upscaling model"),
    5: QT_TRANSLATE_NOOP("engine", "a depth-to-image model"),
}
# What no other kind of model has: a piece of a tensor's name, and what the file is then.
_OTHERS = (
    ("double_blocks.", QT_TRANSLATE_NOOP("engine", "a Flux model")),
    ("joint_blocks.", QT_TRANSLATE_NOOP("engine", "an SD 3 model")),
    ("adaln_single.", QT_TRANSLATE_NOOP("engine", "a PixArt model")),
    ("t_block.1.weight", QT_TRANSLATE_NOOP("engine", "a PixArt model")),
    ("clip_txt_pooled_mapper.", QT_TRANSLATE_NOOP("engine", "a Stable Cascade model")),
    ("effnet_mapper.", QT_TRANSLATE_NOOP("engine", "a Stable Cascade model")),
    ("conditioner.embedders.0.model.", QT_TRANSLATE_NOOP("engine", "an SDXL refiner")),
    ("edm_mean", QT_TRANSLATE_NOOP("engine", "a model of the EDM kind")),
    ("edm_vpred.", QT_TRANSLATE_NOOP("engine", "a model of the EDM kind")),
    ("time_embed.cond_proj.", QT_TRANSLATE_NOOP("engine", "an LCM-distilled model")),
    ("time_embedding.cond_proj.", QT_TRANSLATE_NOOP("engine", "an LCM-distilled model")),
)
# What a file is that holds no UNet under the original code's names: how a tensor's name begins.
_PIECES_ALONE = (
    ("model_ema.", QT_TRANSLATE_NOOP("engine", "it holds only the averages (EMA) of a training")),
    ("control_model.", QT_TRANSLATE_NOOP("engine", "it is a ControlNet")),
    ("controlnet_", QT_TRANSLATE_NOOP("engine", "it is a ControlNet")),
    ("input_blocks.", QT_TRANSLATE_NOOP("engine", "it is a UNet alone")),
    ("diffusion_model.", QT_TRANSLATE_NOOP("engine", "it is a UNet alone")),
    ("down_blocks.", QT_TRANSLATE_NOOP("engine", "it is a UNet alone")),
    ("first_stage_model.", QT_TRANSLATE_NOOP("engine", "it is a VAE alone")),
    ("encoder.conv_in.", QT_TRANSLATE_NOOP("engine", "it is a VAE alone")),
    ("text_model.", QT_TRANSLATE_NOOP("engine", "it is a text encoder alone")),
    ("cond_stage_model.", QT_TRANSLATE_NOOP("engine", "it is a text encoder alone")),
)
_HALVES = ("first_stage_model.", "cond_stage_model.")
_ENCODER = QT_TRANSLATE_NOOP("engine", "a text encoder")
_FIRST_ENCODER = QT_TRANSLATE_NOOP("engine", "its first text encoder")
_SECOND_ENCODER = QT_TRANSLATE_NOOP("engine", "its second text encoder")
VAE_SUFFIXES = (".safetensors", ".pt", ".ckpt")
_PIECES = {"input_blocks": 3, "middle_block": 2, "output_blocks": 3}  # of a block's name
OTHER_SHAPE = QT_TRANSLATE_NOOP("engine", "a model with a UNet of another shape")


def kind_of(path: Path, header: Header) -> Kind:
    """Raises ModelIsLora, ModelUnsupported, NotAModel, ModelIncomplete or ModelWithoutVae."""
    shapes = header.shapes
    if any(mark in name for name in shapes for mark in _LORA):
        raise ModelIsLora(path=str(path))
    _refuse_quantised(path, header)
    for mark, what in _OTHERS:
        if any(mark in name for name in shapes):
            raise unsupported(path, what)
    first = shapes.get(_FIRST)
    if first is None or len(first) != 4 or not any(name.endswith(_CROSS) for name in shapes):
        raise NotAModel(path=str(path), what=Phrase(_what_it_is(shapes)))
    if first[1] != 4:
        raise refused_channels(path, first[1])
    kind = _kind_by_text_encoder(path, shapes)
    if not _has(shapes, VAE) and vae_beside(path, shapes) is None:
        raise ModelWithoutVae(path=str(path), name=f"{path.stem}.vae.safetensors")
    return kind


def vae_beside(path: Path, own: Iterable[str]) -> Path | None:
    """A VAE in a file of its own, where AUTOMATIC1111 looks for it: `<stem>.vae.safetensors`. It is
    read where the names of the file's `own` tensors have none."""
    if any(name.startswith(VAE) for name in own):
        return None
    names = (f"{path.stem}.vae{suffix}" for suffix in VAE_SUFFIXES)
    return next((path.with_name(name) for name in names if is_file(path.with_name(name))), None)


def _what_it_is(shapes: Shapes) -> str:
    if _FIRST not in shapes:
        for start, what in _PIECES_ALONE:
            if _has(shapes, start) and not (start in _HALVES and _is_mixed(shapes)):
                return what
    return QT_TRANSLATE_NOOP("engine", "it holds no Stable Diffusion UNet")


def _is_mixed(shapes: Shapes) -> bool:
    return _has(shapes, VAE) and _has(shapes, "cond_stage_model.")


def require_unet(path: Path, shapes: Shapes, config: Mapping[str, object]) -> None:
    """Raises ModelUnsupported where the file's UNet is not of the config's shape.

    Blocks that are missing altogether or more than there should be (unCLIP, motion modules),
    transformers of another depth (SSD-1B, Vega) and other widths count; a single missing weight
    does not, that is damage.
    """
    blocks, places = _blocks(shapes), original_unet_paths(config)
    known = {_place(original) for original in places.values()}
    if not config.get("addition_embed_type"):
        known.discard("label_emb")
    required = {_place(original) for place, original in places.items() if "resnets" in place}
    depths = _depths(config, places)
    channels = config["block_out_channels"]
    first = channels[0] if isinstance(channels, list | tuple) else 0
    if (
        (shapes[_FIRST][0], _context_width(shapes)) != (first, config["cross_attention_dim"])
        or not required <= blocks.keys() <= known
        or any(blocks.get(place) != depth for place, depth in depths.items())
    ):
        raise unsupported(path, OTHER_SHAPE)


def unsupported(path: Path, what: str) -> UserError:
    return ModelUnsupported(path=str(path), what=Phrase(what))


def refused_channels(path: Path, channels: object) -> UserError:
    """The sentence for a UNet that reads more than the latents' four channels."""
    default = QT_TRANSLATE_NOOP("engine", "an inpainting or image-editing model")
    known = _NOT_FOUR_CHANNELS.get(channels, default) if isinstance(channels, int) else default
    return unsupported(path, known)


def _refuse_quantised(path: Path, header: Header) -> None:
    names = header.shapes
    if any(".quant_state." in name or name.endswith("nf4") for name in names):
        raise unsupported(path, QT_TRANSLATE_NOOP("engine", "a 4-bit quantised model"))
    eight_bit = any(dtype.startswith("F8") for dtype in header.dtypes.values())
    if eight_bit or any(name.endswith(_BITSANDBYTES) for name in names):
        raise unsupported(path, QT_TRANSLATE_NOOP("engine", "an 8-bit quantised model"))


def _kind_by_text_encoder(path: Path, shapes: Shapes) -> Kind:
    if _has(shapes, "conditioner.embedders.1."):
        _require_parts(path, shapes, {XL_CLIP: _FIRST_ENCODER, XL_OPEN_CLIP: _SECOND_ENCODER})
        return "sdxl"
    if _has(shapes, OPEN_CLIP):
        return "sd2"
    if _has(shapes, XL_CLIP):
        _require_parts(path, shapes, {XL_OPEN_CLIP: _SECOND_ENCODER})
    _require_parts(path, shapes, {CLIP: _ENCODER})
    return "sd1"


def _require_parts(path: Path, shapes: Shapes, parts: Mapping[str, str]) -> None:
    """Raises ModelIncomplete: such files are made on purpose, of a UNet alone say."""
    missing = [what for prefix, what in parts.items() if not _has(shapes, prefix)]
    if not missing:
        return
    if _ENCODER in missing and not _has(shapes, VAE):
        missing = [QT_TRANSLATE_NOOP("engine", "a text encoder and a VAE: it is a UNet alone")]
    raise ModelIncomplete(path=str(path), parts=Phrase(missing[0]))


def _has(shapes: Iterable[str], prefix: str) -> bool:
    return any(name.startswith(prefix) for name in shapes)


def _context_width(shapes: Shapes) -> int:
    width = next(shape for name, shape in shapes.items() if name.endswith(_CROSS))
    return width[1] if len(width) == 2 else 0


def _blocks(shapes: Shapes) -> dict[str, int]:
    """input_blocks.4.1 and the like -> the number of transformers in it."""
    found: dict[str, int] = {}
    for name in shapes:
        if not name.startswith(UNET):
            continue
        place, pieces = _place(name.removeprefix(UNET)), name.split(".")
        found.setdefault(place, 0)
        if "transformer_blocks" in pieces:
            number = pieces[pieces.index("transformer_blocks") + 1]
            if number.isdecimal():
                found[place] = max(found[place], int(number) + 1)
    return found


def _place(name: str) -> str:
    """input_blocks.4.1.proj_in.weight -> input_blocks.4.1, time_embed.0.bias -> time_embed."""
    pieces = name.split(".")
    return ".".join(pieces[: _PIECES.get(pieces[0], 1)])


def _depths(config: Mapping[str, object], places: Mapping[str, str]) -> dict[str, int]:
    """How many transformers each attention block of the original layout has."""
    depth, levels = config.get("transformer_layers_per_block", 1), config["block_out_channels"]
    count = len(levels) if isinstance(levels, list | tuple) else 0
    down = list(depth) if isinstance(depth, list | tuple) else [depth] * count
    found = {}
    for place, original in places.items():
        side, _, rest = place.partition(".")
        if ".attentions." in f".{rest}":
            level = int(rest.split(".")[0]) if side != "mid_block" else -1
            found[original] = down[level] if side != "up_blocks" else down[::-1][level]
    return found
