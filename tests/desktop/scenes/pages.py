"""Home, images and method."""

from __future__ import annotations

import shutil

from PIL import Image, ImageFilter

from desktop.download_desk import Download
from desktop.dropped import Dropped
from engine.card_pack import PackTable
from engine.config_file import check
from engine.control import Control
from engine.events import (
    FitSuggested,
    MethodFits,
    RunCrashed,
    RunFinished,
)
from engine.gpu_figures import GpuFigures
from engine.notices import ProjectUpgraded, Updated
from engine.project_notices import ProjectMoved, ProjectOpenElsewhere
from engine.sample_project import IMAGES
from engine.session_notices import EndedBadly, StartedWithout, TrainingInterrupted
from tests.desktop.first_training import pause, wait_until
from tests.desktop.scenes.facts import GIB, MORE, STEPS, estimate, step
from tests.desktop.scenes.play import Staged, scene

PACK = PackTable("2.13.0+cu130", "cp311", 580, (7, 5), ({"about_bytes": 2_700_000_000},))
CARD = GpuFigures(
    name="NVIDIA GeForce RTX 4070", load_percent=3, celsius=40, used_bytes=GIB,
    total_bytes=12 * GIB, driver="580.65.06",
)  # fmt: skip


@scene("home-1-warming-up")
def _(stage: Staged) -> None:
    stage.window.show_page("home")


@scene("home-2-ready")
def _(stage: Staged) -> None:
    stage.window.projects.remember()
    stage.window.warmth.show_event(RunFinished(steps=0, stopped_early=False, exports=()))


@scene("home-3-failed")
def _(stage: Staged) -> None:
    stage.window.warmth.show_event(RunCrashed(traceback="ImportError: no torch"))


@scene("home-4-a-card-that-is-not-used")
def _(stage: Staged) -> None:
    stage.window.warmth.show_event(RunFinished(steps=0, stopped_early=False, exports=()))
    stage.window.cards._offer(PACK, CARD)


@scene("home-5-its-part-is-fetched")
def _(stage: Staged) -> None:
    cards = stage.window.cards
    done = PACK.about_bytes // 3
    cards.fetching.downloads.append(
        Download(PACK, Control(), done, PACK.about_bytes, 42e6, "running")
    )
    cards.fetching.changed.emit()


@scene("home-6-a-new-start-is-wanted")
def _(stage: Staged) -> None:
    cards = stage.window.cards
    cards.fetching.downloads[-1].state = "done"
    cards.fetching.changed.emit()


@scene("home-7-not-now")
def _(stage: Staged) -> None:
    cards = stage.window.cards
    cards.fetching.downloads.clear()
    cards.offer.declined.emit()


@scene("home-8-ended-badly")
def _(stage: Staged) -> None:
    note = EndedBadly(folder=str(stage.folder), file="crash-2026-11-25.txt")
    stage.window.home.strip.show_message(note, "warn")


@scene("home-8-training-interrupted")
def _(stage: Staged) -> None:
    note = TrainingInterrupted(name="my cat", step=120, checkpoint=100)
    stage.window.home.strip.show_message(note, "warn")


@scene("home-8-started-without-the-project")
def _(stage: Staged) -> None:
    note = StartedWithout(file="my cat.imprint", folder=str(stage.folder))
    stage.window.home.strip.show_message(note, "warn")


@scene("home-9-updated")
def _(stage: Staged) -> None:
    stage.window.home.strip.show_message(Updated(version="0.2.0"), "info")


@scene("images-1-ready")
def _(stage: Staged) -> None:
    window = stage.window
    window.show_page("images")
    wait_until(lambda: not window.images.inspector.view.is_empty, "the picture")
    pause(0.4)


@scene("images-2-many-chosen")
def _(stage: Staged) -> None:
    stage.window.images.browser.grid.selectAll()


@scene("images-3-crop")
def _(stage: Staged) -> None:
    stage.window.images.browser.grid.choose(1)
    pause(0.3)
    stage.window.images.inspector.begin_crop()


@scene("images-4-findings")
def _(stage: Staged) -> None:
    window, mixed = stage.window, stage.folder / "mixed"
    mixed.mkdir()
    first = min(IMAGES.glob("*.png"))
    shutil.copyfile(first, mixed / "a.png")
    with Image.open(first) as picture:
        plain = picture.convert("RGB").resize((512, 512))
        plain.save(mixed / "a-again.png")
        plain.filter(ImageFilter.GaussianBlur(14)).save(mixed / "blurred.png")
        plain.resize((60, 60)).save(mixed / "small.png")
    (mixed / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not all of it")
    (mixed / "a.txt").write_text(", ".join([MORE] * 12))
    window.images.use_folder(mixed)
    wait_until(lambda: not window.images.pictures.is_reading, "the folder")
    wait_until(lambda: bool(window.images.pictures.findings), "the findings")
    pause(0.3)


@scene("images-5-reading")
def _(stage: Staged) -> None:
    stage.window.images.pictures.progressed.emit(1_234, 10_000)


@scene("images-5-project-upgraded")
def _(stage: Staged) -> None:
    notice = ProjectUpgraded(name="my-cat", backup="my-cat.version-0.imprint")
    stage.window.images.show_notice(notice)


@scene("images-5-project-moved")
def _(stage: Staged) -> None:
    note = ProjectMoved(was="/home/ann/Imprint/my-cat", folder="/home/ann/Imprint/tabby")
    stage.window.images.show_notice(note)


@scene("images-5-project-open-elsewhere")
def _(stage: Staged) -> None:
    note = ProjectOpenElsewhere(name="tabby", computer="ann-laptop", time="14:05")
    stage.window.images.show_notice(note)


@scene("images-5-nothing-to-use")
def _(stage: Staged) -> None:
    stage.window.images.take_or_refuse(Dropped([], None, ""))


@scene("images-6-empty")
def _(stage: Staged) -> None:
    empty = stage.folder / "empty"
    empty.mkdir()
    stage.window.images.use_folder(empty)
    pause(0.5)


@scene("images-7-error")
def _(stage: Staged) -> None:
    stage.window.images.use_folder(stage.folder / "nowhere")
    pause(0.5)


@scene("method-1-ready")
def _(stage: Staged) -> None:
    window = stage.window
    window.images.use_folder(IMAGES)
    window.show_page("method")
    window.method.show_fits(
        MethodFits(
            kind=kind, needed_bytes=needed * GIB, free_bytes=8 * GIB, fits=needed <= 8, eased=eased
        )
        for kind, needed, eased in (
            ("lora", 5, False), ("dreambooth", 15, False),
            ("textual_inversion", 7, True), ("hypernetwork", 5, False),
        )
    )  # fmt: skip


@scene("method-2-all-settings-changed")
def _(stage: Staged) -> None:
    stage.window.method._advanced.setChecked(True)
    stage.window.draft.set("method.rank", 64)


@scene("method-3-wrong")
def _(stage: Staged) -> None:
    stage.window.draft.set("training.steps", 0)
    stage.window.method.show_problems(check(stage.window.draft.data)[1])
    stage.window.method.focus_setting("training.steps")


@scene("method-4-checking")
def _(stage: Staged) -> None:
    window = stage.window
    window.draft.set("training.steps", STEPS)
    window.method._advanced.setChecked(False)
    window.method.check.begin()
    window.method.check.show_event(step(2))


@scene("method-5-fits")
def _(stage: Staged) -> None:
    stage.window.method.check.show_event(estimate(GIB))
    stage.window.method.check.show_event(RunFinished(steps=4, stopped_early=False, exports=()))


@scene("method-6-does-not-fit")
def _(stage: Staged) -> None:
    found = stage.window.method.check
    found.begin()
    found.show_event(estimate(12 * GIB))
    found.show_event(FitSuggested(changes={"training.gradient_checkpointing": "auto"}))
    found.show_event(RunFinished(steps=4, stopped_early=False, exports=()))


@scene("method-7-preset-taken")
def _(stage: Staged) -> None:
    stage.window.method.strip.show_text(stage.window.method.tr("Preset taken: {0}").format("night"))


@scene("method-8-a-setting-is-sought")
def _(stage: Staged) -> None:
    method = stage.window.method
    method.search.setText("memory")
    method._scroll.ensureWidgetVisible(method.presets, 0, 300)


@scene("method-9-no-such-setting")
def _(stage: Staged) -> None:
    stage.window.method.search.setText("quantum")
