"""A run whose file would change nothing says so, whatever the reason, and writes no file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine import checkpoint
from engine.config_file import check, merge
from engine.movement import NothingLearnt
from tests.conftest import draw_pictures
from tests.engine_runs import EACH_METHOD, require_finished, resume, tiny_run, train

LORA = {"kind": "lora", "rank": 2, "alpha": 2.0, "learning_rate": 1e-3}
WITH_WORD = LORA | {"word_vectors": 2}
FP16, FP32 = {"export": {"precision": "fp16"}}, {"export": {"precision": "fp32"}}


def run_of(base: Path, tmp_path: Path, method: dict[str, Any], **over: Any) -> Any:
    pictures = draw_pictures(tmp_path / "pictures")
    over = merge({"training": {"steps": 2}, "checkpoints": {"every_steps": 0}}, over)
    return train(tiny_run(base, pictures, tmp_path / "runs", method=method, **over))


def require_nothing(trained: Any) -> None:
    assert isinstance(trained.last.error, NothingLearnt)
    assert not list(trained.folder.exports.glob("*"))


@pytest.mark.parametrize("kind", EACH_METHOD)
@pytest.mark.parametrize("rate", [1e-300, 1e-30])
def test_a_learning_rate_that_moves_nothing_fails_the_run(tiny_folder, tmp_path, kind, rate):
    method = EACH_METHOD[kind] | {"learning_rate": rate}
    require_nothing(run_of(tiny_folder, tmp_path, method, **FP16))


@pytest.mark.parametrize("precision", [FP16, FP32], ids=["fp16", "fp32"])
@pytest.mark.parametrize("algorithm", ["lora", "loha", "lokr"])
def test_an_alpha_that_scales_all_away_fails_the_run(tiny_folder, tmp_path, algorithm, precision):
    method = LORA | {"alpha": 1e-30, "algorithm": algorithm}
    require_nothing(run_of(tiny_folder, tmp_path, method, **precision))


def test_a_lora_beside_a_word_must_show_too(tiny_folder, tmp_path):
    require_nothing(run_of(tiny_folder, tmp_path, WITH_WORD | {"alpha": 1e-30}))
    require_finished(run_of(tiny_folder, tmp_path / "b", WITH_WORD))


@pytest.mark.parametrize("kind", EACH_METHOD)
@pytest.mark.parametrize("fused", [False, True])
def test_weights_that_decay_alone_has_moved_are_not_learnt(tiny_folder, tmp_path, kind, fused):
    """Masks that are black everywhere leave no loss, and so no gradient."""
    pictures = draw_pictures(tmp_path / "pictures")
    for picture in list(pictures.glob("picture*.png")):
        Image.new("L", (96, 96)).save(pictures / f"{picture.stem}-mask.png")
    method = EACH_METHOD[kind] | {"learning_rate": 1e-2}
    if kind == "dreambooth":  # class pictures have no masks, and would be learnt
        method |= {"prior_weight": 0}
    trained = train(
        tiny_run(
            tiny_folder, pictures, tmp_path / "runs", method=method, training={"steps": 2},
            optimizer={"weight_decay": 0.5, "fused_backward": fused},
            dataset={"masks": "file", "unmasked_weight": 0},
        )
    )  # fmt: skip
    require_nothing(trained)
    assert isinstance(resume(trained.folder).last.error, NothingLearnt)


@pytest.mark.parametrize("kind", EACH_METHOD)
@pytest.mark.parametrize("precision", [FP16, FP32], ids=["fp16", "fp32"])
def test_the_usual_rates_are_learnt_in_two_steps(tiny_folder, tmp_path, kind, precision):
    usual = {"lora": 1e-4, "dreambooth": 2e-6, "textual_inversion": 5e-3, "hypernetwork": 1e-5}
    method = EACH_METHOD[kind] | {"learning_rate": usual[kind]}
    require_finished(run_of(tiny_folder, tmp_path, method, **precision))


@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "schedulefree_adamw"},
        {"ema_decay": 0.999},
        {"max_grad_norm": 1e-6},
        {"name": "lion"},
    ],
    ids=lambda given: next(iter(given.values())),
)
def test_averages_and_clipping_hide_nothing_that_was_learnt(tiny_folder, tmp_path, optimizer):
    require_finished(run_of(tiny_folder, tmp_path, LORA, optimizer=optimizer))


def test_looking_for_what_shows_changes_no_bit_of_the_run(tiny_folder, tmp_path, monkeypatch):
    from engine.methods.lora.method import Lora

    done = require_finished(run_of(tiny_folder, tmp_path / "a", LORA))
    monkeypatch.setattr(Lora, "shows", lambda self, dtype: True)
    plain = require_finished(run_of(tiny_folder, tmp_path / "b", LORA))
    first, second = (checkpoint.load_latest(found.folder.path)[0] for found in (done, plain))
    assert all(torch.equal(first.weights[name], second.weights[name]) for name in first.weights)
    assert done.export.read_bytes()[-512:] == plain.export.read_bytes()[-512:]


@pytest.mark.parametrize("value", [1e-300, 1e-7])
def test_a_limit_that_no_gradient_passes_is_refused_before_the_start(tiny_data, value):
    _, problems = check(merge(tiny_data, {"optimizer": {"max_grad_norm": value}}))
    assert [problem.field for problem in problems] == ["optimizer.max_grad_norm"]
    assert "0 switches the limit off" in problems[0].sentence


@pytest.mark.parametrize("key", ["training.steps", "method.learning_rate", "dataset.repeats"])
@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_no_number_in_any_section(tiny_data, key, value):
    section, _, name = key.partition(".")
    _, problems = check(merge(tiny_data, {section: {name: value}}))
    assert [problem.field for problem in problems] == [key]
    assert f"{key} is {str(value).lower()}; it must be" in problems[0].sentence


def test_a_boolean_is_no_number_of_an_edit(tiny_data):
    _, problems = check(merge(tiny_data, {"dataset": {"edits": {"a": {"repeats": True}}}}))
    assert [problem.field for problem in problems] == ["dataset.edits.a.repeats"]
