"""Pictures -> VAE moments, encoded once and kept on disk by content.

The moments are kept, not one draw of them, so that every step can draw anew (Kingma & Welling
2013). A cached file is found by the sha256 of the picture, of the VAE's weights and the shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.data import pictures
from engine.data.buckets import Bucket, choose_bucket, crop_to, make_buckets
from engine.data.scan import ImageItem
from engine.errors import CacheUnavailable, PictureSkipped, UserError
from engine.events import Event, Noticed, Stage, StageProgress
from engine.models.base import DiffusionModel, Moments
from engine.storage import write_bytes
from engine.wording import QT_TRANSLATE_NOOP


@dataclass(frozen=True, slots=True)
class CachedImage:
    """One picture, ready to train on."""

    item: ImageItem
    bucket: Bucket
    moments: Moments  # (1, C, h, w)
    flipped: Moments | None


@dataclass(frozen=True, slots=True)
class LatentCache:
    """Where moments are kept; `folder` None keeps them in memory only."""

    folder: Path | None
    vae_hash: str
    writes: bool  # one process of several writes

    def path(self, item: ImageItem, bucket: Bucket, flip: bool) -> Path | None:
        if self.folder is None:
            return None
        key = f"{item.content_hash}-{self.vae_hash}-{bucket.width}x{bucket.height}-{int(flip)}"
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"


def encode_pictures(
    model: DiffusionModel,
    items: tuple[ImageItem, ...],
    cache: LatentCache,
    *,
    resolution: int,
    flip: bool,
) -> Iterator[Event]:
    """Yield progress; return the list of CachedImage.

    A picture that became unreadable since the scan is left out with a notice.
    """
    buckets = make_buckets(resolution, model.bucket_step)
    found: list[CachedImage] = []
    for count, item in enumerate(items, start=1):
        bucket = choose_bucket(item.width, item.height, buckets)
        try:
            moments = _moments(model, item, bucket, cache, flip=False)
            flipped = _moments(model, item, bucket, cache, flip=True) if flip else None
        except pictures.PictureError as error:
            yield Noticed(notice=PictureSkipped(name=item.path.name, reason=error.reason))
            continue
        except UserError as error:  # the disk, not the picture: go on in memory
            yield Noticed(notice=CacheUnavailable(reason=error.sentence))
            cache = LatentCache(None, cache.vae_hash, writes=False)
            moments = _moments(model, item, bucket, cache, flip=False)
            flipped = _moments(model, item, bucket, cache, flip=True) if flip else None
        found.append(CachedImage(item, bucket, moments, flipped))
        yield StageProgress(stage=Stage.CACHE_LATENTS, done=count, total=len(items))
    return found


def hash_weights(module: nn.Module) -> str:
    """sha256 over names and values; the same for the same weights wherever they lie."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


def to_pixels(image: Image.Image) -> Tensor:
    """(1, 3, H, W) in [-1, 1]."""
    array = np.asarray(image, np.float32) / 127.5 - 1
    return torch.from_numpy(array).permute(2, 0, 1)[None].contiguous()


def _moments(
    model: DiffusionModel, item: ImageItem, bucket: Bucket, cache: LatentCache, *, flip: bool
) -> Moments:
    path = cache.path(item, bucket, flip)
    if path is not None and path.is_file():
        known = _read(path)
        if known is not None:
            return known
    data = pictures.read_file(item.path)
    if hashlib.sha256(data).hexdigest() != item.content_hash:
        raise pictures.PictureError(
            QT_TRANSLATE_NOOP("engine", "It changed while it was being prepared.")
        )
    image = crop_to(pictures.decode(data).image, bucket)
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    encoded = model.encode_images(to_pixels(image))
    moments = Moments(encoded.mean.cpu(), encoded.std.cpu())
    if path is not None and cache.writes:
        tensors = {"mean": moments.mean.contiguous(), "std": moments.std.contiguous()}
        write_bytes(path, safetensors.torch.save(tensors))
    return moments


def _read(path: Path) -> Moments | None:
    """None where the file is damaged; it is then made anew."""
    try:
        tensors = safetensors.torch.load(path.read_bytes())
        return Moments(tensors["mean"], tensors["std"])
    except (SafetensorError, KeyError, OSError):
        return None
