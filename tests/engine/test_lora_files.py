"""A LoRA file means what the live model meant: read back by diffusers and by our own reader.

The reference is the output of the model in training, taken before anything is written: a wrong
alpha agrees with itself when both sides read the same file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.addon_errors import AddonNamesUnknown
from engine.addons import Addon, applied
from engine.errors import AddonUnreadable, UserError
from engine.models.loader import load_model
from tests.conftest import draw_pictures
from tests.engine_runs import require_finished, tiny_run, train
from tests.live_loras import (
    LOOSE,
    TIGHT,
    by_the_tables,
    changed,
    through_diffusers,
    without_alpha,
    without_index_of_out,
    without_text_model,
)
from tests.method_matrix import base_weights, outputs, same

METHOD = {
    "kind": "lora", "rank": 4, "alpha": 2.0, "learning_rate": 3e-2, "text_learning_rate": 3e-2
}  # fmt: skip


class Reference:
    """One training with the text encoder and alpha unlike the rank, for all tests here."""

    def __init__(self, base: Path, folder: Path) -> None:
        from engine import assembly

        self.base = base
        loaded, original = [], assembly.load_model
        assembly.load_model = lambda *given, **options: (
            loaded.append(original(*given, **options)) or loaded[-1]
        )
        try:
            data = tiny_run(
                base, draw_pictures(folder / "pictures"), folder / "runs", method=METHOD,
                training={"steps": 12}, checkpoints={"every_steps": 0},
                export={"formats": ["kohya", "diffusers"], "precision": "fp32"},
            )  # fmt: skip
            trained = require_finished(train(data))
        finally:
            assembly.load_model = original
        loaded[0].freeze()
        self.live = outputs(loaded[0])
        self.kohya, self.diffusers = (Path(path) for path in trained.last.exports)

    def error(self, given: dict[str, torch.Tensor]) -> dict[str, float]:
        """Relative L2 distance from the live model."""
        return {
            name: float((given[name] - live).norm() / live.norm())
            for name, live in self.live.items()
        }


@pytest.fixture(scope="module")
def reference(tiny_folder, tmp_path_factory) -> Reference:
    return Reference(tiny_folder, tmp_path_factory.mktemp("reference"))


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_diffusers_reads_the_file_as_the_live_model_meant_it(reference, form):
    error = reference.error(through_diffusers(reference.base, getattr(reference, form)))
    assert max(error.values()) < TIGHT


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_our_reader_reads_the_file_as_the_live_model_meant_it(reference, form):
    model = load_model(str(reference.base))
    with applied(model, [Addon(getattr(reference, form))]):
        assert max(reference.error(outputs(model)).values()) < TIGHT
    assert min(reference.error(outputs(model)).values()) > LOOSE


def test_a_file_in_half_precision_is_still_within_reach(reference, tmp_path):
    half = changed(
        reference.kohya, tmp_path / "half.safetensors",
        lambda tensors: {name: tensor.half() for name, tensor in tensors.items()},
    )  # fmt: skip
    assert max(reference.error(through_diffusers(reference.base, half)).values()) < TIGHT


def test_a_reader_by_the_tables_reads_the_file_as_the_live_model_meant_it(reference):
    told, unknown = by_the_tables(reference.base, reference.kohya)
    assert unknown == []
    assert max(reference.error(told).values()) < TIGHT


@pytest.mark.parametrize("fault", [without_text_model, without_index_of_out, without_alpha])
def test_the_check_by_the_tables_can_fail(reference, tmp_path, fault):
    wrong = changed(reference.kohya, tmp_path / "wrong.safetensors", fault)
    told, unknown = by_the_tables(reference.base, wrong)
    assert max(reference.error(told).values()) > LOOSE
    assert bool(unknown) is (fault is not without_alpha)


@pytest.mark.parametrize("fault", [without_index_of_out, without_alpha])
def test_the_check_by_diffusers_can_fail(reference, tmp_path, fault):
    """Today's diffusers forgives a missing text_model_; the programs people draw with do not."""
    wrong = changed(reference.kohya, tmp_path / "wrong.safetensors", fault)
    try:
        worst = max(reference.error(through_diffusers(reference.base, wrong)).values())
    except (ValueError, KeyError, RuntimeError):
        return  # to be refused is as good as to be far off
    assert worst > LOOSE


@pytest.mark.parametrize("fault", [without_text_model, without_index_of_out])
def test_our_reader_refuses_names_that_no_layer_has(reference, tmp_path, fault):
    wrong = changed(reference.kohya, tmp_path / "wrong.safetensors", fault)
    with pytest.raises(AddonNamesUnknown, match="names that Imprint does not know"):
        with applied(load_model(str(reference.base)), [Addon(wrong)]):
            pass


def test_our_reader_takes_a_missing_alpha_for_the_rank_as_every_program_does(reference, tmp_path):
    wrong = changed(reference.kohya, tmp_path / "no-alpha.safetensors", without_alpha)
    ours = load_model(str(reference.base))
    with applied(ours, [Addon(wrong)]):
        told = outputs(ours)
    theirs = through_diffusers(reference.base, wrong)
    for name, tensor in theirs.items():
        assert (told[name] - tensor).norm() < TIGHT * tensor.norm()


def test_strength_scales_what_is_added_to_each_weight(reference):
    model = load_model(str(reference.base))
    before = base_weights(model)

    def added(*addons: Addon) -> dict[str, torch.Tensor]:
        with applied(model, addons):
            return {name: after - before[name] for name, after in base_weights(model).items()}

    whole = added(Addon(reference.kohya))
    halved = added(Addon(reference.kohya, 0.5))
    twice = added(Addon(reference.kohya, 0.25), Addon(reference.diffusers, 0.25))
    negative = added(Addon(reference.kohya, -1.0))
    moved = [name for name, tensor in whole.items() if tensor.norm() > 0]
    assert len(moved) == len(safetensors.torch.load_file(reference.kohya)) // 3
    for name in moved:
        assert torch.allclose(halved[name], whole[name] / 2, atol=1e-6)
        assert torch.allclose(twice[name], whole[name] / 2, atol=1e-6)
        assert torch.allclose(negative[name], -whole[name], atol=1e-6)


def test_every_weight_is_as_before_after_the_block_even_after_an_error(reference):
    model = load_model(str(reference.base))
    before = base_weights(model)
    with applied(model, [Addon(reference.kohya, 0.7), Addon(reference.diffusers)]):
        assert not same(base_weights(model), before)
    assert same(base_weights(model), before)
    with pytest.raises(UserError):
        with applied(model, [Addon(reference.kohya), Addon(Path("not-there.safetensors"))]):
            pass
    assert same(base_weights(model), before)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("empty", lambda t: {"x.lora_down.weight": torch.zeros(0)}, "1 of its 1 layers have names"),
        ("flat", lambda t: {n: v.flatten() for n, v in t.items()}, "have other shapes"),
        ("wide", lambda t: {n: v.repeat(2, *[1] * (v.dim() - 1)) if v.dim() else v
                            for n, v in t.items()}, "have other shapes"),
    ],
)  # fmt: skip
def test_odd_lora_files_get_a_sentence(reference, tmp_path, name, change, said):
    odd = changed(reference.kohya, tmp_path / f"{name}.safetensors", change)
    with pytest.raises(UserError, match=said):
        with applied(load_model(str(reference.base)), [Addon(odd)]):
            pass


def test_files_that_are_no_lora_get_a_sentence(reference, tmp_path):
    model = load_model(str(reference.base))
    unet = reference.base / "unet/diffusion_pytorch_model.safetensors"
    with pytest.raises(AddonUnreadable):
        with applied(model, [Addon(unet)]):
            pass
    pickled = tmp_path / "lora.ckpt"
    torch.save({"a": torch.ones(1)}, pickled)
    with pytest.raises(AddonUnreadable, match="its form is not known"):
        with applied(model, [Addon(pickled)]):
            pass


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("a.safetensors", "a.safetensors", 1.0),
        ("a.safetensors:0.7", "a.safetensors", 0.7),
        ("a.safetensors:-1", "a.safetensors", -1.0),
        ("a.safetensors:", "a.safetensors:", 1.0),
        ("C:\\lora\\a.safetensors", "C:\\lora\\a.safetensors", 1.0),
        ("C:\\lora\\a.safetensors:0.5", "C:\\lora\\a.safetensors", 0.5),
        ("dir:2/a.safetensors", "dir:2/a.safetensors", 1.0),
        ("odd:name:1.5", "odd:name", 1.5),
        ("a.safetensors:nan", "a.safetensors:nan", 1.0),
        ("a.safetensors:inf", "a.safetensors:inf", 1.0),
        (":0.5", ":0.5", 1.0),
        ("0.5", "0.5", 1.0),
    ],
)
def test_a_weight_is_split_off_only_if_a_number_follows_the_last_colon(text, path, weight):
    assert Addon.parse(text) == Addon(Path(path), weight)


def test_a_file_whose_name_ends_as_a_weight_is_that_file(tmp_path):
    (tmp_path / "odd:0.5").touch()
    assert Addon.parse(str(tmp_path / "odd:0.5")) == Addon(tmp_path / "odd:0.5", 1.0)
    assert Addon.parse(str(tmp_path / "odd:0.5:2")) == Addon(tmp_path / "odd:0.5", 2.0)
