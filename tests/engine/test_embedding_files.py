"""Embeddings in the forms of all trainers are read, or refused with a true sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine.addon_errors import EmbeddingHalf
from engine.errors import AddonUnreadable, EmbeddingDoesNotFit
from engine.formats.reading import read_result
from engine.models.loader import load_model
from tests.lora_forms import rand


@pytest.fixture(scope="module")
def sd1(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.fixture(scope="module")
def sdxl(tiny_sdxl_folder):
    return load_model(str(tiny_sdxl_folder))


def widths(model) -> list[int]:
    return [model.token_table(part.name).shape[1] for part in model.parts() if part.reads_text]


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path)
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
@pytest.mark.parametrize("given", [0, 1])
def test_the_two_files_of_diffusers_sdxl_trainer_are_one_embedding(sdxl, suffix, given, tmp_path):
    names = ("learned_embeds", "learned_embeds_2")
    rows = [rand(2, width) for width in widths(sdxl)]
    paths = [
        saved(tmp_path / f"{name}{suffix}", {"<cat>": row})
        for name, row in zip(names, rows, strict=True)
    ]
    result = read_result(paths[given], sdxl)
    assert result.word == names[given]
    assert torch.equal(result.vectors["text_encoder"], rows[0])
    assert torch.equal(result.vectors["text_encoder_2"], rows[1])


@pytest.mark.parametrize("which", [0, 1])
def test_one_half_alone_is_called_a_half_and_the_other_is_named(sdxl, which, tmp_path):
    name = ("cat", "cat_2")[which]
    path = saved(tmp_path / f"{name}.safetensors", {"<cat>": rand(2, widths(sdxl)[which])})
    with pytest.raises(EmbeddingHalf) as caught:
        read_result(path, sdxl)
    told = str(caught.value)
    assert "holds vectors for only one text encoder" in told
    assert ("cat_2.safetensors", "cat.safetensors")[which] in told


@pytest.mark.parametrize("width", [768, 1280])
def test_a_half_of_published_size_is_a_half_for_a_small_model_too(sdxl, width, tmp_path):
    with pytest.raises(EmbeddingHalf, match=rf"\({width} wide\); this model has two"):
        read_result(saved(tmp_path / "x_2.safetensors", {"<cat>": rand(1, width)}), sdxl)


def test_a_whole_embedding_for_a_model_of_another_size_is_told_by_the_widths(sdxl, tmp_path):
    path = saved(tmp_path / "x.safetensors", {"clip_l": rand(1, 768), "clip_g": rand(1, 1280)})
    one, two = widths(sdxl)
    with pytest.raises(EmbeddingDoesNotFit, match=f"with text encoders {one}, {two} wide"):
        read_result(path, sdxl)


@pytest.mark.parametrize("output", ["emp_params_out", "emb_params_out"])
def test_onetrainers_vectors_for_the_output_are_left_out_and_known_to_be(sd1, output, tmp_path):
    rows = rand(2, widths(sd1)[0])
    path = saved(tmp_path / "x.safetensors", {"emb_params": rows, output: rows + 1})
    result = read_result(path, sd1)
    assert torch.equal(result.vectors["text_encoder"], rows)
    assert result.has_output


def test_onetrainers_sdxl_vectors_for_the_output_are_left_out(sdxl, tmp_path):
    one, two = widths(sdxl)
    tensors = {"clip_l": rand(2, one), "clip_g": rand(2, two)}
    output = {f"{name}_out": tensor + 1 for name, tensor in tensors.items()}
    result = read_result(saved(tmp_path / "x.safetensors", tensors | output), sdxl)
    assert torch.equal(result.vectors["text_encoder_2"], tensors["clip_g"])
    assert result.has_output


def test_vectors_that_are_tokens_of_their_own_are_one_word(sd1, tmp_path):
    rows = rand(3, widths(sd1)[0])
    names = ("<cat>_2", "<cat>", "<cat>_1")
    tensors = {name: rows[number] for number, name in zip((2, 0, 1), names, strict=True)}
    result = read_result(saved(tmp_path / "x.bin", tensors), sd1)
    assert torch.equal(result.vectors["text_encoder"], rows)
    assert not result.has_output


@pytest.mark.parametrize("names", [("<cat>", "<dog>"), ("a", "a_2")])
def test_several_words_in_one_file_are_said_to_be_several(sd1, names, tmp_path):
    tensors = dict.fromkeys(names, rand(widths(sd1)[0]))
    with pytest.raises(AddonUnreadable, match="it holds more than one word"):
        read_result(saved(tmp_path / "x.bin", tensors), sd1)


@pytest.mark.parametrize("is_zip", [True, False])
def test_the_oldest_files_keep_their_vectors_in_a_parameter_dict(sd1, is_zip, tmp_path):
    rows = rand(3, widths(sd1)[0])
    words = torch.nn.ParameterDict({"*": torch.nn.Parameter(rows)})
    data = {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": words}
    path = tmp_path / "x.pt"
    torch.save(data, path, _use_new_zipfile_serialization=is_zip)
    assert torch.equal(read_result(path, sd1).vectors["text_encoder"], rows)
