"""Pictures -> VAE moments, encoded once and kept on disk by content.

The moments are kept, not one draw of them, so that every step can draw anew (Kingma & Welling
2013). A cached file is found by the sha256 of the picture, of the VAE's weights, the shape and the
version of the code between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor, nn

from engine import cache_limit, storage
from engine.data import edits, pictures
from engine.data.buckets import Bucket, choose_bucket, crop_to, make_buckets, plan_crop
from engine.data.scan import ImageItem
from engine.dataset_notices import PictureSkipped
from engine.errors import UserError
from engine.events import Event, Noticed, Stage, StageProgress
from engine.models.base import DiffusionModel, Moments
from engine.notices import CacheUnavailable
from engine.regular_files import is_file, read_bytes
from engine.wording import QT_TRANSLATE_NOOP

# Raise it with each change of what a picture becomes: decoding, colours, crops, sizes. Files that
# an earlier version made are then not found, and evicted in time.
VERSION = 1

MaskSource = Literal["off", "alpha", "file"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as the training sees it."""

    moments: Moments  # (1, C, h, w)
    sizes: Tensor  # (6,), see DiffusionModel.predict
    mask: Tensor | None = None  # (1, 1, h, w) in [0, 1]

    def to(self, device: torch.device) -> Encoded:
        return Encoded(
            Moments(self.moments.mean.to(device), self.moments.std.to(device)),
            self.sizes.to(device),
            None if self.mask is None else self.mask.to(device),
        )


@dataclass(frozen=True, slots=True)
class CachedImage:
    """One picture, ready to train on."""

    item: ImageItem
    bucket: Bucket
    upright: Encoded
    flipped: Encoded | None


@dataclass(frozen=True, slots=True)
class LatentCache:
    """Where moments are kept; `folder` None keeps them in memory only."""

    folder: Path | None
    vae_hash: str
    writes: bool  # one process of several writes

    def path(self, item: ImageItem, bucket: Bucket, flip: bool) -> Path | None:
        if self.folder is None:
            return None
        shape = f"{bucket.width}x{bucket.height}-{int(flip)}"
        key = f"v{VERSION}-{item.content_hash}-{self.vae_hash}-{shape}"
        if item.edit.key:
            key += f"-{item.edit.key}"
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"


@dataclass(frozen=True, slots=True)
class Preparation:
    """How pictures are made ready."""

    resolution: int
    flip: bool = False
    masks: MaskSource = "off"
    unmasked_weight: float = 0.0


def encode_pictures(
    model: DiffusionModel,
    items: tuple[ImageItem, ...],
    cache: LatentCache,
    preparation: Preparation,
) -> Generator[Event, None, list[CachedImage]]:
    """Yield progress; return the list of CachedImage.

    A picture that became unreadable since the scan is left out with a notice.
    """
    buckets = make_buckets(preparation.resolution, model.bucket_step)
    found: list[CachedImage] = []
    for count, item in enumerate(items, start=1):
        bucket = choose_bucket(item.width, item.height, buckets)
        try:
            found.append(_cached_image(model, item, bucket, cache, preparation))
        except pictures.PictureError as error:
            yield Noticed(notice=PictureSkipped(name=item.path.name, reason=error.reason))
            continue
        except UserError as error:  # the disk, not the picture: go on in memory
            yield Noticed(notice=CacheUnavailable(reason=error.sentence))
            cache = LatentCache(None, cache.vae_hash, writes=False)
            found.append(_cached_image(model, item, bucket, cache, preparation))
        yield StageProgress(stage=Stage.CACHE_LATENTS, done=count, total=len(items))
    if cache.folder is not None and cache.writes:
        cache_limit.evict(cache.folder)
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


def _cached_image(
    model: DiffusionModel,
    item: ImageItem,
    bucket: Bucket,
    cache: LatentCache,
    preparation: Preparation,
) -> CachedImage:
    upright = _encoded(model, item, bucket, cache, flip=False)
    flipped = _encoded(model, item, bucket, cache, flip=True) if preparation.flip else None
    if preparation.masks != "off":
        mask = _mask(item, bucket, preparation, model.latent_downscale)
        upright = replace(upright, mask=mask)
        flipped = flipped and replace(flipped, mask=mask.flip(-1))
    return CachedImage(item, bucket, upright, flipped)


def _encoded(
    model: DiffusionModel, item: ImageItem, bucket: Bucket, cache: LatentCache, *, flip: bool
) -> Encoded:
    path = cache.path(item, bucket, flip)
    if path is not None and is_file(path):
        known = _read(path)
        if known is not None:
            storage.touch(path)
            return known
    image = edits.apply(pictures.decode(_unchanged(item)).image, item.edit)
    pictures.check_size(image)  # a crop may leave too little
    image = crop_to(image, bucket)
    if flip:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    encoded = model.encode_images(to_pixels(image))
    moments = Moments(encoded.mean.cpu(), encoded.std.cpu())
    sizes = _sizes(item, bucket, flip=flip)
    if path is not None and cache.writes:
        tensors = {
            "mean": moments.mean.contiguous(), "std": moments.std.contiguous(), "sizes": sizes
        }  # fmt: skip
        storage.write_bytes(path, safetensors.torch.save(tensors))
    return Encoded(moments, sizes)


def _unchanged(item: ImageItem) -> bytes:
    data = pictures.read_file(item.path)
    if hashlib.sha256(data).hexdigest() != item.content_hash:
        raise pictures.PictureError(
            QT_TRANSLATE_NOOP("engine", "It changed while it was being prepared.")
        )
    return data


def _sizes(item: ImageItem, bucket: Bucket, *, flip: bool) -> Tensor:
    """(6,): original height, width; top, left of the crop; height, width of the bucket."""
    crop = plan_crop(item.width, item.height, bucket)
    left = crop.scaled[0] - bucket.width - crop.left if flip else crop.left
    numbers = (item.height, item.width, crop.top, left, bucket.height, bucket.width)
    return torch.tensor(numbers, dtype=torch.float32)


def _mask(item: ImageItem, bucket: Bucket, preparation: Preparation, downscale: int) -> Tensor:
    """(1, 1, h, w): 1 where the picture counts in full, `unmasked_weight` where it does not.

    A picture without a mask counts everywhere.
    """
    if preparation.masks == "alpha":
        found = pictures.decode_alpha(_unchanged(item))
    else:
        found = item.mask and pictures.decode_any_size(pictures.read_file(item.mask)).convert("L")
    size = (bucket.width // downscale, bucket.height // downscale)
    if not found:
        return torch.ones(1, 1, size[1], size[0])
    found = edits.apply(found, item.edit)
    if found.size != (item.width, item.height):  # cut as the picture is cut, whatever its size
        found = found.resize((item.width, item.height), Image.Resampling.BILINEAR)
    small = crop_to(found, bucket).resize(size, Image.Resampling.BOX)
    mask = torch.from_numpy(np.asarray(small, np.float32) / 255)[None, None]
    return mask + (1 - mask) * preparation.unmasked_weight


def _read(path: Path) -> Encoded | None:
    """None where the file is damaged or of an older Imprint; it is then made anew."""
    try:
        tensors = safetensors.torch.load(read_bytes(path))
        return Encoded(Moments(tensors["mean"], tensors["std"]), tensors["sizes"])
    except (SafetensorError, KeyError, OSError):
        return None
