"""Training, gallery and models."""

from __future__ import annotations

import shutil

from PIL import Image
from PySide6.QtCore import QMimeData

from desktop.download_desk import Download
from desktop.dropped import Dropped
from engine.control import Control
from engine.dataset_notices import KeptBack
from engine.download_errors import NoConnection
from engine.errors import AddonMissing, InputNotReadable, NoPictures, SavedElsewhere
from engine.events import (
    CheckpointSaved,
    ImageGenerated,
    Noticed,
    PausedAt,
    RunCrashed,
    RunFailed,
    RunFinished,
    RunStarted,
    SampleReady,
    Stage,
    StageProgress,
)
from engine.gpu_figures import GpuFigures
from engine.model_offers import load_offers
from engine.model_shelf import Shelf
from engine.notices import CardTooHot, WaitsForRoom
from engine.sample_project import IMAGES
from tests.desktop.first_training import pause, wait_until
from tests.desktop.scenes.facts import MORE, STEPS, picture, score, step
from tests.desktop.scenes.play import SCENES, Staged, scene
from tests.engine.test_gallery_records import make


@scene("training-1-nothing-yet")
def _(stage: Staged) -> None:
    stage.window.method.strip.hide()
    stage.window.show_page("training")


@scene("training-2-getting-ready")
def _(stage: Staged) -> None:
    stage.window.monitor.begin("my-cat · LoRA")
    stage.window.monitor.show_event(StageProgress(stage=Stage.CACHE_LATENTS, done=12, total=24))


@scene("training-3-running")
def _(stage: Staged) -> None:
    monitor, run = stage.window.monitor, stage.run
    monitor.show_event(
        RunStarted(folder=str(run.path), steps=STEPS, first_step=0, device="cpu", trainable=92_160)
    )
    for number in range(1, 187):
        monitor.show_event(step(number))
        if number % 60 == 0:
            monitor.show_event(CheckpointSaved(step=number, path=""))
            monitor.show_event(score(number))
            for path in sorted(run.samples.glob(f"step_{number:06d}_*.png")):
                event = SampleReady(step=number, prompt=MORE, seed=42, path=str(path))
                monitor.show_event(event)


@scene("training-4-a-notice")
def _(stage: Staged) -> None:
    notice = KeptBack(names="IMG_0031.jpg, IMG_0034.jpg")
    stage.window.monitor.show_event(Noticed(notice=notice))


@scene("training-5-paused")
def _(stage: Staged) -> None:
    stage.window.monitor.show_event(PausedAt(step=186))


@scene("training-6-stopping")
def _(stage: Staged) -> None:
    stage.window.monitor.show_stopping()


@scene("training-7-stopped")
def _(stage: Staged) -> None:
    stage.window.monitor.show_continue(possible=True)
    stage.window.monitor.show_event(RunFinished(steps=186, stopped_early=True, exports=()))


@scene("training-8-finished")
def _(stage: Staged) -> None:
    file = str(stage.run.exports / "my-cat.safetensors")
    stage.window.monitor.show_event(RunFinished(steps=300, stopped_early=False, exports=(file,)))


@scene("training-9-failed")
def _(stage: Staged) -> None:
    error = NoPictures(folder=str(stage.folder / "pictures"), num_files=4)
    stage.window.monitor.show_event(RunFailed(error=error))


@scene("training-10-crashed")
def _(stage: Staged) -> None:
    crash = RunCrashed(traceback="Traceback\n  File x\nRuntimeError: the driver was reset")
    stage.window.monitor.show_event(crash)


@scene("training-11-log")
def _(stage: Staged) -> None:
    stage.window.monitor.tabs.setCurrentIndex(1)


@scene("training-12-settings")
def _(stage: Staged) -> None:
    stage.window.monitor.tabs.setCurrentIndex(2)


@scene("training-13-history-may-not-be-read")
def _(stage: Staged) -> None:
    monitor = stage.window.monitor
    folder = "/home/ann/Imprint/tabby/runs"
    monitor.history.show_runs([], InputNotReadable(path=folder, reason="Permission denied"))
    monitor.tabs.setCurrentWidget(monitor.history)


@scene("training-13-history")
def _(stage: Staged) -> None:
    monitor = stage.window.monitor
    runs = stage.window.draft.project.list_runs()
    monitor.history.show_runs(runs)
    wait_until(lambda: monitor.history.table.rowCount() == len(runs), "the history")
    monitor.tabs.setCurrentWidget(monitor.history)
    monitor.history.table.selectRow(0)


@scene("training-14-two-compared")
def _(stage: Staged) -> None:
    history = stage.window.monitor.history
    history.table.selectAll()
    history.compare.click()
    wait_until(history.view.isVisible, "the comparison")
    pause(0.2)


@scene("training-15-queue-empty")
def _(stage: Staged) -> None:
    monitor = stage.window.monitor
    monitor.tabs.setCurrentWidget(monitor.queue)


@scene("training-16-queue")
def _(stage: Staged) -> None:
    for _ in range(3):
        stage.window.monitor.queue.add.click()


@scene("training-16-queue-set-aside")
def _(stage: Staged) -> None:
    window = stage.window
    window.draft.set("training.steps", 1_234)
    window.monitor.queue.rows[1].edit.click()  # what stood on the pages is kept below
    window.show_page("training")
    assert window.monitor.queue.aside_rows


@scene("training-17-hot-card")
def _(stage: Staged) -> None:
    monitor = stage.window.monitor
    monitor.tabs.setCurrentIndex(0)
    monitor.begin("my-cat · LoRA")
    SCENES["training-3-running"](stage)
    monitor.overview.show_card(GpuFigures("NVIDIA GeForce RTX 3060", 97, 91, 7 << 30, 8 << 30))
    monitor.show_event(Noticed(notice=CardTooHot(celsius=91, cool=75)))


@scene("training-18-waits-for-room")
def _(stage: Staged) -> None:
    facts = {"folder": str(stage.run.path), "free_mib": 41.0, "need_mib": 180.0}
    stage.window.monitor.show_event(Noticed(notice=WaitsForRoom(**facts)))
    stage.window.monitor.show_event(PausedAt(step=186))


@scene("training-19-saved-elsewhere")
def _(stage: Staged) -> None:
    facts = {"lost": str(stage.run.path), "reason": "Read-only file system", "step": 186}
    error = SavedElsewhere(folder=str(stage.folder / "Imprint/rescue/my-cat"), **facts)
    stage.window.monitor.show_event(RunFailed(error=error))


@scene("gallery-1-empty")
def _(stage: Staged) -> None:
    window = stage.window
    window.monitor.tabs.setCurrentIndex(0)
    window.show_page("gallery")
    wait_until(lambda: bool(window.gallery.form.addons.rows), "the trained files")


@scene("gallery-2-drawing")
def _(stage: Staged) -> None:
    gallery = stage.window.gallery
    gallery.ask()
    gallery.show_event(StageProgress(stage=Stage.SAMPLE, done=7, total=20))


@scene("gallery-3-compared-with-the-base")
def _(stage: Staged) -> None:
    gallery, folder = stage.window.gallery, stage.window.draft.project.generated
    drawn = [Image.open(path).convert("RGB") for path in sorted(IMAGES.glob("*.png"))]
    for number in (1, 2, 3):
        name = f"{number:05d}_seed{41 + number}.png"
        before = picture(folder / "base" / name, 2 + number)
        gallery.show_base_event(ImageGenerated(path=before, prompt=MORE, seed=41 + number))
        path = make(folder / name, MORE, 41 + number, image=drawn[number])
        gallery.show_event(ImageGenerated(path=str(path), prompt=MORE, seed=41 + number))
    gallery.show_event(RunFinished(steps=0, stopped_early=False, exports=()))
    pause(0.5)


@scene("gallery-4-error")
def _(stage: Staged) -> None:
    stage.window.gallery.show_event(RunFailed(error=AddonMissing(path="my-cat.safetensors")))


@scene("gallery-5-to-the-bin")
def _(stage: Staged) -> None:
    stage.window.gallery._throw_away()
    pause(0.2)


@scene("gallery-5-a-text-that-was-cut")
def _(stage: Staged) -> None:
    pasted = QMimeData()
    pasted.setText("a fox " * 4000)
    stage.window.gallery.prompt.insertFromMimeData(pasted)


@scene("gallery-5-nothing-to-use")
def _(stage: Staged) -> None:
    stage.window.gallery.take_or_refuse(Dropped([], None, ""))


@scene("gallery-6-more-settings")
def _(stage: Staged) -> None:
    stage.window.gallery.form.more.click()


@scene("models-1-ready")
def _(stage: Staged) -> None:
    stage.window.show_page("models")


@scene("models-2-missing-and-refused")
def _(stage: Staged) -> None:
    models = stage.window.models
    gone = stage.folder / "my-model.safetensors"
    shutil.copyfile(stage.run.exports / "my-cat.safetensors", stage.folder / "lora.safetensors")
    Shelf()._write([str(gone)])
    models.add_paths([str(stage.folder / "lora.safetensors")])
    wait_until(lambda: len(models.rows) == 2 and models.strip.isVisible(), "both")


@scene("models-3-downloading")
def _(stage: Staged) -> None:
    desk = stage.window.fetching
    states = ("running", "paused", "waiting")
    for offer, state in zip(load_offers(), states, strict=False):
        known = Download(offer, Control(), offer.about_bytes // 3, offer.about_bytes, 4.2e6, state)
        desk.downloads.append(known)
        desk.changed.emit()


@scene("models-4-download-failed")
def _(stage: Staged) -> None:
    for known in stage.window.fetching.downloads:
        known.state, known.error = "failed", NoConnection(host="hub.example.org")
        stage.window.fetching.changed.emit()


@scene("window-waits-to-close")
def _(stage: Staged) -> None:
    """The last one: nothing in it can be reached any more."""
    stage.window.show_page("training")
    stage.window.leaving._leave_later()
