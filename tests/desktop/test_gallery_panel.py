"""The gallery: asking for pictures, looking at them, keeping and throwing away."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop import gallery_set, outside, trained_files
from desktop.dialogs.grid_dialog import GridDialog
from desktop.panels.gallery_panel import GalleryPanel
from desktop.widgets.addon_list import AddonEntry
from engine import gallery_records, storage
from engine.addons import Addon
from engine.drawn_pictures import Bin
from engine.errors import AddonMissing, OutputNotWritable
from engine.events import ImageGenerated, Noticed, RunFailed, RunFinished
from engine.gallery_records import Made, read_made
from engine.prompt_notices import GridWaits, SyntaxNotDone, TagsUnknown
from engine.prompts import Tag, split_tags
from engine.tagged import resolved
from tests.engine.test_gallery_records import make
from tests.engine.test_install import lora, save
from tests.timing import PATIENCE

__all__ = ["lora"]  # fixtures


ROOT = Path(__file__).parents[2]


@pytest.fixture
def gallery(qtbot, draft, theme, tmp_path, lora):
    """A project with two trained files: one for SD 1.x and a word for SD 2.x."""
    run = draft.project.runs / "2026-11-25_1200_toy_lora"
    (run / "exports").mkdir(parents=True)
    (run / "config.json").write_text(json.dumps({"base_model": "starter"}))
    lora.rename(run / "exports/my-cat.safetensors")
    save(run / "exports/word.safetensors", {"emb_params": (2, 1024)})
    draft.project.generated.mkdir(parents=True)
    for number in (1, 2, 3):
        make(draft.project.generated / f"{number:05d}_seed{number}.png", f"a fox {number}", number)
    panel = GalleryPanel(draft, theme)
    qtbot.addWidget(panel)
    panel.resize(1150, 800)
    panel.show()
    qtbot.waitUntil(lambda: len(panel.form.addons.rows) == 2)
    qtbot.waitUntil(lambda: len(panel.pictures.visible) == 3)
    yield panel
    panel.close_threads()


def names(panel) -> list[str]:
    return [panel.grid.grid_model.item(row).title
            for row in range(panel.grid.grid_model.rowCount())]  # fmt: skip


def test_trained_files_are_offered_and_those_of_another_family_are_grey(gallery):
    first, second = gallery.form.addons.rows
    assert first.tick.isEnabled()
    assert first.tick.isChecked()  # it fits, so it is on at once
    assert first.chip.text() == "mycxt cat"
    assert not second.tick.isEnabled()
    assert second.entry.family.startswith("Stable Diffusion 2")


def test_it_asks_for_the_pictures_that_the_page_says(qtbot, gallery):
    gallery.form.compare.setChecked(False)
    gallery.prompt.setPlainText("a fox")
    gallery.seed.setValue(7)
    gallery.count.setValue(2)
    gallery.form.addons.rows[0].weight.setValue(0.7)
    gallery.form.guidance.setValue(5.5)
    with qtbot.waitSignal(gallery.generate_requested) as asked:
        gallery.generate.click()
    wish = asked.args[0]
    assert (wish["prompt"], wish["seed"], wish["count"]) == ("a fox", 7, 2)
    ((path, weight),) = wish["addons"]
    assert path.endswith("my-cat.safetensors")
    assert weight == pytest.approx(0.7)
    assert wish["base_model"] == "starter"
    assert wish["guidance_scale"] == 5.5
    assert wish["width"] is None  # as the model
    assert not gallery.generate.isEnabled()


def test_the_base_model_draws_the_same_first_where_that_is_wished(gallery):
    asked = []
    gallery.generate_requested.connect(asked.append)
    gallery.ask()
    assert [wish["is_base"] for wish in asked] == [True, False]
    assert asked[0]["addons"] == []
    assert asked[0]["seed"] == asked[1]["seed"]


def test_a_generated_picture_stands_first_beside_its_picture_of_the_base_model(
    qtbot, gallery, draft
):
    before = make(draft.project.generated / "base/00001_seed9.png", "a fox", 9)
    after = make(draft.project.generated / "00004_seed9.png", "a fox", 9)
    gallery.show_base_event(ImageGenerated(path=str(before), prompt="a", seed=9))
    gallery.show_event(ImageGenerated(path=str(after), prompt="a", seed=9))
    gallery.show_event(RunFinished(steps=1, stopped_early=False, exports=()))
    qtbot.waitUntil(lambda: names(gallery)[0] == "00004_seed9")
    qtbot.waitUntil(lambda: gallery.view.has_both)
    assert gallery.generate.isEnabled()


def test_an_older_picture_finds_its_picture_of_the_base_model_by_seed_and_prompt(
    qtbot, gallery, draft
):
    make(draft.project.generated / "base/00001_seed9.png", "a fox", 9)
    tags = (Tag("lora", "my-cat", 1.0),)
    gallery.pictures.add(make(draft.project.generated / "00004_seed9.png", "a fox", 9, tags))
    qtbot.waitUntil(lambda: gallery.view.has_both)


def test_drawing_can_be_stopped_while_it_lasts_and_then_no_more(qtbot, gallery):
    gallery.form.compare.setChecked(False)
    assert not gallery.stop.isVisible()
    gallery.generate.click()
    assert gallery.stop.isVisible()
    with qtbot.waitSignal(gallery.stop_requested):
        gallery.stop.click()
    assert not gallery.stop.isEnabled()
    gallery.show_event(RunFinished(steps=0, stopped_early=True, exports=()))
    assert not gallery.stop.isVisible()
    assert gallery.generate.isEnabled()


def test_a_picture_of_another_project_does_not_come_into_this_gallery(gallery, tmp_path):
    before = names(gallery)
    other = make(tmp_path / "elsewhere/generated/00009_seed9.png", "a fox", 9)
    gallery.show_event(ImageGenerated(path=str(other), prompt="a fox", seed=9))
    gallery.pictures.close()
    QCoreApplication.processEvents()
    assert names(gallery) == before


def test_whoever_unticks_every_file_finds_none_ticked_at_the_next_visit(qtbot, gallery):
    gallery.form.addons.rows[0].tick.setChecked(False)
    gallery.reload()
    qtbot.waitUntil(lambda: not gallery._files.is_busy)
    assert gallery.form.addons.chosen == []


def test_a_problem_is_told_and_the_button_comes_back(gallery):
    gallery.generate.setEnabled(False)
    gallery.show_event(RunFailed(error=AddonMissing(path="x")))
    assert gallery.strip.isVisible()
    assert gallery.generate.isEnabled()


def test_a_word_with_brackets_is_put_into_the_prompt_so_that_it_is_called(gallery):
    gallery.form.prompt.clear()
    gallery.form.insert_trigger("zwx (1)")
    gallery.form.insert_trigger("zwx (1)")
    assert gallery.form.wish()["prompt"] == r"zwx \(1\)"


def test_the_chip_puts_the_words_into_the_prompt_once(gallery):
    gallery.prompt.setPlainText("a photo of")
    gallery.form.addons.rows[0].chip.click()
    gallery.form.addons.rows[0].chip.click()
    assert gallery.prompt.toPlainText().count("mycxt cat") == 1


def test_the_search_and_the_stars(qtbot, gallery, draft):
    gallery.search.setText("seed:2")
    assert names(gallery) == ["00002_seed2"]
    QTest.keyClick(gallery.grid, Qt.Key.Key_S)
    assert json.loads((draft.project.generated / "stars.json").read_text()) == ["00002_seed2.png"]
    gallery.search.setText("star")
    assert names(gallery) == ["00002_seed2"]
    assert gallery.grid.grid_model.item(0).starred


def test_what_goes_to_the_bin_can_be_taken_back(qtbot, gallery, draft):
    gallery.grid.choose(0)
    QTest.keyClick(gallery.grid, Qt.Key.Key_Delete)
    assert names(gallery) == ["00002_seed2", "00001_seed1"]
    gallery.pictures._pool.wait()
    assert not (draft.project.generated / "00003_seed3.png").exists()
    assert gallery._undo.isVisible()
    gallery._undo.click()
    qtbot.waitUntil(lambda: len(names(gallery)) == 3)
    assert (draft.project.generated / "00003_seed3.png").exists()


def test_the_bin_is_emptied_into_the_systems(gallery, draft, monkeypatch):
    gone = []
    monkeypatch.setattr("engine.storage.to_bin", gone.append)
    gallery.pictures.throw_away([gallery.pictures.items[0]])
    gallery.pictures.empty_bin()
    gallery.pictures._pool.wait()
    assert [path.name for path in gone] == ["00003_seed3.png"]
    assert not gallery._undo.isVisible()


def test_pictures_are_thrown_away_and_taken_back_outside_the_windows_thread(
    qtbot, gallery, draft, monkeypatch
):
    """There may be thousands."""
    threads = set()

    def noting(original):
        def noted(*facts):
            threads.add(threading.current_thread())
            return original(*facts)

        return noted

    for name in ("throw_away", "take_back", "empty"):
        monkeypatch.setattr(Bin, name, noting(getattr(Bin, name)))
    gallery.pictures.throw_away(gallery.pictures.items[:2])
    gallery.pictures.undo()
    qtbot.waitUntil(lambda: len(names(gallery)) == 3)
    monkeypatch.setattr("engine.storage.to_bin", lambda _: None)
    gallery.pictures.throw_away(gallery.pictures.items[:1])
    gallery.pictures.empty_bin()
    gallery.pictures._pool.wait()
    assert threads
    assert threading.main_thread() not in threads


def test_what_is_on_its_way_to_the_bin_is_not_shown_by_a_look_at_the_folder(qtbot, gallery):
    gallery.pictures.open(gallery.pictures._folder)  # the look is not over yet
    gallery.pictures.throw_away(gallery.pictures.items[:1])
    gallery.pictures._pool.wait()
    QApplication.processEvents()
    assert names(gallery) == ["00002_seed2", "00001_seed1"]


def test_what_cannot_be_thrown_away_is_shown_again_and_said(qtbot, gallery, draft, monkeypatch):
    gallery.pictures.star(gallery.pictures.items[0])
    move = storage.move_to_free

    def refuse(path, target):
        if path.name.startswith("00003"):
            raise OutputNotWritable(folder=str(path.parent), reason="denied")
        return move(path, target)

    monkeypatch.setattr("engine.storage.move_to_free", refuse)
    with qtbot.waitSignal(gallery.pictures.failed):
        gallery.pictures.throw_away([gallery.pictures.items[1], gallery.pictures.items[0]])
    qtbot.waitUntil(lambda: names(gallery) == ["00003_seed3", "00001_seed1"])
    monkeypatch.setattr("engine.storage.to_bin", lambda path: path.unlink())
    gallery.pictures.empty_bin()
    gallery.pictures._pool.wait()
    assert gallery.pictures.stars == {"00003_seed3.png"}
    assert not (draft.project.generated / "00002_seed2.png").exists()


def test_a_bin_that_is_emptied_hides_no_other_sentence(gallery, monkeypatch):
    monkeypatch.setattr("engine.storage.to_bin", lambda _: None)
    for other in ("", "Another sentence."):
        gallery.pictures.throw_away([gallery.pictures.items[0]])
        assert gallery.strip.text == "1 image to the bin."
        if other:
            gallery.strip.show_text(other)
        gallery.pictures.empty_bin()
        assert gallery.strip.isVisible() == bool(other)


def test_what_a_crash_left_on_its_way_to_the_bin_comes_back(qtbot, draft, theme):
    made = make(draft.project.generated / ".bin/00009_seed9.png")
    panel = GalleryPanel(draft, theme)
    qtbot.addWidget(panel)
    qtbot.waitUntil(lambda: len(panel.pictures.visible) == 1)
    assert (draft.project.generated / made.name).exists()
    panel.close_threads()


def test_what_a_picture_says_can_be_used_again(gallery):
    gallery.grid.choose(1)
    gallery.viewer._choose_use(1)
    wish = gallery.form.wish()
    assert (wish["prompt"], wish["negative_prompt"], wish["seed"]) == ("a fox 2", "blur", 2)
    assert (wish["num_inference_steps"], wish["guidance_scale"]) == (12, 3.5)
    assert (wish["width"], wish["height"]) == (96, 64)
    gallery.grid.choose(0)
    gallery.viewer._choose_use(3)
    wish = gallery.form.wish()
    assert (wish["prompt"], wish["seed"]) == ("a fox 2", 3)


def test_a_dropped_picture_of_a_front_end_is_read_back(qtbot, gallery, tmp_path):
    picture = make(tmp_path / "theirs.png", "an owl", 99)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    gallery.dropEvent(event)
    qtbot.waitUntil(lambda: gallery.prompt.toPlainText() == "an owl")
    assert gallery.seed.value() == 99


def test_what_pictures_say_of_themselves_is_never_read_in_the_windows_thread(
    qtbot, gallery, draft, monkeypatch
):
    readers = []

    def reading(path):
        readers.append(threading.current_thread().name)
        return read_made(path)

    monkeypatch.setattr(gallery_set, "read_made", reading)
    monkeypatch.setattr(gallery_records, "read_made", reading)
    folder = draft.project.generated
    make(folder / "base/00001_seed9.png", "a fox", 9)
    gallery.pictures.add(make(folder / "00004_seed9.png", "a fox", 9, (Tag("lora", "x", 1.0),)))
    qtbot.waitUntil(lambda: gallery.view.has_both)
    gallery.pictures.describe(make(folder / "theirs.png", "an owl", 99))
    qtbot.waitUntil(lambda: gallery.prompt.toPlainText() == "an owl")
    gallery.reload()
    gallery.pictures.close()
    assert len(readers) >= 3
    assert all(name.startswith("imprint-gallery") for name in readers)


def test_the_image_is_copied_as_a_picture_and_as_a_file(qtbot, gallery):
    gallery.grid.choose(0)
    with qtbot.waitSignal(gallery.viewer.copier.copied):
        gallery.viewer.copy.click()
    mime = QGuiApplication.clipboard().mimeData()
    assert mime.hasImage()
    assert mime.urls()[0].toLocalFile().endswith("00003_seed3.png")


def test_a_copied_image_is_no_crash_at_the_exit(tmp_path):
    code = (
        "import sys; from pathlib import Path; from PySide6.QtWidgets import QApplication;"
        "import builtins; builtins.kept = QApplication([]);"
        "from PySide6.QtGui import QImage; from desktop.clipboard import copy_image;"
        "image = QImage(8, 8, QImage.Format.Format_RGB888);"
        "copy_image(Path(sys.argv[1]), image)"
    )
    picture = make(tmp_path / "1.png")
    done = subprocess.run([sys.executable, "-c", code, str(picture)], cwd=ROOT)
    assert done.returncode == 0


def test_images_are_dragged_out_as_files(gallery):
    model = gallery.grid.grid_model
    assert model.flags(model.index(0)) & Qt.ItemFlag.ItemIsDragEnabled
    mime = model.mimeData([model.index(0), model.index(2)])
    dragged = [url.toLocalFile().rpartition("/")[2] for url in mime.urls()]
    assert dragged == ["00003_seed3.png", "00001_seed1.png"]


def test_the_modes_of_comparing_can_be_reached_by_the_keyboard(gallery):
    view = gallery.view
    for mode in ("slider", "hover", "side"):
        QTest.keyClick(view, Qt.Key.Key_M)
        assert view.mode == mode
    view.set_mode("slider")
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert view.share == pytest.approx(0.45)


def test_words_are_weighed_and_earlier_prompts_come_back_by_the_keyboard(gallery):
    gallery.prompt.setPlainText("fox")
    QTest.keyClick(gallery.prompt, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    assert gallery.prompt.toPlainText() == "(fox:1.1)"
    gallery.ask()
    gallery.prompt.setPlainText("owl")
    QTest.keyClick(gallery.prompt, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert gallery.prompt.toPlainText() == "(fox:1.1)"


def test_the_file_that_was_just_made_is_the_one_to_draw_with(qtbot, gallery):
    path = gallery.form.addons.rows[0].entry.path
    gallery.form.addons.rows[0].tick.setChecked(False)
    gallery.select(path)
    assert [entry.path for entry, _ in gallery.form.addons.chosen] == [path]
    with qtbot.waitSignal(gallery.install_requested) as asked:
        gallery.install.click()
    assert asked.args == [path]


def test_generate_waits_for_the_file_that_is_still_being_read(qtbot, gallery, monkeypatch):
    late, gate = gallery.form.addons.rows[0].entry.path, threading.Event()
    gallery.form.addons.show_entries([])
    real = trained_files.entries_of

    def slow(*facts):
        assert gate.wait(PATIENCE)
        return real(*facts)

    monkeypatch.setattr(trained_files, "entries_of", slow)
    asked = []
    gallery.generate_requested.connect(asked.append)
    gallery.reload()  # as the window does when a run has ended,
    gallery.reload()  # and again when its page opens
    gallery.select(late)
    gallery.generate.click()
    assert not gallery.generate.isEnabled()
    assert asked == []
    gate.set()
    qtbot.waitUntil(lambda: bool(asked))
    assert [path for path, _ in asked[-1]["addons"]] == [late]


def test_a_list_that_breaks_does_not_keep_generate_waiting(qtbot, gallery, monkeypatch):
    def broken(*facts):
        raise OSError("the disk is gone")

    reported = []
    monkeypatch.setattr(threading, "excepthook", lambda args: reported.append(str(args.exc_value)))
    monkeypatch.setattr(trained_files, "entries_of", broken)
    gallery.reload()
    with qtbot.waitSignal(gallery.generate_requested):
        gallery.generate.click()
    assert "the disk is gone" in reported


def test_a_grid_of_strength_and_step_is_asked_for_and_stands_first(qtbot, gallery, draft):
    run = draft.project.list_runs()[0]
    for at in (100, 200, 300, 400):
        (run.checkpoints / f"step_{at:06d}").mkdir(parents=True)
    dialog = GridDialog(draft.project.list_runs(), gallery._theme)
    qtbot.addWidget(dialog)
    assert dialog.asked == {
        "run": str(run.path), "steps": [200, 300, 400], "weights": [0.6, 0.8, 1.0]
    }  # fmt: skip
    dialog.weights.setText("0.5, x, 1 9")
    assert dialog.asked["weights"] == [0.5, 1.0]
    dialog.wanted.connect(gallery.ask_for_grid)
    with qtbot.waitSignal(gallery.generate_requested) as asked:
        dialog.draw.click()
    assert asked.args[0]["grid"]["steps"] == [200, 300, 400]
    assert asked.args[0]["base_model"] == "starter"
    grid = make(draft.project.generated / "2026_grid.png")
    gallery.show_event(RunFinished(steps=6, stopped_early=False, exports=(str(grid),)))
    qtbot.waitUntil(lambda: names(gallery)[0] == "2026_grid")
    assert gallery.generate.isEnabled()


def test_what_a_drawing_has_to_say_is_shown_and_it_goes_on(gallery):
    gallery._show_drawing()
    gallery.show_event(Noticed(notice=GridWaits(needed_gib=2.5, free_gib=1.0)))
    assert isinstance(gallery.strip.message, GridWaits)
    assert gallery.strip.isVisibleTo(gallery)
    assert not gallery.generate.isEnabled()


def test_without_a_kept_state_the_grid_says_so(qtbot, gallery):
    dialog = GridDialog([], gallery._theme)
    qtbot.addWidget(dialog)
    assert not dialog.draw.isEnabled()
    assert "No run" in dialog._line.text()


def test_a_tag_in_the_prompt_ticks_the_file_that_it_names(gallery):
    asked = []
    gallery.generate_requested.connect(asked.append)
    gallery.form.compare.setChecked(False)
    gallery.form.addons.rows[0].tick.setChecked(False)
    gallery.prompt.setPlainText("a fox <lora:my-cat:0.6> in the snow")
    gallery.ask()
    ((path, weight),) = asked[-1]["addons"]
    assert path.endswith("my-cat.safetensors")
    assert weight == pytest.approx(0.6)
    assert asked[-1]["prompt"] == "a fox in the snow"
    assert "<lora" not in gallery.prompt.toPlainText()  # the list says it now
    assert not gallery.strip.isVisible()


@pytest.mark.parametrize("tag", ["<lora:My-Cat:0.6>", "<lyco:MY-CAT:0.6>"])
def test_a_tag_names_the_same_file_in_the_window_as_in_the_terminal(gallery, tag):
    gallery.form.addons.rows[0].tick.setChecked(False)
    (path,) = (row.entry.path for row in gallery.form.addons.rows if "my-cat" in row.entry.path)
    gallery.prompt.setPlainText(f"a fox {tag}")
    gallery.form.take_tags()
    assert gallery.form.addons.wished == [(path, pytest.approx(0.6))]
    _, tags = split_tags(tag)
    assert resolved(tags, [Addon(Path(path), 1.0)]) == ((Addon(Path(path), 0.6),), [])


def test_a_tag_that_is_for_extensions_ticks_nothing(gallery):
    gallery.form.addons.rows[0].tick.setChecked(False)
    gallery.prompt.setPlainText("a fox <wildcard:my-cat>")
    gallery.form.take_tags()
    assert gallery.form.addons.wished == []


def test_a_tag_of_a_file_that_is_not_listed_is_left_to_the_engine(gallery):
    asked = []
    gallery.generate_requested.connect(asked.append)
    gallery.prompt.setPlainText("a fox <lora:nope:9>")
    gallery.ask()
    base, wanted = asked
    assert wanted["prompt"] == gallery.prompt.toPlainText() == "a fox <lora:nope:9>"
    assert (base["prompt"], base["addons"]) == ("a fox", [])  # the base model draws without it
    gallery.ask_for_grid({"run": "", "steps": [1], "weights": [1.0]})
    assert asked[-1]["prompt"] == "a fox"
    gallery.show_event(Noticed(notice=TagsUnknown(tags="<lora:nope:9>")))
    assert "<lora:nope:9>" in gallery.strip.text


def with_text(path: Path, text: str) -> Path:
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", text)
    Image.new("RGB", (64, 64)).save(path, pnginfo=info)
    return path


TEXT = (
    "a fox <lora:my-cat:0.5:0.8> <lora:other:1>\nNegative prompt: blur\nSteps: 9, Sampler: {0}, "
    "Schedule type: Karras, CFG scale: 4, Seed: 5, Size: 64x96, Clip skip: 2, Model: dream{1}"
)


def test_all_of_a_pictures_text_is_taken_and_what_cannot_be_set_is_named(gallery, tmp_path):
    text = TEXT.format("DPM++ 2M", ", Hires upscale: 2, Version: v1.10.1")
    gallery.take(read_made(with_text(tmp_path / "x.png", text)))
    form = gallery.form
    assert form.sampler.currentText() == "DPM++ 2M Karras"
    assert form.clip_skip.value() == 2
    assert form.prompt.toPlainText() == "a fox <lora:other:1>"  # the file that is not here
    told = gallery.strip.text
    assert "Taken from x.png." in told
    assert "Not set: Model: dream, Hires upscale: 2." in told
    asked = []
    gallery.generate_requested.connect(asked.append)
    form.compare.setChecked(False)
    gallery.ask()
    ((path, weight, unet_weight),) = asked[-1]["addons"]
    assert path.endswith("my-cat.safetensors")
    assert (weight, unet_weight) == (pytest.approx(0.5), 0.8)
    assert asked[-1]["clip_skip"] == 2
    assert asked[-1]["sampler"] == "DPM++ 2M Karras"


def test_a_seed_of_another_program_is_taken_and_drawn_with(qtbot, gallery, tmp_path):
    text = "a fox\nSteps: 33, Sampler: Euler, CFG scale: 4, Seed: 4294967295, Size: 64x96"
    gallery.take(read_made(with_text(tmp_path / "x.png", text)))
    assert (gallery.seed.value(), gallery.form.steps.value()) == (4294967295, 33)
    assert gallery.form.wish()["seed"] == 4294967295
    QTest.keyClick(gallery.seed, Qt.Key.Key_Up)
    assert gallery.seed.value() == 4294967296
    gallery.seed.clear()
    QTest.keyClicks(gallery.seed, "9223372036854775808x")  # one more than there are
    QTest.keyClick(gallery.seed, Qt.Key.Key_Return)
    assert gallery.seed.text() == "9223372036854775807"


def test_numbers_that_the_form_has_not_are_named(gallery, tmp_path):
    gallery.seed.setValue(7)
    text = (
        "a fox\nSteps: 99999999999, Sampler: Euler, CFG scale: 99, Seed: -1, Size: 4096x64, "
        "Clip skip: 99999999999"
    )
    gallery.take(read_made(with_text(tmp_path / "x.png", text)))
    assert gallery.seed.value() == 7
    assert gallery.strip.text.endswith(
        "Not set: Steps: 99999999999, CFG scale: 99.0, Clip skip: 99999999999, Width: 4096, "
        "Seed: -1."
    )


def test_a_sampler_that_we_have_not_is_named_and_the_chosen_one_stays(gallery, tmp_path):
    gallery.form.sampler.setCurrentText("UniPC")
    gallery.take(read_made(with_text(tmp_path / "x.png", TEXT.format("DPM++ SDE", ""))))
    assert gallery.form.sampler.currentText() == "UniPC"
    assert "DPM++ SDE Karras" in gallery.strip.text


def test_a_slider_that_is_moved_holds_for_both_parts_again(gallery):
    row = gallery.form.addons.rows[0]
    gallery.form.addons.use(Tag("lora", "my-cat", -0.5, 2.5))
    assert gallery.form.addons.wished == [(row.entry.path, pytest.approx(-0.5), 2.5)]
    row.weight.setValue(0.7)
    assert gallery.form.addons.wished == [(row.entry.path, pytest.approx(0.7))]


def test_weights_of_a_tag_stay_where_the_list_is_read_again(qtbot, gallery):
    gallery.prompt.setPlainText("a cat <lora:my-cat:-0.5:2.5>")
    gallery.form.take_tags()
    before = gallery.form.addons.wished
    assert [weights for _, *weights in before] == [[pytest.approx(-0.5), 2.5]]
    rows = list(gallery.form.addons.rows)
    gallery.reload()
    qtbot.waitUntil(lambda: gallery.form.addons.rows[0] is not rows[0])
    assert gallery.form.addons.wished == before


def test_a_picture_without_tags_is_drawn_without_the_files_that_were_ticked(gallery):
    kinds = {"cat": "lora", "net": "hypernetwork", "old": "", "sks": "embedding",
             "bad": "embedding", "dog": "embedding", "whole": "model"}  # fmt: skip
    gallery.form.addons.show_entries(
        [AddonEntry(f"{name}.pt", name, "", name, kind) for name, kind in kinds.items()]
    )
    for row in gallery.form.addons.rows:
        row.tick.setChecked(True)
    gallery.take(Made(Path("x.png"), prompt="a (sks:1.2) cat", negative="bad", steps=20))
    ticked = [entry.title for entry, _ in gallery.form.addons.chosen]
    assert ticked == ["sks", "bad", "whole"]


def test_what_the_engine_has_to_say_of_a_prompt_is_shown(gallery):
    gallery.show_event(Noticed(notice=SyntaxNotDone(pieces="[a|b]")))
    assert gallery.strip.isVisible()
    assert "[a|b]" in gallery.strip.text


def test_a_folder_that_cannot_be_made_is_not_opened_and_the_strip_says_why(gallery, monkeypatch):
    opened = []
    monkeypatch.setattr(outside, "open_folder", opened.append)
    shutil.rmtree(gallery._draft.project.generated)
    gallery._draft.project.generated.write_text("in the way")
    gallery._open_folder()
    assert opened == []
    assert "IM-OUT" in gallery.strip.text
