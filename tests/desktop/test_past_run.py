"""The training page shows the open project's last run, and never another project's."""

from __future__ import annotations

import json

from desktop.panels.monitor_panel import RunState
from engine.events import Event, RunFinished, RunStarted, as_json
from engine.project import Project, RunFolder
from tests.desktop.conftest import endless, step
from tests.desktop.scenes.facts import picture


def leave_run(project: Project, *, finished: bool = True) -> RunFolder:
    """A run's folder as the engine leaves it."""
    run = RunFolder(project.runs / "2026-11-25_1200_my-cat_lora")
    run.exports.mkdir(parents=True)
    export = run.exports / "my-cat.safetensors"
    export.write_bytes(b"")
    picture(run.samples / "step_000040_1_seed42.png", 1)
    run.config_path.write_text(json.dumps({"name": "my-cat", "method": {"kind": "lora"}}))
    events: list[Event] = [
        RunStarted(folder=str(run.path), steps=50, first_step=0, device="cpu", trainable=9),
        *(step(number) for number in range(1, 41)),
    ]
    if finished:
        events.append(RunFinished(steps=50, stopped_early=False, exports=(str(export),)))
        run.result.write_text(json.dumps({"outcome": "finished", "exported_step": 40}))
    run.metrics.write_text("".join(as_json(event) + "\n" for event in events))
    return run


def test_the_last_run_is_there_again_with_its_file(qtbot, window):
    run = leave_run(window.draft.project)
    told = []
    window.monitor.progressed.connect(told.append)
    window.past.show()
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.FINISHED)
    assert window.monitor.title.text() == "my-cat · LoRA"
    assert window.monitor._run == run
    assert window.monitor.result.isVisibleTo(window.monitor)
    with qtbot.waitSignal(window.monitor.install_requested):
        window.monitor._ask_to_install()
    assert told == []  # the rail shows no percent of what is over


def test_a_run_that_was_cut_off_is_shown_and_may_be_continued(qtbot, window):
    leave_run(window.draft.project, finished=False)
    window.past.show()
    qtbot.waitUntil(lambda: window.monitor.title.text() == "my-cat · LoRA")
    assert window.monitor.run_state is RunState.IDLE
    assert window.monitor.progress.value() == 40
    assert not window.monitor.result.isVisibleTo(window.monitor)


def test_another_project_without_runs_leaves_nothing_of_the_one_before(qtbot, window, tmp_path):
    leave_run(window.draft.project)
    window.past.show()
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.FINISHED)
    (tmp_path / "other").mkdir()
    window.open_pictures(tmp_path / "other")
    qtbot.waitUntil(lambda: window.monitor.title.text() == "Training")
    assert window.monitor.run_state is RunState.IDLE
    assert not window.monitor.strip.isVisible()
    assert not window.monitor.result.isVisibleTo(window.monitor)
    assert window.monitor._run is None


def test_what_trains_is_not_covered_by_what_was(qtbot, window):
    window.runs.take("now", window.engine.submit(endless))
    qtbot.waitUntil(lambda: window.monitor.run_state is RunState.TRAINING)
    leave_run(window.draft.project)
    window.past.show()
    window.past._pool.wait()
    qtbot.wait(50)
    assert window.monitor.title.text() == "now"
    assert window.monitor.run_state is RunState.TRAINING
    window.runs.stop()
