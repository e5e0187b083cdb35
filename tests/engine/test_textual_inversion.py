"""Only the word's own rows learn, from where they are told to begin, and never too long."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors.torch
import torch
from diffusers import StableDiffusionPipeline

from engine.config_file import check
from engine.errors import AddonUnreadable, EmbeddingDoesNotFit, UserError
from engine.formats import embedding, embedding_a1111
from engine.formats.reading import read_result
from engine.methods.base import Subject
from engine.methods.textual_inversion.method import TextualInversion
from engine.methods.textual_inversion.settings import TextualInversionSettings
from engine.models.loader import load_model
from engine.results import EmbeddingResult
from tests.engine_runs import newest_weights, require_finished, tiny_run, train
from tests.method_matrix import base_weights, outputs, same

FORMATS = ["embedding", "embedding_a1111", "embedding_diffusers"]


def attached(folder, **settings) -> tuple[TextualInversion, object]:
    model = load_model(str(folder))
    method = TextualInversion(TextualInversionSettings(**settings), Subject("zwx", "toy"))
    method.attach(model)
    return method, model


def rows(method: TextualInversion, part: str = "text_encoder") -> torch.Tensor:
    return method.state_dict()[f"{part}.vectors"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_vectors": 1}, ["toy"]),
        ({"num_vectors": 2}, ["toy", "toy"]),
        ({"num_vectors": 2, "initializer": "red cat"}, ["red", "cat"]),
        ({"num_vectors": 4, "initializer": "red cat"}, ["red", "red", "cat", "cat"]),
        ({"num_vectors": 1, "initializer": "red cat"}, ["red"]),
    ],
)
def test_the_rows_begin_as_the_words_that_were_said(tiny_folder, settings, words):
    method, model = attached(tiny_folder, **settings)
    ids = [model.token_ids(word)[0] for word in words]
    assert torch.equal(rows(method), model.token_table("text_encoder")[ids])


def test_both_encoders_of_the_large_family_get_rows_of_their_own_width(tiny_sdxl_folder):
    method, _ = attached(tiny_sdxl_folder, num_vectors=3)
    shapes = {name: tuple(t.shape) for name, t in method.state_dict().items()}
    assert shapes == {"text_encoder.vectors": (3, 32), "text_encoder_2.vectors": (3, 24)}


def test_the_optimizer_has_state_for_the_rows_and_for_nothing_else(
    tiny_folder, pictures_folder, tmp_path
):
    method = {"kind": "textual_inversion", "num_vectors": 3}
    trained = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=method))
    )
    assert {name: tuple(t.shape) for name, t in newest_weights(trained.folder).items()} == {
        "text_encoder.vectors": (3, 32)
    }
    newest = max(trained.folder.checkpoints.iterdir())
    state = safetensors.torch.load_file(newest / "optimizer.safetensors")
    assert all(tensor.numel() <= 3 * 32 for tensor in state.values())


def test_no_weight_of_the_model_gets_a_gradient(tiny_folder):
    method, model = attached(tiny_folder)
    context = model.encode_prompts(["a zwx"])
    model.predict(
        torch.randn(1, 4, 8, 8), torch.tensor([5]), context, torch.zeros(1, 6)
    ).sum().backward()
    assert rows(method) is not None
    assert all(p.grad is not None for _, p in method.named_parameters())
    assert all(p.grad is None for part in model.parts() for p in part.module.parameters())


def test_a_row_beyond_the_limit_is_cut_back_and_the_others_are_left(tiny_folder):
    method, model = attached(tiny_folder, num_vectors=2, max_norm=2.0)
    limit = 2.0 * model.token_table("text_encoder").norm(dim=1).mean()
    ((_, parameter),) = method.named_parameters()
    parameter.data[0] *= 100
    short, direction = parameter[1].clone(), parameter[0] / parameter[0].norm()
    method.after_step()
    assert parameter[0].norm().item() == pytest.approx(limit.item(), rel=1e-5)
    assert torch.allclose(parameter[0] / parameter[0].norm(), direction, atol=1e-6)
    assert torch.equal(parameter[1], short)


def test_without_a_trigger_there_is_nothing_to_teach(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path,
        method={"kind": "textual_inversion"}, dataset={"trigger": " "},
    )  # fmt: skip
    config, problems = check(data)
    assert config is None
    assert [problem.field for problem in problems] == ["dataset.trigger"]


@pytest.fixture(scope="module")
def exports(tiny_folder, tmp_path_factory) -> tuple[dict[str, Path], torch.Tensor]:
    from tests.conftest import draw_pictures

    folder = tmp_path_factory.mktemp("embedding")
    data = tiny_run(
        tiny_folder, draw_pictures(folder / "pictures"), folder / "runs",
        method={"kind": "textual_inversion", "num_vectors": 3, "learning_rate": 0.1},
        training={"steps": 8}, export={"formats": FORMATS},
    )  # fmt: skip
    trained = require_finished(train(data))
    return (
        dict(zip(FORMATS, map(Path, trained.last.exports), strict=True)),
        newest_weights(trained.folder)["text_encoder.vectors"],
    )


@pytest.mark.parametrize("form", FORMATS)
def test_diffusers_reads_every_form_as_it_was_learnt(exports, form, tiny_folder):
    files, learnt = exports
    pipeline = StableDiffusionPipeline.from_pretrained(tiny_folder, local_files_only=True)
    pipeline.load_textual_inversion(
        files[form].parent, weight_name=files[form].name, token="zwx", local_files_only=True
    )
    ids = pipeline.tokenizer.convert_tokens_to_ids(["zwx", "zwx_1", "zwx_2"])
    table = pipeline.text_encoder.get_input_embeddings().weight
    assert torch.allclose(table[ids], learnt, atol=1e-6)


def test_the_files_hold_exactly_what_their_readers_look_for(exports):
    files, learnt = exports
    plain = safetensors.torch.load_file(files["embedding"])
    assert list(plain) == ["emb_params"]
    assert torch.equal(plain["emb_params"], learnt)
    assert list(safetensors.torch.load_file(files["embedding_diffusers"])) == ["zwx"]
    data = torch.load(files["embedding_a1111"], weights_only=True)
    assert set(data) == {
        "string_to_token", "string_to_param", "name", "step", "sd_checkpoint", "sd_checkpoint_name"
    }  # fmt: skip
    assert data["string_to_token"] == {"*": 265}
    assert type(data["string_to_param"]["*"]) is torch.Tensor
    assert files["embedding"].name == "zwx.safetensors"


def test_the_large_familys_file_holds_a_tensor_for_each_encoder(
    tiny_sdxl_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_sdxl_folder, pictures_folder, tmp_path,
        method={"kind": "textual_inversion", "num_vectors": 2},
        export={"formats": ["embedding", "embedding_a1111"]},
    )  # fmt: skip
    trained = require_finished(train(data))
    for path in map(Path, trained.last.exports):
        read = (embedding if path.suffix == ".safetensors" else embedding_a1111).load(path)
        assert {part: tuple(t.shape) for part, t in read.vectors.items()} == {
            "text_encoder": (2, 32), "text_encoder_2": (2, 24)
        }  # fmt: skip
    assert set(safetensors.torch.load_file(trained.last.exports[0])) == {"clip_l", "clip_g"}


def test_an_embedding_can_be_gone_on_from(exports, tiny_folder, pictures_folder, tmp_path):
    files, learnt = exports
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path,
        method={
            "kind": "textual_inversion", "num_vectors": 3, "learning_rate": 1e-9,
            "start_from": str(files["embedding_a1111"]),
        },
    )  # fmt: skip
    again = newest_weights(require_finished(train(data)).folder)["text_encoder.vectors"]
    assert torch.allclose(again, learnt, atol=1e-4)
    other = data | {"method": data["method"] | {"num_vectors": 2}}
    failed = train(other).last
    assert "3 vectors" in str(failed.error)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        ({"emb_params": torch.zeros(2, 1024)}, "made for Stable Diffusion 2.x"),
        ({"clip_l": torch.zeros(2, 768), "clip_g": torch.zeros(2, 1280)},
         "made for Stable Diffusion XL"),
        ({"emb_params": torch.zeros(0, 32)}, "0 vectors"),
        ({"emb_params": torch.zeros(500, 32)}, "500 vectors"),
        ({"emb_params": torch.full((1, 32), float("nan"))}, "no longer numbers"),
        ({"clip_l": torch.zeros(1, 768), "clip_g": torch.zeros(2, 1280)}, "unlike vectors"),
    ],
)  # fmt: skip
def test_an_embedding_that_does_not_fit_is_refused_with_the_reason(
    tiny_folder, tmp_path, tensors, said
):
    path = tmp_path / "odd.safetensors"
    safetensors.torch.save_file(tensors, path)
    with pytest.raises((EmbeddingDoesNotFit, AddonUnreadable), match=said):
        read_result(path, load_model(str(tiny_folder)))


def test_an_embedding_inside_a_picture_is_refused_by_name(tiny_folder, pictures_folder):
    with pytest.raises(UserError, match="inside pictures"):
        read_result(next(pictures_folder.glob("*.png")), load_model(str(tiny_folder)))


def test_inside_base_model_the_word_is_ordinary_text_again(tiny_folder):
    bare = outputs(load_model(str(tiny_folder)), "a zwx")
    method, model = attached(tiny_folder)
    assert not same(outputs(model, "a zwx"), bare)
    with method.base_model():
        assert same(outputs(model, "a zwx"), bare)
    assert not same(outputs(model, "a zwx"), bare)
    assert same(base_weights(model), base_weights(load_model(str(tiny_folder))))


def test_a_result_of_another_kind_cannot_be_gone_on_from(tiny_folder):
    method, _ = attached(tiny_folder)
    with pytest.raises(ValueError, match="no embedding"):
        method.adopt(EmbeddingResult("x", {"text_encoder_2": torch.zeros(1, 1)}))
