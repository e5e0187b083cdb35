"""The same picture at each strength and step of a run."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine.control import Control
from engine.events import ImageGenerated, RunFailed, RunFinished
from engine.gallery_records import read_made
from engine.sampler import SampleSettings
from engine.strength_and_step import strength_and_step
from tests.engine_runs import require_finished, tiny_run, train

WISH = SampleSettings(prompt="a zwx toy", width=32, height=32, num_inference_steps=2, seed=3)


@pytest.mark.parametrize("kind", ["lora", "hypernetwork"])
def test_each_strength_and_step_gives_its_own_picture_and_none_gives_the_base(
    tiny_folder, image_folder, tmp_path, kind
):
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs",
        method={"kind": kind, "learning_rate": 1e-2}, training={"steps": 4},
    )  # fmt: skip
    run = require_finished(train(data)).folder
    events = list(
        strength_and_step(run.path, (2, 4), (0.0, 0.5, 1.0), WISH, tmp_path / "out", Control())
    )
    paths = [Path(event.path) for event in events if isinstance(event, ImageGenerated)]
    sums = [hashlib.sha256(Image.open(path).tobytes()).hexdigest() for path in paths]
    assert len(paths) == 6
    assert sums[0] == sums[3]  # at strength 0 both steps are the base model
    assert len(set(sums)) == 5
    made = read_made(paths[1])
    assert made.addons == (("toy-2", 0.5),)
    last = events[-1]
    assert isinstance(last, RunFinished)
    with Image.open(last.exports[0]) as grid:
        assert grid.width > 3 * 192
        assert grid.height > 2 * 192


def test_a_second_grid_in_the_same_folder_leaves_the_first_as_it_is(
    tiny_folder, image_folder, tmp_path
):
    run = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path / "runs"))).folder
    out = tmp_path / "out"
    first = list(strength_and_step(run.path, (2,), (0.5, 1.0), WISH, out, Control()))[-1]
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = replace(WISH, seed=4)
    second = list(strength_and_step(run.path, (2,), (0.5, 1.0), other, out, Control()))[-1]
    assert {path: path.read_bytes() for path in before} == before
    assert len(list(out.iterdir())) == 2 * len(before)
    assert Path(second.exports[0]).name == Path(first.exports[0]).name.replace("_grid", "-2_grid")


def test_a_whole_model_is_drawn_once_a_step(tiny_folder, image_folder, tmp_path):
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs",
        method={"kind": "dreambooth", "learning_rate": 1e-2, "num_class_images": 2},
    )  # fmt: skip
    run = require_finished(train(data)).folder
    events = list(
        strength_and_step(run.path, (2, 4), (0.5, 1.0), WISH, tmp_path / "out", Control())
    )
    paths = [Path(event.path) for event in events if isinstance(event, ImageGenerated)]
    assert len(paths) == 2
    assert Image.open(paths[0]).tobytes() != Image.open(paths[1]).tobytes()


def test_a_step_without_a_checkpoint_is_told(tiny_folder, image_folder, tmp_path):
    run = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path))).folder
    events = list(strength_and_step(run.path, (3,), (1.0,), WISH, tmp_path / "out", Control()))
    assert isinstance(events[-1], RunFailed)


def test_a_clip_skip_beyond_the_layers_is_refused_before_a_model_is_loaded(
    tiny_folder, image_folder, tmp_path
):
    run = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path / "runs"))).folder
    wish = SampleSettings(prompt="a", width=32, height=32, clip_skip=3)
    (event,) = strength_and_step(run.path, (4,), (1.0,), wish, tmp_path / "made", Control())
    assert isinstance(event, RunFailed)
    assert "Set clip skip to 2 or less" in str(event.error)


def test_a_stop_ends_it_with_what_there_is(tiny_folder, image_folder, tmp_path):
    run = require_finished(train(tiny_run(tiny_folder, image_folder, tmp_path))).folder
    control = Control()
    events = []
    for event in strength_and_step(run.path, (2, 4), (0.5, 1.0), WISH, tmp_path / "out", control):
        events.append(event)
        if isinstance(event, ImageGenerated):
            control.stop()
    assert len([event for event in events if isinstance(event, ImageGenerated)]) == 1
    assert events[-1].stopped_early
