"""Headers that safetensors itself would read, and that cost more than any model does."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
import safetensors

from engine.model_errors import ModelDamaged, ModelIsPickle
from engine.models.safetensors_header import read_header
from tests.hostile import CODE, legacy, zipped


def written(path: Path, header: dict, data: bytes = b"") -> Path:
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)
    return path


def empty(*shape: int) -> dict:
    return {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]}


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"x": empty(0, (1 << 31) + 1)}, "the shape of x is wrong"),
        ({"x" * 513: empty(0)}, "is too long"),
        ({"__metadata__": {"tags": "x" * (8 << 20)}, "x": empty(0)}, "the text in it is too long"),
    ],
)
def test_a_legal_header_beyond_our_limits_is_refused(header, said, tmp_path):
    path = written(tmp_path / "model.safetensors", header)
    with safetensors.safe_open(path, framework="pt") as file:
        assert file.keys()  # legal, so that it is the limit that refuses it
    with pytest.raises(ModelDamaged, match=said):
        read_header(path)


def test_a_header_at_our_limits_is_read(tmp_path):
    header = {"__metadata__": {"tags": "x" * ((8 << 20) - 4)}, "x" * 512: empty(0, 1 << 31)}
    read = read_header(written(tmp_path / "model.safetensors", header))
    assert read.shapes == {"x" * 512: (0, 1 << 31)}
    assert len(read.metadata["tags"]) == (8 << 20) - 4


@pytest.mark.parametrize("container", [zipped, legacy])
def test_a_pickle_called_safetensors_is_known_by_its_content(container, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(container(CODE["os.system"]))
    with pytest.raises(ModelIsPickle):
        read_header(path)
