"""Cached pictures and captions -> batches, endless and keyed.

Which pictures make up batch number n depends on the seed and n alone, so that a resumed run
goes on exactly where it was, and several processes share the work without talking.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from engine.data.buckets import Bucket
from engine.data.latents import CachedImage, Encoded
from engine.device import keyed_generator
from engine.trigger import calls

_ORDER_KEY = 1  # keeps the order's randomness apart from the noise's


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures of one shape with their texts."""

    latents: Tensor  # (B, C, h, w) on the device
    captions: tuple[str, ...]
    sizes: Tensor  # (B, 6), see DiffusionModel.predict
    mask: Tensor | None = None  # (B, 1, h, w), how much each place counts

    def rows(self, rows: slice) -> Batch:
        mask = None if self.mask is None else self.mask[rows]
        return Batch(self.latents[rows], self.captions[rows], self.sizes[rows], mask)


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
    shuffle_tags: bool = False
    keep_tags: int = 1
    word: str = ""  # whose tag stays in front where a caption is cut
    cut: frozenset[int] = frozenset()  # captions that are longer than what is read of them
    # All captions of each image where some have several; empty where none has.
    choices: list[tuple[str, ...]] = field(default_factory=list)
    _resident: list[tuple[Encoded, Encoded | None]] = field(default_factory=list)
    _epoch: tuple[int, list[list[int]]] = (-1, [])

    def __post_init__(self) -> None:
        self._resident = [
            (image.upright.to(self.device), image.flipped and image.flipped.to(self.device))
            for image in self.images
        ]

    @property
    def batches_per_epoch(self) -> int:
        return len(self._order(0))

    def batch(self, number: int, generator: torch.Generator) -> Batch:
        """Batch `number`, counted from 0 over all epochs; the generator draws the latents."""
        epoch, position = divmod(number, self.batches_per_epoch)
        chosen = self._order(epoch)[position]
        latents, captions, sizes, masks = [], [], [], []
        for index in chosen:
            flip, drop = torch.rand(2, generator=generator).tolist()
            upright, flipped = self._resident[index]
            picture = flipped if self.flip and flipped is not None and flip < 0.5 else upright
            latents.append(picture.moments.sample(generator))
            captions.append("" if drop < self.caption_dropout else self._text(index, generator))
            sizes.append(picture.sizes)
            masks.append(picture.mask)
        mask = torch.cat(masks) if all(mask is not None for mask in masks) else None
        return Batch(torch.cat(latents), tuple(captions), torch.stack(sizes), mask)

    def _text(self, index: int, generator: torch.Generator) -> str:
        text, several = self.captions[index], self.choices[index] if self.choices else ()
        if several:
            text = several[int(torch.randint(len(several), (1,), generator=generator))]
        if not self.shuffle_tags:
            return text
        caption = shuffle_tags(text, self.keep_tags, generator)
        return calling_first(caption, self.word) if several or index in self.cut else caption

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


def shuffle_tags(caption: str, keep: int, generator: torch.Generator) -> str:
    """The parts between commas in a new order, the first `keep` of them where they were."""
    tags = [tag.strip() for tag in caption.split(",") if tag.strip()]
    head, tail = tags[:keep], tags[keep:]
    order = torch.randperm(len(tail), generator=generator).tolist()
    return ", ".join([*head, *(tail[place] for place in order)])


def calling_first(caption: str, word: str) -> str:
    """The first tag that calls the word goes in front, so that no cut can lose it."""
    tags = caption.split(", ")
    calling = next((tag for tag in tags if word and calls(tag, word)), None)
    if calling is None:
        return caption
    tags.remove(calling)
    return ", ".join([calling, *tags])
