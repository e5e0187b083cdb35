"""What an old-style file can say to a person, and what it can leave in a name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.errors import InputNotReadable, OutOfMemory, UserError
from engine.model_errors import ModelDamaged, PickleRefused
from engine.models.pickle_gate import load_pickle, vet_pickle
from tests.hostile import found, inside, number, storage, tensor, text, whole, zipped


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        inside(b"cos\x1b[31m\rX\nsystem\n"),
        inside(b"cpytorch_lightning.\x1b[2J\nModelCheckpoint\n"),
        inside(tensor(storage(key="\x1b[2J"))),
        inside(tensor(storage(key="\u202ednammoc"))),
    ],
    ids=["code", "leftover", "key", "letters that run backwards"],
)
def test_a_name_out_of_a_file_cannot_move_the_cursor(data, tmp_path):
    with pytest.raises(UserError) as refused:
        vet_pickle(written(tmp_path / "file.pt", zipped(data)))
    assert refused.value.sentence.isprintable()


@pytest.mark.parametrize(
    ("raised", "error", "said"),
    [
        (RuntimeError("Re-run `torch.load` with `weights_only` set to `False`"), ModelDamaged, ""),
        (OSError(5, "Input/output error"), InputNotReadable, "Input/output error"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), OutOfMemory, ""),
        (MemoryError(), OutOfMemory, ""),
    ],
)
def test_what_torch_raises_becomes_a_sentence_of_ours(raised, error, said, tmp_path, monkeypatch):
    def load(*_: object, **__: object) -> None:
        raise raised

    path = written(tmp_path / "file.pt", zipped(inside(tensor())))
    monkeypatch.setattr(torch, "load", load)
    with pytest.raises(error) as caught:
        load_pickle(path)
    assert said in str(caught.value) and "weights_only" not in str(caught.value)


def test_a_name_that_no_file_can_hold_is_refused(tmp_path):
    data = whole(b"}", b"X\x03\x00\x00\x00\xed\xa0\x80", tensor(), b"s")
    with pytest.raises(ModelDamaged):
        vet_pickle(written(tmp_path / "file.pt", zipped(data)))
    named = whole(b"}", text("模型"), tensor(), b"s")
    assert set(vet_pickle(written(tmp_path / "file.pt", zipped(named))).shapes) == {"模型"}


@pytest.mark.parametrize("function", ["_rebuild_tensor_v2", "_rebuild_parameter"])
def test_a_function_is_no_key(function, tmp_path):
    data = whole(b"}", found("torch._utils", function), b"Ns")
    with pytest.raises((ModelDamaged, PickleRefused)):
        vet_pickle(written(tmp_path / "file.pt", zipped(data)))


def test_sizes_beside_a_zero_are_multiplied_as_torch_does(tmp_path):
    data = inside(tensor(shape=(1 << 31,) * 3 + (0,), strides=(1, 1, 1, 1)))
    with pytest.raises(ModelDamaged):
        vet_pickle(written(tmp_path / "file.pt", zipped(data)))
    legal = inside(tensor(storage(number(4)), shape=(1 << 31, 0), strides=(1, 1)))
    assert load_pickle(written(tmp_path / "file.pt", zipped(legal)))["word"].shape == (1 << 31, 0)
