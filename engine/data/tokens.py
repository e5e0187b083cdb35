"""How many tokens a caption has, without loading transformers.

The tokenizer of CLIP, as all Stable Diffusion models have it, built from the bundled
vocabulary; tests/engine/test_tokens.py compares it with the one that training uses.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE

from engine.plain_text import whole_characters

VOCABULARY = Path(__file__).parents[2] / "resources/model_configs/clip_tokenizer"
LIMIT = 75  # of one chunk, without the marks of beginning and end
_COMMON = 15_000  # of 49,408

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def count_tokens(text: str) -> int:
    """Tokens of a text, without the marks of beginning and end."""
    return len(_ids(text))


def is_common_word(word: str) -> bool:
    """Whether the vocabulary has the word as one of its early tokens: it is ordered by how often
    they occur. “cat” and “backpack” are among these; “sks” and “ohwx” come at the very end."""
    ids = _ids(word)
    return len(ids) == 1 and ids[0] < _COMMON


def _ids(text: str) -> list[int]:
    return _tokenizer().encode(whole_characters(text), add_special_tokens=False).ids


@cache
def _tokenizer() -> Tokenizer:
    made = Tokenizer(
        BPE.from_file(
            str(VOCABULARY / "vocab.json"),
            str(VOCABULARY / "merges.txt"),
            unk_token="<|endoftext|>",
            end_of_word_suffix="</w>",
            continuing_subword_prefix="",
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    return made
