"""LoRA's own workings: groups, going on from a file, the base model, what is baked, settings."""

from __future__ import annotations

import pytest
import safetensors.torch
import torch

from engine.addons import adapters_applied
from engine.config_file import check
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.methods.base import Subject
from engine.methods.lora.method import Lora
from engine.methods.lora.settings import LoraSettings
from engine.models.base import plain_sizes
from engine.models.loader import load_model
from tests.live_loras import FOLDERS, KINDS, LOOSE, ON_XL, attached
from tests.method_matrix import base_weights, outputs, same

BAKED = {
    "dora": {"algorithm": "dora"},
    "dora with convolutions": {"algorithm": "dora", "conv": True, "rslora": True},
    "oft": {"algorithm": "oft"},
}
every_baked = pytest.mark.parametrize("settings", BAKED.values(), ids=BAKED)
every_kind = pytest.mark.parametrize("settings", (KINDS | BAKED).values(), ids=KINDS | BAKED)


def weights_in_place(base, result) -> dict[str, torch.Tensor]:
    """What a fresh base model says once it has a whole model's weights."""
    model = load_model(str(base))
    with torch.no_grad():
        for part in model.parts():
            own = part.module.state_dict()
            assert own.keys() == set(result.weights[part.name])
            for name, tensor in own.items():
                tensor.copy_(result.weights[part.name][name])
    return outputs(model)


@every_baked
def test_dora_and_oft_leave_no_file_of_their_own(tiny_folder, settings):
    live = attached(tiny_folder, settings)
    assert live.method.results() == ()
    assert live.method.settings.leaves == ("model",)


@pytest.mark.parametrize(
    ("settings", "family"),
    [*(((KINDS | BAKED)[kind], "sd1") for kind in KINDS | BAKED),
     *(((KINDS | BAKED)[kind], "sdxl") for kind in ("block ranks", "dora", "oft"))],
)  # fmt: skip
def test_the_whole_model_says_what_the_live_one_said(request, family, settings):
    live = attached(request.getfixturevalue(FOLDERS[family]), settings)
    told = weights_in_place(live.base, live.method.whole_model())
    assert live.error(told) < 1e-5
    bare = outputs(load_model(str(live.base)))
    assert (live.said["unet"] - bare["unet"]).norm() > LOOSE * bare["unet"].norm()


@every_kind
def test_merging_leaves_the_live_model_as_it_was_bit_for_bit(tiny_folder, settings):
    live = attached(tiny_folder, settings)
    before, learnt = base_weights(live.model), {
        name: p.detach().clone() for name, p in live.method.named_parameters()
    }  # fmt: skip
    for _ in range(2):
        for weights in live.method.whole_model().weights.values():
            for name in weights:
                weights[name]
    assert same(base_weights(live.model), before)
    assert same({n: p.detach() for n, p in live.method.named_parameters()}, learnt)
    assert same(outputs(live.model), live.said)


@every_kind
def test_inside_base_model_the_outputs_are_the_bare_models_bit_for_bit(tiny_folder, settings):
    live = attached(tiny_folder, settings)
    bare = outputs(load_model(str(tiny_folder)))
    with live.method.base_model():
        assert same(outputs(live.model), bare)
    assert same(outputs(live.model), live.said)
    with pytest.raises(RuntimeError, match="in the middle"):
        with live.method.base_model():
            raise RuntimeError("in the middle")
    assert same(outputs(live.model), live.said)


@every_kind
def test_gradients_reach_every_weight_after_a_look_at_the_base_model(tiny_folder, settings):
    live = attached(tiny_folder, settings)
    live.method.set_training(True)
    with live.method.base_model(), torch.no_grad():
        outputs(live.model)
    noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    context = live.model.encode_prompts(["a photo of a toy"])
    answer = live.model.predict(noisy, torch.tensor([500]), context, plain_sizes(1, 64, 64))
    answer.square().mean().backward()
    for name, parameter in live.method.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.norm() > 0, name
    assert all(
        p.grad is None
        for part in live.model.parts()
        for name, p in part.module.named_parameters()
        if not p.requires_grad
    )


@pytest.mark.parametrize("algorithm", ["lora", "dora"])
def test_lora_plus_lets_the_outer_matrix_learn_faster_in_groups_of_its_own(
    tiny_sdxl_folder, algorithm
):
    """Hayou et al. 2024: B gets the ratio's share, A and the rest the plain rate."""
    live = attached(
        tiny_sdxl_folder, {"algorithm": algorithm, "plus_ratio": 8.0, "learning_rate": 1e-4}
    )
    names = {id(p): name for name, p in live.method.named_parameters()}
    groups = {group.name: group for group in live.method.parameter_groups()}
    assert {name: group.learning_rate for name, group in groups.items()} == pytest.approx({
        "unet": 1e-4, "unet, outer": 8e-4, "text_encoder": 1e-3, "text_encoder, outer": 8e-3,
        "text_encoder_2": 1e-3, "text_encoder_2, outer": 8e-3,
    })  # fmt: skip
    for name, group in groups.items():
        for parameter in group.parameters:
            assert names[id(parameter)].startswith(f"{name.partition(',')[0]}.")
            assert names[id(parameter)].endswith(".up") is name.endswith("outer")
    assert sum(len(group.parameters) for group in groups.values()) == len(names)


def test_without_lora_plus_each_network_is_one_group(tiny_sdxl_folder):
    live = attached(tiny_sdxl_folder, {"text_until": 0.4})
    groups = live.method.parameter_groups()
    assert [(g.name, g.until) for g in groups] == [
        ("unet", 1.0), ("text_encoder", 0.4), ("text_encoder_2", 0.4)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "family"),
    [*((KINDS[kind], "sd1") for kind in KINDS), *((KINDS[kind], "sdxl") for kind in ON_XL[1:])],
)
def test_a_run_goes_on_from_a_file_where_the_other_one_ended(request, family, settings, tmp_path):
    base = request.getfixturevalue(FOLDERS[family])
    first = attached(base, settings)
    path = first.write("kohya", "fp32", tmp_path)
    second = attached(base, settings, seed=None)
    assert first.error(second.said) > LOOSE
    second.method.adopt(read_result(path, second.model))  # as the engine does, after attach
    assert first.error(outputs(second.model)) < 1e-5
    assert all(p.requires_grad for _, p in second.method.named_parameters())


def test_a_run_of_another_alpha_goes_on_from_a_file_at_the_same_strength(tiny_folder, tmp_path):
    first = attached(tiny_folder, {"alpha": 2.0})
    path = first.write("diffusers", "fp32", tmp_path)
    second = attached(tiny_folder, {"alpha": 7.0}, seed=None)
    second.method.adopt(read_result(path, second.model))
    assert first.error(outputs(second.model)) < 1e-5


@pytest.mark.parametrize(
    ("given", "wanted", "said"),
    [
        ({"algorithm": "loha"}, {}, "it is of another kind than this run's add-on"),
        ({}, {"algorithm": "lokr"}, "it is of another kind than this run's add-on"),
        ({"rank": 8}, {}, r"its unet\.down_blocks\..+ has another size"),
        ({}, {"block_ranks": "mid=2"}, r"its unet\.mid_block\..+ has another size"),
        ({}, {"conv": True}, r"it stands beside other layers, not unet\..+resnets"),
        ({"conv": True}, {}, r"it stands beside unet\..+ too, which this run leaves alone"),
        ({}, {"text_learning_rate": 0}, r"beside text_encoder\..+ too, which this run leaves"),
        ({"algorithm": "lokr", "rank": 64}, {"algorithm": "lokr", "rank": 1}, "another size"),
    ],
)
def test_a_file_of_another_kind_rank_or_set_of_layers_is_refused(
    tiny_folder, given, wanted, said, tmp_path
):
    path = attached(tiny_folder, given).write("kohya", "fp32", tmp_path)
    run = attached(tiny_folder, wanted, seed=None)
    with pytest.raises(ValueError, match=said):
        run.method.adopt(read_result(path, run.model))


def test_a_file_with_an_embedding_inside_is_not_continued_without_it(tiny_folder, tmp_path):
    path = attached(tiny_folder, {}).write("kohya", "fp32", tmp_path)
    tensors = safetensors.torch.load_file(path)
    tensors["bundle_emb.word.string_to_param.*"] = torch.ones(1, 32)
    safetensors.torch.save_file(tensors, path)
    run = attached(tiny_folder, {}, seed=None)
    with pytest.raises(ValueError, match="it has embeddings inside"):
        run.method.adopt(read_result(path, run.model))


def test_an_addon_of_the_live_result_says_what_the_live_model_says(tiny_folder):
    live = attached(tiny_folder, {"conv": True, "rslora": True})
    model = load_model(str(tiny_folder))
    with adapters_applied(model, [(live.method.results()[0], 1.0)]):
        assert live.error(outputs(model)) < 1e-5


def test_a_file_can_be_read_while_an_adapter_stands_in_the_model(tiny_folder, tmp_path):
    live = attached(tiny_folder, {})
    path = live.write("kohya", "fp32", tmp_path)
    alone = read_adapter(path, load_model(str(tiny_folder)))
    beside = read_adapter(path, live.model)
    places = {(layer.part, layer.path) for layer in alone.layers}
    assert {(layer.part, layer.path) for layer in beside.layers} == places


# Settings


def problems(**method) -> list[tuple[str, str]]:
    _, found = check({"dataset": {"folder": "x"}, "method": {"kind": "lora", **method}})
    return [(problem.field, problem.sentence) for problem in found]


def test_ranks_by_block_are_read_the_most_special_first():
    ranks = LoraSettings(block_ranks=" up=8, up.1 = 16,mid=4,, down.0=2 ").ranks_by_block
    assert list(ranks.values()) == [2, 16, 8, 4] or list(ranks.values()) == [2, 16, 4, 8]
    paths = {
        "up_blocks.1.attentions.0.proj_in": 16, "up_blocks.2.resnets.0.conv1": 8,
        "up_blocks.11.x": 8, "mid_block.resnets.0.conv1": 4, "down_blocks.0.a": 2,
        "down_blocks.1.a": 5,
    }  # fmt: skip
    from engine.methods.lora.targets import rank_of

    settings = LoraSettings(rank=5, block_ranks="up=8, up.1=16, mid=4, down.0=2")
    assert {path: rank_of(path, settings) for path in paths} == paths


@pytest.mark.parametrize(
    ("text", "part"),
    [("up=0", "up=0"), ("up=300", "up=300"), ("down=8; mid=4", "down=8; mid=4"),
     ("mid=4, side=2", "side=2"), ("8", "8"), ("up.=4", "up.=4"), ("mid.1=4", "mid.1=4")],
)  # fmt: skip
def test_ranks_that_cannot_be_read_get_a_sentence_with_the_part_that_is_wrong(text, part):
    (found,) = problems(block_ranks=text)
    assert found == (
        "method.block_ranks",
        f"method.block_ranks is {text!r}: {part} should read as down=8, mid=4 or up.1=16.",
    )


@pytest.mark.parametrize("algorithm", ["loha", "lokr", "oft"])
@pytest.mark.parametrize(("name", "value"), [("rslora", True), ("plus_ratio", 4.0)])
def test_what_belongs_to_lora_alone_is_refused_at_its_own_setting(algorithm, name, value):
    (found,) = problems(algorithm=algorithm, **{name: value})
    assert found == (
        f"method.{name}",
        f"method.{name} is {value}: it is for the kinds lora and dora and does nothing to "
        f"{algorithm}.",
    )


@pytest.mark.parametrize("algorithm", ["lora", "dora"])
def test_lora_and_dora_take_both(algorithm):
    assert problems(algorithm=algorithm, rslora=True, plus_ratio=4.0) == []
    assert problems(algorithm="loha", rslora=False, plus_ratio=1.0) == []


@torch.no_grad()
def test_dora_on_a_half_precision_base_begins_with_lengths_that_are_not_rounded(tiny_folder):
    model = load_model(str(tiny_folder), torch.bfloat16)
    method = Lora(LoraSettings(algorithm="dora"), Subject())
    method.attach(model)
    found = 0
    for part, path in method.live_layers():
        layer = method._layer(part, path)
        lengths = layer.get_base_layer().weight.float().flatten(1).norm(dim=1)
        magnitude = layer.lora_magnitude_vector["imprint"].weight
        assert torch.equal(magnitude.flatten(), lengths)
        found += 1
    assert found > 10


@pytest.mark.parametrize("wish", [{"conv": True}, {"dropout": 0.1}, {"block_ranks": "down=4"}])
def test_what_oft_cannot_do_is_refused_by_the_setting(wish):
    with pytest.raises(ValueError, match="cannot be used with the kind oft"):
        LoraSettings(algorithm="oft", **wish)
    assert LoraSettings(algorithm="loha", **wish).algorithm == "loha"
