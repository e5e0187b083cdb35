"""Trained files put where other programs find them, and proven to have arrived."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from PIL import Image

from engine import install as installing
from engine.errors import AddonMissing, AddonUnreadable, OutputNotWritable, UserError
from engine.formats.front_ends import A1111, COMFY, FORGE, INVOKE, SDNEXT
from engine.front_end_folders import PLACES, FrontEnd, find, recognise
from engine.install import (
    EarlierElsewhere,
    FitsOnlyStarter,
    NameTaken,
    NotArrived,
    NotReadThere,
    NotTakenAway,
    install,
    settle,
    suggested_name,
    uninstall,
)
from engine.models.catalog import SD1, SD2_BASE, SDXL
from engine.trained_file import inspect
from tests.engine_runs import require_finished, tiny_run, train
from tests.golden import make_sd15_lora

FOLDERS = {
    A1111: ("webui.py", "modules/x", "extensions-builtin/x"),
    FORGE: ("webui.py", "modules/x", "modules_forge/x", "extensions-builtin/x"),
    SDNEXT: ("webui.py", "installer.py", "modules/x", "extensions-builtin/x"),
    COMFY: ("nodes.py", "folder_paths.py", "comfy/x"),
    INVOKE: ("invokeai.yaml",),
}


def make_front_end(folder: Path, name: str) -> Path:
    for part in FOLDERS[name]:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        (folder / part).touch()
    return folder


@pytest.fixture
def a1111(tmp_path) -> FrontEnd:
    found = recognise(make_front_end(tmp_path / "webui", A1111))
    assert found is not None
    return found


def save(path: Path, shapes: dict, **metadata: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: np.zeros(shape, np.float16) for name, shape in shapes.items()}
    safetensors.numpy.save_file(tensors, path, metadata)
    return path


@pytest.fixture
def lora(tmp_path) -> Path:
    """Every tensor of a kohya LoRA for SD 1.5, by the format's own tables."""
    shapes = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
    words = {"modelspec.trigger_phrase": "mycxt cat"}
    return save(tmp_path / "run/exports/my-cat.safetensors", shapes, **words)


@pytest.fixture
def embedding(tmp_path) -> Path:
    return save(tmp_path / "run/exports/mycxt.safetensors", {"emb_params": (4, 768)})


@pytest.fixture
def hypernetwork(tmp_path) -> Path:
    path = tmp_path / "run/exports/my-net.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = {
        f"linear.{n}.{kind}": torch.zeros(2, 2) for n in (0, 1) for kind in ("weight", "bias")
    }
    torch.save({768: [layers, layers], "layer_structure": [1, 2, 1], "name": "my-net"}, path)
    return path


@pytest.mark.parametrize("name", FOLDERS)
def test_a_front_end_is_recognised_by_its_own_files(tmp_path, name):
    found = recognise(make_front_end(tmp_path / "whatever", name))
    assert found == FrontEnd(name, tmp_path / "whatever")


def test_a_portable_comfyui_is_recognised_by_the_folder_inside(tmp_path):
    make_front_end(tmp_path / "ComfyUI_windows_portable/ComfyUI", COMFY)
    found = recognise(tmp_path / "ComfyUI_windows_portable")
    assert found == FrontEnd(COMFY, tmp_path / "ComfyUI_windows_portable/ComfyUI")


def test_a_folder_of_something_else_is_no_front_end(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("x")
    for path in (tmp_path, tmp_path / "loop", tmp_path / "file", tmp_path / "nothing"):
        assert recognise(path) is None


def test_front_ends_in_the_usual_places_are_found(tmp_path):
    make_front_end(tmp_path / "stable-diffusion-webui", A1111)
    make_front_end(tmp_path / "Documents/ComfyUI", COMFY)
    make_front_end(tmp_path / "StabilityMatrix/Packages/anything", FORGE)
    make_front_end(tmp_path / "elsewhere/deep/down/ComfyUI", COMFY)
    found = {(known.name, known.folder.name) for known in find(tmp_path)}
    assert found == {(A1111, "stable-diffusion-webui"), (COMFY, "ComfyUI"), (FORGE, "anything")}


def test_each_kind_of_file_is_told_by_what_is_in_it(lora, embedding, hypernetwork):
    told = [inspect(path) for path in (lora, embedding, hypernetwork)]
    assert [file.kind for file in told] == ["lora", "embedding", "hypernetwork"]
    assert [file.family for file in told] == [SD1, SD1, SD1]
    assert [file.trigger for file in told] == ["mycxt cat", "mycxt", ""]


@pytest.mark.parametrize(
    ("shapes", "kind", "family"),
    [
        ({"lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight":
          (4, 1024)}, "lora", SD2_BASE),
        ({"unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight":
          (4, 2048)}, "lora", SDXL),
        ({"clip_l": (2, 768), "clip_g": (2, 1280)}, "embedding", SDXL),
        ({"word": (1, 1024)}, "embedding", SD2_BASE),
        ({"emb_params": (1, 128)}, "embedding", None),
        ({"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight":
          (320, 768)}, "checkpoint", SD1),
    ],
)  # fmt: skip
def test_the_family_is_told_by_the_width_of_the_text(tmp_path, shapes, kind, family):
    file = inspect(save(tmp_path / "some.safetensors", shapes))
    assert (file.kind, file.family) == (kind, family)


@pytest.mark.parametrize("name", [A1111, FORGE, SDNEXT, COMFY])
@pytest.mark.parametrize("kind", ["lora", "embedding"])
def test_a_file_arrives_whole_where_the_program_looks(tmp_path, request, name, kind):
    path = request.getfixturevalue(kind)
    program = recognise(make_front_end(tmp_path / "program", name))
    done = install(path, program)
    assert done.path == program.folder / PLACES[name][kind] / path.name
    assert done.path.read_bytes() == path.read_bytes()
    assert not list(done.path.parent.glob(".*"))
    assert name in done.how
    assert ("mycxt" if kind == "embedding" else "mycxt cat") in done.how


def test_the_sentence_says_the_tag_and_the_family(lora, a1111):
    how = install(lora, a1111).how
    assert how == (
        "In AUTOMATIC1111 press Refresh on the Lora tab with a model of Stable Diffusion 1.x "
        "selected, then write <lora:my-cat:0.8> mycxt cat"
    )


def test_a_hypernetwork_goes_where_it_works_and_is_refused_elsewhere(tmp_path, hypernetwork, a1111):
    assert install(hypernetwork, a1111).path.parent.name == "hypernetworks"
    forge = recognise(make_front_end(tmp_path / "forge", FORGE))
    with pytest.raises(NotReadThere, match="Forge does not load this kind of file: hypernetwork"):
        install(hypernetwork, forge)
    assert not (tmp_path / "forge/models/hypernetworks").exists()


def test_a_program_with_a_list_of_its_own_gets_a_sentence_and_no_copy(tmp_path, lora):
    invoke = recognise(make_front_end(tmp_path / "invoke", INVOKE))
    done = install(lora, invoke)
    assert str(lora) in done.how
    assert sorted(path.name for path in (tmp_path / "invoke").rglob("*")) == ["invokeai.yaml"]


def test_what_was_taught_to_the_starter_model_is_not_installed(tmp_path, image_folder, a1111):
    data = tiny_run("starter", image_folder, tmp_path, training={"steps": 2, "resolution": 64})
    path = require_finished(train(data)).export
    with pytest.raises(FitsOnlyStarter, match="fits only Imprint's starter model") as caught:
        install(path, a1111)
    assert "SD 1.5" in str(caught.value)
    assert not (a1111.folder / "models").exists()


def test_the_same_file_again_is_there_already(lora, a1111):
    first = install(lora, a1111)
    time = first.path.stat().st_mtime_ns
    again = install(lora, a1111)
    assert again.was_there
    assert again.path.stat().st_mtime_ns == time


def test_another_file_of_that_name_stays_until_told_otherwise(lora, a1111):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"someone else's")
    with pytest.raises(NameTaken, match=r"my-cat-2\.safetensors"):
        install(lora, a1111)
    assert there.read_bytes() == b"someone else's"
    assert install(lora, a1111, "my-cat-2").path.name == "my-cat-2.safetensors"
    install(lora, a1111, replace=True)
    assert there.read_bytes() == lora.read_bytes()


def test_the_preview_is_a_small_picture_and_one_of_the_users_stays(lora, a1111, tmp_path):
    Image.new("RGB", (1200, 800), "teal").save(tmp_path / "sample.jpg")
    done = install(lora, a1111, preview=tmp_path / "sample.jpg")
    with Image.open(done.preview) as image:
        assert (image.format, image.size) == ("PNG", (512, 341))
    own = a1111.folder / "models/Lora/other.png"
    own.write_bytes(b"own")
    assert install(lora, a1111, "other", preview=tmp_path / "sample.jpg").preview is None
    assert own.read_bytes() == b"own"


def test_a_link_takes_no_room_where_the_disk_is_the_same(lora, a1111):
    done = install(lora, a1111, link=True)
    assert done.path.stat().st_ino == lora.stat().st_ino


def test_a_name_is_made_fit_for_every_system(tmp_path, lora, a1111):
    odd = lora.rename(lora.with_name("我的 Cat (v2).safetensors"))
    assert suggested_name(inspect(odd)) == "cat-v2"
    assert install(odd, a1111).path.name == "cat-v2.safetensors"


def test_a_file_that_is_cut_is_refused_and_nothing_is_left(lora, a1111):
    lora.write_bytes(lora.read_bytes()[:-100])
    with pytest.raises(UserError):
        install(lora, a1111)
    assert not (a1111.folder / "models").exists()


def test_a_file_that_is_none_of_these_is_told(tmp_path, a1111):
    with pytest.raises(AddonMissing):
        install(tmp_path / "gone.safetensors", a1111)
    other = save(tmp_path / "other.safetensors", {"a": (1,), "b": (2,)})
    with pytest.raises(AddonUnreadable):
        install(other, a1111)


def test_a_key_that_the_program_does_not_know_is_found_before_it_counts(tmp_path, lora, a1111):
    shapes = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
    shapes["lora_unet_something_else.lora_down.weight"] = [4, 4]
    path = save(tmp_path / "odd.safetensors", shapes)
    with pytest.raises(NotArrived, match="lora_unet_something_else"):
        install(path, a1111)
    assert list((a1111.folder / "models/Lora").iterdir()) == []


def test_a_file_that_changes_while_it_is_copied_does_not_arrive(lora, a1111, monkeypatch):
    monkeypatch.setattr(installing.storage, "sha256_of", lambda path: "0" * 64)
    with pytest.raises(NotArrived, match="changed while"):
        install(lora, a1111)
    assert list((a1111.folder / "models/Lora").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(lora, a1111):
    (a1111.folder / "models").write_text("a file where the folder should be")
    with pytest.raises(OutputNotWritable):
        install(lora, a1111)


def test_what_was_installed_can_be_taken_away_again(lora, a1111, tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "sample.png")
    uninstall(install(lora, a1111, preview=tmp_path / "sample.png"))
    assert list((a1111.folder / "models/Lora").iterdir()) == []
    assert lora.is_file()


@pytest.mark.parametrize("name", [A1111, FORGE, SDNEXT, COMFY])
def test_an_embedding_keeps_its_word_in_every_script(tmp_path, embedding, name):
    path = embedding.rename(embedding.with_name("我的猫.safetensors"))
    done = install(path, recognise(make_front_end(tmp_path / "program", name)))
    assert done.path.name == "我的猫.safetensors"
    assert "before and after it" in done.how
    assert done.how.facts["text"] == ("embedding:我的猫" if name == COMFY else "我的猫")


def test_where_files_are_added_by_hand_the_word_is_said(tmp_path, embedding):
    done = install(embedding, FrontEnd(INVOKE, tmp_path))
    assert "<mycxt>" in done.how


def test_what_somebody_changed_since_it_was_installed_is_not_taken_away(lora, a1111, tmp_path):
    picture = tmp_path / "sample.png"
    Image.effect_noise((64, 64), 50).convert("RGB").save(picture)
    done = install(lora, a1111, preview=picture)
    assert done.preview is not None
    done.path.write_bytes(done.path.read_bytes() + b"x")
    with pytest.raises(NotTakenAway, match=r"my-cat\.safetensors"):
        uninstall(done)
    assert done.path.exists()  # it is another file by now
    assert not done.preview.exists()  # this one is still ours
    again = install(lora, a1111, "second")
    uninstall(again)
    assert not again.path.exists()
    there = install(lora, a1111, "third")
    uninstall(install(lora, a1111, "third"))  # it was there before this one came
    assert there.path.exists()


@pytest.fixture
def sample(tmp_path) -> Path:
    Image.new("RGB", (1200, 800), "teal").save(tmp_path / "sample.jpg")
    return tmp_path / "sample.jpg"


@pytest.mark.parametrize("has_file", [True, False])
def test_a_preview_never_replaces_a_picture_even_where_the_file_is_replaced(
    lora, a1111, sample, has_file
):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    picture = there.with_suffix(".png")
    picture.write_bytes(b"the user's own")
    if has_file:
        there.write_bytes(b"earlier")
    done = install(lora, a1111, preview=sample, replace=True)
    assert done.preview is None
    uninstall(done)
    assert picture.read_bytes() == b"the user's own"


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_was_replaced_comes_back_under_a_free_name_where_its_own_is_taken(lora, a1111, kind):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"earlier")
    done = install(lora, a1111, replace=True)
    there.unlink()
    if kind == "file":
        there.write_bytes(b"of another program")
    else:
        there.mkdir()
    with pytest.raises(EarlierElsewhere) as told:
        uninstall(done)
    back = Path(str(told.value.facts["earlier"]))
    assert back.read_bytes() == b"earlier"
    assert back.suffix == ".safetensors"  # so that programs show it
    assert there.is_dir() == (kind == "folder")
    assert kind == "folder" or there.read_bytes() == b"of another program"


@pytest.mark.parametrize("link", [True, False])
def test_what_was_replaced_comes_back_when_it_is_undone(lora, a1111, link):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"earlier")
    done = install(lora, a1111, replace=True, link=link)
    assert there.read_bytes() == lora.read_bytes()
    uninstall(done)
    assert there.read_bytes() == b"earlier"
    assert [path.name for path in there.parent.iterdir()] == [there.name]


def test_what_was_replaced_goes_to_the_bin_of_the_system_once_nobody_will_undo_it(
    lora, a1111, monkeypatch
):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"earlier")
    gone = []
    monkeypatch.setattr("engine.storage.to_bin", lambda path: gone.append(path.read_bytes()))
    settle(install(lora, a1111, replace=True))
    assert gone == [b"earlier"]


@pytest.mark.parametrize("replace", [True, False])
def test_a_link_to_a_drive_that_is_not_mounted_is_a_name_that_is_taken(
    lora, a1111, tmp_path, replace
):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.symlink_to(tmp_path / "drive/my-cat.safetensors")
    if not replace:
        with pytest.raises(NameTaken):
            install(lora, a1111)
        assert there.is_symlink()
        return
    done = install(lora, a1111, replace=True)
    assert not there.is_symlink()
    uninstall(done)
    assert there.readlink() == tmp_path / "drive/my-cat.safetensors"


def test_an_installation_that_fails_brings_back_what_it_replaced(lora, a1111, monkeypatch):
    there = a1111.folder / "models/Lora/my-cat.safetensors"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"earlier")
    monkeypatch.setattr("engine.install.rule_of", lambda *_: "nothing like this")
    with pytest.raises(NotArrived):
        install(lora, a1111, replace=True)
    assert there.read_bytes() == b"earlier"
