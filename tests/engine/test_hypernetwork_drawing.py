"""Hypernetworks draw what the front ends draw with the same file."""

from __future__ import annotations

import pytest
import torch

from engine.errors import HypernetworkDoesNotFit
from engine.formats import hypernetwork as file_format
from engine.methods.hypernetwork.hooks import applied
from engine.methods.hypernetwork.layers import Net
from engine.methods.hypernetwork.settings import HypernetworkSettings
from engine.results import HypernetworkResult
from tests.hypernetworks import (
    NORM_AND_ACTIVATION,
    PROMPT_WIDTH,
    SHAPES,
    Model,
    a1111_net,
    answer,
    comfy_net,
    front_end,
    made,
    relative,
    saved,
    small_model,
)


@pytest.fixture
def model() -> Model:
    return small_model()


@pytest.mark.parametrize("strength", [1.0, 0.5])
@pytest.mark.parametrize("shape", [*SHAPES.values(), NORM_AND_ACTIVATION], ids=str)
def test_a_file_changes_the_model_as_automatic1111_does(shape, strength, model, tmp_path):
    path, data = saved(tmp_path, made(**shape))
    untouched = answer(model)
    with front_end(model.unet, [(data, strength)], a1111_net):
        wanted = answer(model)

    with torch.no_grad(), applied(model, [(file_format.load(path), strength)]):
        found = answer(model)

    assert relative(found, wanted) < 1e-6
    assert relative(untouched, wanted) > 1e-2
    assert torch.equal(answer(model), untouched)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_comfyui_draws_the_same_with_the_file(shape, model, tmp_path):
    path, data = saved(tmp_path, made(**shape))
    with front_end(model.unet, [(data, 0.7)], comfy_net):
        wanted = answer(model)
    with torch.no_grad(), applied(model, [(file_format.load(path), 0.7)]):
        assert relative(answer(model), wanted) < 1e-6


def test_the_one_shape_that_comfyui_reads_otherwise_is_the_one_that_the_help_names(model, tmp_path):
    _, data = saved(tmp_path, made(**NORM_AND_ACTIVATION))
    with front_end(model.unet, [(data, 1.0)], comfy_net):
        comfy = answer(model)
    with front_end(model.unet, [(data, 1.0)], a1111_net):
        assert relative(comfy, answer(model)) > 1e-3
    help_text = HypernetworkSettings.model_fields["layer_norm"].description
    assert help_text is not None
    assert "ComfyUI draws other pictures" in help_text


def test_two_files_work_one_after_the_other(model, tmp_path):
    first, first_data = saved(tmp_path, made(activation="relu"), "first")
    second, second_data = saved(tmp_path, made(0.1), "second")
    chain = [(file_format.load(first), 0.8), (file_format.load(second), -0.5)]
    with front_end(model.unet, [(first_data, 0.8), (second_data, -0.5)], a1111_net):
        wanted = answer(model)
    with torch.no_grad(), applied(model, chain):
        found = answer(model)
    with torch.no_grad(), applied(model, chain[::-1]):
        other_way_round = answer(model)
    assert relative(found, wanted) < 1e-6
    assert relative(other_way_round, wanted) > 1e-4


def test_what_is_drawn_with_an_addon_inside_another_is_the_chain_of_both(model):
    first, second = made(activation="tanh"), made(0.1)
    with torch.no_grad(), applied(model, [(first, 1.0), (second, 1.0)]):
        wanted = answer(model)
    with torch.no_grad(), applied(model, [(first, 1.0)]), applied(model, [(second, 1.0)]):
        assert relative(answer(model), wanted) < 1e-6


def test_a_width_that_a_file_lacks_stays_as_it_is(model, tmp_path):
    whole = made()
    part = HypernetworkResult({PROMPT_WIDTH: whole.nets[PROMPT_WIDTH]}, whole.shape)
    _, data = saved(tmp_path, part)
    assert [key for key in data if isinstance(key, int)] == [PROMPT_WIDTH]
    with front_end(model.unet, [(data, 1.0)], a1111_net):
        wanted = answer(model)
    with torch.no_grad(), applied(model, [(part, 1.0)]):
        assert relative(answer(model), wanted) < 1e-6


@pytest.mark.parametrize(
    ("widths", "fits"),
    [
        ((768,), False),
        ((16, 768), False),  # the prompt of another family, though one level is as wide
        ((16,), True),
        ((16, 24, 768), True),  # made for two families
    ],
)
def test_a_file_for_another_family_is_refused_with_both_widths(widths, fits, model):
    ours = made()
    foreign = dict(Net(768, ours.shape).named_parameters())
    nets = {width: ours.nets.get(width, (foreign, foreign)) for width in widths}
    result = HypernetworkResult(nets, ours.shape)
    before = answer(model)
    if fits:
        with applied(model, [(result, 1.0)]):
            assert not torch.equal(answer(model), before)
    else:
        with pytest.raises(HypernetworkDoesNotFit, match=r"768.*16, 24, 32"):
            with applied(model, [(result, 1.0)]):
                pass
    assert torch.equal(answer(model), before)


def test_a_file_on_a_model_draws_no_random_number_and_learns_nothing(model):
    result = made()
    model.freeze()
    before = torch.get_rng_state()
    with applied(model, [(result, 1.0)]):
        assert not answer(model).requires_grad
    assert torch.equal(torch.get_rng_state(), before)
