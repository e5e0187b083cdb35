"""The dialog that puts a trained file into another program."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from desktop.dialogs.install_dialog import InstallDialog, preview_of
from engine import install as installing
from engine.formats.front_ends import A1111, FORGE
from tests.engine.test_install import embedding, hypernetwork, lora, make_front_end, save

__all__ = ["embedding", "hypernetwork", "lora"]  # fixtures


@pytest.fixture
def home(tmp_path) -> Path:
    make_front_end(tmp_path / "home/stable-diffusion-webui", A1111)
    return tmp_path / "home"


@pytest.fixture
def open_dialog(qtbot, theme, home):
    def open_it(path: Path, preview: Path | None = None) -> InstallDialog:
        made = InstallDialog(path, theme, preview, home)
        qtbot.addWidget(made)
        made.show()
        qtbot.waitUntil(lambda: made.file is not None or made.strip.isVisible())
        return made

    return open_it


def installed(qtbot, dialog: InstallDialog) -> None:
    dialog.install.click()
    qtbot.waitUntil(dialog.install.isEnabled)


def test_what_is_found_is_offered_with_the_exact_place(open_dialog, lora, home):
    dialog = open_dialog(lora)
    place = home / "stable-diffusion-webui/models/Lora/my-cat.safetensors"
    assert str(place) in dialog._target.text()
    dialog.name.setText("kitty")
    assert "kitty.safetensors" in dialog._target.text()


def test_one_click_installs_and_says_how_it_shows_up_there(qtbot, open_dialog, lora, home):
    dialog = open_dialog(lora)
    installed(qtbot, dialog)
    place = home / "stable-diffusion-webui/models/Lora/my-cat.safetensors"
    assert place.read_bytes() == lora.read_bytes()
    assert "<lora:my-cat:0.8> mycxt cat" in dialog._result.text()
    assert "compared" in dialog.strip.text
    dialog._copy.click()
    assert QGuiApplication.clipboard().text() == "<lora:my-cat:0.8> mycxt cat"


def test_a_name_that_is_taken_can_be_replaced_by_a_second_click(qtbot, open_dialog, lora, home):
    place = home / "stable-diffusion-webui/models/Lora/my-cat.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"another")
    dialog = open_dialog(lora)
    installed(qtbot, dialog)
    assert "my-cat-2" in dialog.strip.text
    assert place.read_bytes() == b"another"
    dialog._replace.click()
    qtbot.waitUntil(lambda: dialog.done_with is not None)
    assert place.read_bytes() == lora.read_bytes()


def test_a_hypernetwork_is_told_plainly_where_it_does_not_work(
    open_dialog, hypernetwork, home, tmp_path
):
    dialog = open_dialog(hypernetwork)
    assert dialog.install.isEnabled()
    dialog.add_folder(make_front_end(tmp_path / "forge", FORGE))
    assert "Forge does not load" in dialog._target.text()
    assert not dialog.install.isEnabled()


def test_what_fits_only_the_starter_model_is_not_installed_but_trained_anew(
    qtbot, open_dialog, tmp_path
):
    path = save(tmp_path / "exports/word.safetensors", {"emb_params": (4, 128)})
    dialog = open_dialog(path)
    assert "fits only Imprint's starter model" in dialog.strip.text
    assert not dialog.install.isEnabled()
    with qtbot.waitSignal(dialog.train_wanted):
        dialog._train.click()


def test_a_folder_of_something_else_is_told(open_dialog, lora, tmp_path):
    dialog = open_dialog(lora)
    dialog.add_folder(tmp_path)
    assert "is not a folder of a program" in dialog.strip.text


def test_the_preview_is_the_newest_sample_of_the_run(tmp_path):
    samples = tmp_path / "run/samples"
    samples.mkdir(parents=True)
    for name in ("step_000100_1_seed42.png", "step_000300_1_seed42.png"):
        (samples / name).touch()
    assert preview_of(tmp_path / "run/exports/x.safetensors").name == "step_000300_1_seed42.png"
    assert preview_of(tmp_path / "elsewhere/exports/x.safetensors") is None


def users_own(home):
    """A file that has the name of ours already."""
    place = home / "stable-diffusion-webui/models/Lora/my-cat.safetensors"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"the user's own")
    return place


def test_all_that_was_installed_can_be_undone_and_is_settled_at_the_end(
    qtbot, open_dialog, lora, home, monkeypatch
):
    thrown = []
    monkeypatch.setattr(installing.storage, "to_bin", thrown.append)
    place = users_own(home)
    dialog = open_dialog(lora)
    installed(qtbot, dialog)
    dialog._replace.click()
    qtbot.waitUntil(lambda: dialog.done_with is not None)
    installed(qtbot, dialog)  # once more: it is there already
    dialog.name.setText("second")
    installed(qtbot, dialog)
    assert dialog._undo.isVisibleTo(dialog)
    dialog._undo.click()
    qtbot.waitUntil(lambda: dialog._undo.isVisibleTo(dialog))  # the first one can be undone too
    assert not place.with_stem("second").exists()
    dialog._undo.click()
    qtbot.waitUntil(lambda: place.is_file() and place.read_bytes() == b"the user's own")
    qtbot.waitUntil(lambda: dialog.strip.text.startswith("It is as it was"))
    dialog.name.setText("my-cat")
    dialog._replace.click()
    qtbot.waitUntil(lambda: dialog._undo.isVisibleTo(dialog))
    dialog.name.setText("third")
    installed(qtbot, dialog)
    dialog.close()
    assert [path.name for path in thrown] == ["my-cat.safetensors.before-imprint"]


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("way", ["reject", "close", "accept"])
def test_however_the_dialog_ends_what_it_replaced_is_settled(
    qtbot, open_dialog, lora, home, monkeypatch, way, is_done
):
    """Esc rejects; it may be pressed while the file is copied."""
    thrown = []
    monkeypatch.setattr(installing.storage, "to_bin", thrown.append)
    place = users_own(home)
    dialog = open_dialog(lora)
    installed(qtbot, dialog)
    dialog._replace.click()
    if is_done:
        qtbot.waitUntil(lambda: dialog.done_with is not None)
    getattr(dialog, way)()
    assert place.read_bytes() == lora.read_bytes()
    assert [path.name for path in thrown] == ["my-cat.safetensors.before-imprint"]


def test_an_undo_says_where_the_earlier_file_is_where_its_name_is_taken(
    qtbot, open_dialog, lora, home
):
    place = users_own(home)
    dialog = open_dialog(lora)
    installed(qtbot, dialog)
    dialog._replace.click()
    qtbot.waitUntil(lambda: dialog.done_with is not None)
    place.write_bytes(b"of another program")
    dialog._undo.click()
    qtbot.waitUntil(lambda: "my-cat-2.safetensors" in dialog.strip.text)
    assert place.with_stem("my-cat-2").read_bytes() == b"the user's own"
    assert place.read_bytes() == b"of another program"


@pytest.mark.parametrize(("typed", "shown"), [("../../../x", "x"), ("CON", "con-1")])
def test_the_place_is_shown_by_the_name_that_the_file_will_have(open_dialog, lora, typed, shown):
    dialog = open_dialog(lora)
    dialog.name.setText(typed)
    assert dialog._target.text().endswith(f"Lora/{shown}.safetensors")
