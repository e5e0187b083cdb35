"""What the cards of the methods say of memory, and what a run without enough of it does."""

from __future__ import annotations

import json

import pytest
import torch

from engine import fit, memory, planning
from engine.config_file import merge
from engine.control import Control
from engine.events import MethodFits, Noticed, StepFinished
from engine.memory import Place
from engine.notices import MemoryOffered, MemoryPlanned
from engine.presets import starting_point
from tests.engine_runs import (
    config_of,
    newest_weights,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)

TAKES_LONG = True  # for few tests: see tests/conftest.py

GIB = 2**30


class Shrinking:
    """Each look finds less memory free, as beside a busy program."""

    def __init__(self, monkeypatch, gib: float = 16.0) -> None:
        self.looks, self._gib = 0, gib
        monkeypatch.setattr(planning, "probe", self._probe)

    def _probe(self, device):
        self.looks += 1
        return Place(device=device, free_bytes=round((self._gib - self.looks) * GIB))


def test_all_methods_are_measured_against_one_look_at_the_memory(
    monkeypatch, tiny_folder, image_folder
):
    computer = Shrinking(monkeypatch)
    data = {
        "base_model": str(tiny_folder),
        "dataset": {"folder": str(image_folder), "trigger": "zwx", "class_word": "toy"},
        "training": {"resolution": 64},
    }
    kinds = ("lora", "dreambooth", "textual_inversion", "hypernetwork")
    drafts = {kind: merge(starting_point(kind, str(tiny_folder), 8), data) for kind in kinds}
    found = [e for e in fit.method_fits(drafts, Control()) if isinstance(e, MethodFits)]
    assert [event.kind for event in found] == list(kinds)
    assert {event.free_bytes for event in found} == {15 * GIB}
    assert computer.looks == 1


def with_free(monkeypatch, gib: float) -> None:
    monkeypatch.setattr(
        planning, "probe", lambda device: Place(device=device, free_bytes=round(gib * GIB))
    )


@pytest.fixture
def dreambooth(tiny_folder, pictures_folder, tmp_path) -> dict:
    method = {"kind": "dreambooth", "learning_rate": 1e-4, "prior_weight": 0}
    training = {"gradient_checkpointing": "off"}
    return tiny_run(tiny_folder, pictures_folder, tmp_path, method=method, training=training)


def test_a_run_that_does_not_fit_is_tried_as_it_was_wished_and_names_what_would(
    monkeypatch, dreambooth
):
    plain = require_finished(train(dreambooth))
    usual = planning.estimate_run(config_of(dreambooth), planning.place_of(config_of(dreambooth)))
    with_free(monkeypatch, 0.85 * usual.bytes_needed / GIB)
    short = require_finished(train(dreambooth))
    (notice,) = [e.notice for e in short.of(Noticed) if isinstance(e.notice, MemoryOffered)]
    assert "--set" in str(notice)
    config = json.loads(short.folder.config_path.read_text("utf-8"))
    assert config["optimizer"]["name"] == "adamw"
    assert config["optimizer"]["fused_backward"] is False
    assert config["training"]["weights"] == "fp32"
    assert [e.loss for e in short.of(StepFinished)] == [e.loss for e in plain.of(StepFinished)]
    for name, tensor in newest_weights(plain.folder).items():
        assert torch.equal(tensor, newest_weights(short.folder)[name]), name


def test_what_the_plan_changed_is_in_the_record_and_outlives_a_resume(
    monkeypatch, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, training={"resolution": 128})
    whole = require_finished(train(data))
    config = config_of(data)
    usual = planning.estimate_run(config, planning.place_of(config))
    with_free(monkeypatch, 0.9 * usual.bytes_needed / GIB)
    stopped = train(data, stop_after(2))
    (notice,) = [e.notice for e in stopped.of(Noticed) if isinstance(e.notice, MemoryPlanned)]
    assert "gradient checkpointing" in str(notice)
    kept = json.loads(stopped.folder.config_path.read_text("utf-8"))
    assert kept["training"]["gradient_checkpointing"] == "on"
    monkeypatch.setattr(planning, "probe", memory.probe)  # memory is free again
    resumed = require_finished(resume(stopped.folder))
    kept = json.loads(resumed.folder.config_path.read_text("utf-8"))
    assert kept["training"]["gradient_checkpointing"] == "on"
    for name, tensor in newest_weights(whole.folder).items():  # and what is learnt is the same
        assert torch.equal(tensor, newest_weights(resumed.folder)[name]), name
