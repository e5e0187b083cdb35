"""Prompts -> context: against transformers' own call, in chunks, with weights and taught words."""

from __future__ import annotations

import pytest
import torch

from engine.model_errors import ClipSkipTooLarge
from engine.models.catalog import SD1, SD2_BASE, SDXL, Layout, ModelSource
from engine.models.loader import load_model
from engine.models.size import largest_clip_skip

LONG = ", ".join(f"word{number} and more" for number in range(30))


@pytest.fixture
def model(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.fixture
def xl(tiny_sdxl_folder):
    return load_model(str(tiny_sdxl_folder))


def plain(encoder, prompts, **options):
    tokens = encoder.tokenizer(
        prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    ).input_ids
    return encoder.module(tokens, **options)


@torch.no_grad()
def test_a_short_prompt_is_read_as_transformers_reads_it_bit_for_bit(model):
    prompts = ["a photo of a cat", "", "Two (very) big DOGS!"]
    expected = plain(model.text.encoders[0], prompts).last_hidden_state
    assert torch.equal(model.encode_prompts(prompts).tokens, expected)
    assert model.encode_prompts(prompts).pooled is None


@torch.no_grad()
def test_the_large_family_reads_both_encoders_at_the_last_but_one_layer(xl):
    prompts = ["a photo of a cat", "a dog"]
    first, second = xl.text.encoders
    hidden = [
        plain(e, prompts, output_hidden_states=True).hidden_states[-2] for e in (first, second)
    ]
    context = xl.encode_prompts(prompts)
    assert torch.allclose(context.tokens, torch.cat(hidden, -1), atol=1e-6)
    assert torch.allclose(context.pooled, plain(second, prompts).text_embeds, atol=1e-6)


@torch.no_grad()
def test_the_empty_prompt_is_all_zeros_where_the_model_says_so(model, xl):
    context = xl.encode_prompts(["", "a dog"])
    assert not context.tokens[0].any()
    assert not context.pooled[0].any()
    assert context.tokens[1].any()
    assert model.encode_prompts([""]).tokens.any()


@torch.no_grad()
def test_clip_skip_reads_earlier_and_normalises_as_the_last_layer_is(model):
    encoder = model.text.encoders[0]
    hidden = plain(encoder, ["a cat"], output_hidden_states=True).hidden_states
    model.set_clip_skip(2)
    expected = encoder.module.final_layer_norm(hidden[-2])
    assert torch.allclose(model.encode_prompts(["a cat"]).tokens, expected, atol=1e-6)


@torch.no_grad()
def test_a_long_prompt_is_read_in_chunks_of_which_each_is_a_prompt_of_its_own(model):
    count = model.num_chunks(LONG)
    assert count == 3
    context = model.encode_prompts([LONG, "a cat"])
    assert context.tokens.shape[1] == 77 * count
    alone = model.encode_prompts(["a cat"]).tokens
    assert torch.allclose(context.tokens[1:, :77], alone, atol=1e-6)
    empty = model.encode_prompts([""]).tokens
    assert torch.allclose(context.tokens[1:, 77:154], empty, atol=1e-6)
    cut = model.encode_prompts([LONG], num_chunks=1).tokens
    assert torch.allclose(cut, context.tokens[:1, :77], atol=1e-6)


@torch.no_grad()
def test_emphasis_scales_the_states_of_its_words_and_keeps_the_mean(model):
    weighted = model.encode_prompts(["a (cat:1.5) here"], emphasis=True).tokens
    bare = model.encode_prompts(["a cat here"]).tokens
    factors = torch.ones(77)
    factors[2] = 1.5  # start mark, "a", "cat"
    expected = bare * factors[None, :, None]
    expected *= bare.mean() / expected.mean()
    assert torch.allclose(weighted, expected, atol=1e-5)
    assert weighted.mean() == pytest.approx(bare.mean().item(), abs=1e-6)
    assert torch.equal(model.encode_prompts(["a cat here"], emphasis=True).tokens, bare)
    as_text = model.encode_prompts(["a (cat:1.5) here"]).tokens
    assert not torch.allclose(as_text, weighted, atol=1e-2)


def test_a_taught_word_stands_for_its_vectors_and_gradients_reach_them_alone(model):
    table = model.token_table("text_encoder")
    ids = model.token_ids("red cat")
    vectors = torch.nn.Parameter(table[ids].detach().clone())
    model.teach_word("zwx", {"text_encoder": vectors})
    with torch.no_grad():
        taught = model.encode_prompts(["a photo of a ZWX, here"]).tokens
        spelled = model.encode_prompts(["a photo of a red cat, here"]).tokens
        assert torch.allclose(taught, spelled, atol=1e-6)
    model.encode_prompts(["zwx and zwx"]).tokens.sum().backward()
    assert vectors.grad is not None
    assert (vectors.grad.abs().sum(1) > 0).all()
    assert table.grad is None


@torch.no_grad()
def test_a_word_is_found_as_a_word_and_can_be_forgotten(model):
    before = model.encode_prompts(["a zwxy and a zwx"]).tokens
    model.teach_word("zwx", {"text_encoder": torch.ones(2, 32)})
    inside = model.encode_prompts(["a zwxy"]).tokens
    model.forget_word("ZWX")
    assert torch.equal(model.encode_prompts(["a zwxy"]).tokens, inside)
    assert torch.equal(model.encode_prompts(["a zwxy and a zwx"]).tokens, before)


@torch.no_grad()
def test_two_taught_words_side_by_side_keep_their_own_vectors(model):
    table = model.token_table("text_encoder")
    for word, phrase in (("aaq", "red cat"), ("bbq", "blue dog big")):
        model.teach_word(word, {"text_encoder": table[model.token_ids(phrase)].clone()})
    taught = model.encode_prompts(["aaq bbq aaq"]).tokens
    spelled = model.encode_prompts(["red cat blue dog big red cat"]).tokens
    assert torch.allclose(taught, spelled, atol=1e-6)


def test_a_word_of_many_vectors_is_not_torn_apart_by_the_end_of_a_chunk(model):
    filler = " ".join(["cat"] * 73)
    model.teach_word("zwx", {"text_encoder": torch.zeros(8, 32)})
    assert model.num_chunks(filler) == 1
    assert model.num_chunks(f"{filler} zwx") == 2


@pytest.mark.parametrize("folder", ["tiny_folder", "tiny_sd2_folder", "tiny_sdxl_folder"])
@torch.no_grad()
def test_a_clip_skip_beyond_the_first_layer_is_refused_with_the_largest(request, folder):
    model = load_model(str(request.getfixturevalue(folder)))
    layers = [encoder.module.config.num_hidden_layers for encoder in model.text.encoders]
    largest = largest_clip_skip(model.source)
    assert largest == min(layers) - (len(layers) - 1)  # SDXL leaves the last layer out
    model.set_clip_skip(largest)
    assert torch.isfinite(model.encode_prompts(["a cat"]).tokens).all()
    with pytest.raises(ClipSkipTooLarge, match=f"Set clip skip to {largest} or less"):
        model.set_clip_skip(largest + 1)
    assert model.text.clip_skip == largest


def test_single_files_have_the_layers_of_their_family(tmp_path):
    for family, largest in ((SD1, 12), (SD2_BASE, 23), (SDXL, 11)):
        source = ModelSource(
            path=tmp_path / "a.safetensors", layout=Layout.SINGLE_FILE, family=family,
            prediction_type="epsilon",
        )  # fmt: skip
        assert largest_clip_skip(source) == largest
