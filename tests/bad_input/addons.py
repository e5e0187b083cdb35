"""Rows 65 to 74: embeddings, LoRA, hypernetworks."""

from __future__ import annotations

import safetensors.torch
import torch

from engine.addons import Addon, applied
from engine.config_file import check, merge
from engine.errors import UserError
from engine.formats import hypernetwork
from engine.formats.lora_reading import read_adapter
from engine.formats.reading import read_result
from engine.models.loader import load_model
from tests.bad_input.catalogue import Place, row, shown_by
from tests.bad_input.settings import GOOD
from tests.lora_forms import NAME, Q, flat, kohya, pair, rand, save, simple

WORDS = "tests/engine/test_textual_inversion.py"
LORA = "tests/engine/test_lora_refused.py"
NETS = "tests/engine/test_hypernetwork_files.py"


def applied_to_the_tiny_model(place: Place, tensors: dict) -> list[UserError]:
    """The refusal; the model is as it was."""
    model = load_model(str(place.tiny_model))
    before = {name: tensor.clone() for name, tensor in model.unet.state_dict().items()}
    told = []
    try:
        with applied(model, [Addon(save(place.folder, tensors))]):
            pass
    except UserError as error:
        told.append(error)
    after = model.unet.state_dict()
    assert all(torch.equal(before[name], tensor) for name, tensor in after.items())
    return told


def read_as_embedding(place: Place, tensors: dict) -> UserError:
    path = place.folder / "word.safetensors"
    safetensors.torch.save_file(tensors, path)
    try:
        read_result(path, load_model(str(place.tiny_model)))
    except UserError as error:
        return error
    raise AssertionError("it was read")


shown_by(
    65, "embeddings in every form", f"{WORDS}::test_diffusers_reads_every_form_as_it_was_learnt"
)


@row(65, "an embedding inside a picture", "", "inside pictures")
def word_in_a_picture(place):
    try:
        read_result(next(place.pictures.glob("*.png")), load_model(str(place.tiny_model)))
    except UserError as error:
        return error
    return None


@row(66, "an embedding of another width", "IM-ADD-03", "was made for Stable Diffusion 2")
def other_width(place):
    return read_as_embedding(place, {"emb_params": torch.zeros(2, 1024)})


@row(67, "a word of no vectors", "", "method.num_vectors is 0; it must be at least 1.")
def no_vectors(place):
    method = {"kind": "textual_inversion", "num_vectors": 0}
    return check(merge(GOOD, {"method": method}))[1]


@row(67, "a word of 500 vectors", "", "it must be at most")
def many_vectors(place):
    method = {"kind": "textual_inversion", "num_vectors": 500}
    return check(merge(GOOD, {"method": method}))[1]


shown_by(
    68, "a trigger word that the vocabulary knows",
    "tests/desktop/test_wizard.py::test_the_word_is_made_of_the_name_and_means_nothing_else",
    f"{WORDS}::test_inside_base_model_the_word_is_ordinary_text_again",
    "tests/engine/test_word_learnt.py::test_a_taught_word_that_is_a_common_one_is_said_with_a_better_one",
)  # fmt: skip


@row(69, "a LoRA some of whose names are unknown", "IM-ADD-08", "12 of its 13 layers have names")
def strange_layers(place):
    extra = {f"lora_unet_x{n}.lora_down.weight": rand(4, 8) for n in range(12)}
    return applied_to_the_tiny_model(place, simple() | extra)


@row(69, "an algorithm that is not applied", "IM-ADD-05", "is DoRA,")
def other_algorithm(place):
    scale = {f"lora_unet_{flat(Q)}.dora_scale": torch.ones(1, 16)}
    return applied_to_the_tiny_model(place, simple() | scale)


shown_by(
    69, "LoRA in every form",
    "tests/engine/test_lora_reading.py::test_a_file_may_mix_loha_lokr_and_lora",
)  # fmt: skip


@row(70, "a LoRA of rank 0", "IM-ADD-01", "holds nothing, its rank is 0")
def rank_nothing(place):
    tensors = kohya(f"lora_unet_{flat(Q)}", torch.zeros(0, 16), torch.zeros(16, 0), 1.0)
    return applied_to_the_tiny_model(place, tensors)


@row(70, "a LoRA with a number that is none", "IM-ADD-01", "holds numbers that are none")
def no_number(place):
    tensors = simple()
    tensors[f"lora_unet_{flat(Q)}.alpha"].view(-1)[0] = torch.nan
    return applied_to_the_tiny_model(place, tensors)


@row(70, "a LoRA whose halves are transposed", "IM-ADD-02", "1 of 2 layers have other shapes")
def transposed(place):
    return applied_to_the_tiny_model(place, simple() | kohya(NAME, rand(16, 4), rand(4, 16)))


@row(70, "a LoRA without alpha")
def without_alpha(place):
    down, up = pair(16, 16)
    name = f"lora_unet_{flat(Q)}"
    tensors = {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
    model = load_model(str(place.tiny_model))
    assert read_adapter(save(place.folder, tensors), model)
    return applied_to_the_tiny_model(place, tensors)


shown_by(
    71,
    "a table of tags of megabytes",
    f"{LORA}::test_a_table_of_tags_of_two_megabytes_is_no_hindrance",
)


@row(72, "a hypernetwork of an absurd structure", "IM-ADD-01", "structure makes no sense")
def absurd_structure(place):
    path = place.folder / "net.pt"
    net = {"linear.0.weight": torch.eye(4), "linear.0.bias": torch.zeros(4)}
    torch.save({4: (net, net), "layer_structure": [1, 10**9, 2]}, path)
    try:
        hypernetwork.load(path)
    except UserError as error:
        return error
    return None


shown_by(
    72, "hypernetworks with other faults",
    f"{NETS}::test_a_file_that_is_not_what_it_should_be_is_refused_by_its_fault",
    f"{NETS}::test_an_optimizer_file_beside_it_is_not_looked_at",
)  # fmt: skip
shown_by(
    73, "a hypernetwork of another width",
    "tests/engine/test_hypernetwork_drawing.py::test_a_file_for_another_family_is_refused_with_both_widths",
)  # fmt: skip
shown_by(
    74, "a file under the name of the result",
    "tests/engine/test_install.py::test_another_file_of_that_name_stays_until_told_otherwise",
)  # fmt: skip
