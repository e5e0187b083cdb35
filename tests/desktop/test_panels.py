"""Each panel alone, fed with events and clicks."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit, QSpinBox

from desktop.panels.method_panel import MethodPanel
from desktop.panels.monitor_panel import MonitorPanel, RunState
from engine.choice_names import has_name
from engine.config_file import Problem, rows_of
from engine.dataset_notices import PictureSkipped
from engine.errors import NoPictures
from engine.events import (
    CheckpointScored,
    Noticed,
    PausedAt,
    ResumedAt,
    RunCrashed,
    RunFailed,
    RunFinished,
    SampleReady,
)
from engine.methods.catalog import METHODS
from engine.remedies import Action
from engine.wording import Phrase
from tests.desktop.conftest import started, step


@pytest.fixture
def monitor(qtbot, theme):
    panel = MonitorPanel(theme)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_the_monitor_tells_likeness_and_the_best_step_with_its_reason(monitor):
    monitor.begin("my-toy · LoRA")
    monitor.show_event(started(steps=4))
    monitor.show_event(
        CheckpointScored(
            step=200, likeness=0.75, base_likeness=0.57, ceiling=0.8, margin=0.0, prompts=1.0,
            drift=0.1, copies=0.0, best_step=100, reason=Phrase("it is {what}", what="good"),
        )
    )  # fmt: skip
    number = monitor.overview.numbers["likeness"]
    assert number.text() == "0.75"
    assert monitor.overview._best.text() == "best: step 100"
    assert "base model: 0.57" in number.toolTip()
    assert "Step 100 is the best so far: it is good." in number.toolTip()


def test_a_full_run_takes_the_monitor_through_its_states(monitor):
    monitor.begin("my-toy · LoRA")
    assert monitor.run_state is RunState.PREPARING
    assert not monitor.start.isVisible()
    monitor.show_event(started(steps=4))
    for number in range(1, 5):
        monitor.show_event(step(number, loss=1.0 / number))
    assert monitor.run_state is RunState.TRAINING
    assert monitor.progress.value() == 4
    assert monitor.chart.num_points == 4
    monitor.show_event(RunFinished(steps=4, stopped_early=False, exports=("a.safetensors",)))
    assert monitor.run_state is RunState.FINISHED
    assert "a.safetensors" in monitor.strip.text
    assert monitor.start.isVisible()


def test_the_pause_button_asks_to_continue_once_paused(qtbot, monitor):
    monitor.begin("x")
    monitor.show_event(started())
    with qtbot.waitSignal(monitor.pause_requested):
        monitor.pause.click()
    monitor.show_event(PausedAt(step=3))
    assert monitor.run_state is RunState.PAUSED
    with qtbot.waitSignal(monitor.resume_requested):
        monitor.pause.click()
    monitor.show_event(ResumedAt(step=3))
    assert monitor.run_state is RunState.TRAINING


def test_a_problem_is_shown_with_its_sentence_code_and_setting(qtbot, monitor):
    monitor.begin("x")
    monitor.show_event(RunFailed(error=NoPictures(folder="pics", num_files=2)))
    assert monitor.run_state is RunState.FAILED
    assert "0 of 2" in monitor.strip.text
    assert "IM-IMG-10" in monitor.strip.text
    with qtbot.waitSignal(monitor.strip.action_requested) as asked:
        monitor.strip.buttons[Action.SHOW_SETTING].click()
    action, message = asked.args
    assert (action, message.setting) == (Action.SHOW_SETTING, "dataset.folder")


def test_a_crash_is_told_without_a_traceback_as_the_first_text(monitor):
    monitor.begin("x")
    monitor.show_event(RunCrashed(traceback="Traceback\n  File\nZeroDivisionError: x"))
    assert not monitor.strip.text.startswith("Traceback")
    assert "checkpoint is safe" in monitor.strip.text


def test_a_notice_does_not_end_the_run(monitor):
    monitor.begin("x")
    monitor.show_event(started())
    monitor.show_event(Noticed(notice=PictureSkipped(name="a.jpg", reason="broken")))
    assert "a.jpg" in monitor.strip.text
    assert monitor.run_state is RunState.TRAINING


def test_a_resumed_run_does_not_draw_a_step_twice(monitor):
    monitor.begin("x")
    for number in (1, 2, 3, 2, 3, 4):
        monitor.show_event(step(number))
    assert monitor.chart.num_points == 4


def test_samples_stand_in_columns_by_step_and_rows_by_prompt(monitor, image_folder):
    path = str(image_folder / "picture0.png")
    for at in (0, 50):
        for prompt in ("a", "b"):
            monitor.show_event(SampleReady(step=at, prompt=prompt, seed=1, path=path))
    assert monitor.samples.steps == [0, 50]
    assert monitor.samples.slider.maximum() == 1


def test_a_smoothed_constant_stays_constant():
    from engine.run_records import smoothed

    assert smoothed([0.7] * 20, 0.9) == pytest.approx([0.7] * 20)


def test_each_method_can_be_chosen_and_brings_its_own_settings_and_preset(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    badges = {kind: card.accessibleName().rpartition(", ")[2] for kind, card in panel.cards.items()}
    assert badges["lora"] == "Recommended"
    assert badges["hypernetwork"] == "Not recommended"
    assert "method.rank" in panel.form._editors
    panel.cards["textual_inversion"].chosen.emit("textual_inversion")
    assert draft.get("method.kind") == "textual_inversion"
    assert draft.get("method.rank") is None
    assert draft.get("method.num_vectors") == 4
    assert "method.rank" not in panel.form._editors
    assert isinstance(panel.form._editors["method.num_vectors"], QSpinBox)
    assert panel.state.text() == "Textual Inversion"
    assert draft.get("optimizer.weight_decay") == 0.0
    panel.cards["lora"].chosen.emit("lora")
    assert draft.get("method.rank") == 8
    assert draft.get("method.num_vectors") is None
    assert draft.get("optimizer.weight_decay") is None  # only the other's preset spoke of it
    assert draft.get("training.steps") == 300


@pytest.mark.parametrize("kind", ["lora", "dreambooth", "textual_inversion", "hypernetwork"])
def test_the_preset_of_each_method_is_a_valid_run(qtbot, draft, theme, kind):
    panel = MethodPanel(draft, theme, advanced=True)
    qtbot.addWidget(panel)
    draft.set("dataset.trigger", "sks")
    panel.cards[kind].chosen.emit(kind)
    config, problems = draft.check()
    assert problems == []
    assert config.method.kind == kind


def test_a_form_row_writes_to_the_draft_and_hides_when_advanced(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.show()
    steps = panel.form._editors["training.steps"]
    assert isinstance(steps, QSpinBox)
    steps.setValue(123)
    assert draft.get("training.steps") == 123
    assert not panel.form._editors["optimizer.warmup"].isVisible()
    panel.form.show_advanced(True)
    assert panel.form._editors["optimizer.warmup"].isVisible()


@pytest.mark.parametrize("value", [2**32, 10**400, float("inf"), float("nan"), "many"])
def test_a_number_that_no_field_can_show_is_marked_and_stays_as_it_is(qtbot, draft, theme, value):
    draft.set("training.steps", value)
    draft.set("training.seed", 2**40)
    panel = MethodPanel(draft, theme, advanced=True)
    qtbot.addWidget(panel)
    assert panel.form._editors["training.seed"].text() == str(2**40)
    assert panel.form._problems["training.steps"].text()
    assert draft.get("training.steps") is value


def test_an_impossible_value_is_marked_on_its_row_with_its_sentence(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.show()
    rate = panel.form._editors["method.learning_rate"]
    rate.setText("-3")
    rate.editingFinished.emit()
    config, problems = draft.check()
    assert config is None
    assert isinstance(problems[0], Problem)
    shown = panel.form._problems["method.learning_rate"]
    assert shown.isVisible()
    assert shown.text() == "Learning rate is -3; it must be above 0."
    rate.setText("0.001")
    rate.editingFinished.emit()
    assert not shown.isVisible()


def test_a_number_with_many_digits_survives_the_keyboard_passing_by(qtbot, draft, theme):
    """Qt says that editing is finished whenever a line loses the keyboard."""
    panel = MethodPanel(draft, theme, advanced=True)
    qtbot.addWidget(panel)
    draft.set("method.learning_rate", 0.00012345678)
    changed = []
    draft.changed.connect(changed.append)
    for key, editor in panel.form._editors.items():
        if isinstance(editor, QLineEdit):
            before = draft.get(key, panel.form._rows[key].default)
            editor.editingFinished.emit()
            assert draft.get(key, panel.form._rows[key].default) == before, key
    assert changed == []  # so what was measured is still true
    rate = panel.form._editors["method.learning_rate"]
    assert rate.text() == "0.00012345678"
    rate.setText("1e-4")
    rate.editingFinished.emit()
    assert draft.get("method.learning_rate") == 1e-4
    assert rate.text() == "0.0001"


def test_every_choice_of_a_setting_has_a_name():
    choices = {
        choice
        for method in METHODS
        for row in rows_of(method)
        if get_origin(row.annotation) is Literal
        for choice in map(str, get_args(row.annotation))
    }
    assert [choice for choice in choices if not has_name(choice)] == []


def test_a_choice_is_shown_by_its_name_and_kept_by_its_id(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=True)
    qtbot.addWidget(panel)
    box = panel.form._editors["loss.weighting"]
    draft.set("loss.weighting", "none")
    assert box.currentText() == "None"
    box.setCurrentIndex(box.findText("Min-SNR"))
    assert draft.get("loss.weighting") == "min_snr"
    draft.set("loss.weighting", "of another version")
    assert box.currentText() == ""  # not the choice before it, as if that were set


def test_what_is_told_of_a_setting_goes_when_it_is_mended(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.show()
    draft.set("name", "")
    panel.show_problems(draft.check()[1])
    panel.strip.show_text("Name is empty. Give it a value.", "", "error")
    draft.set("training.steps", 7)
    assert panel.strip.isVisible()
    draft.set("name", "my-cat")
    assert not panel.strip.isVisible()


def test_a_wrong_setting_among_the_advanced_ones_comes_into_sight(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.show()
    draft.set("optimizer.warmup", -1)
    assert panel.form._editors["optimizer.warmup"].isVisible()
    assert panel.form._problems["optimizer.warmup"].isVisible()


def test_a_file_that_is_no_model_is_refused_in_words_and_nothing_changes(
    qtbot, draft, theme, image_folder
):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.use_model(str(image_folder / "picture0.png"))
    assert "not a Stable Diffusion model" in panel._base_note.text()
    assert draft.get("base_model") is None


def test_a_method_card_tells_what_was_measured(qtbot, monkeypatch):
    from desktop.widgets import method_card
    from desktop.widgets.method_card import MethodCard
    from engine.methods.catalog import METHODS
    from engine.methods.figures import Figures

    known = Figures(
        trials=9, steps=300.0, seconds_a_step=0.21, peak_bytes=641 * 2**20, file_bytes=889 * 1024.0,
        gain=0.19, gain_spread=0.03,
    )  # fmt: skip
    monkeypatch.setattr(method_card, "measured", lambda: {"lora": known})
    cards = [MethodCard(METHODS[kind]) for kind in ("lora", "dreambooth")]
    for card in cards:
        qtbot.addWidget(card)
    told = ["".join(found.text() for found in card.findChildren(QLabel)) for card in cards]
    assert "likeness gained 0.19 ± 0.03, 0.21 s a step, 641 MiB" in told[0]
    assert "Measured" not in told[1]


def test_the_sign_of_a_message_follows_the_theme(monitor, theme):
    monitor.strip.show_text("The disk is almost full.", "", "warn")
    dark = monitor.strip._icon.pixmap().toImage()
    theme.set_dark(False)
    assert monitor.strip._icon.pixmap().toImage() != dark
    theme.set_dark(True)
    assert monitor.strip._icon.pixmap().toImage() == dark
