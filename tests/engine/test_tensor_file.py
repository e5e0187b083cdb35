"""Our reader and writer of tensors against the safetensors library, and files that change."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import safetensors
import safetensors.torch
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import storage
from engine.errors import OutputNotWritable
from engine.model_errors import ModelDamaged, ModelTruncated
from engine.models.safetensors_header import read_header
from engine.models.tensor_file import DTYPES, open_tensors
from engine.tensor_writer import Planned, write_planned, write_tensors
from tests.conftest import ROOT

WRITTEN = {
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
    torch.bfloat16, torch.float32, torch.float64,
}  # fmt: skip
SHAPES = [(), (0,), (1,), (7,), (3, 0, 2), (2, 3), (2, 3, 1, 5)]


def filled(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Any bit pattern that the type has."""
    count = torch.Size(shape).numel() * dtype.itemsize
    generator = torch.Generator().manual_seed(count + dtype.itemsize)
    top = 2 if dtype is torch.bool else 256
    raw = torch.randint(0, top, (count,), dtype=torch.uint8, generator=generator)
    return raw.view(dtype).reshape(shape)


def bits(tensor: torch.Tensor) -> tuple:
    """To compare bit for bit, not-a-number included."""
    flat = tensor.contiguous().reshape(-1)
    return tensor.dtype, tuple(tensor.shape), bytes(flat.view(torch.uint8).numpy())


def some(dtypes=None) -> dict[str, torch.Tensor]:
    return {
        f"{str(dtype).removeprefix('torch.')}.{number}": filled(shape, dtype)
        for dtype in sorted(dtypes or DTYPES.values(), key=str)
        for number, shape in enumerate(SHAPES)
    }


def read_all(path: Path, dtype: torch.dtype | None = None) -> dict[str, torch.Tensor]:
    file = open_tensors(path)
    return dict(file.read(file.shapes, dtype))


def test_every_type_and_shape_that_the_library_writes_is_read_bit_for_bit(tmp_path):
    tensors = some()
    safetensors.torch.save_file(tensors, tmp_path / "m.safetensors")
    found = read_all(tmp_path / "m.safetensors")
    assert {name: bits(t) for name, t in found.items()} == {
        name: bits(t) for name, t in tensors.items()
    }


def test_every_type_and_shape_that_we_write_is_read_by_the_library_bit_for_bit(tmp_path):
    tensors, metadata = some(WRITTEN), {"format": "pt", "title": 'größe "猫" \\ \n'}
    write_tensors(tmp_path / "m.safetensors", tensors, metadata)
    found = safetensors.torch.load_file(tmp_path / "m.safetensors")
    assert {name: bits(t) for name, t in found.items()} == {
        name: bits(t) for name, t in tensors.items()
    }
    with safetensors.safe_open(tmp_path / "m.safetensors", framework="pt") as file:
        assert file.metadata() == metadata
    assert read_header(tmp_path / "m.safetensors").metadata == metadata


def test_our_data_section_is_the_librarys_own(tmp_path):
    """kohya's hash of a file is one of these bytes."""
    tensors = some({torch.float16, torch.float32, torch.int64})
    write_tensors(tmp_path / "m.safetensors", tensors)
    ours, theirs = (tmp_path / "m.safetensors").read_bytes(), safetensors.torch.save(tensors)
    cut = [data[8 + int.from_bytes(data[:8], "little") :] for data in (ours, theirs)]
    assert cut[0] == cut[1]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8).filter(
            lambda name: name != "__metadata__" and not any(0xD800 <= ord(c) < 0xE000 for c in name)
        ),
        st.tuples(
            st.lists(st.integers(0, 4), max_size=4), st.sampled_from(sorted(WRITTEN, key=str))
        ),
        max_size=6,
    )
)
def test_any_names_and_shapes_go_both_ways(tmp_path, table):
    tensors = {name: filled(tuple(shape), dtype) for name, (shape, dtype) in table.items()}
    path = tmp_path / "m.safetensors"
    path.unlink(missing_ok=True)
    write_tensors(path, tensors)
    expected = {name: bits(t) for name, t in tensors.items()}
    assert {name: bits(t) for name, t in safetensors.torch.load_file(path).items()} == expected
    assert {name: bits(t) for name, t in read_all(path).items()} == expected


def test_only_the_wanted_tensors_come_in_the_order_of_the_file_and_floats_are_cast(tmp_path):
    tensors = {"d": torch.arange(4), "c": torch.ones(3).half(), "b": torch.full((2,), 1 / 3)}
    safetensors.torch.save_file(tensors, tmp_path / "m.safetensors")
    file = open_tensors(tmp_path / "m.safetensors")
    found = dict(file.read({"b", "d", "absent"}, torch.bfloat16))
    assert list(found) == ["d", "b"]  # wide types lie first
    assert found["d"].dtype is torch.int64
    assert torch.equal(found["b"], tensors["b"].bfloat16())


def test_a_tensor_that_is_a_view_is_written_as_it_looks(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    tensors = {"t": base.T, "row": base[1], "again": base, "grown": base[:1].expand(5, 4)}
    write_tensors(tmp_path / "m.safetensors", tensors)
    found = safetensors.torch.load_file(tmp_path / "m.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_a_tensor_of_another_shape_than_was_planned_leaves_the_older_file_whole(tmp_path):
    storage.own_folder(tmp_path, "run")
    path = tmp_path / "m.safetensors"
    write_tensors(path, {"a": torch.ones(2)})
    before = path.read_bytes()
    entries = [
        Planned("a", (2,), torch.float32, lambda: torch.zeros(2)),
        Planned("b", (3,), torch.float32, lambda: torch.zeros(4)),
    ]
    with pytest.raises(ValueError, match=r"b has the shape \(4,\)"):
        write_planned(path, entries)
    assert path.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"m.safetensors", storage.MARK}


def test_each_planned_tensor_is_made_once_and_let_go_before_the_next(tmp_path):
    import weakref

    made: list[weakref.ref] = []

    def make() -> torch.Tensor:
        assert sum(ref() is not None for ref in made) <= 1  # the last one, about to go
        tensor = torch.ones(1000)
        made.append(weakref.ref(tensor))
        return tensor

    entries = [Planned(str(n), (1000,), torch.float32, make) for n in range(20)]
    write_planned(tmp_path / "m.safetensors", entries)
    assert len(made) == 20


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputNotWritable):
        write_tensors(tmp_path / "file/m.safetensors", {"a": torch.ones(2)})


def big(path: Path, count: int = 8) -> dict[str, torch.Tensor]:
    tensors = {f"t{n}": torch.full((1 << 18,), float(n)) for n in range(count)}  # 1 MiB each
    safetensors.torch.save_file(tensors, path)
    return tensors


def test_a_file_that_is_cut_while_it_is_read_gives_a_sentence(tmp_path):
    path = tmp_path / "m.safetensors"
    tensors = big(path)
    file = open_tensors(path)
    seen = {}
    with pytest.raises(ModelDamaged, match="cut while it was read"):
        for name, tensor in file.read(file.shapes):
            seen[name] = tensor
            os.truncate(path, 3 << 20)
    assert 1 <= len(seen) < len(tensors)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in seen.items())
    with pytest.raises(ModelTruncated):
        open_tensors(path)


CUT = """
import os, sys
from pathlib import Path
from engine.model_errors import ModelDamaged
from engine.models.tensor_file import open_tensors
path = Path(sys.argv[1])
file = open_tensors(path)
kept = []
try:
    for name, tensor in file.read(file.shapes):
        kept.append(tensor)
        os.truncate(path, 1 << 20)
except ModelDamaged:
    total = sum(float(tensor.sum()) for tensor in kept)  # a mapped tensor would end the process
    print("told", len(kept), total)
"""


def test_the_process_outlives_a_file_that_is_cut(tmp_path):
    big(tmp_path / "m.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", CUT, str(tmp_path / "m.safetensors")], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["told", "1", "0.0"]


@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
def test_a_file_may_be_overwritten_once_it_is_read(tmp_path, kind):
    path = tmp_path / "m"
    tensors = big(path, 3)
    if kind != "safetensors":
        torch.save(tensors, path, _use_new_zipfile_serialization=kind == "zip")
    found = read_all(path)
    with path.open("r+b") as file:  # in place: the same inode, as a mapping would see it
        file.write(b"\xff" * path.stat().st_size)
    path.unlink()
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_tensors_share_no_memory_with_each_other(tmp_path):
    big(tmp_path / "m.safetensors", 3)
    found = read_all(tmp_path / "m.safetensors")
    for name, tensor in found.items():
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
        tensor.fill_(-1)
        assert all(float(t[0]) != -1 for n, t in found.items() if n > name)


def test_two_threads_may_read_one_file(tmp_path):
    tensors = big(tmp_path / "m.safetensors")
    file = open_tensors(tmp_path / "m.safetensors")
    found: list[dict] = []
    threads = [
        threading.Thread(target=lambda: found.append(dict(file.read(file.shapes))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert all(torch.equal(own[n], t) for own in found for n, t in tensors.items())
