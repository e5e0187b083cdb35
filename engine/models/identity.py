"""Tells whether a base model on the disk is still the one that it was. Imports no torch.

Two answers: a stamp, which costs nothing and is for a model that stays loaded, and sums over a
sample of each tensor, which do not mind that a file is copied or moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import IO

from engine.errors import UserError
from engine.models.catalog import Layout, ModelSource, header_of, locate
from engine.models.safetensors_header import ITEM_BYTES, is_pickle, read_header
from engine.models.single_file import vae_beside
from engine.models.size import weight_files
from engine.regular_files import is_file, opened

_PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
_SMALL_FILES = ("config.json", "scheduler_config.json", "tokenizer_config.json", "vocab.json",
                "merges.txt", "tokenizer.json", "special_tokens_map.json")  # fmt: skip
_SMALL_FOLDERS = (*_PARTS, "scheduler", "tokenizer", "tokenizer_2")
_HEAD_BYTES = 1 << 16
_SAMPLE_BYTES = 256  # of each tensor, from its middle
_SAMPLES = 1024  # of a pickled file, which has no table of its tensors

Stamp = tuple[tuple[str, int, int, int, int, str], ...]


def stamp(base_model: str) -> Stamp:
    """Of each file its size, times, inode and the start of its header; empty where the model is
    not there or cannot be read."""
    try:
        return tuple(_stamp_of(path) for _, path in _files(locate(base_model)))
    except (UserError, OSError):
        return ()


def sums(base_model: str) -> dict[str, str]:
    """Place in the model's folder -> a sum that differs when the file's content does, as good as
    always. A single file is called "" wherever it lies.

    Raises one of the Model... errors, and OSError.
    """
    return {name: _sum_of(path) for name, path in _files(locate(base_model))}


def _files(source: ModelSource) -> Iterator[tuple[str, Path]]:
    """All that a loaded model is made of."""
    if source.layout is Layout.SINGLE_FILE:
        yield "", source.path
        marks = source.path.with_suffix(".yaml")
        if is_file(marks):
            yield ".yaml", marks
        vae = vae_beside(source.path, header_of(source.path).shapes)
        if vae is not None:
            yield ".vae", vae
        return
    weights = [path for part in _PARTS for path in weight_files(source.path / part)]
    small = [source.path / folder / name for folder in _SMALL_FOLDERS for name in _SMALL_FILES]
    small.insert(0, source.path / "model_index.json")
    for path in (*weights, *(path for path in small if is_file(path))):
        yield path.relative_to(source.path).as_posix(), path


def _stamp_of(path: Path) -> tuple[str, int, int, int, int, str]:
    found = path.stat()
    with opened(path) as file:
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
    return (
        str(path), found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, head
    )  # fmt: skip


def _sum_of(path: Path) -> str:
    digest = hashlib.sha256(str(path.stat().st_size).encode())
    with opened(path) as file:
        if path.suffix in (".json", ".txt", ".yaml"):
            digest.update(file.read())
        elif is_pickle(path):
            _add_samples(digest, file, path.stat().st_size)
        else:
            _add_tensors(digest, file, path)
    return digest.hexdigest()[:32]


def _add_tensors(digest: hashlib._Hash, file: IO[bytes], path: Path) -> None:
    header = read_header(path)
    length = int.from_bytes(file.read(8), "little")
    digest.update(file.read(length))
    place = 8 + length
    for name, shape in header.shapes.items():
        size = prod(shape) * ITEM_BYTES[header.dtypes[name]]
        file.seek(place + max(0, (size - _SAMPLE_BYTES) // 2))
        digest.update(file.read(min(size, _SAMPLE_BYTES)))
        place += size


def _add_samples(digest: hashlib._Hash, file: IO[bytes], size: int) -> None:
    for number in range(_SAMPLES):
        file.seek(size * number // _SAMPLES)
        digest.update(file.read(_SAMPLE_BYTES))
