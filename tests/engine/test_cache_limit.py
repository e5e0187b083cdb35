"""Caches know which code filled them, and keep to their size."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import cache_limit, class_images, storage
from engine.data import latents
from engine.data.buckets import Bucket, crop_to
from engine.data.latents import LatentCache, to_pixels
from engine.data.pictures import decode
from engine.project import cache_folder, class_images_folder
from tests.engine_runs import require_finished, tiny_run, train


def entry(path: Path, days_ago: float, num_bytes: int = 100) -> Path:
    """A file, or where the name has no suffix a folder with one."""
    file = path if path.suffix else path / "inner.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * num_bytes)
    then = time.time() - days_ago * 86_400
    os.utime(path, (then, then))
    return path


@pytest.fixture(autouse=True)
def _is_ours(tmp_path):
    storage.own_folder(tmp_path, "run")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {storage.MARK}


def test_the_least_recently_used_goes_first_until_the_rest_is_within_the_limit(tmp_path):
    for days in (5, 2, 9, 7):
        entry(tmp_path / f"{days}.safetensors", days)
    assert cache_limit.evict(tmp_path, limit_bytes=250) == 200
    assert names(tmp_path) == {"5.safetensors", "2.safetensors"}
    assert cache_limit.evict(tmp_path, limit_bytes=250) == 0
    assert cache_limit.evict(tmp_path / "not there") == 0


def test_what_was_used_lately_or_is_named_as_in_use_stays_however_large(tmp_path):
    used, named = entry(tmp_path / "used", 30), entry(tmp_path / "named", 30)
    entry(tmp_path / "old", 3), entry(tmp_path / "new.safetensors", 0.5)
    storage.touch(used)
    assert cache_limit.evict(tmp_path, in_use=(named,), limit_bytes=0) == 100
    assert names(tmp_path) == {"used", "named", "new.safetensors"}


def test_half_written_files_and_links_are_left_alone(tmp_path):
    entry(tmp_path / ".a.safetensors.12.ab.part", 9)
    (tmp_path / "elsewhere").mkdir()
    precious = entry(tmp_path / "elsewhere" / "mine.png", 9)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "link").symlink_to(tmp_path / "elsewhere")
    os.utime(cache / "link", (0, 0), follow_symlinks=False)
    cache_limit.evict(cache, limit_bytes=0)
    assert precious.exists()
    cache_limit.evict(tmp_path, in_use=(cache, tmp_path / "elsewhere"), limit_bytes=0)
    assert (tmp_path / ".a.safetensors.12.ab.part").exists()


def test_a_run_evicts_both_caches_but_nothing_of_its_own(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    monkeypatch.setattr(cache_limit, "LIMIT_BYTES", 0)
    old = entry(cache_folder() / "old.safetensors", 9), entry(class_images_folder() / "old", 9)
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method, training={"steps": 1})
    require_finished(train(data))
    assert not any(path.exists() for path in old)
    assert len(names(class_images_folder())) == 1
    assert len(names(cache_folder())) >= 2


def test_what_a_run_found_in_a_cache_counts_as_used(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    """Else what is used every week is the first to go."""
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method, training={"steps": 1})
    require_finished(train(data))
    caches = (cache_folder(), class_images_folder())
    made = [path for cache in caches for path in cache.iterdir()]
    then = time.time() - 30 * 86_400
    for path in made:
        os.utime(path, (then, then))
    require_finished(train(data))
    assert [path for path in made if path.stat().st_mtime < then + 86_400] == []


def test_another_version_of_the_code_finds_nothing_that_an_earlier_one_made(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "num_class_images": 2}
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=method, training={"steps": 1})
    require_finished(train(data))
    latent_files, class_folders = names(cache_folder()), names(class_images_folder())
    monkeypatch.setattr(latents, "VERSION", latents.VERSION + 1)
    monkeypatch.setattr(class_images, "VERSION", class_images.VERSION + 1)
    require_finished(train(data))
    assert len(names(cache_folder())) == 2 * len(latent_files)
    assert len(names(class_images_folder())) == 2 * len(class_folders)


# What a picture became under each VERSION of engine.data.latents: three pixels, red, green, blue.
PIXELS = {1: [[85, 57, 170], [119, 115, 136], [198, 106, 57]]}


def test_a_change_of_what_a_picture_becomes_comes_with_another_version(tmp_path):
    """If this fails without a change of Pillow, raise VERSION and put the new pixels here."""
    across, down = np.meshgrid(np.arange(120), np.arange(90))
    noise = np.stack([across * 2, across + down, 255 - across * 2], axis=-1).astype(np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(noise).save(path)
    cut = to_pixels(crop_to(decode(path.read_bytes(), ".png").image, Bucket(64, 64)))
    found = [((cut[0, :, y, x] + 1) * 127.5).round().int().tolist() for y, x in PLACES]
    assert latents.VERSION in PIXELS, "another version needs its pixels here"
    assert np.abs(np.array(found) - np.array(PIXELS[latents.VERSION])).max() <= 2, found


PLACES = ((10, 20), (40, 32), (5, 60))


@pytest.mark.parametrize("flip", [False, True])
def test_the_key_of_a_picture_holds_the_version(flip, monkeypatch):
    from engine.data.scan import ImageItem

    item = ImageItem(Path("a.png"), "0" * 64, 64, 64, "")
    cache = LatentCache(Path("cache"), "vae", writes=True)
    first = cache.path(item, Bucket(64, 64), flip)
    monkeypatch.setattr(latents, "VERSION", 99)
    assert cache.path(item, Bucket(64, 64), flip) != first
