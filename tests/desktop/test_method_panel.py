"""The method page: what fits, the check before the start, presets, what is not as recommended."""

from __future__ import annotations

import json
import time

import pytest

from desktop.panels.method_panel import MethodPanel
from engine import user_presets
from engine.errors import OutOfMemory
from engine.events import (
    Estimated,
    FitSuggested,
    MethodFits,
    RunFailed,
    RunFinished,
    StepFinished,
)
from engine.memory import MEASURES
from engine.user_presets import SUFFIX, PresetUnreadable
from engine.wording import Phrase
from tests.desktop.conftest import step

GIB = 2**30
DONE = RunFinished(steps=4, stopped_early=False, exports=())


@pytest.fixture
def panel(qtbot, draft, theme):
    made = MethodPanel(draft, theme, advanced=True)
    qtbot.addWidget(made)
    made.resize(1100, 900)
    made.show()
    return made


def estimate(**changes) -> Estimated:
    usual = {
        "device": "processor (1 threads)",
        "peak_bytes": 6 * GIB,
        "free_bytes": 8 * GIB,
        "seconds_per_step": 0.5,
        "seconds_per_sample": 3.0,
        "total_seconds": 700.0,
        "disk_bytes": 3 * GIB,
        "free_disk_bytes": 50 * GIB,
        "export_bytes": 18 * 2**20,
    }
    return Estimated(**{**usual, **changes})


def check(panel, *events) -> None:
    panel.check.begin()
    for event in (step(1), *events):
        panel.check.show_event(event)


def shown(panel) -> str:
    numbers = " | ".join(number.text() for number in panel.check._numbers.values())
    return f"{numbers} | {panel.check._line.text()}"


def test_a_run_that_fits_is_told_with_its_figures(panel):
    check(panel, estimate(), DONE)
    assert "6.0 of 8.0 GiB" in shown(panel)
    assert "11 min 40 s" in shown(panel)
    assert "0.50 s" in shown(panel)
    assert "It fits" in shown(panel)
    assert not panel.check._apply.isVisible()


def test_a_run_that_does_not_fit_offers_the_first_switch_and_one_click_takes_it(panel, draft):
    check(
        panel,
        estimate(peak_bytes=9 * GIB),
        FitSuggested(changes={"training.resolution": 448}),
        DONE,
    )
    assert "does not fit" in shown(panel)
    assert panel.check._apply.isVisible()
    assert "448" in panel.check._apply.text()
    panel.check._apply.click()
    assert draft.get("training.resolution") == 448
    assert panel.check.estimate is None  # measured with other settings


def test_a_disk_that_is_too_small_is_told(panel):
    check(panel, estimate(free_disk_bytes=GIB), DONE)
    assert "The disk has only" in shown(panel)


def test_memory_that_runs_out_while_checking_is_a_sentence_with_a_switch(panel):
    error = OutOfMemory(device="card", what="step 1")
    check(panel, FitSuggested(changes={"training.batch_size": 1}), RunFailed(error=error))
    assert "Not enough memory" in shown(panel)
    assert panel.check._apply.isVisible()


def test_a_check_that_was_cancelled_leaves_no_figures(panel):
    check(panel, RunFinished(steps=1, stopped_early=True, exports=()))
    assert panel.check.estimate is None
    assert panel.check.check.isVisible()


def test_other_settings_make_the_figures_void(panel, draft):
    check(panel, estimate(), DONE)
    draft.set("training.batch_size", 3)
    assert panel.check.estimate is None
    assert "It fits" not in shown(panel)


@pytest.mark.parametrize(
    ("fits", "eased", "said", "kind"),
    [
        (True, False, "Fits", "ok"),
        (True, True, "Tight", "warn"),
        (False, True, "Does not", "error"),
    ],
)
def test_a_card_says_what_has_room_here(panel, fits, eased, said, kind):
    event = MethodFits(
        kind="lora", needed_bytes=6 * GIB, free_bytes=8 * GIB, fits=fits, eased=eased
    )
    panel.show_fits([event])
    card = panel.cards["lora"]
    assert card._fit.isVisible()
    assert card._fit.text().startswith(said)
    assert card._fit.property("kind") == kind


def fits(kind: str, **facts) -> MethodFits:
    usual = {"needed_bytes": 2 * GIB, "free_bytes": 8 * GIB, "fits": True, "eased": False}
    return MethodFits(kind=kind, **usual | facts)


def test_cards_never_show_figures_of_two_moments(panel):
    panel.show_fits([fits("lora"), fits("dreambooth")])
    panel.show_fits([fits("lora", free_bytes=5 * GIB)])
    assert "5.0" in panel.cards["lora"]._fit.text()
    assert not panel.cards["dreambooth"]._fit.isVisible()


def test_a_card_names_the_change_that_would_make_a_method_fit(panel):
    offer = Phrase(MEASURES["adafactor"])
    event = fits("lora", needed_bytes=9 * GIB, fits=False, offer=offer, offer_bytes=6 * GIB)
    panel.show_fits([event])
    text = panel.cards["lora"]._fit.text()
    assert "with the optimizer Adafactor: about 6.0 of 8.0 GiB" in text


def test_a_change_of_what_is_learnt_is_a_question_and_one_click_says_yes(panel, draft):
    changes = {"optimizer.name": "adafactor", "training.weights": "bf16"}
    suggested = FitSuggested(changes=changes, measures=Phrase(MEASURES["adafactor"]))
    check(panel, estimate(peak_bytes=9 * GIB), suggested, DONE)
    assert "That changes what is learnt: use it?" in shown(panel)
    assert draft.get("optimizer.name") is None or draft.get("optimizer.name") == "adamw"
    panel.check._apply.click()
    assert draft.get("optimizer.name") == "adafactor"
    assert draft.get("training.weights") == "bf16"


def test_what_is_not_as_recommended_stands_in_bold_with_a_way_back(panel, draft):
    panel.cards["lora"].chosen.emit("lora")
    panel._take_preset("lora")
    name, reset = panel.form._names["method.rank"], panel.form._resets["method.rank"]
    assert name.property("kind") == "quiet"
    draft.set("method.rank", 32)
    assert name.property("kind") == "changed"
    assert reset.isVisible()
    assert "8" in reset.toolTip()
    reset.click()
    assert draft.get("method.rank") == 8
    assert name.property("kind") == "quiet"


def test_a_setting_that_no_preset_speaks_of_goes_back_to_its_default(panel, draft):
    draft.set("optimizer.warmup", 0.4)
    panel.form._resets["optimizer.warmup"].click()
    assert draft.get("optimizer.warmup") is None


def test_a_preset_brings_how_to_train_and_leaves_what_to_train(panel, draft):
    draft.set("method.rank", 32)
    draft.set("sampling.prompts", ["mine"])
    panel.presets.save("My way", None)
    draft.set("method.rank", 4)
    draft.set("dataset.trigger", "other")
    draft.set("sampling.prompts", ["another"])
    (path,) = user_presets.known_presets()
    assert user_presets.name_of(path) == "My way"
    panel.presets.take(path)
    assert draft.get("method.rank") == 32
    assert draft.get("dataset.trigger") == "other"
    assert draft.get("sampling.prompts") == ["another"]
    assert "My way" in panel.strip.text
    assert panel.form._editors["method.rank"].value() == 32


def test_names_that_files_cannot_tell_apart_get_two_files_and_the_same_name_gets_one(
    draft, monkeypatch
):
    thrown = []
    monkeypatch.setattr("engine.storage.to_bin", lambda path: thrown.append(path.read_bytes()))
    first = user_presets.save("Cat +", draft.data)
    second = user_presets.save("cat -", draft.data)
    assert first != second
    earlier = second.read_bytes()
    draft.set("training.steps", 77)
    assert user_presets.save("cat -", draft.data) == second
    assert thrown == [earlier]
    long = [user_presets.save("y" * 80 + letter, draft.data) for letter in "AB"]
    assert long[0] != long[1]
    assert {user_presets.name_of(path) for path in (first, second)} == {"Cat +", "cat -"}


def test_a_preset_file_holds_nothing_of_this_computer(panel, draft, tmp_path, image_folder):
    draft.set("method.start_from", str(tmp_path / "secret.safetensors"))
    path = tmp_path / f"given{SUFFIX}"
    panel.presets.save("given", path)
    text = path.read_text("utf-8")
    assert str(tmp_path) not in text
    assert "sks" not in text
    assert str(image_folder) not in text


def test_a_preset_of_somebody_else_leads_to_no_place_of_theirs(panel, draft, tmp_path):
    """A look at a share of theirs would send them a password on Windows."""
    share = "//their-server/share/x.safetensors"
    settings = {"method": {"kind": "lora", "rank": 5, "start_from": share},
                "evaluation": {"references": share}}  # fmt: skip
    path = tmp_path / f"theirs{SUFFIX}"
    path.write_text(json.dumps({"imprint_preset": 1, "name": "x", "settings": settings}), "utf-8")
    panel.presets.take(path)
    assert draft.get("method.rank") == 5
    assert share not in json.dumps(draft.data)


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"imprint_preset": 1, "settings": {"dataset": {"folder": "/etc"}}}',
        '{"imprint_preset": 1, "settings": {"runs_folder": {}}}',
        '{"imprint_preset": 1, "settings": {"method": {"kind": "lora", "rank": -1}}}',
        '{"imprint_preset": 2, "settings": {}}',
    ],
)
def test_a_file_that_is_no_preset_is_refused_in_words_and_nothing_changes(
    panel, draft, tmp_path, text
):
    path = tmp_path / f"bad{SUFFIX}"
    path.write_text(text, "utf-8")
    before = json.dumps(draft.data)
    panel.presets.take(path)
    assert "is not a preset" in panel.strip.text
    assert json.dumps(draft.data) == before
    with pytest.raises(PresetUnreadable):
        user_presets.load(path)


def test_the_window_measures_a_run_and_shows_it(qtbot, draft, theme, panel):
    from desktop.engine_thread import EngineThread
    from desktop.jobs import Jobs

    engine = EngineThread()
    jobs = Jobs(engine, engine)

    def dry(control):
        yield step(1)
        yield estimate()
        yield DONE

    engine.start()
    panel.check.begin()
    jobs.watch(engine.submit(dry), panel.check.show_event)
    qtbot.waitUntil(lambda: panel.check.estimate is not None)
    qtbot.waitUntil(lambda: "It fits" in shown(panel))
    assert engine.stop_and_wait()
    assert isinstance(step(1), StepFinished)


def test_what_was_measured_while_the_settings_changed_counts_for_nothing(qtbot, panel, draft):
    panel.check.begin()
    panel.check.show_event(estimate(peak_bytes=9 * GIB))
    with qtbot.waitSignal(panel.check.cancel_wanted):
        draft.set("training.batch_size", 3)
    assert panel.check.estimate is None
    panel.check.show_event(step(2))
    panel.check.show_event(estimate())
    assert "stopping the check" in shown(panel)
    panel.check.show_event(DONE)
    assert panel.check.estimate is None
    assert "It fits" not in shown(panel)
    assert "Check again" in shown(panel)
    assert panel.check.check.isVisible()
    check(panel, estimate(), DONE)
    assert "It fits" in shown(panel)


def test_a_second_check_hears_nothing_of_the_first(qtbot, window, monkeypatch):
    going = []

    def dry_run(config):
        def slow(control):
            while not control.stop_requested:
                time.sleep(0.002)
            yield estimate(peak_bytes=9 * GIB)
            yield DONE

        def quick(control):
            yield estimate()
            yield DONE

        going.append(config)
        return window.engine.submit(quick if len(going) == 2 else slow)

    monkeypatch.setattr(window.engine, "dry_run", dry_run)
    window._check_run()
    window._check_run()
    qtbot.waitUntil(lambda: not window.method.check._is_running)
    assert window.method.check.estimate == estimate()
    assert window.checks.refusal() is None


def shown_settings(panel) -> list[str]:
    form = panel.form
    return [key for key, line in form._lines.items() if form._layout.isRowVisible(line)]


def test_a_setting_is_found_by_a_word_of_its_name_or_its_help(qtbot, draft, theme):
    panel = MethodPanel(draft, theme, advanced=False)
    qtbot.addWidget(panel)
    panel.show()
    basic = shown_settings(panel)
    panel.search.setText("Gradient CHECKPOINT")
    assert shown_settings(panel) == ["training.gradient_checkpointing"]  # an advanced one
    assert not panel._none_found.isVisible()
    panel.search.setText("quantum")
    assert shown_settings(panel) == []
    assert panel._none_found.isVisible()
    panel.search.clear()
    assert shown_settings(panel) == basic
    assert not panel._none_found.isVisible()


def test_a_setting_that_is_pointed_at_is_shown_in_spite_of_a_search(panel):
    panel.search.setText("quantum")
    assert panel.focus_setting("training.steps")
    assert "training.steps" in shown_settings(panel)
