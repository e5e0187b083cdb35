"""Cached pictures and captions -> batches, endless and keyed.

Which pictures make up batch number n depends on the seed and n alone, so that a resumed run
goes on exactly where it was, and several processes share the work without talking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.data.buckets import Bucket
from engine.data.latents import CachedImage
from engine.device import keyed_generator
from engine.models.base import Moments

_ORDER_KEY = 1  # keeps the order's randomness apart from the noise's


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures of one shape with their texts."""

    latents: Tensor  # (B, C, h, w) on the device
    captions: tuple[str, ...]


@dataclass(slots=True)
class BatchSource:
    """The whole set in memory on the device; no workers, no copies per step."""

    images: list[CachedImage]
    captions: list[str]  # one for each image, as trained on
    batch_size: int
    repeats: int
    seed: int
    device: torch.device
    caption_dropout: float = 0.0
    flip: bool = False
    _resident: list[tuple[Moments, Moments | None]] = field(default_factory=list)
    _epoch: tuple[int, list[list[int]]] = (-1, [])

    def __post_init__(self) -> None:
        self._resident = [
            (_move(image.moments, self.device), image.flipped and _move(image.flipped, self.device))
            for image in self.images
        ]

    @property
    def batches_per_epoch(self) -> int:
        return len(self._order(0))

    def batch(self, number: int, generator: torch.Generator) -> Batch:
        """Batch `number`, counted from 0 over all epochs; the generator draws the latents."""
        epoch, position = divmod(number, self.batches_per_epoch)
        chosen = self._order(epoch)[position]
        latents, captions = [], []
        for index in chosen:
            flip, drop = torch.rand(2, generator=generator).tolist()
            moments, flipped = self._resident[index]
            use_flipped = self.flip and flipped is not None and flip < 0.5
            latents.append((flipped if use_flipped and flipped else moments).sample(generator))
            captions.append("" if drop < self.caption_dropout else self.captions[index])
        return Batch(torch.cat(latents), tuple(captions))

    def _order(self, epoch: int) -> list[list[int]]:
        """The batches of one epoch: shuffled within each shape, then among each other."""
        if self._epoch[0] == epoch:
            return self._epoch[1]
        generator = keyed_generator(self.seed, _ORDER_KEY, epoch)
        by_bucket: dict[Bucket, list[int]] = {}
        for index, image in enumerate(self.images):
            by_bucket.setdefault(image.bucket, []).extend([index] * self.repeats)
        batches = []
        for bucket in sorted(by_bucket):
            members = by_bucket[bucket]
            shuffled = [members[i] for i in torch.randperm(len(members), generator=generator)]
            batches += [
                shuffled[start : start + self.batch_size]
                for start in range(0, len(shuffled), self.batch_size)
            ]
        order = [batches[i] for i in torch.randperm(len(batches), generator=generator)]
        self._epoch = (epoch, order)
        return order


def _move(moments: Moments, device: torch.device) -> Moments:
    return Moments(moments.mean.to(device), moments.std.to(device))
