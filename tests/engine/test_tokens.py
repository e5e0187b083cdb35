"""Tokens are counted as the training counts them."""

from __future__ import annotations

import random

import pytest
from transformers import CLIPTokenizer

from engine.data.tokens import VOCABULARY, count_tokens

RANGES = [(32, 127), (32, 127), (160, 0x2FF), (0x4E00, 0x4F00), (0x1F600, 0x1F640)]


@pytest.fixture(scope="module")
def tokenizer():
    return CLIPTokenizer.from_pretrained(VOCABULARY)


def odd_texts() -> list[str]:
    rng = random.Random(0)
    return [
        "".join(chr(rng.randrange(*rng.choice(RANGES))) for _ in range(rng.randrange(1, 40)))
        for _ in range(1000)
    ]


@pytest.mark.parametrize(
    "texts",
    [
        ["", "a photo of a cat", "Don't STOP me  now!! 12345", "你好，世界 a cat", "\tnew\nline"],
        ["<|endoftext|> x", "a<|startoftext|>b", "\x00 nul", "ﬁne ﬂ", "İstanbul ǅ ß"],
        odd_texts(),
    ],
    ids=["plain", "marks", "odd"],
)
def test_a_text_has_as_many_tokens_as_the_training_sees(tokenizer, texts):
    for text in texts:
        expected = len(tokenizer(text, add_special_tokens=False).input_ids)
        assert count_tokens(text) == expected, text
