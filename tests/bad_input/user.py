"""Rows 100 to 110: what people do while it trains."""

from __future__ import annotations

import shutil

from engine.events import Noticed, StepFinished
from tests.bad_input.catalogue import Place, picture, row, shown_by
from tests.engine_runs import require_finished, resume, stop_after, tiny_run, train

WINDOW = "tests/desktop/test_window.py"

shown_by(
    100, "closing, Ctrl-C",
    f"{WINDOW}::test_closing_while_training_asks_and_cancel_keeps_both",
    f"{WINDOW}::test_closing_while_training_stops_saves_and_ends_the_thread",
    "tests/engine/test_cli.py::test_ctrl_c_saves_exports_and_leaves_a_run_that_can_be_resumed",
)  # fmt: skip
shown_by(
    101, "Start, Stop and Pause pressed fifty times",
    "tests/desktop/test_events_while_running.py::test_a_button_pressed_fifty_times_does_what_one_press_does",
)  # fmt: skip
shown_by(
    102, "settings that are changed while it trains",
    "tests/engine/test_config_file.py::test_a_config_cannot_be_changed",
    "tests/desktop/test_run_widgets.py::test_the_settings_of_the_run_are_shown_as_they_were",
)  # fmt: skip


@row(103, "the pictures removed while it trains")
def pictures_removed(place: Place):
    """They were read at the start."""
    folder = place.folder / "pictures"
    shutil.copytree(place.pictures, folder)

    def remove(event, control) -> None:
        if isinstance(event, StepFinished) and event.step == 1:
            shutil.rmtree(folder)

    data = tiny_run(place.tiny_model, folder, place.folder / "runs")
    assert require_finished(train(data, remove)).export.is_file()


shown_by(
    103, "the output removed while it trains",
    "tests/engine/test_room.py::test_a_folder_that_goes_away_costs_no_result",
)  # fmt: skip
shown_by(
    104, "a picture that is drawn while it trains",
    "tests/engine/test_loop.py::test_wishes_do_not_touch_the_training",
)  # fmt: skip
shown_by(
    105, "a second start, the same run twice",
    "tests/desktop/test_single_instance.py::test_a_second_start_hands_over_and_ends",
    "tests/engine/test_locks.py::test_twenty_that_race_for_a_run_never_have_it_together",
)  # fmt: skip
shown_by(
    106, "another language, theme or size",
    f"{WINDOW}::test_the_theme_changes_at_once_and_is_remembered",
    "tests/desktop/test_settings.py::test_a_larger_text_asks_for_a_new_window",
)  # fmt: skip
shown_by(
    107, "a clock that is changed, a lid that is closed",
    "tests/engine/test_clocks.py::test_a_clock_that_jumps_with_every_look_changes_nothing_of_a_run",
    "tests/engine/test_clocks.py::test_a_computer_that_sleeps_in_the_midst_of_a_step_goes_on_where_it_was",
)  # fmt: skip


@row(108, "a run that is resumed with other pictures", "IM-RUN-04", "1 came, 1 went")
def other_pictures(place: Place):
    folder = place.folder / "pictures"
    shutil.copytree(place.pictures, folder)
    data = tiny_run(place.tiny_model, folder, place.folder / "runs")
    stopped = train(data, stop_after(2))
    next(folder.glob("*0.png")).unlink()
    picture(seed=5).save(folder / "new.png")
    resumed = require_finished(resume(stopped.folder))
    assert [event.step for event in resumed.of(StepFinished)] == [3, 4]
    return [event.notice for event in resumed.of(Noticed)]


@row(109, "a file that a run begins with is deleted", "IM-ADD-07", "There is no file at")
def parent_deleted(place: Place):
    method = {"kind": "lora", "rank": 4, "start_from": str(place.folder / "gone.safetensors")}
    data = tiny_run(place.tiny_model, place.pictures, place.folder / "runs", method=method)
    return train(data).last.error


shown_by(
    110, "thousands of files",
    "tests/desktop/test_dataset_panel.py::test_dropped_files_are_copied_into_the_project_with_their_captions",
    "tests/desktop/test_dataset_panel.py::test_ten_thousand_pictures_cost_no_more_to_draw_than_a_page_of_them",
)  # fmt: skip
