"""The guide and the dialogs."""

from __future__ import annotations

import json

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox, QWidget

from desktop.dialogs.caption_dialog import CaptionDialog
from desktop.dialogs.closing import ask_before_closing
from desktop.dialogs.doctor_dialog import DoctorDialog
from desktop.dialogs.grid_dialog import GridDialog
from desktop.dialogs.help_dialog import HelpDialog, language_of_window
from desktop.dialogs.install_dialog import InstallDialog
from desktop.dialogs.palette import Palette
from desktop.dialogs.settings_dialog import SettingsDialog
from desktop.dialogs.shortcuts import Shortcuts
from desktop.wizard.wizard import FirstTraining
from engine.doctor import CardUnused, PictureEmpty
from engine.events import CaptionMade, Examined, RunFailed, RunFinished, Stage, StageProgress
from engine.formats.front_ends import A1111
from engine.model_shelf import Shelf
from engine.version import VERSION
from engine.wording import Phrase
from tests.caption_models import build_caption_model
from tests.desktop.first_training import pause, wait_until
from tests.desktop.scenes.facts import GIB, estimate
from tests.desktop.scenes.play import SCENES, Staged, scene
from tests.engine.test_install import make_front_end, save
from tests.golden import make_sd15_lora


def _guide(stage: Staged, pages: int) -> FirstTraining:
    home = stage.folder / "guide"
    wizard = FirstTraining(
        stage.window.theme,
        home,
        shelf=Shelf(home / "models.json"),
        user_home=home,
        parent=stage.window,
    )
    wizard.show()
    wait_until(lambda: wizard.model.choices.button(0) is not None, "the models")
    for _ in range(pages):
        wizard.next()
        pause(0.2)
    return wizard


@scene("guide-1-what")
def _(stage: Staged) -> QWidget:
    return _guide(stage, 0)


@scene("guide-1-without-a-name")
def _(stage: Staged) -> QWidget:
    wizard = _guide(stage, 0)
    wizard.subject.name.clear()
    wizard.subject.name.textEdited.emit("")
    return wizard


@scene("guide-2-copying")
def _(stage: Staged) -> QWidget:
    wizard = _guide(stage, 1)
    wizard.pictures.set_copying(True)
    return wizard


@scene("guide-2-pictures")
def _(stage: Staged) -> QWidget:
    return _guide(stage, 1)


@scene("guide-3-captions")
def _(stage: Staged) -> QWidget:
    return _guide(stage, 2)


@scene("guide-4-model")
def _(stage: Staged) -> QWidget:
    return _guide(stage, 3)


@scene("guide-5-method")
def _(stage: Staged) -> QWidget:
    return _guide(stage, 4)


@scene("guide-6-ready")
def _(stage: Staged) -> QWidget:
    wizard = _guide(stage, 5)
    wizard.ready.check.begin()
    wizard.ready.check.show_event(estimate(GIB))
    wizard.ready.check.show_event(RunFinished(steps=4, stopped_early=False, exports=()))
    return wizard


def _shown(dialog: QDialog) -> QDialog:
    dialog.show()
    pause(0.2)
    return dialog


@scene("dialog-settings")
def _(stage: Staged) -> QWidget:
    window = stage.window
    return _shown(SettingsDialog(window.theme, window.preferences, False, window))


@scene("dialog-help")
def _(stage: Staged) -> QWidget:
    code = language_of_window(stage.window.preferences.language)
    return _shown(HelpDialog("training", code, stage.window))


@scene("dialog-palette")
def _(stage: Staged) -> QWidget:
    return _shown(Palette(stage.window, stage.window))


@scene("dialog-shortcuts")
def _(stage: Staged) -> QWidget:
    return _shown(Shortcuts(stage.window))


def _captions(stage: Staged) -> CaptionDialog:
    images = stage.window.images
    return CaptionDialog(images.pictures, (), stage.window.theme, stage.window)


@scene("dialog-captions-no-model")
def _(stage: Staged) -> QWidget:
    return _shown(_captions(stage))


@scene("dialog-captions-no-caption-model")
def _(stage: Staged) -> QWidget:
    dialog = _captions(stage)
    dialog.use_model(stage.folder)
    wait_until(lambda: dialog.strip.text, "a look at the folder")
    return _shown(dialog)


@scene("dialog-captions-writing")
def _(stage: Staged) -> QWidget:
    dialog = _captions(stage)
    dialog.use_model(build_caption_model(stage.folder / "blip-image-captioning-base"))
    wait_until(dialog.write.isEnabled, "a look at the model")
    dialog.begin()
    for number, row in enumerate(stage.window.images.pictures.rows[:3]):
        dialog.show_event(StageProgress(stage=Stage.CAPTION, done=number, total=6))
        text = f"a cat with a bow on a chair, number {number + 1}"
        dialog.show_event(CaptionMade(key=row.key, path=str(row.path), text=text))
    return _shown(dialog)


@scene("dialog-captions-done")
def _(stage: Staged) -> QWidget:
    dialog = SCENES["dialog-captions-writing"](stage)
    assert isinstance(dialog, CaptionDialog)
    dialog.show_event(RunFinished(steps=3, stopped_early=False, exports=()))
    return _shown(dialog)


def _check_up(stage: Staged) -> DoctorDialog:
    dialog = DoctorDialog(stage.window.theme, stage.window)
    facts = {"version": VERSION, "system": "Linux-6.1-x86_64", "python": "3.11.7"}
    for what, found in (
        ("Imprint", Phrase("{version}, installed; {system}; Python {python}", **facts)),
        ("Libraries", Phrase("torch 2.13.0, diffusers 0.42.1, transformers 5.23.0, peft 0.21.2")),
        ("Memory", Phrase("{free:.1f} of {total:.1f} GiB free; {cores} processor cores",
                          free=9.1, total=15.5, cores=8)),
        ("Graphics card", CardUnused(name="NVIDIA GeForce RTX 3060 (580.65.06)")),
        ("Disk", Phrase("{free:.1f} GiB free; projects can be written", free=120.4)),
        ("Starter model", Phrase("there, of the family {family}", family="Stable Diffusion 1.x")),
        ("A picture", PictureEmpty()),
    ):  # fmt: skip
        dialog.show_event(StageProgress(stage=Stage.EXAMINE, done=6, total=9))
        dialog.show_event(Examined(what=Phrase(what), found=found))
    return dialog


@scene("dialog-check-up-running")
def _(stage: Staged) -> QWidget:
    return _shown(_check_up(stage))


@scene("dialog-check-up-failed")
def _(stage: Staged) -> QWidget:
    dialog = _check_up(stage)
    dialog.show_event(RunFailed(error=PictureEmpty()))
    return _shown(dialog)


@scene("dialog-grid")
def _(stage: Staged) -> QWidget:
    runs = stage.window.draft.project.list_runs()
    return _shown(GridDialog(runs, stage.window.theme, stage.window))


@scene("dialog-install")
def _(stage: Staged) -> QWidget:
    return _shown(_installed(stage))


def _installed(stage: Staged) -> InstallDialog:
    """A dialog in which a file was installed just now."""
    home = stage.folder / "user"
    if not home.exists():
        make_front_end(home / "stable-diffusion-webui", A1111)
    shapes = json.loads(make_sd15_lora.DATA.read_text("utf-8"))
    path = save(home / "my-cat.safetensors", shapes, **{"modelspec.trigger_phrase": "mycxt cat"})
    dialog = InstallDialog(path, stage.window.theme, None, home, stage.window)
    dialog.show()
    wait_until(dialog.install.isEnabled, "the front end")
    dialog.install.click()
    wait_until(lambda: dialog.done_with is not None, "the copy")
    return dialog


@scene("dialog-install-undone")
def _(stage: Staged) -> QWidget:
    dialog = _installed(stage)
    dialog._undo.click()
    wait_until(lambda: not dialog._undo.isVisible(), "the way back")
    return _shown(dialog)


@scene("dialog-install-nothing-found")
def _(stage: Staged) -> QWidget:
    path = stage.folder / "user/my-cat.safetensors"
    nobody = stage.folder / "nobody"
    nobody.mkdir()
    dialog = _shown(InstallDialog(path, stage.window.theme, None, nobody, stage.window))
    wait_until(lambda: dialog.file is not None, "the file")
    return dialog


@scene("dialog-closing")
def _(stage: Staged) -> QWidget:
    found: list[QWidget] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        found.append(box)
        box.done(0)

    QTimer.singleShot(100, answer)
    ask_before_closing(stage.window)
    found[0].show()
    return found[0]
