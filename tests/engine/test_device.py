"""Which device and which precision are chosen, on cards that only say what they are."""

from __future__ import annotations

import ast
import json

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState

from engine.config import TrainingSettings
from engine.device import Compute, device_name, has_native_bf16, require_device, run_accelerator
from engine.device_errors import PrecisionNotPossible
from engine.generate import ModelCache
from engine.memory import probe
from engine.models.stable_diffusion import StableDiffusion
from engine.planning import plan_run
from tests.conftest import ROOT
from tests.engine_runs import config_of, require_finished, resume, stop_after, tiny_run, train
from tests.fake_devices import CAPABILITIES, install_device

OLD, NEW = ("pascal", "volta", "turing"), ("ampere", "hopper", "blackwell")
HALF = {"fp16": torch.float16, "bf16": torch.bfloat16}


def accelerator_of(training: TrainingSettings) -> Accelerator:
    with run_accelerator(training) as accelerator:
        return accelerator


# Device, setting -> precision of the computation.
CHOICES = [
    *((card, "auto", "fp16") for card in OLD),
    *((card, "auto", "bf16") for card in NEW),
    *((card, wish, wish) for card in CAPABILITIES for wish in ("fp32", "fp16", "bf16")),
    ("cpu", "auto", "fp32"),
    ("cpu", "fp32", "fp32"),
    ("cpu", "fp16", "fp32"),
    ("cpu", "bf16", "bf16"),
    ("mps", "auto", "fp32"),
    ("mps", "fp32", "fp32"),
    ("mps", "fp16", "fp16"),
    ("mps", "bf16", "bf16"),
]


@pytest.fixture(autouse=True)
def _leave_no_device_behind():
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize(("device", "wish", "precision"), CHOICES)
def test_device_and_precision_decide_on_dtype_scaler_and_autocast(
    monkeypatch, tiny_folder, tmp_path, device, wish, precision
):
    install_device(monkeypatch, device)
    kind = "cuda" if device in CAPABILITIES else device
    training = TrainingSettings(precision=wish)
    assert device_name(training) == kind
    accelerator = accelerator_of(training)
    assert accelerator.device.type == kind
    assert accelerator.mixed_precision == {"fp32": "no"}.get(precision, precision)
    assert (accelerator.scaler is not None) == (precision == "fp16")
    with accelerator.autocast():
        assert torch.is_autocast_enabled(kind) == (precision != "fp32")
        if precision in HALF:
            assert torch.get_autocast_dtype(kind) == HALF[precision]
    data = tiny_run(tiny_folder, tmp_path, tmp_path, training={"device": "auto"})
    config = config_of(data)
    assert Compute.of_accelerator(accelerator).base_dtype(config) == HALF.get(
        precision, torch.float32
    )


@pytest.mark.parametrize("device", [*CAPABILITIES, "cpu", "mps"])
def test_the_plan_and_the_training_agree_on_the_precision(
    monkeypatch, tiny_folder, tmp_path, device
):
    install_device(monkeypatch, device)
    data = tiny_run(tiny_folder, tmp_path, tmp_path, training={"device": "auto"})
    planned = plan_run(config_of(data)).config.training
    auto = accelerator_of(TrainingSettings())
    assert {"fp32": "no"}.get(planned.precision, planned.precision) == auto.mixed_precision


@pytest.mark.parametrize(
    ("device", "dtype"),
    [
        *((card, torch.float16) for card in OLD),
        *((card, torch.bfloat16) for card in NEW),
        ("cpu", torch.float32),
        ("mps", torch.float32),
    ],
)
def test_pictures_are_drawn_in_the_precision_that_the_card_computes_in(
    monkeypatch, tiny_folder, device, dtype
):
    install_device(monkeypatch, device)
    asked = []
    monkeypatch.setattr(StableDiffusion, "to", lambda model, *to: asked.append(to))
    ModelCache().get(str(tiny_folder))
    kind = "cuda" if device in CAPABILITIES else device
    assert asked == [(torch.device(kind), dtype)]


@pytest.mark.parametrize("device", CAPABILITIES)
def test_only_cards_that_compute_in_bf16_themselves_count_as_having_it(monkeypatch, device):
    install_device(monkeypatch, device)
    assert torch.cuda.is_bf16_supported()  # emulation included
    assert has_native_bf16() == probe("cuda").has_bf16 == (device in NEW)


@pytest.mark.parametrize("device", ["ampere", "mps"])
def test_a_card_that_is_to_be_left_alone_is_left_alone(monkeypatch, device):
    install_device(monkeypatch, device)
    monkeypatch.setenv("IMPRINT_DEVICE", "cpu")
    for wish in ("auto", "cpu", "cuda"):
        accelerator = accelerator_of(TrainingSettings(device=wish))
        assert (accelerator.device.type, accelerator.mixed_precision) == ("cpu", "no")


@pytest.mark.parametrize(
    ("device", "wish", "code"),
    [
        ("cpu", {"device": "cuda"}, "IM-DEV-05"),
        ("cpu", {"device": "cuda", "precision": "fp16"}, "IM-DEV-05"),
        ("cpu", {"device": "mps"}, "IM-DEV-05"),
        ("ampere", {"device": "mps"}, "IM-DEV-05"),
        ("mps", {"device": "cuda"}, "IM-DEV-05"),
        ("cpu", {"precision": "fp16"}, "IM-DEV-06"),
        ("ampere", {"device": "cpu", "precision": "fp16"}, "IM-DEV-06"),
    ],
)
def test_a_device_or_precision_that_is_not_there_is_refused_before_the_start(
    monkeypatch, tiny_folder, image_folder, tmp_path, device, wish, code
):
    install_device(monkeypatch, device)
    data = tiny_run(
        tiny_folder, image_folder, tmp_path / "runs", training={"device": "auto"} | wish
    )
    trained = train(data)
    assert trained.last.error.code == code
    assert len(trained.events) == 1
    assert not (tmp_path / "runs").exists()


def test_a_mac_too_old_for_bf16_is_named(monkeypatch):
    install_device(monkeypatch, "mps")
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda *version: False)
    with pytest.raises(PrecisionNotPossible, match="Apple GPU cannot train in bf16"):
        require_device(TrainingSettings(precision="bf16"))


@pytest.mark.parametrize("device", [*CAPABILITIES, "cpu", "mps"])
def test_auto_is_never_refused(monkeypatch, device):
    install_device(monkeypatch, device)
    require_device(TrainingSettings(device="auto", precision="auto"))
    require_device(TrainingSettings(device="cpu", precision="bf16"))


def test_who_leaves_the_card_alone_is_not_asked_again(monkeypatch):
    install_device(monkeypatch, "ampere")
    monkeypatch.setenv("IMPRINT_DEVICE", "cpu")
    require_device(TrainingSettings(device="cuda", precision="fp16"))


def test_a_resume_needs_the_device_of_the_run_but_not_the_precision_that_was_planned(
    tiny_folder, image_folder, tmp_path, monkeypatch
):
    done = train(tiny_run(tiny_folder, image_folder, tmp_path / "runs"), stop_after(2))
    config = json.loads(done.folder.config_path.read_text())
    config["training"] |= {"device": "cuda"}
    done.folder.config_path.write_text(json.dumps(config))
    install_device(monkeypatch, "cpu")
    assert resume(done.folder).last.error.code == "IM-DEV-05"
    config["training"] |= {"device": "auto", "precision": "fp16"}  # as planned on a Turing card
    done.folder.config_path.write_text(json.dumps(config))
    require_finished(resume(done.folder))


def test_one_place_asks_torch_for_bf16():
    asking = {
        path.relative_to(ROOT).as_posix()
        for folder in ("engine", "desktop")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "is_bf16_supported"
    }
    assert asking == {"engine/device.py"}
