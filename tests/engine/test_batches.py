"""Which picture is seen when: keyed by seed and number, never by what came before."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch

from engine.data.batches import BatchSource, shuffle_tags
from engine.data.buckets import Bucket
from engine.data.latents import CachedImage, Encoded
from engine.data.scan import ImageItem
from engine.device import keyed_generator
from engine.models.base import Moments

CPU = torch.device("cpu")


def source(count: int = 7, *, seed: int = 1, wide: int = 0, masked=False, **options) -> BatchSource:
    """Pictures whose latents say their number; the last `wide` have another shape."""
    images = []
    for number in range(count):
        bucket = Bucket(64, 32) if number >= count - wide else Bucket(32, 32)
        mean = torch.full((1, 4, bucket.height // 8, bucket.width // 8), float(number))
        sizes = torch.full((6,), float(number))
        mask = torch.full((1, 1, 2, 2), number / 10) if masked else None
        upright = Encoded(Moments(mean, torch.zeros_like(mean)), sizes, mask)
        flipped = Encoded(Moments(-mean - 100, torch.zeros_like(mean)), -sizes, mask)
        item = ImageItem(Path(f"{number}.png"), "", 64, 64, "")
        images.append(CachedImage(item, bucket, upright, flipped))
    settings = {"batch_size": 2, "repeats": 1} | options
    texts = [f"picture {number}" for number in range(count)]
    return BatchSource(images=images, captions=texts, seed=seed, device=CPU, **settings)


def numbers(batches: BatchSource, at: int) -> list[int]:
    return [int(t) for t in batches.batch(at, keyed_generator(at)).latents[:, 0, 0, 0]]


def epoch(batches: BatchSource, number: int) -> list[int]:
    per = batches.batches_per_epoch
    return [n for at in range(number * per, (number + 1) * per) for n in numbers(batches, at)]


def test_each_picture_is_seen_once_an_epoch_and_the_last_partial_batch_is_kept():
    batches = source(7)
    assert batches.batches_per_epoch == 4
    for number in range(3):
        assert Counter(epoch(batches, number)) == Counter(range(7))


def test_repeats_show_each_picture_so_often():
    assert Counter(epoch(source(3, repeats=4), 0)) == Counter({0: 4, 1: 4, 2: 4})


def test_epochs_differ_and_seeds_differ():
    batches = source(12)
    orders = {tuple(epoch(batches, number)) for number in range(4)}
    assert len(orders) == 4
    assert epoch(source(12, seed=2), 0) != epoch(source(12), 0)


def test_a_batch_depends_on_its_number_alone():
    straight = [numbers(source(7), at) for at in range(20)]
    one = source(7)
    backwards = {at: numbers(one, at) for at in reversed(range(20))}
    assert [backwards[at] for at in range(20)] == straight


def test_a_batch_never_mixes_shapes():
    batches = source(9, wide=4)
    for at in range(batches.batches_per_epoch * 3):
        wide = {number >= 5 for number in numbers(batches, at)}
        assert len(wide) == 1


def test_two_processes_share_an_epoch_without_overlap():
    world = 2
    shares = [
        [n for step in range(3) for n in numbers(source(6, batch_size=1), step * world + rank)]
        for rank in range(world)
    ]
    assert sorted(shares[0] + shares[1]) == list(range(6))


def test_captions_go_with_their_pictures():
    batches = source(7)
    for at in range(8):
        batch = batches.batch(at, keyed_generator(at))
        said = [int(caption.split()[1]) for caption in batch.captions]
        assert said == [int(t) for t in batch.latents[:, 0, 0, 0]]


def test_of_several_captions_one_is_drawn_each_time_and_all_of_them_come():
    choices = [("a", "b", "c"), (), *[()] * 5]
    batches = source(7, choices=choices)
    said: dict[int, Counter[str]] = {}
    for at in range(300):
        batch = batches.batch(at, keyed_generator(at))
        for number, text in zip(batch.latents[:, 0, 0, 0].tolist(), batch.captions, strict=True):
            said.setdefault(int(number), Counter())[text] += 1
    assert set(said[0]) == {"a", "b", "c"}
    assert min(said[0].values()) > sum(said[0].values()) / 6
    assert set(said[1]) == {"picture 1"}
    again = source(7, choices=choices).batch(5, keyed_generator(5))
    assert again.captions == batches.batch(5, keyed_generator(5)).captions


def test_choices_of_one_picture_change_nothing_in_batches_without_it():
    plain, chosen = source(7), source(7, choices=[("a", "b"), *[()] * 6])
    same = [at for at in range(40) if 0 not in numbers(plain, at)]
    assert same
    for at in same:
        one, other = (s.batch(at, keyed_generator(at)) for s in (plain, chosen))
        assert one.captions == other.captions
        assert torch.equal(one.latents, other.latents)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_empty_captions_is_what_was_asked_for(share):
    batches = source(8, caption_dropout=share)
    said = [text for at in range(200) for text in batches.batch(at, keyed_generator(at)).captions]
    empty = [text == "" for text in said]
    assert sum(empty) / len(empty) == pytest.approx(share, abs=0.08)


def test_flipping_shows_about_half_mirrored_and_never_unasked():
    def mirrored(flip: bool) -> float:
        batches = source(8, flip=flip)
        seen = [n < 0 for at in range(200) for n in numbers(batches, at)]
        return sum(seen) / len(seen)

    assert mirrored(False) == 0
    assert mirrored(True) == pytest.approx(0.5, abs=0.1)


def test_latents_are_drawn_anew_each_time_from_the_moments():
    moments = Moments(torch.zeros(1, 4, 2, 2), torch.full((1, 4, 2, 2), 0.5))
    draws = torch.cat([moments.sample(keyed_generator(n)) for n in range(400)])
    assert draws.std().item() == pytest.approx(0.5, rel=0.05)
    assert torch.equal(moments.sample(None), moments.mean)


def test_sizes_and_masks_come_with_their_pictures():
    batch = source(4, masked=True).batch(0, keyed_generator(0))
    seen = batch.latents[:, 0, 0, 0]
    assert torch.equal(batch.sizes, seen[:, None].expand(-1, 6))
    assert batch.mask is not None
    assert torch.allclose(batch.mask[:, 0, 0, 0], seen / 10)
    assert source(4).batch(0, keyed_generator(0)).mask is None


def test_shuffled_tags_are_all_there_and_the_kept_ones_stay_in_front():
    orders = set()
    for key in range(20):
        shuffled = shuffle_tags("sks cat, red, blue , , green", 1, keyed_generator(key))
        first, *rest = shuffled.split(", ")
        assert first == "sks cat"
        assert sorted(rest) == ["blue", "green", "red"]
        orders.add(tuple(rest))
    assert len(orders) > 3
    assert shuffle_tags("a, b", 2, keyed_generator(0)) == "a, b"


def test_tags_are_only_shuffled_if_asked_and_the_same_for_the_same_step():
    plain, shuffled = source(4), source(4, shuffle_tags=True)
    for at in range(4):
        assert (
            plain.batch(at, keyed_generator(at)).captions
            == shuffled.batch(at, keyed_generator(at)).captions
        )  # no commas, nothing to shuffle
