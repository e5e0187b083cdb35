"""The guided first training: its answers, its pages, and the project that comes of it."""

from __future__ import annotations

import re
import shutil
import threading
import time
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWizard

from desktop.language import install_language
from desktop.wizard import later_pages
from desktop.wizard.later_pages import MOST_FOUND, ModelPage
from desktop.wizard.pages import count_captions
from desktop.wizard.wizard import FirstTraining
from desktop.wizard.wizard_state import (
    Answers,
    Captions,
    Kind,
    Quality,
    rare_word,
    set_captions_aside,
)
from engine.config import STARTER
from engine.config_file import require
from engine.data.scan import scan_folder
from engine.data.tokens import count_tokens
from engine.model_shelf import Shelf, ShelfEntry
from engine.picture_intake import copy_pictures
from engine.presets import count_pictures
from engine.project import Project
from engine.sample_project import IMAGES, REFERENCE
from engine.wording import Phrase
from tests.conftest import draw_pictures
from tests.timing import PATIENCE


@pytest.fixture
def wizard(qtbot, theme, tmp_path):
    made = FirstTraining(
        theme, tmp_path / "home", shelf=Shelf(tmp_path / "models.json"), user_home=tmp_path / "user"
    )
    qtbot.addWidget(made, before_close_func=leave_without_asking)
    made.show()
    qtbot.waitUntil(lambda: made.model.choices.button(0) is not None)
    yield made
    made.model.close_threads()


def leave_without_asking(wizard):
    wizard._confirm = lambda: True


def next_page(wizard, times: int = 1) -> None:
    for _ in range(times):
        button = wizard.button(QWizard.WizardButton.NextButton)
        assert button.isEnabled()
        button.click()


def test_the_answers_that_stand_there_make_a_valid_run_on_the_starter_model():
    config = require(Answers().as_draft())
    assert config.base_model == STARTER
    assert config.dataset.folder == str(IMAGES)
    assert config.evaluation.references == str(REFERENCE)
    assert config.dataset.trigger == "mycxt"
    assert config.dataset.template == "a noto emoji of a {subject}"
    assert config.method.kind == "lora"
    assert config.training.steps == 300


@pytest.mark.parametrize(
    ("name", "word"),
    [("my-cat", "mycxt"), ("Bello", "bellx"), ("我的猫", "sksx"), ("xyz", "xyzx"), ("", "sksx")],
)
def test_the_word_is_made_of_the_name_and_means_nothing_else(name, word):
    assert rare_word(name) == word
    assert count_tokens(word) > 1


def test_quality_is_a_matter_of_steps(tmp_path):
    folder = str(draw_pictures(tmp_path / "pictures", count=6))
    steps = [
        Answers(folder=folder, quality=quality).as_draft()["training"]["steps"]
        for quality in Quality
    ]
    assert steps == [150, 300, 480]


def test_a_single_picture_is_not_trained_on_for_long(tmp_path):
    folder = str(draw_pictures(tmp_path / "pictures", count=1))
    data = Answers(folder=folder, base_model=str(tmp_path / "model")).as_draft()
    assert data["training"]["steps"] == 400
    assert data["dataset"]["flip"]
    data = Answers(folder=folder, kind=Kind.PERSON).as_draft()
    assert not data["dataset"]["flip"]


def test_captions_that_are_set_aside_stay_in_their_files(tmp_path):
    folder = draw_pictures(tmp_path / "pictures", count=3)
    (folder / "picture2.txt").unlink()
    assert set_captions_aside(folder, tmp_path / "own") == 2
    *_, scan = scan_folder(folder, tmp_path / "own")
    assert [item.caption for item in scan.items] == ["", "", ""]
    assert (folder / "picture0.txt").read_text() == "a photo of a toy, number 0"


def test_captions_in_a_table_of_the_whole_folder_are_counted_and_set_aside(tmp_path):
    folder = tmp_path / "pictures"
    draw_pictures(folder, count=2)
    for number in range(2):
        (folder / f"picture{number}.txt").unlink()
    rows = (f'{{"file_name": "picture{n}.png", "text": "of {n}"}}' for n in range(2))
    (folder / "metadata.jsonl").write_text("\n".join(rows))
    assert count_captions(folder) == 2
    assert set_captions_aside(folder, tmp_path / "own") == 2
    *_, scan = scan_folder(folder, tmp_path / "own")
    assert [item.caption for item in scan.items] == ["", ""]


def test_what_is_no_picture_of_the_subject_is_not_counted(tmp_path):
    folder = draw_pictures(tmp_path / "set" / "10_zwx toy", count=3).parent
    draw_pictures(folder / "1_toy", count=5)
    draw_pictures(folder / "masks/10_zwx toy", count=3)
    assert count_pictures(str(folder)) == 3


def test_next_next_start_is_a_run(qtbot, wizard):
    next_page(wizard, 5)
    assert wizard.currentPage() is wizard.ready
    assert wizard.ready.sentence.text() == (
        "Train a LoRA named my-cat from 6 pictures on the starter model, 300 steps."
    )
    with qtbot.waitSignal(wizard.finished_with) as done:
        wizard.button(QWizard.WizardButton.FinishButton).click()
    (answers,) = done.args
    assert answers == Answers()
    require(answers.as_draft())


def test_another_kind_brings_its_example_and_keeps_what_was_typed(wizard):
    wizard.subject.kinds.button(2).click()
    assert wizard.subject.name.text() == "my-style"
    assert wizard.subject.class_word.text() == "style"
    assert wizard.subject.trigger.text() == rare_word("my-style")
    wizard.subject.name.setText("ink")
    wizard.subject.name.textEdited.emit("ink")
    wizard.subject.kinds.button(0).click()
    assert wizard.subject.name.text() == "ink"


def test_nothing_goes_on_without_a_name(wizard):
    wizard.subject.name.clear()
    wizard.subject.name.textEdited.emit("")
    assert not wizard.button(QWizard.WizardButton.NextButton).isEnabled()


def test_own_pictures_take_the_place_of_the_samples(wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=7)
    next_page(wizard)
    assert "sample" in wizard.pictures._line.text()
    wizard.pictures.use([folder])
    assert wizard.pictures._line.text() == "7 pictures"
    next_page(wizard)
    assert wizard.answers.folder == str(folder)
    assert wizard.captions.files.isChecked()  # captions lie beside them
    assert "found 7 of 7" in wizard.captions.files.text()
    wizard.captions.same.click()
    next_page(wizard, 3)
    assert wizard.answers.captions is Captions.SAME


def test_an_empty_folder_stops_with_a_reason(wizard, tmp_path):
    (tmp_path / "empty").mkdir()
    next_page(wizard)
    wizard.pictures.use([tmp_path / "empty"])
    assert "at least one picture" in wizard.pictures._line.text()
    assert not wizard.button(QWizard.WizardButton.NextButton).isEnabled()


def choose(wizard, *files) -> None:
    wizard.pictures.use(list(files))
    wizard._copying.finish()


def test_single_pictures_are_gathered_in_the_project(wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture1.png", folder / "picture3.png")
    images = tmp_path / "home/my-cat/images"
    assert sorted(path.name for path in images.glob("*.png")) == ["picture1.png", "picture3.png"]
    assert wizard.pictures.folder == str(images)
    assert len(list(folder.glob("*.png"))) == 4


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.glob("*.png"))


def finish(qtbot, wizard, pages: int = 4) -> Answers:
    next_page(wizard, pages)
    with qtbot.waitSignal(wizard.finished_with) as done:
        wizard.button(QWizard.WizardButton.FinishButton).click()
    return done.args[0]


def test_pictures_are_never_mixed_into_a_project_that_has_the_name(qtbot, wizard, tmp_path):
    home, folder = tmp_path / "home", draw_pictures(tmp_path / "mine", count=4)
    older = Project(home / "my-cat")
    draw_pictures(older.images, count=1)
    older.save_draft({"name": "my-cat"})
    (home / "my-cat-2/images").mkdir(parents=True)
    (home / "my-cat-2/images/left over.png").touch()
    next_page(wizard)
    choose(wizard, folder / "picture1.png", folder / "picture3.png")
    answers = finish(qtbot, wizard)
    assert names_in(older.images) == ["picture0.png"]
    assert names_in(home / "my-cat-2/images") == ["left over.png"]
    assert names_in(answers.pictures) == ["picture1.png", "picture3.png"]
    assert answers.pictures == home / "my-cat-3/images"
    assert answers.project_name == "my-cat-3"  # the project lies where its pictures are
    assert answers.name == "my-cat"


def test_another_choice_of_pictures_takes_the_place_of_the_one_before(wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png", folder / "picture1.png")
    choose(wizard, folder / "picture2.png")
    gathered = tmp_path / "home/my-cat/images"
    assert names_in(gathered) == ["picture2.png"]
    assert wizard.pictures._line.text().startswith("Only a few")
    assert len(names_in(folder)) == 4


def test_some_of_the_gathered_pictures_can_be_chosen_again(wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png", folder / "picture1.png")
    gathered = tmp_path / "home/my-cat/images"
    choose(wizard, gathered / "picture1.png")
    assert names_in(gathered) == ["picture1.png"]
    assert (gathered / "picture1.txt").is_file()


def test_copies_go_with_a_choice_that_is_given_up(qtbot, wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png")
    wizard.pictures.use([folder])
    answers = finish(qtbot, wizard)
    assert answers.folder == str(folder)
    assert answers.project_name == "my-cat"
    assert not (tmp_path / "home/my-cat").exists()


def test_what_somebody_else_put_beside_the_copies_stays(qtbot, wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png")
    own = tmp_path / "home/my-cat/images/drawn by hand.png"
    own.touch()
    choose(wizard, folder / "picture1.png")
    wizard.pictures.sample.click()
    finish(qtbot, wizard)
    assert own.is_file()


def test_a_copy_that_somebody_retouched_is_theirs(qtbot, wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png", folder / "picture1.png")
    own = tmp_path / "home/my-cat/images/picture0.png"
    (folder / "picture3.png").replace(own)
    theirs = own.read_bytes()
    choose(wizard, folder / "picture1.png")
    wizard.pictures.sample.click()
    finish(qtbot, wizard)
    assert own.read_bytes() == theirs


def test_pictures_that_went_away_are_told_before_the_start(wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    wizard.pictures.use([folder])
    folder.rename(tmp_path / "elsewhere")
    next_page(wizard, 4)
    assert f"There are no pictures in {folder}" in wizard.ready._problems.text()
    assert not wizard.button(QWizard.WizardButton.FinishButton).isEnabled()


def test_the_gathered_pictures_follow_another_name(qtbot, wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    choose(wizard, folder / "picture0.png")
    wizard.back()
    wizard.subject.name.setText("Bello")
    answers = finish(qtbot, wizard, 5)
    assert answers.pictures == tmp_path / "home/bello/images"
    assert names_in(answers.pictures) == ["picture0.png"]
    assert answers.project_name == "bello"
    assert not (tmp_path / "home/my-cat").exists()


def test_copied_images_are_pasted_one_beside_the_other(wizard, tmp_path):
    next_page(wizard)
    wizard.activateWindow()
    for color in ("teal", "orange"):
        image = QImage(120, 90, QImage.Format.Format_RGB32)
        image.fill(QColor(color))
        QGuiApplication.clipboard().setImage(image)
        QTest.keyClick(wizard.pictures.grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    wizard._copying.finish()
    gathered = tmp_path / "home/my-cat/images"
    assert len(names_in(gathered)) == 2
    assert wizard.pictures.folder == str(gathered)


def test_pictures_that_cannot_be_kept_are_told_in_the_language_of_the_window(
    qapp, monkeypatch, wizard, tmp_path
):
    told = []
    monkeypatch.setattr(QMessageBox, "warning", lambda parent, title, text: told.append(text))
    folder = draw_pictures(tmp_path / "mine", count=4)
    (tmp_path / "home").write_text("a file where the projects should lie")
    next_page(wizard)
    install_language(qapp, "zh_CN")
    choose(wizard, folder / "picture0.png")
    assert len(told) == 1
    assert re.search("[\u4e00-\u9fff]", told[0])
    assert "Choose" not in told[0]
    assert wizard.pictures.folder == ""


def test_a_model_file_that_is_none_is_told_and_a_real_one_is_taken(wizard, tmp_path, tiny_folder):
    (tmp_path / "page.safetensors").write_text("<html>")
    wizard.model.add(str(tmp_path / "page.safetensors"))
    assert wizard.model._line.text()
    assert wizard.model.take(Answers()).base_model == STARTER
    wizard.model.add(str(tiny_folder))
    assert wizard.model.take(Answers()).base_model == str(tiny_folder)
    data = wizard.model.take(Answers()).as_draft()
    assert data.get("dataset", {}).get("template", "a photo of {subject}") == "a photo of {subject}"


def test_models_of_a_front_end_are_offered_in_place(qtbot, theme, tmp_path, tiny_folder):
    from engine.formats.front_ends import A1111
    from tests.engine.test_install import make_front_end

    program = make_front_end(tmp_path / "user/stable-diffusion-webui", A1111)
    shutil.copytree(tiny_folder, program / "models/Stable-diffusion/mine")
    made = FirstTraining(
        theme, tmp_path / "home", shelf=Shelf(tmp_path / "m.json"), user_home=tmp_path / "user"
    )
    qtbot.addWidget(made, before_close_func=leave_without_asking)
    qtbot.waitUntil(lambda: len(made.model.choices.buttons()) == 2)
    assert "mine" in made.model.choices.button(1).text()
    made.model.close_threads()


def test_no_more_models_are_read_than_are_offered(qtbot, theme, monkeypatch, tmp_path):
    looked_at = []

    def many(folder):
        for number in range(1_000):
            looked_at.append(number)
            yield ShelfEntry(f"{folder}/{number}.safetensors", str(number), "Stable Diffusion 1.5")

    monkeypatch.setattr(later_pages, "find", lambda home: [SimpleNamespace(folder=home)])
    monkeypatch.setattr(later_pages, "scan", many)
    page = ModelPage(theme, Shelf(tmp_path / "m.json"), tmp_path)
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: bool(page.choices.buttons()))
    page.close_threads()
    assert len(page.choices.buttons()) == MOST_FOUND
    assert len(looked_at) < MOST_FOUND  # the starter model is the first


def test_a_wizard_that_goes_does_not_wait_for_all_headers(qtbot, theme, monkeypatch, tmp_path):
    looked_at = []

    def broken(folder):
        for number in range(200):
            looked_at.append(number)
            time.sleep(0.05)
            yield ShelfEntry(f"{folder}/{number}.safetensors", "", "", problem=Phrase("broken"))

    monkeypatch.setattr(later_pages, "find", lambda home: [SimpleNamespace(folder=home)])
    monkeypatch.setattr(later_pages, "scan", broken)
    page = ModelPage(theme, Shelf(tmp_path / "m.json"), tmp_path)
    qtbot.addWidget(page)
    qtbot.waitUntil(lambda: len(looked_at) > 2)
    page.close_threads()
    assert len(looked_at) < 100


def test_the_last_page_asks_for_a_measurement_by_itself(qtbot, wizard):
    next_page(wizard, 4)
    with qtbot.waitSignal(wizard.ready.check_wanted) as asked:
        next_page(wizard)
    require(asked.args[0])


def answer(words):
    def press():
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if button.text() == words).click()

    QTimer.singleShot(200, press)


def test_leaving_early_asks_only_if_something_was_entered_and_keeps_it(qtbot, wizard):
    wizard.subject.name.setText("bello")
    wizard.subject.name.textEdited.emit("bello")
    answer("Stay here")
    wizard.reject()
    assert wizard.isVisible()
    answer("Keep and leave")
    with qtbot.waitSignal(wizard.left_with) as left:
        wizard.reject()
    assert left.args[0].name == "bello"
    assert not wizard.isVisible()


def test_leaving_at_once_asks_nothing(qtbot, wizard):
    left = []
    wizard.left_with.connect(left.append)
    wizard.reject()
    assert not wizard.isVisible()
    assert left == []


def test_without_a_name_the_page_says_what_is_missing(wizard):
    wizard.subject.name.clear()
    wizard.subject.name.textEdited.emit("")
    assert not wizard.subject.isComplete()
    assert "name" in wizard.subject._line.text()
    wizard.subject.name.setText("bello")
    wizard.subject.name.textEdited.emit("bello")
    assert wizard.subject._line.text().startswith("In a prompt")


def test_the_page_stays_and_answers_while_pictures_are_copied(qtbot, monkeypatch, wizard, tmp_path):
    begun, go_on = threading.Event(), threading.Event()

    def slow(paths, folder):
        begun.set()
        assert go_on.wait(PATIENCE)
        copy_pictures(paths, folder)

    monkeypatch.setattr("desktop.wizard.gathered.copy_pictures", slow)
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    wizard.pictures.use([folder / "picture0.png"])  # returns at once
    assert begun.wait(PATIENCE)
    back, next_button = QWizard.WizardButton.BackButton, QWizard.WizardButton.NextButton
    assert not wizard.button(next_button).isEnabled()
    assert not wizard.button(back).isEnabled()
    assert wizard.pictures._line.text() == "Copying the pictures…"
    go_on.set()
    qtbot.waitUntil(lambda: wizard.button(next_button).isEnabled())
    assert wizard.button(back).isEnabled()
    assert names_in(tmp_path / "home/my-cat/images") == ["picture0.png"]


def test_leaving_while_pictures_are_copied_keeps_them_whole(qtbot, wizard, tmp_path):
    folder = draw_pictures(tmp_path / "mine", count=4)
    next_page(wizard)
    wizard.pictures.use([folder / "picture0.png", folder / "picture1.png"])
    with qtbot.waitSignal(wizard.left_with) as left:
        wizard.leave()
    assert names_in(left.args[0].pictures) == ["picture0.png", "picture1.png"]
    assert left.args[0].place == "my-cat"
