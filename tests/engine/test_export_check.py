"""The check of exported files: right in every precision for changes of every size, and never
fooled by a file that means something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine import storage
from engine.config_file import merge, require
from engine.errors import ExportFailed
from engine.events import ExportChecked
from engine.export import export_one
from engine.export_record import ExportRecord
from engine.formats.catalog import FORMATS, code_of
from engine.formats.metadata import ExportFacts
from engine.methods.base import Method, Subject
from engine.methods.catalog import build
from engine.models.loader import load_model

PRECISIONS = ("fp16", "bf16", "fp32")
DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}
# How far one step moves a weight: not at all, during a long warm-up, at small rates, at usual
# ones, and in a weight that is as large as the base's own.
MOVES = (0.0, 1e-12, 1e-8, 1e-6, 1e-4, 1e-1)

LORA = {"kind": "lora", "rank": 4, "alpha": 2.0, "text_learning_rate": 1e-3}
LORA_KINDS = {
    "lora": LORA,
    "lora of an odd alpha": LORA | {"alpha": 3.3, "rank": 7},
    "locon": LORA | {"conv": True, "conv_rank": 2},
    "rslora": LORA | {"rslora": True, "rank": 3},
    "rslora by block": LORA | {"rslora": True, "alpha": 1.5, "block_ranks": "down=2, up=9"},
    "loha": LORA | {"algorithm": "loha", "conv": True},
    "loha of a high rank": LORA | {"algorithm": "loha", "rank": 64, "alpha": 1.0},
    "lokr": LORA | {"algorithm": "lokr", "rank": 1, "lokr_factor": 2, "conv": True},
    "lokr of whole matrices": LORA | {"algorithm": "lokr", "rank": 64, "alpha": 16.0},
}
WHOLE_KINDS = {
    "dora": LORA | {"algorithm": "dora"},
    "oft": {"kind": "lora", "algorithm": "oft", "rank": 4, "text_learning_rate": 1e-3},
    "baked lora": LORA,
    "dreambooth": {"kind": "dreambooth", "text_learning_rate": 1e-3, "prior_weight": 0},
}
OTHER_KINDS = {
    "embedding": {"kind": "textual_inversion", "num_vectors": 2},
    "hypernetwork": {"kind": "hypernetwork"},
}
KINDS = LORA_KINDS | WHOLE_KINDS | OTHER_KINDS
CASES = [
    *((kind, "kohya") for kind in LORA_KINDS),
    *((kind, "diffusers") for kind in LORA_KINDS if "algorithm" not in LORA_KINDS[kind]),
    *((kind, form) for kind in WHOLE_KINDS for form in ("checkpoint", "diffusers_folder")),
    *(("embedding", form) for form in ("embedding", "embedding_a1111", "embedding_diffusers")),
    ("hypernetwork", "hypernetwork"),
]


@dataclass
class Taught:
    """A method in a live model, whose weights can be moved from where they began."""

    method: Method
    facts: ExportFacts
    began: dict[str, torch.Tensor]

    @torch.no_grad()
    def move(self, size: float) -> None:
        generator = torch.Generator().manual_seed(3)
        for name, parameter in self.method.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(self.began[name] + size * noise)

    def facts_in(self, precision: str) -> ExportFacts:
        data = merge(
            self.facts.config.model_dump(mode="json"), {"export": {"precision": precision}}
        )
        return replace(self.facts, config=require(data))

    def export(self, form: str, precision: str, folder: Path) -> ExportChecked:
        storage.own_folder(folder, "run")  # a file is written twice where it is made wrong
        entry = FORMATS[form]
        path = folder / f"zwx{entry.suffix}"
        facts, record = self.facts_in(precision), ExportRecord(None)
        events = list(export_one(entry, path, self.method, facts, record))
        (report,) = [event for event in events if isinstance(event, ExportChecked)]
        assert report.path == str(path)
        return report


def taught(base: Path, settings: dict) -> Taught:
    config = require(
        {"name": "toy", "dataset": {"folder": "x", "trigger": "zwx", "class_word": "toy"},
         "method": settings}
    )  # fmt: skip
    model = load_model(str(base))
    configs = model.configs()
    method = build(config.method, Subject("zwx", "toy"))
    torch.manual_seed(0)
    method.attach(model)
    method.set_training(False)
    facts = ExportFacts(
        config=config, source=model.source, prediction_type="epsilon", num_images=1, step=1,
        started_at=datetime(2026, 1, 1, tzinfo=UTC), configs=configs,
    )  # fmt: skip
    began = {name: p.detach().clone() for name, p in method.named_parameters()}
    return Taught(method, facts, began)


@pytest.fixture(scope="module")
def shop(tiny_folder) -> Callable[[str], Taught]:
    """Each kind is attached once."""
    made: dict[str, Taught] = {}

    def get(kind: str) -> Taught:
        if kind not in made:
            made[kind] = taught(tiny_folder, KINDS[kind])
        return made[kind]

    return get


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize(("kind", "form"), CASES)
def test_what_was_learnt_passes_in_every_precision_however_small_the_change_is(
    shop, tmp_path, kind, form, precision
):
    live = shop(kind)
    moves = (1e-8, 1e-4) if kind in WHOLE_KINDS else MOVES
    for number, size in enumerate(moves):
        live.move(size)
        folder = tmp_path / str(number)
        folder.mkdir()
        report = live.export(form, precision, folder)
        assert report.keys > 0
        assert not [path for path in folder.rglob("*") if "unverified" in path.name]


def test_biases_that_began_at_zero_pass(tiny_folder, tmp_path):
    live = taught(tiny_folder, WHOLE_KINDS["dreambooth"])
    live.began = {n: t if t.dim() > 1 else torch.zeros_like(t) for n, t in live.began.items()}
    for precision in PRECISIONS:
        for size in (0.0, 1e-9, 1e-5):
            live.move(size)
            live.export("checkpoint", precision, tmp_path)


# What may be wrong with a file: tensors -> other tensors.


def _first(tensors, *pieces: str) -> str:
    """The name of a tensor that is not all zeros."""
    names = [n for n in sorted(tensors) if any(p in n for p in pieces) and tensors[n].any()]
    return names[0]


def without_alpha(tensors):
    return {name: t for name, t in tensors.items() if not name.endswith(".alpha")}


def alpha_in_half_precision(tensors):
    """3.3 is not the same in half precision: the strength would be off a little."""
    return {n: t.bfloat16() if n.endswith(".alpha") else t for n, t in tensors.items()}


def one_layer_with_q_and_k_swapped(tensors):
    start = _first(tensors, "attn1_to_q.", "attn1.to_q.").split("to_q")[0]
    swapped = {"to_q": "to_k", "to_k": "to_q"}
    return {
        re.sub("to_[qk]", lambda m: swapped[m[0]], n) if n.startswith(start) else n: t
        for n, t in tensors.items()
    }


def one_tensor_of_a_wrong_row_order(tensors):
    name = _first(tensors, "lora_up", "lora_B", "hada_w1_a", "lokr_w2", "attn1.to_q.weight")
    return tensors | {name: tensors[name].roll(1, 0)}


def one_tensor_of_zeros(tensors):
    name = _first(tensors, "lora_up", "lora_B", "hada_w1_b", "lokr_w1", "attn1.to_q.weight")
    return tensors | {name: torch.zeros_like(tensors[name])}


def one_tensor_off_by_a_factor(tensors):
    name = _first(tensors, "lora_up", "lora_B", "hada_w1_b", "lokr_w1", "attn1.to_q.weight")
    # Among the subnormals of fp16 nothing is near enough to be off by a hundredth.
    factor = 1.01 if tensors[name].abs().max() > 1e-4 else 1.5
    return tensors | {name: tensors[name] * factor}


def one_layer_missing(tensors):
    start = _first(tensors, "attn1_to_q.", "attn1.to_q.").split("to_q")[0]
    return {n: t for n, t in tensors.items() if not n.startswith(start + "to_q")}


def one_value_changed_by_its_last_bit(tensors):
    name = _first(tensors, "lora_down", "lora_A", "hada_w1_b", "lokr_w1", "attn1.to_q.weight")
    changed = tensors[name].clone()
    bits = {2: torch.int16, 4: torch.int32}[changed.dtype.itemsize]
    changed.view(-1).view(bits)[0] ^= 1
    return tensors | {name: changed}


def numbers_that_are_none(tensors):
    name = _first(tensors, "lora_up", "lora_B", "hada_w1_b", "lokr_w1", "attn1.to_q.weight")
    return tensors | {name: torch.full_like(tensors[name], float("inf"))}


FAULTS = (
    one_layer_with_q_and_k_swapped, one_tensor_of_a_wrong_row_order, one_tensor_of_zeros,
    one_tensor_off_by_a_factor, one_layer_missing, one_value_changed_by_its_last_bit,
    numbers_that_are_none,
)  # fmt: skip
LOADED = (
    ("lora", "kohya"), ("lora", "diffusers"), ("locon", "kohya"), ("loha", "kohya"),
    ("lokr", "kohya"), ("rslora by block", "kohya"), ("rslora by block", "diffusers"),
)  # fmt: skip


@pytest.fixture
def sabotaged(monkeypatch) -> Iterator[Callable]:
    """Puts a fault behind a format's writer."""

    def put(form: str, fault: Callable) -> None:
        module = code_of(FORMATS[form])
        save = module.save

        def wrong(path, result, facts):
            save(path, result, facts)
            tensors = fault(safetensors.torch.load_file(path))
            safetensors.torch.save_file({n: t.contiguous() for n, t in tensors.items()}, path)

        monkeypatch.setattr(module, "save", wrong)

    return put


# fp16 has nothing below 6e-8, so the smallest change that a file of it can say is larger.
SAID = (("fp16", 1e-6), ("bf16", 1e-9), ("fp32", 1e-9), ("bf16", 1e-2))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("kind", "form"), LOADED)
def test_a_wrong_file_fails_however_small_the_change_is(
    shop, sabotaged, tmp_path, kind, form, fault
):
    live = shop(kind)
    sabotaged(form, fault)
    for precision, size in SAID:
        live.move(size)
        with pytest.raises(ExportFailed) as failed:
            live.export(form, precision, tmp_path)
        names = {path.name for path in tmp_path.iterdir()} - {storage.MARK}
        assert names == {"zwx.unverified.safetensors"}
        (tmp_path / "zwx.unverified.safetensors").unlink()
        assert failed.value.facts["aside"] == "zwx.unverified.safetensors"
        assert failed.value.facts["folder"] == str(tmp_path)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("size", [1e-9, 1e-6, 1e-2])
@pytest.mark.parametrize("kind", ["lora", "locon", "loha", "rslora", "lokr"])
def test_a_left_out_alpha_fails_even_where_the_type_says_no_such_change(
    shop, sabotaged, tmp_path, kind, size, precision
):
    live = shop(kind)
    live.move(size)
    sabotaged("kohya", without_alpha)
    no_change = precision == "fp16" and size == 1e-9
    if no_change:  # all zeros in the file: nothing is scaled, whatever alpha says
        live.export("kohya", precision, tmp_path)
        return
    with pytest.raises(ExportFailed, match="the training scales it by"):
        live.export("kohya", precision, tmp_path)


@pytest.mark.parametrize("fault", [f for f in FAULTS if f is not one_tensor_off_by_a_factor])
@pytest.mark.parametrize(
    ("kind", "precision"),
    [("dreambooth", "fp16"), ("baked lora", "bf16"), ("dora", "fp32"), ("oft", "fp16")],
)
def test_a_wrong_whole_model_fails(shop, sabotaged, tmp_path, kind, fault, precision):
    live = shop(kind)
    live.move(1e-6)
    sabotaged("checkpoint", fault)
    with pytest.raises(ExportFailed):
        live.export("checkpoint", precision, tmp_path)


def test_an_alpha_that_is_rounded_is_noticed(shop, sabotaged, tmp_path):
    live = shop("lora of an odd alpha")
    live.move(1e-2)
    sabotaged("kohya", alpha_in_half_precision)
    with pytest.raises(ExportFailed, match="the training scales it by"):
        live.export("kohya", "bf16", tmp_path)


def test_a_file_of_another_type_than_was_asked_for_fails(shop, sabotaged, tmp_path):
    live = shop("lora")
    live.move(1e-2)
    sabotaged("kohya", lambda tensors: {n: t.bfloat16() for n, t in tensors.items()})
    with pytest.raises(ExportFailed, match="bfloat16, not as float16"):
        live.export("kohya", "fp16", tmp_path)
