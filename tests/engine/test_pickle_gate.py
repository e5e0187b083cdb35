"""The gate for old-style torch files: what is wanted comes through, and nothing else does."""

from __future__ import annotations

import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.formats.plain_pickle import dump
from engine.model_errors import (
    ModelDamaged,
    ModelMissing,
    NotAModel,
    PickleLeftovers,
    PickleRefused,
)
from engine.models.pickle_gate import load_pickle, vet_pickle
from engine.models.tensor_file import DTYPE_NAMES
from tests import hostile
from tests.hostile import FLOATS, inside, legacy, tensor, whole, zipped
from tests.timing import PATIENCE

ROOT = Path(__file__).parents[2]
CONTAINERS = {"zip": zipped, "legacy": legacy}
both_containers = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])


def saved(path: Path, value: object, is_zip: bool) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=is_zip)
    return path


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def same(left: object, right: object) -> bool:
    """Equal in values, types of numbers and order; a Parameter counts as its tensor."""
    if isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


# What is wanted ---------------------------------------------------------------------------------

_DTYPES = (
    torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16,
    torch.int32, torch.int64, torch.uint8, torch.bool,
)  # fmt: skip
_FLAT = torch.arange(24.0)
_SHARED = torch.randn(3, 4)
WANTED = {
    "a state dict with _metadata": nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).state_dict(),
    "parameters": {"a": nn.Parameter(torch.ones(2)), "b": nn.Parameter(torch.ones(2), False)},
    "every type of number": {
        str(dtype): torch.tensor([0, 1, 1]).to(dtype)
        for dtype in _DTYPES
    },
    "views": {"part": _FLAT[3:9], "turned": _FLAT.view(4, 6).t(), "every other": _FLAT[::2]},
    "shared storages": {"one": _SHARED, "two": _SHARED, "row": _SHARED[1]},
    "empty": {"none": torch.empty(0), "rows": torch.empty(0, 7), "scalar": torch.tensor(3.5)},
    "plain values": {
        "list": [1, 2.5, None, True, -7, "text", []],
        "tuple": (1, (2, (3, ())), {}),
        3: {"nested": {"deep": {"deeper": [(torch.zeros(2),)]}}},
        "ordered": OrderedDict(b=1, a=2),
        "large": 1 << 80,
        "Chinese": "模型",
    },
}  # fmt: skip


@both_containers
@pytest.mark.parametrize("value", WANTED.values(), ids=WANTED)
def test_what_torch_saves_comes_back_equal(value, is_zip, tmp_path):
    path = saved(tmp_path / "größe 模型.pt", value, is_zip)
    assert same(load_pickle(path), value)


@both_containers
def test_only_plain_types_come_back_and_each_tensor_shows_the_whole_of_its_memory(is_zip, tmp_path):
    values = WANTED["views"] | WANTED["parameters"] | {"ordered": OrderedDict(a=1)}
    loaded = load_pickle(saved(tmp_path / "file.pt", values, is_zip))
    assert type(loaded) is dict and type(loaded.pop("ordered")) is dict
    for value in loaded.values():
        assert type(value) is torch.Tensor
        assert value.is_contiguous() and not value.requires_grad
        assert value.untyped_storage().nbytes() == value.numel() * value.element_size()


@both_containers
def test_shapes_and_types_are_told_without_loading_a_tensor(is_zip, tmp_path, monkeypatch):
    tensors = WANTED["every type of number"] | WANTED["views"] | WANTED["empty"]
    path = saved(tmp_path / "file.ckpt", {"state_dict": tensors, "step": 3}, is_zip)
    monkeypatch.setattr(torch, "load", None)
    header = vet_pickle(path)
    assert header.shapes == {name: tuple(value.shape) for name, value in tensors.items()}
    assert header.dtypes == {name: DTYPE_NAMES[value.dtype] for name, value in tensors.items()}


@both_containers
def test_a_type_and_a_size_of_torchs_are_passed_over(is_zip, tmp_path):
    value = {"dtype": torch.float16, "size": torch.Size([2, 3]), "x": torch.ones(1)}
    loaded = load_pickle(saved(tmp_path / "file.pt", value, is_zip))
    assert loaded["dtype"] is None and loaded["size"] == (2, 3)


def test_our_own_writer_passes(tmp_path):
    embedding = {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": torch.randn(4, 768)},
        "name": "toy", "step": 3, "sd_checkpoint": None,
    }  # fmt: skip
    net = {"linear.0.weight": torch.randn(8, 4), "linear.0.bias": torch.zeros(8)}
    for value in (embedding, {"layer_structure": [1, 2], 4: (net, net), "step": 9}):
        assert same(load_pickle(written(tmp_path / "file.pt", dump(value))), value)


def test_hand_made_files_pass_so_that_the_hostile_ones_fail_for_their_fault(tmp_path):
    for data in (inside(tensor()), inside(tensor(shape=(2,), strides=(3,))), inside(b"N")):
        for container in CONTAINERS.values():
            load_pickle(written(tmp_path / "file.pt", container(data)))


def test_the_records_of_a_zip_larger_than_four_gigabytes_are_understood(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    data = zipped(inside(tensor()))
    assert b"PK\x06\x07" in data
    assert load_pickle(written(tmp_path / "file.pt", data))["word"].tolist() == [1, 2, 3, 4]
    elsewhere = bytearray(data)
    struct.pack_into("<Q", elsewhere, len(data) - 22 - 12, 0)  # the locator's pointer
    with pytest.raises(ModelDamaged):
        load_pickle(written(tmp_path / "file.pt", bytes(elsewhere)))


# What is not ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What the gate says to each hostile file, in a child that counts what was set off.

    A cost of 1 is a loop of a million additions in that child.
    """
    folder = tmp_path_factory.mktemp("hostile")
    warm = [str(saved(folder / f"{n}.pt", {"x": torch.ones(2)}, bool(n))) for n in (0, 1)]
    warm.append(str(written(folder / "2.pt", zipped(inside(tensor())))))
    kinds = {"code": hostile.CODE, "odd": hostile.ODD, "leftovers": hostile.LEFTOVERS}
    files = {}
    for kind, payloads in kinds.items():
        for number, (name, data) in enumerate(payloads.items()):
            for container, pack in CONTAINERS.items():
                path = folder / f"{kind}-{number}-{container}.pt"
                files[str(written(path, pack(data)))] = (kind, name, container)
    (folder / hostile.CANARY).mkdir()  # a folder: to touch, to open or to remove it is seen
    before = (folder / hostile.CANARY).stat()
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/hostile.py")],
        input=json.dumps([warm, list(files)]),
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE, env=_child_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert (folder / hostile.CANARY).stat() == before
    return {files[file]: rest for file, *rest in lines}


def _child_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def test_nothing_hostile_sets_anything_off(judged):
    assert len(judged) == 2 * sum(map(len, (hostile.CODE, hostile.ODD, hostile.LEFTOVERS)))
    assert {name: events for name, (*_, events) in judged.items() if events} == {}


def test_the_watch_notices_what_a_plain_unpickler_sets_off(tmp_path):
    code = (
        "import pickle, sys\n"
        "from tests import hostile\n"
        "events = []\n"
        "hostile._watch(events)\n"
        "pickle.loads(hostile.CODE['exec of Python 2'])\n"
        "pickle.loads(hostile.CODE['posix.system'])\n"
        "print(len(events), [event.split()[0] for event in events])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, env=_child_environment(),
    )  # fmt: skip
    assert "os.system" in done.stdout and "open" in done.stdout, done.stderr
    assert (tmp_path / hostile.CANARY).exists()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", hostile.CODE)
def test_a_file_with_code_is_refused_by_that_name(name, container, judged):
    said, cost, grown_mib, _ = judged["code", name, container]
    assert said == ["PickleRefused"] * 2
    assert cost < 100 and grown_mib < 200


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", hostile.ODD)
def test_a_file_that_costs_or_confuses_is_refused_at_once(name, container, judged):
    said, cost, grown_mib, _ = judged["odd", name, container]
    assert said == ["ModelDamaged"] * 2
    assert cost < 100 and grown_mib < 200


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", hostile.LEFTOVERS)
def test_leftovers_of_a_trainer_are_named_as_such(name, container, judged):
    assert judged["leftovers", name, container][0] == ["PickleLeftovers"] * 2


@both_containers
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_an_embedding_of_the_first_trainer_is_read_and_its_class_is_never_made(
    is_zip, dtype, tmp_path, monkeypatch
):
    vectors = torch.randn(3, 8).to(dtype)
    words = nn.ParameterDict({"*": nn.Parameter(vectors)})
    data = {"string_to_token": {"*": torch.tensor(265.0)}, "string_to_param": words, "name": "x"}
    path = saved(tmp_path / "file.pt", data, is_zip)

    def refuse(*_):
        raise AssertionError("the class was made")

    monkeypatch.setattr(nn.ParameterDict, "__init__", refuse)
    monkeypatch.setattr(nn.ParameterDict, "__setstate__", refuse)
    monkeypatch.setattr(torch, "load", refuse)
    found = load_pickle(path)
    assert torch.equal(found["string_to_param"]["*"], vectors.float())
    assert type(found["string_to_param"]) is dict
    assert found["name"] == "x"


@both_containers
def test_a_set_outside_of_a_parameter_dict_is_a_leftover_as_before(is_zip, tmp_path):
    with pytest.raises(PickleLeftovers, match="set"):
        load_pickle(saved(tmp_path / "file.pt", {"x": torch.ones(2), "s": set()}, is_zip))
    with pytest.raises((PickleLeftovers, PickleRefused)):
        load_pickle(saved(tmp_path / "file.pt", {"x": torch.ones(2), "s": {1}}, is_zip))


@both_containers
@pytest.mark.parametrize("values", [torch.ones(600_000), torch.ones(4, 4).T[:, :2]])
def test_a_parameter_dict_with_a_tensor_that_is_no_embedding_is_named(is_zip, values, tmp_path):
    words = nn.ParameterDict({"*": nn.Parameter(values, requires_grad=False)})
    path = saved(tmp_path / "file.pt", {"string_to_param": words}, is_zip)
    with pytest.raises((PickleLeftovers, ModelDamaged)):
        load_pickle(path)


@both_containers
def test_a_parameter_dict_of_another_class_or_with_code_is_refused(is_zip, tmp_path):
    words = nn.ParameterDict({"*": nn.Parameter(torch.ones(1, 8))})
    words.more = nn.Linear(2, 2)
    with pytest.raises(PickleRefused, match=r"torch\.nn"):
        load_pickle(saved(tmp_path / "file.pt", {"string_to_param": words}, is_zip))


@both_containers
def test_a_file_that_was_cut_off_says_so(is_zip, tmp_path):
    path = saved(tmp_path / "file.pt", {"x": torch.zeros(10_000)}, is_zip)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ModelDamaged, match="download that broke off"):
        load_pickle(path)


@both_containers
def test_a_module_is_code(is_zip, tmp_path):
    with pytest.raises(PickleRefused, match=r"torch\.nn"):
        load_pickle(saved(tmp_path / "file.pt", {"net": nn.Linear(2, 2)}, is_zip))


def test_leftovers_do_not_hide_code_behind_them(tmp_path):
    data = hostile.LEFTOVERS["a class of Lightning's"][:-2] + hostile.call("os", "system") + b"s."
    with pytest.raises(PickleRefused, match=r"os\.system"):
        load_pickle(written(tmp_path / "file.ckpt", zipped(data)))


def test_the_sentences_say_what_to_do(tmp_path):
    code = written(tmp_path / "a.ckpt", zipped(hostile.CODE["os.system"]))
    with pytest.raises(PickleRefused, match="contains program code") as refused:
        load_pickle(code)
    assert "not opened" in refused.value.sentence
    assert "Ask for a .safetensors version" in refused.value.advice
    leftovers = written(tmp_path / "b.ckpt", zipped(hostile.LEFTOVERS["a class of Lightning's"]))
    with pytest.raises(PickleLeftovers, match="ModelCheckpoint") as left:
        load_pickle(leftovers)
    assert "convert" in left.value.advice and "code" not in left.value.sentence


@pytest.mark.parametrize("name", ["file.bin", "file.safetensors", "file.png", "file"])
def test_the_name_of_a_file_opens_no_door(name, tmp_path):
    for container in CONTAINERS.values():
        with pytest.raises(PickleRefused):
            load_pickle(written(tmp_path / name, container(hostile.CODE["os.system"])))


def test_other_files_are_told_apart(tmp_path):
    tar = bytearray(1024)
    tar[:4], tar[257:262] = b"\x80\x02}.", b"ustar"
    bare = whole(b"}")
    for data, error in (
        (b"", NotAModel),
        (b"\x89PNG\r\n" + zipped(inside(tensor())), NotAModel),
        (bytes(tar), NotAModel),
        (bare, ModelDamaged),
        (hostile.CODE["os.system"], PickleRefused),
        (hostile.CODE["protocol 4"], PickleRefused),
        (zipped(whole(b"](K\x01e")), NotAModel),
    ):
        with pytest.raises(error):
            load_pickle(written(tmp_path / "file.pt", data))
    with pytest.raises(ModelMissing):
        load_pickle(tmp_path / "nothing.pt")
    with pytest.raises(NotAModel):
        load_pickle(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises(NotAModel):
        load_pickle(tmp_path / "pipe.pt")


# Tricks with the containers ---------------------------------------------------------------------

GOOD = zipped(inside(tensor()))


def patched(place: int, *values: int) -> bytes:
    """The good zip with bytes changed, counted from its start or from the directory's."""
    data = bytearray(GOOD)
    data[place : place + len(values)] = values
    return bytes(data)


_CENTRAL = GOOD.index(b"PK\x01\x02")
_PICKLE = GOOD.index(b"\x80\x02")
_NUMBERS = GOOD.index(FLOATS)
TRICKS = {
    "deflated": zipped(inside(tensor()), compression=zipfile.ZIP_DEFLATED),
    "a deflated bomb": zipped(
        inside(tensor(hostile.storage(hostile.number(1 << 26)), shape=(1 << 26,))),
        {"0": bytes(1 << 28)}, compression=zipfile.ZIP_DEFLATED,
    ),
    "DATA.PKL beside data.pkl": zipped(inside(tensor()), more={"DATA.PKL": b"x"}),
    "only DATA.PKL": GOOD.replace(b"data.pkl", b"DATA.PKL"),
    "a nested folder": zipped(inside(tensor()), more={"sub/data.pkl": b"x"}),
    "a folder around": zipped(inside(tensor()), root="outer/inner"),
    "no folder": GOOD.replace(b"archive/data.pkl", b"archive-data.pkl"),
    "two folders": GOOD.replace(b"archive/version", b"archivE/version"),
    "a member more": zipped(inside(tensor()), more={"notes.txt": b"x"}),
    "a path out": zipped(inside(tensor()), more={"../../x": b"x"}),
    "a prefix": b"PK\x03\x04" + GOOD,
    "a suffix": GOOD + b"x",
    "a comment": GOOD[:-2] + b"\x01\x00x",
    "two archives": GOOD + zipped(inside(b"N")),
    "a gap between": GOOD[:_CENTRAL] + b"gap" + GOOD[_CENTRAL:],
    "encrypted": patched(_CENTRAL + 8, 0x01),
    "patched data": patched(_CENTRAL + 8, 0x20),
    "strong encryption": patched(_CENTRAL + 8, 0x40),
    "flags in one table": patched(6, 0x01),
    "a method in one table": patched(8, 0x08),
    "a size in one table": patched(22, 0x01),
    "a sum in one table": patched(14, 0x01),
    "a name in one table": patched(30, *b"Archive/data.pkX"),
    "a wrong sum": patched(_PICKLE + 4, GOOD[_PICKLE + 4] ^ 1),
    "another count": patched(len(GOOD) - 12, 2, 0),
    "a second disk": patched(len(GOOD) - 18, 1),
    "another place": patched(len(GOOD) - 6, GOOD[-6] - 1),
    "no storage": zipped(inside(tensor()), {}),
    "a shorter storage": zipped(inside(tensor()), {"0": FLOATS[:-4]}),
    "a longer storage": zipped(inside(tensor()), {"0": FLOATS * 2}),
    "bytes behind the pickle": zipped(inside(tensor()) + b"N."),
    "cut": GOOD[: _CENTRAL + 20],
    "cut in the pickle": GOOD[: _PICKLE + 20],
}  # fmt: skip


@pytest.mark.parametrize("data", TRICKS.values(), ids=TRICKS)
def test_a_zip_with_a_trick_is_refused(data, tmp_path):
    with pytest.raises((ModelDamaged, PickleRefused)):
        load_pickle(written(tmp_path / "file.pt", data))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_with_two_pickles_is_refused(tmp_path):
    path = written(tmp_path / "file.pt", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("archive/data.pkl", inside(b"N"))
    with pytest.raises(ModelDamaged, match="member called"):
        load_pickle(path)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_zip_with_a_member_that_its_directory_leaves_out_is_refused(number, tmp_path):
    path = written(tmp_path / "file.pt", GOOD)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data/1"), FLOATS)
        del archive.filelist[number]
    with pytest.raises(ModelDamaged, match="not built as torch"):
        load_pickle(path)


def test_bytes_between_the_members_and_the_directory_are_refused(tmp_path):
    data = bytearray(GOOD[:_CENTRAL] + b"gap" + GOOD[_CENTRAL:])
    struct.pack_into("<I", data, len(data) - 6, _CENTRAL + 3)
    with pytest.raises(ModelDamaged, match="before the directory"):
        load_pickle(written(tmp_path / "file.pt", bytes(data)))


def test_a_torchscript_program_is_code(tmp_path):
    data = zipped(inside(tensor()), more={"constants.pkl": b"x"})
    path = written(tmp_path / "file.pt", data)
    with pytest.raises(PickleRefused, match="TorchScript"):
        load_pickle(path)


LEGACY = legacy(inside(tensor()))
LEGACY_TRICKS = {
    "a suffix": LEGACY + b"x",
    "a sixth pickle": LEGACY + b"\x80\x02N.",
    "cut": LEGACY[:-1],
    "no storages": LEGACY[: -len(FLOATS) - 8],
    "another size in front": LEGACY[: -len(FLOATS) - 8] + struct.pack("<Q", 1 << 40) + FLOATS,
    "keys of other storages": legacy(inside(tensor()), {"1": FLOATS}),
    "a key twice": LEGACY.replace(pickle.dumps(["0"], 2), pickle.dumps(["0", "0"], 2)),
    "another number in front": LEGACY.replace(b"\x6c\xfc\x9c", b"\x6c\xfc\x9d"),
    "another version": LEGACY.replace(b"M\xe9\x03", b"M\xea\x03", 1),
    "a pickle of 17 MiB": legacy(inside(b"](" + hostile.text("x" * 1_000_000) * 17 + b"e")),
}


@pytest.mark.parametrize("data", LEGACY_TRICKS.values(), ids=LEGACY_TRICKS)
def test_an_older_file_with_a_trick_is_refused(data, tmp_path):
    assert data != LEGACY
    with pytest.raises(ModelDamaged):
        load_pickle(written(tmp_path / "file.pt", data))


@both_containers
def test_a_file_with_flipped_bytes_ends_in_a_result_or_a_sentence(is_zip, tmp_path):
    value = WANTED["plain values"] | {"state_dict": WANTED["a state dict with _metadata"]}
    sound = saved(tmp_path / "sound.pt", value, is_zip).read_bytes()
    chosen = random.Random(7)
    refused = 0
    for _ in range(200):
        data = bytearray(sound)
        for _ in range(chosen.randint(1, 3)):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        if chosen.random() < 0.2:
            del data[chosen.randrange(len(data)) :]
        try:
            load_pickle(written(tmp_path / "file.pt", bytes(data)))
        except UserError:
            refused += 1
    assert refused > 50
