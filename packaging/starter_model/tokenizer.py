"""CLIP's tokenizer, built from the byte-pair table in the open_clip_torch wheel (MIT).

The table is OpenAI's `bpe_simple_vocab_16e6.txt.gz`: 49,408 entries, shared by every Stable
Diffusion family. "a photo of a cat" gives [49406, 320, 1125, 539, 320, 2368, 49407].
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from transformers import CLIPTokenizer

NUM_MERGES = 49152 - 256 - 2


def _byte_symbols() -> list[str]:
    """The 256 printable stand-ins for bytes, in the order of CLIP's vocabulary."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spare = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(spare))]


def write_files(work: Path, folder: Path) -> None:
    """Write vocab.json and merges.txt into `folder`."""
    table = work / "wheels/open_clip_torch/open_clip/bpe_simple_vocab_16e6.txt.gz"
    merges = gzip.decompress(table.read_bytes()).decode("utf-8").split("\n")[1 : NUM_MERGES + 1]
    symbols = _byte_symbols()
    entries = symbols + [symbol + "</w>" for symbol in symbols]
    entries += ["".join(merge.split()) for merge in merges]
    entries += ["<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {entry: index for index, entry in enumerate(entries)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    (folder / "merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8"
    )


def load(work: Path) -> CLIPTokenizer:
    folder = work / "tokenizer"
    if not (folder / "merges.txt").exists():
        write_files(work, folder)
        config = {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": 77,
            "bos_token": "<|startoftext|>",
            "eos_token": "<|endoftext|>",
            "unk_token": "<|endoftext|>",
            "pad_token": "<|endoftext|>",
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2), "utf-8")
    return CLIPTokenizer.from_pretrained(folder, local_files_only=True)
