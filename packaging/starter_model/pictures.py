"""Training pictures: icons on coloured backgrounds, and crops of photographs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import icons
import numpy as np
import recipe
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from torch import Tensor

SOURCE_SCALE = 1.25  # icons are kept a little larger than the canvas, then shrunk into it


@dataclass(frozen=True)
class Corpus:
    """All that both stages draw from. Icons are (N, 4, S, S) float16, premultiplied."""

    every_icon: Tensor  # for the VAE
    subject_icons: Tensor  # (subjects, styles, 4, S, S) for the diffusion stage
    subjects: tuple[str, ...]
    styles: tuple[str, ...]  # words, as in captions
    photographs: tuple[Tensor, ...]  # (3, H, W) float32 in [0, 1]


def load_corpus(work: Path, preset: recipe.Preset) -> Corpus:
    size = int(preset.resolution * SOURCE_SCALE)
    names = [name for name in icons.official_names(work) if not recipe.is_held_out(name)]
    cache = work / f"every_icon_{size}.npy"
    if not cache.exists():
        paths = [path for prefix in preset.styles for path in icons.render(work, prefix, names)]
        np.save(cache, icons.load(paths, size))
    subjects = icons.choose_subjects(work, preset)
    tables = []
    for prefix in preset.styles:
        icons.render(work, prefix, subjects)
        folder = work / f"png{icons.RENDER_SIZE}" / prefix
        tables.append(icons.load([folder / f"{name}.png" for name in subjects], size))
    return Corpus(
        every_icon=torch.from_numpy(np.load(cache)).permute(0, 3, 1, 2).contiguous(),
        subject_icons=torch.from_numpy(np.stack(tables, axis=1)).permute(0, 1, 4, 2, 3),
        subjects=tuple(recipe.subject_words(name) for name in subjects),
        styles=tuple(recipe.STYLES[prefix] for prefix in preset.styles),
        photographs=tuple(photographs(work, preset.resolution, recipe.PHOTOGRAPHS)),
    )


def photographs(work: Path, resolution: int, names: tuple[str, ...]) -> list[Tensor]:
    """Each photograph at two scales, so that crops show both detail and whole things."""
    folder = work / "wheels/scikit-image/skimage/data"
    found = []
    for name in names:
        with Image.open(folder / name) as picture:
            rgb = picture.convert("RGB")
        for short_side in (int(resolution * 1.5), resolution * 4):
            scale = short_side / min(rgb.size)
            size = (round(rgb.width * scale), round(rgb.height * scale))
            pixels = np.asarray(rgb.resize(size, Image.Resampling.LANCZOS), np.float32) / 255
            found.append(torch.from_numpy(pixels).permute(2, 0, 1).contiguous())
    return found


def compose(
    rgba: Tensor, colours: Tensor, resolution: int, scale: Tensor, shift: Tensor, flip: Tensor
) -> Tensor:
    """Icons (B, 4, S, S) on plain backgrounds (B, 3) -> (B, 3, R, R) in [-1, 1].

    `scale` (B,) is the icon's share of the canvas, `shift` (B, 2) is in canvas halves,
    `flip` (B,) is +1 or -1.
    """
    theta = torch.zeros(len(rgba), 2, 3, device=rgba.device)
    theta[:, 0, 0] = flip / scale
    theta[:, 1, 1] = 1 / scale
    theta[:, :, 2] = -shift / scale[:, None]
    theta[:, 0, 2] *= flip
    grid = F.affine_grid(theta, [len(rgba), 4, resolution, resolution], align_corners=False)
    placed = F.grid_sample(rgba.float(), grid, mode="bilinear", align_corners=False)
    alpha = placed[:, 3:]
    return (placed[:, :3] + (1 - alpha) * colours[:, :, None, None]) * 2 - 1


def named_colours() -> Tensor:
    """(C, 3) in [0, 1], in the order of recipe.BACKGROUNDS."""
    return torch.tensor(list(recipe.BACKGROUNDS.values())) / 255.0


def vae_batch(corpus: Corpus, size: int, resolution: int, generator: torch.Generator) -> Tensor:
    """Random icons on random backgrounds, every eighth picture a crop of a photograph.

    Half of the icons are those that the diffusion stage draws: their eyes must be crisp.
    """
    device = corpus.every_icon.device
    subjects = corpus.subject_icons.flatten(0, 1)
    pick = torch.randint(len(corpus.every_icon), (size,), generator=generator)
    chosen = corpus.every_icon[pick.to(device)]
    chosen[::2] = subjects[torch.randint(len(subjects), (len(chosen[::2]),), generator=generator)]
    uniform = torch.rand(size, 8, generator=generator)
    colours = uniform[:, :3].clone()
    named = named_colours()
    use_named = uniform[:, 3] < 0.6
    colours[use_named] = named[
        torch.randint(len(named), (int(use_named.sum()),), generator=generator)
    ]
    pictures = compose(
        chosen,
        colours.to(device),
        resolution,
        (0.7 + 0.3 * uniform[:, 4]).to(device),
        ((uniform[:, 5:7] - 0.5) * 0.2).to(device),
        torch.where(uniform[:, 7] < 0.5, 1.0, -1.0).to(device),
    )
    for row in range(1, size, 8):
        photo = corpus.photographs[
            int(torch.randint(len(corpus.photographs), (1,), generator=generator))
        ]
        top = int(torch.randint(photo.shape[1] - resolution + 1, (1,), generator=generator))
        left = int(torch.randint(photo.shape[2] - resolution + 1, (1,), generator=generator))
        crop = photo[:, top : top + resolution, left : left + resolution]
        pictures[row] = crop.to(device) * 2 - 1
    return pictures


def to_tensor(image: Image.Image) -> Tensor:
    """A picture -> (1, 3, H, W) in [-1, 1]."""
    pixels = np.asarray(image.convert("RGB"), np.float32) / 127.5 - 1
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()
