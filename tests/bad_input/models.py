"""Rows 52 to 64: files that are, or are called, base models."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest
import safetensors.torch
import torch
from safetensors.torch import load_file

from engine import checkpoint
from engine.errors import UserError
from engine.models.loader import load_model
from tests import hostile
from tests.bad_input.catalogue import Place, row, shown_by
from tests.engine.test_models_refused import in_full, real, without, written
from tests.engine_runs import require_finished, resume, tiny_run, train


def refused(path: Path) -> UserError:
    """What is said of a model file, which stays as it was."""
    before = path.read_bytes()[: 1 << 20] if path.is_file() else b""
    with pytest.raises(UserError) as caught:
        load_model(str(path))
    assert not before or path.read_bytes()[: 1 << 20] == before
    return caught.value


@row(52, "a pickle with code", "IM-MOD-09", "contains program code")
def code(place):
    data = hostile.zipped(hostile.inside(hostile.call("os", "system", "touch canary")))
    error = refused(place.file("a.ckpt", data))
    assert not (place.folder / "canary").exists()
    return error


@row(53, "leftovers of a trainer in a pickle", "IM-MOD-10", "leftovers")
def leftovers(place):
    data = hostile.zipped(hostile.LEFTOVERS["a class of Lightning's"])
    return refused(place.file("a.ckpt", data))


@row(54, "a download that was not finished", "IM-MOD-05", "are there")
def unfinished(place):
    path = written(place.folder / "a.safetensors", {"x": (1 << 21,)})
    path.write_bytes(path.read_bytes()[: 1 << 20])
    return refused(path)


@row(55, "a safetensors header that lies", "IM-MOD-06", "the place of b is wrong")
def lying_header(place):
    entry = {"dtype": "F16", "shape": [2]}
    header = {"a": entry | {"data_offsets": [0, 4]}, "b": entry | {"data_offsets": [2, 6]}}
    raw = json.dumps(header).encode()
    return refused(place.file("a.safetensors", struct.pack("<Q", len(raw)) + raw + bytes(6)))


@row(56, "a Git LFS pointer", "IM-MOD-04", "only a Git LFS pointer")
def pointer(place):
    text = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 4265146304\n"
    return refused(place.file("a.safetensors", text))


@row(57, "a GGUF file", "IM-MOD-03", "a GGUF file")
def gguf(place):
    return refused(place.file("a.safetensors", b"GGUF\x03\0\0\0" + bytes(20)))


@row(57, "a web page", "IM-MOD-08", "it is a web page")
def web_page(place):
    return refused(place.file("a.safetensors", b"<!DOCTYPE html><html>Sign in</html>"))


@row(57, "a folder of something else", "IM-MOD-08", "the file model_index.json is missing")
def some_folder(place):
    place.file("model/readme.txt", b"hello")
    return refused(place.folder / "model")


@row(58, "eight-bit weights", "IM-MOD-03", "an 8-bit quantised model")
def eight_bit(place):
    return refused(in_full(place.folder / "a.safetensors", real("sd15"), "F8_E4M3"))


@row(
    59,
    "a weight that is no number",
    "IM-MOD-06",
    "weights of the unet are no numbers, the first in",
)
def no_number(place):
    model = place.folder / "model"
    shutil.copytree(place.tiny_model, model)
    file = next((model / "unet").glob("*.safetensors"))
    weights = load_file(file)
    name = sorted(weights)[3]
    weights[name].flatten()[0] = torch.nan
    safetensors.torch.save_file(weights, file)
    return refused(model)


@row(60, "a file without its text encoder", "IM-MOD-11", "made without a text encoder")
def without_text(place):
    shapes = without("sd15", "cond_stage_model.")
    return refused(in_full(place.folder / "a.safetensors", shapes))


@row(
    60,
    "a file without some layers",
    "IM-MOD-06",
    "weights of the text_encoder are missing, 16 in all",
)
def without_layers(place):
    shapes = without("sd15", "text_model.encoder.layers.3.")
    return refused(in_full(place.folder / "a.safetensors", shapes))


@row(61, "a model of another kind", "IM-MOD-03", "a Flux model")
def flux(place):
    names = {"double_blocks.0.img_attn.qkv.weight": (8, 8)}
    return refused(written(place.folder / "a.safetensors", names))


shown_by(
    62, "a file that is cut or written over while it is read",
    "tests/engine/test_tensor_file.py::test_the_process_outlives_a_file_that_is_cut",
    "tests/engine/test_tensor_file.py::test_a_file_may_be_overwritten_once_it_is_read",
)  # fmt: skip
shown_by(
    63, "a model larger than the memory",
    "tests/engine/test_memory.py::test_a_person_hears_of_measures_in_their_order_and_of_too_little_memory",
    "tests/desktop/test_remedies.py::test_a_run_that_was_measured_not_to_fit_starts_only_if_the_user_insists",
)  # fmt: skip


@row(64, "a checkpoint of a later version", "IM-CHK-04", "made by a later version of Imprint")
def later_checkpoint(place: Place):
    """An earlier one would be trained on, and this one written over."""
    run = require_finished(train(tiny_run(place.tiny_model, place.pictures, place.folder))).folder
    manifest = checkpoint.folder_of(run.checkpoints, 4) / checkpoint.MANIFEST
    later = json.loads(manifest.read_text("utf-8")) | {"format": 99}
    manifest.write_text(json.dumps(later), "utf-8")
    return resume(run).last.error
