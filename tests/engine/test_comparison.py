"""Several methods on the same pictures: trials of their own, figures of their own, one report."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest

from engine import config_file
from engine.control import Control
from engine.errors import InvalidConfig, TrialFailed
from engine.evaluation.claims import examine
from engine.evaluation.comparison import Budget, TrialResult, compare
from engine.evaluation.report import write_report
from engine.events import TrialFinished
from engine.watched import Watched
from tests.engine.test_cli import Called
from tests.engine_runs import tiny_run
from tests.timing import PATIENCE


def subject(tiny_folder, pictures_folder, tmp_path) -> dict:
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "elsewhere")
    data.pop("method")
    judged = {"enabled": True, "num_pictures": 2}
    alone = {"lora": {"method": {"rank": 3}}}
    return config_file.merge(data, {"evaluation": judged, "methods": alone})


def collect(events) -> tuple[list, list[TrialResult]]:
    seen = []
    while True:
        try:
            seen.append(next(events))
        except StopIteration as end:
            return seen, end.value


@pytest.fixture(scope="module")
def compared(tiny_folder, tmp_path_factory):
    from tests.conftest import draw_pictures

    folder = tmp_path_factory.mktemp("compared")
    asked = {"toy": subject(tiny_folder, draw_pictures(folder / "pictures"), folder)}
    budget = Budget(steps=3)

    def go():
        events = compare(
            asked, ["lora", "textual_inversion"], [0], budget, folder / "out", 2, Control()
        )
        return collect(events)

    return asked, folder / "out", budget, go, *go()


def test_each_trial_has_figures_of_its_own(compared):
    _, _, _, _, events, results = compared
    assert [result.method for result in results] == ["lora", "textual_inversion"]
    assert {event.done for event in events if isinstance(event, TrialFinished)} == {1, 2}
    for result in results:
        assert result.steps == 3
        assert result.peak_bytes > 100 << 20
        assert result.cpu_seconds > result.seconds_a_step > 0
        assert result.file_bytes > 0
        assert set(result.score) >= {"likeness", "drift", "copies"}
    assert results[0].trainable != results[1].trainable


def test_what_stands_under_a_method_is_for_it_alone(compared):
    _, out, *_ = compared
    settings = {
        path.stem: json.loads(path.read_text()) for path in (out / "settings").glob("*.json")
    }
    assert settings["toy-lora-0"]["method"]["rank"] == 3
    assert "rank" not in settings["toy-textual_inversion-0"]["method"]
    assert "methods" not in settings["toy-lora-0"]


def test_the_base_models_pictures_are_the_same_for_every_method(compared):
    *_, results = compared
    assert len({result.score["base_likeness"] for result in results}) == 1


def test_a_comparison_that_was_cut_off_does_not_train_again(compared):
    _, out, _, go, _, results = compared
    runs = sorted((out / "runs").iterdir())
    _, again = go()
    assert again == results
    assert sorted((out / "runs").iterdir()) == runs


def test_the_report_says_it_all_in_three_forms(compared):
    asked, out, budget, _, _, results = compared
    paths = write_report(out, asked, results, budget)
    assert [path.name for path in paths] == ["report.html", "report.md", "report.json", "toy.png"]
    page, text, data = (path.read_text("utf-8") for path in paths[:3])
    for word in ("LoRA", "Textual Inversion", "toy.png", "drift"):
        assert word in page
        assert word in text
    assert len(json.loads(data)["trials"]) == 2
    assert paths[3].read_bytes().startswith(b"\x89PNG")


def test_nothing_is_trained_where_a_setting_is_wrong(tiny_folder, pictures_folder, tmp_path):
    asked = subject(tiny_folder, pictures_folder, tmp_path)
    asked["methods"]["lora"]["method"]["rnak"] = 3
    with pytest.raises(InvalidConfig, match="rnak"):
        collect(compare({"a": asked}, ["lora"], [0], Budget(), tmp_path / "out", 1, Control()))
    assert not (tmp_path / "out").exists()


def test_a_trial_that_fails_is_named_with_its_reason(tiny_folder, pictures_folder, tmp_path):
    asked = subject(tiny_folder, pictures_folder, tmp_path)
    asked["dataset"]["folder"] = str(tmp_path / "gone")
    with pytest.raises(TrialFailed, match=r"a-lora-0 failed: The folder .*gone is not there"):
        collect(compare({"a": asked}, ["lora"], [0], Budget(), tmp_path / "out", 1, Control()))


def test_a_command_that_ignores_ctrl_c_is_stopped_all_the_same():
    """As everything that a shell starts in the background does at first."""
    script = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN);"
        f"print('up', flush=True); time.sleep({2 * PATIENCE})"
    )
    watched = Watched([sys.executable, "-c", script])
    lines = watched.lines()
    assert next(lines) == "up\n"
    watched.stop()
    assert list(lines) == []
    assert watched.exit_code != 0


def test_stop_ends_the_trials_and_leaves_no_half_result(tiny_folder, pictures_folder, tmp_path):
    asked = subject(tiny_folder, pictures_folder, tmp_path)
    control = Control()
    events = compare(
        {"a": asked}, ["lora"], [0], Budget(steps=100_000), tmp_path / "out", 1, control
    )
    next(events)
    control.stop()
    seen, results = collect(events)
    assert results == []
    assert not [event for event in seen if isinstance(event, TrialFinished)]
    assert not list((tmp_path / "out").glob("trials/*"))


def test_the_command_line_compares_and_names_the_report(
    tiny_folder, pictures_folder, tmp_path, capsys
):
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(subject(tiny_folder, pictures_folder, tmp_path)))
    arguments = ("--methods", "lora", "--steps", "2", "--out", tmp_path / "out")
    done = Called(capsys, "compare", file, *arguments)
    assert done.code == 0
    assert "1 of 1: toy, lora, seed 0: likeness" in done.out
    assert str(tmp_path / "out/report.html") in done.out


def test_what_is_set_for_all_is_told_where_a_method_lacks_it(
    tiny_folder, pictures_folder, tmp_path, capsys
):
    file = tmp_path / "toy.json"
    file.write_text(json.dumps(subject(tiny_folder, pictures_folder, tmp_path)))
    arguments = ("--set", "method.rank=3", "--out", tmp_path / "out")
    both = Called(capsys, "compare", file, "--methods", "lora", "textual_inversion", *arguments)
    assert both.code == 1
    assert "There is no setting method.rank" in both.err
    other = tmp_path / "other" / "toy.json"
    other.parent.mkdir()
    other.write_text(file.read_text())
    twice = Called(capsys, "compare", file, other, "--methods", "lora", "--out", tmp_path / "out")
    assert twice.code == 1
    assert "have the same name" in twice.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dataset": ["nonsense"]}, "dataset should be a section"),
        ({"method": "lora"}, "method should be a section"),
        ({"methods": ["lora"]}, "methods should be a section"),
        ({"methods": {"lora": 3}}, "lora should be a section"),
        ({"methods": {"lroa": {}}}, "There is no method lroa"),
    ],
)
def test_settings_that_are_none_are_told_before_the_start(
    tiny_folder, pictures_folder, tmp_path, change, said
):
    asked = subject(tiny_folder, pictures_folder, tmp_path) | change
    events = compare({"a": asked}, ["lora"], [0], Budget(steps=1), tmp_path / "o", 1, Control())
    with pytest.raises(InvalidConfig, match=said):
        next(events)


def result(method: str, seed: int, gain: float, **over: float) -> TrialResult:
    made = TrialResult(
        subject="cat", method=method, seed=seed, steps=1, seconds_a_step=1.0, cpu_seconds=1.0,
        scores=[{"likeness": 0.5 + gain, "base_likeness": 0.5}], peak_bytes=1 << 20,
        file_bytes=1024, trainable=1, folder="",
    )  # fmt: skip
    return replace(made, **over)


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ([(0.3, 0.1), (0.3, 0.1), (0.31, 0.1)], "confirmed"),
        ([(0.1, 0.3), (0.1, 0.3), (0.1, 0.31)], "contradicted"),
        ([(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)], "not told apart"),
        ([(0.3, 0.1)], "not told apart"),
    ],
)
def test_more_is_confirmed_only_beyond_chance(gains, verdict):
    results = [
        result(method, seed, gain)
        for seed, pair in enumerate(gains)
        for method, gain in zip(("dreambooth", "lora"), pair, strict=True)
    ]
    (effect,) = [f for f in examine(results) if f.about.startswith("effect")]
    assert (effect.left, effect.relation, effect.right) == ("dreambooth", ">", "lora")
    assert effect.verdict == verdict


@pytest.mark.parametrize(
    ("peak", "verdict"), [(2 << 20, "confirmed"), (3 << 19, "contradicted"), (1 << 20, None)]
)
def test_much_more_is_twice_as_much(peak, verdict):
    results = [result("dreambooth", 0, 0.0, peak_bytes=peak), result("lora", 0, 0.0)]
    (memory,) = [f for f in examine(results) if f.about.startswith("memory")]
    assert memory.verdict == (verdict or "not told apart")
