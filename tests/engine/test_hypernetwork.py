"""Training a hypernetwork: what learns, what stays, what is computed once."""

from __future__ import annotations

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from pydantic import ValidationError

from engine.formats import hypernetwork as file_format
from engine.methods.hypernetwork.hooks import applied
from engine.methods.hypernetwork.method import Hypernetwork
from engine.methods.hypernetwork.settings import HypernetworkSettings
from tests.hypernetworks import (
    NORM_AND_ACTIVATION,
    PROMPT_WIDTH,
    SHAPES,
    WIDTHS,
    Model,
    answer,
    attached,
    inputs,
    made,
    relative,
    saved,
    shaken,
    small_model,
)


@pytest.fixture
def model() -> Model:
    return small_model()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    "shape", [*SHAPES.values(), NORM_AND_ACTIVATION, {"self_attention": False}], ids=str
)
def test_a_fresh_attach_leaves_the_output_bit_for_bit_unchanged(shape, dtype, model):
    model.unet.to(dtype)
    before = answer(model, dtype)
    method = attached(model, **shape)
    for training in (False, True):
        method.set_training(training)
        assert torch.equal(answer(model, dtype), before)
    assert {parameter.dtype for _, parameter in method.named_parameters()} == {torch.float32}


@pytest.mark.parametrize("shape", [*SHAPES.values(), NORM_AND_ACTIVATION], ids=str)
def test_from_zero_each_net_gets_a_gradient_at_the_first_step(shape, model):
    method = attached(model, **shape)
    answer(model).square().sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
    for width in WIDTHS:
        for role in "kv":
            net = method.nets.pair(width)[role]
            assert any(p.grad is not None and p.grad.norm() > 0 for p in net.parameters())
    assert all(p.grad is None for p in model.unet.parameters())


@pytest.mark.parametrize("norm", [False, True])
def test_from_zero_the_first_step_changes_as_little_as_the_learning_rate(norm, model):
    before = answer(model)
    method = attached(model, layer_norm=norm)
    optimizer = torch.optim.Adam([p for _, p in method.named_parameters()], lr=1e-4)
    answer(model).square().mean().backward()
    optimizer.step()
    assert 0 < relative(answer(model), before) < 3e-3


@pytest.mark.parametrize(
    "way", ["Normal", "XavierUniform", "XavierNormal", "KaimingUniform", "KaimingNormal"]
)
def test_automatic1111s_first_weights_reach_every_parameter(way, model):
    method = attached(model, weight_init=way, activation="leakyrelu", layer_norm=True)
    before = answer(model)
    before.square().sum().backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.norm() > 0, name
    with method.base_model():
        assert not torch.equal(answer(model), before)
    deviation = float(method.nets.pair(32)["k"].linear[0].weight.detach().std())  # 32 -> 64
    wanted = {"Normal": 0.01, "XavierUniform": (2 / 96) ** 0.5, "XavierNormal": (2 / 96) ** 0.5}
    kaiming = (2 / (1 + 0.01**2) / 32) ** 0.5
    assert deviation == pytest.approx(wanted.get(way, kaiming), rel=0.1)


def called(method: Hypernetwork, width: int) -> list[torch.dtype]:
    """Grows by the type of the result at each call of a net."""
    calls: list[torch.dtype] = []
    for role in "kv":
        method.nets.pair(width)[role].register_forward_hook(
            lambda _net, _args, out: calls.append(out.dtype)
        )
    return calls


def loss_and_gradients(model: Model, method: Hypernetwork) -> tuple:
    loss = answer(model).square().mean()
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in method.named_parameters()}
    for _, parameter in method.named_parameters():
        parameter.grad = None
    return loss.detach(), gradients


def test_with_gradient_checkpointing_the_gradients_are_the_same(model):
    method = shaken(attached(model, activation="swish", dropout=0.3))
    method.set_training(True)
    torch.manual_seed(3)
    loss, wanted = loss_and_gradients(model, method)

    model.unet.enable_gradient_checkpointing()
    of_prompt, of_level = called(method, PROMPT_WIDTH), called(method, 16)
    for _ in range(2):
        torch.manual_seed(3)
        again, found = loss_and_gradients(model, method)
        assert torch.equal(again, loss)
        assert found.keys() == wanted.keys()
        for name, gradient in wanted.items():
            assert gradient.norm() > 0, name
            assert torch.allclose(found[name], gradient, rtol=1e-5, atol=1e-7), name

    assert len(of_prompt) == 2 * 2  # k and v, once a step though four layers read the prompt
    assert len(of_level) == 2 * 2 * 2 * 3  # three layers, forward and again in the backward pass


def test_passes_that_overlap_keep_their_own_nets(model):
    method = shaken(attached(model, activation="relu"))
    model.unet.enable_gradient_checkpointing()
    noisy, timesteps, context = inputs()

    def loss(scale):
        return model.unet(noisy * scale, timesteps, context, return_dict=False)[0].square().mean()

    def gradient():
        found = [p.grad.clone() for _, p in method.named_parameters()]
        for _, parameter in method.named_parameters():
            parameter.grad = None
        return found

    both_losses = loss(1) + loss(2)
    with torch.no_grad():
        loss(3)  # a look at the model before the backward pass
    both_losses.backward()
    together = gradient()
    loss(1).backward()
    loss(2).backward()
    for both, one_by_one in zip(together, gradient(), strict=True):
        assert torch.allclose(both, one_by_one, rtol=1e-4, atol=1e-7)


def test_the_prompt_may_come_by_name_as_well(model):
    method = shaken(attached(model))
    noisy, timesteps, context = inputs()
    calls = called(method, PROMPT_WIDTH)
    by_name = model.unet(sample=noisy, timestep=timesteps, encoder_hidden_states=context).sample
    assert len(calls) == 2
    assert torch.equal(by_name, answer(model))


def test_a_prompt_used_again_meets_the_weights_as_they_are_now(model):
    method = shaken(attached(model))
    arguments = inputs()
    first = model.unet(*arguments).sample
    shaken(method)
    second = model.unet(*arguments).sample
    assert relative(second, first) > 1e-3
    assert torch.equal(second, answer(model))


def test_gradients_reach_a_prompt_that_learns(model):
    shaken(attached(model))
    noisy, timesteps, context = inputs()
    context.requires_grad_()
    model.unet(noisy, timesteps, context).sample.square().sum().backward()
    assert context.grad is not None
    assert context.grad.norm() > 0


def test_under_autocast_the_nets_still_compute_in_fp32(model):
    method = shaken(attached(model))
    of_prompt, of_level = called(method, PROMPT_WIDTH), called(method, 16)
    with torch.autocast("cpu", torch.bfloat16):
        found = answer(model)
    found.float().square().sum().backward()
    assert {*of_prompt, *of_level} == {torch.float32}
    assert relative(found.float(), answer(model)) < 0.05
    for _, parameter in method.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.isfinite().all()


def test_base_model_gives_the_old_outputs_back_bit_for_bit(model):
    before = answer(model)
    method = shaken(attached(model))
    bent = answer(model)
    assert relative(bent, before) > 1e-2
    with pytest.raises(RuntimeError, match="midway"), method.base_model():
        assert torch.equal(answer(model), before)
        raise RuntimeError("midway")
    assert torch.equal(answer(model), bent)


def test_dropout_is_at_work_only_while_training(model):
    method = shaken(attached(model, dropout=0.5))
    still = answer(model)
    assert torch.equal(answer(model), still)
    method.set_training(True)
    assert not torch.equal(answer(model), answer(model))
    method.set_training(False)
    assert torch.equal(answer(model), still)


def test_without_self_attention_only_the_prompts_width_has_nets(model):
    method = attached(model, self_attention=False)
    names = [name for name, _ in method.named_parameters()]
    assert names == [
        f"unet.24.{role}.linear.{i}.{kind}"
        for role in "kv"
        for i in (0, 1)
        for kind in ("weight", "bias")
    ]
    (group,) = method.parameter_groups()
    assert group.name == "hypernetwork"
    assert len(group.parameters) == len(names)
    assert sum(p.numel() for p in group.parameters) == 2 * (48 * 24 + 48 + 24 * 48 + 24)


def test_every_width_of_the_model_has_its_pair(model):
    (result,) = attached(model).results()
    assert tuple(result.nets) == WIDTHS


def test_the_starters_kind_of_folder_trains_too(tiny_folder):
    unet = UNet2DConditionModel.from_pretrained(tiny_folder / "unet")
    model = Model(unet)
    method = attached(model)  # the prompt is as wide as the middle of this UNet
    noisy, timesteps, _ = inputs()
    context = torch.randn(2, 7, 32, generator=torch.Generator().manual_seed(2))
    before = unet(noisy, timesteps, context).sample
    optimizer = torch.optim.Adam([p for _, p in method.named_parameters()], lr=1e-3)
    target = before.detach() + 0.1
    losses = []
    for _ in range(8):
        loss = (unet(noisy, timesteps, context).sample - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.97 * losses[0]


def test_a_run_goes_on_from_a_file_where_the_other_stopped(model, tmp_path):
    path, _ = saved(tmp_path, made(activation="elu"))
    with torch.no_grad(), applied(model, [(file_format.load(path), 1.0)]):
        wanted = answer(model)
    method = attached(model, activation="elu")
    method.adopt(file_format.load(path))
    assert torch.equal(answer(model), wanted)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"activation": "relu"}, r"\(1, 2, 1\) linear.*\(1, 2, 1\) relu"),
        ({"layer_structure": "1, 3, 1"}, r"\(1, 2, 1\).*\(1, 3, 1\)"),
        ({"layer_norm": True}, "layer_norm False.*layer_norm True"),
        ({"self_attention": False}, "nets for 16, 24, 32; this run has 24"),
    ],
)
def test_a_file_of_another_shape_is_not_gone_on_from(settings, sentence, model):
    method = attached(model, **settings)
    before = {name: tensor.clone() for name, tensor in method.state_dict().items()}
    with pytest.raises(ValueError, match=sentence):
        method.adopt(made())
    after = method.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"layer_structure": "2, 1"}, "the first and the last number must be 1"),
        ({"layer_structure": "1"}, "the first and the last number must be 1"),
        ({"layer_structure": "1, two, 1"}, "numbers between commas"),
        ({"layer_structure": "1, 0, 1"}, "at least 0.1"),
        ({"layer_structure": "1, nan, 1"}, "at least 0.1"),
        ({"layer_structure": "1, inf, 1"}, "at least 0.1"),
        ({"layer_structure": "1, 60, 60, 1"}, "too big"),
        ({"activation": "relu", "activate_output": True}, "end in relu cannot begin at zero"),
        ({"activation": "sigmoid", "activate_output": True}, "end in sigmoid"),
    ],
)
def test_settings_that_cannot_be_trained_say_why(settings, sentence):
    with pytest.raises(ValidationError, match=sentence):
        HypernetworkSettings(**settings)


def test_a_layer_structure_may_be_a_list():
    assert HypernetworkSettings(layer_structure=[1, 1.5, 1]).structure == (1, 1.5, 1)  # type: ignore[arg-type]
    assert HypernetworkSettings().structure == (1, 2, 1)
