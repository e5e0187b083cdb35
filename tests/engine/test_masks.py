"""Masks: where they are found, and how they come to lie on the latents."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from engine.data.latents import LatentCache, Preparation, encode_pictures
from engine.data.scan import Scan, scan_folder
from engine.models.loader import load_model

LEFT_HALF = (0, 0, 48, 96)


@pytest.fixture
def folder(tmp_path):
    """One picture whose left half counts, said twice: by its alpha and by a file."""
    grey = Image.new("L", (96, 96), 0)
    grey.paste(255, LEFT_HALF)
    picture = Image.new("RGB", (96, 96), (200, 40, 40))
    picture.putalpha(grey)
    picture.save(tmp_path / "toy.png")
    grey.save(tmp_path / "toy-mask.png")
    return tmp_path


def scanned(folder) -> Scan:
    *_, scan = scan_folder(folder)
    return scan


def prepared(model, folder, cache=None, **options):
    preparation = Preparation(resolution=32, **options)
    where = LatentCache(cache, "vae", writes=cache is not None)
    events = encode_pictures(model, scanned(folder).items, where, preparation)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_model(str(tiny_folder))


def test_a_mask_is_no_picture_of_its_own_but_a_lone_one_is(folder):
    assert [item.path.name for item in scanned(folder).items] == ["toy.png"]
    assert scanned(folder).items[0].mask == folder / "toy-mask.png"
    (folder / "toy.png").rename(folder / "other.png")
    assert len(scanned(folder).items) == 2


@pytest.mark.parametrize("name", ["toy-masklabel.png", "toy_mask.png", "masks/toy.png"])
def test_masks_of_other_trainers_lie_on_the_latents_as_ours_do(model, folder, name):
    (ours,) = prepared(model, folder, masks="file")
    (folder / "masks").mkdir()
    (folder / "toy-mask.png").rename(folder / name)
    (theirs,) = prepared(model, folder, masks="file")
    assert len(ours.upright.mask.unique()) > 1
    assert torch.equal(theirs.upright.mask, ours.upright.mask)


@pytest.mark.parametrize("kind", ["alpha", "file"])
def test_the_mask_lies_on_the_latents_where_it_lay_on_the_picture(model, folder, kind):
    (image,) = prepared(model, folder, masks=kind, unmasked_weight=0.25, flip=True)
    mask = image.upright.mask
    height, width = image.upright.moments.mean.shape[-2:]
    assert mask.shape == (1, 1, height, width)
    expected = torch.full((height, width), 0.25)
    expected[:, : width // 2] = 1.0
    middle = slice(width // 2 - 1, width // 2 + 1)  # scaling softens the edge
    outside = np.delete(np.abs(mask[0, 0].numpy() - expected.numpy()), middle, axis=1)
    assert outside.max() < 0.05
    assert torch.equal(image.flipped.mask, mask.flip(-1))


def test_without_masks_nothing_is_masked_and_a_picture_without_one_counts_everywhere(model, folder):
    assert prepared(model, folder)[0].upright.mask is None
    (folder / "toy-mask.png").unlink()
    assert torch.equal(
        prepared(model, folder, masks="file")[0].upright.mask.unique(), torch.tensor([1.0])
    )


def test_sizes_tell_the_original_the_crop_and_the_target_and_come_back_from_the_cache(
    model, folder, tmp_path
):
    wide = Image.new("RGB", (300, 100), (10, 200, 90))
    wide.paste((255, 0, 0), (0, 0, 30, 100))
    (folder / "toy.png").unlink()
    (folder / "toy-mask.png").unlink()
    wide.save(folder / "wide.png")
    (image,) = prepared(model, folder, cache=tmp_path / "cache", flip=True)
    bucket = image.bucket
    scaled_width = round(300 * bucket.height / 100)
    left = (scaled_width - bucket.width) // 2
    expected = [100, 300, 0, left, bucket.height, bucket.width]
    assert image.upright.sizes.tolist() == expected
    expected[3] = scaled_width - bucket.width - left
    assert image.flipped.sizes.tolist() == expected
    (again,) = prepared(model, folder, cache=tmp_path / "cache", flip=True)
    assert torch.equal(again.upright.sizes, image.upright.sizes)
    assert torch.equal(again.flipped.moments.mean, image.flipped.moments.mean)
