"""Small files of any content: read within limits, checked in shape, and never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import project_file, records, run_queue, user_presets
from engine.checkpoint_folders import steps_in
from engine.config import STARTER
from engine.draft_shape import usable
from engine.gallery_records import Made, load_stars, matcher, save_stars
from engine.interrupted import interrupted
from engine.json_reading import MAX_DEPTH, NotParsed, parse_json, parse_toml
from engine.methods.catalog import METHODS
from engine.metrics_lines import parsed_line
from engine.model_shelf import Shelf
from engine.notices import ProjectDamaged
from engine.past_events import exported_step_of, past_events
from engine.presets import starting_point
from engine.project import Project, RunFolder, read_metrics
from engine.prompt_words import of_run
from engine.records import NotRead, Why
from engine.run_queue import RunQueue
from engine.run_records import (
    UNREADABLE,
    differences,
    likeness_curve,
    load_record,
    loss_curve,
    samples_of,
    write_diagnostics,
)
from engine.run_shapes import RunResult
from engine.run_start import RunStart
from engine.shapes import OtherShape, Record, shaped

DEEP = "[" * 100_000
DEEP_TABLES = '{"a":' * 100_000
TEXTS = {  # content that is not what any of the files should hold
    "empty": "", "torn": "{", "a list": "[]", "a number": "5", "null": "null", "a text": '"x"',
    "deep": DEEP, "deep tables": DEEP_TABLES, "closed and deep": "[" * 500 + "]" * 500,
    "no text": "\x00", "long number": '{"a": ' + "9" * 5000 + "}", "NaN": '{"a": NaN}',
    "infinite": '{"a": 1e999}', "twice": '{"a": 1, "a": 2}', "surrogate": '{"name": "\\ud800"}',
}  # fmt: skip


# --- the parser


@pytest.mark.parametrize(
    "text",
    [DEEP, DEEP_TABLES, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), '{"a": [' * 40, "9" * 42,
     "-" + "9" * 42, "NaN", "[-Infinity]", "1e999", '{"a": 1, "a": 2}', "{'a': 1}", "", "\\",
     b"\xff", b'"\xff"', '"' + '\\"' * 200_000, '{"a"' * 50 + '\\"' * 50_000],
)  # fmt: skip
def test_what_is_not_sound_json_is_refused(text):
    with pytest.raises(NotParsed):
        parse_json(text)


def test_brackets_inside_texts_are_not_counted():
    data = {"a": "[" * 5000 + '"{' * 5000, "b\\": "]" * 70}
    assert parse_json(json.dumps(data)) == data


def test_the_number_by_which_transformers_says_no_limit_is_read():
    assert parse_json('{"model_max_length": 1000000000000000019884624838656}') == {
        "model_max_length": int(1e30)
    }


def test_the_deepest_that_is_allowed_is_read():
    data: object = 1
    for _ in range(MAX_DEPTH):
        data = [data]
    assert parse_json(json.dumps(data)) == data


def test_nan_and_a_repeated_key_are_read_where_that_is_asked_for():
    assert parse_json('{"a": 1, "a": Infinity}', unique=False, allow_nan=True) == {
        "a": float("inf")
    }


def test_the_parser_raises_no_recursion_error_where_the_caller_is_deep_already():
    def deeper(levels: int) -> object:
        if levels:
            return deeper(levels - 1)
        with pytest.raises(NotParsed):
            parse_json("[" * 60 + "]" * 60)
        return None

    frames = sys.getrecursionlimit() - len(_stack()) - 60
    deeper(frames)


def _stack() -> list[object]:
    frame, found = sys._getframe(), []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


@pytest.mark.parametrize(
    "text", ["a = " + DEEP, ".".join("a" * 500) + " = 1", "a = " + "9" * 50, "a = [[1, 2" + "]" * 3]
)
def test_toml_has_the_same_limits(text):
    with pytest.raises(NotParsed):
        parse_toml(text)


def test_a_mark_of_an_editor_and_utf_16_are_read():
    assert (
        parse_json(b'\xef\xbb\xbf{"a": 1}') == parse_json('{"a": 1}'.encode("utf-16")) == {"a": 1}
    )


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='[]{}",:\\ 0123456789.eE+-aNtrufls', max_size=60))
def test_any_text_gives_what_json_gives_or_is_refused(text):
    try:
        ours = parse_json(text, unique=False, allow_nan=True)
    except NotParsed:
        return
    assert repr(ours) == repr(json.loads(text))


# --- shapes


class Shape(Record):
    number: int = 0
    name: str = ""
    share: float = 0


@pytest.mark.parametrize(
    "data",
    [{"number": "1"}, {"number": True}, {"number": 1.0}, {"name": 1}, {"name": None}, [], "x",
     {"share": "1"}, {"share": float("nan")}, {"share": 10**400}, {"number": []}, {1: 2}, None],
)  # fmt: skip
def test_nothing_is_converted(data):
    with pytest.raises(OtherShape):
        shaped(data, Shape)


def test_keys_that_are_not_declared_are_kept():
    data = {"number": 1, "more": {"a": [1, 2.5, None]}}
    assert shaped(data, Shape).as_data() == data


def test_a_file_of_another_shape_is_damaged(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"number": "1"}')
    with pytest.raises(NotRead) as caught:
        records.read_json(path, Shape)
    assert caught.value.why is Why.DAMAGED


# --- lines of metrics.jsonl


@pytest.mark.parametrize(
    "line",
    [
        '{"event":"StepFinished","step":1}',
        '{"event":"StepFinished","loss":0.5}',
        '{"event":"StepFinished","step":"1","loss":0.5}',
        '{"event":"StepFinished","step":1.5,"loss":0.5}',
        '{"event":"StepFinished","step":true,"loss":0.5}',
        '{"event":"StepFinished","step":-1,"loss":0.5}',
        '{"event":"StepFinished","step":1000000000000,"loss":0.5}',
        '{"event":"StepFinished","step":1,"loss":"low"}',
        '{"event":"StepFinished","step":1,"loss":null}',
        '{"event":"StepFinished","step":1,"loss":[]}',
        '{"event":"StepFinished","step":1,"loss":0.5,"memory_bytes":"much"}',
        '{"event":"StepFinished","step":1,"loss":0.5,"memory_bytes":[1]}',
        '{"event":"CheckpointScored","step":1}',
        '{"event":"CheckpointScored","step":1,"likeness":"high"}',
        '{"event":"CheckpointScored","step":{},"likeness":0.5}',
        '{"event":"CheckpointSaved","step":[1]}',
        '{"event":"WentBack"}',
        '{"event":["StepFinished"]}',
        '{"event":5}',
        '{"step":1}',
        *TEXTS.values(),
        '{"event":"StepFinished","step":1,"loss":0.5,"x":' + DEEP,
        '{"event": "StepFinished", "memory_bytes": ' + "9" * 5000 + "}",
    ],
)
def test_a_line_of_other_types_is_skipped_and_the_others_count(tmp_path, line):
    assert parsed_line(line) is None
    run = RunFolder(tmp_path)
    run.config_path.write_text('{"name": "toy", "training": {"steps": 9}}')
    good = '{"event": "StepFinished", "step": 3, "loss": 0.25, "memory_bytes": 7}'
    after = line if len(line) < 1000 else ""  # `interrupted` reads the end of the file alone
    run.metrics.write_bytes(f"{line}\n{good}\n{after}\n".encode("utf-8", "surrogatepass"))
    record = load_record(run)
    assert (record.steps, record.loss, record.peak_bytes) == (3, 0.25, 7)
    assert loss_curve(run).values == [0.25]
    assert likeness_curve(run).values == []
    assert len(read_metrics(run.metrics)) == 1
    assert len(past_events(run)) <= 1
    assert interrupted(run).step == 3
    write_diagnostics(run, tmp_path / "bug.zip")


@pytest.mark.parametrize("loss", ["NaN", "Infinity", "1", "0.5"])
def test_a_loss_of_nan_is_a_line_all_the_same(loss):
    assert parsed_line(f'{{"event":"StepFinished","step":1,"loss":{loss}}}') is not None


# --- a run of any content


RUN_FILES = ("config.json", "result.json", "notes.json", "start.json", "metrics.jsonl")
FIELDS = {
    "config.json": ["name", "method", "training", "base_model", "runs_folder"],
    "result.json": ["outcome", "seconds", "exports", "exported_step", "training", "sha256"],
    "notes.json": ["note", "starred"],
    "start.json": ["images", "started_at", "num_images", "base_model"],
}
ODD = ["x", 5, -5, 1.5, True, None, [], {}, [[]], [{}], {"a": {}}, {"files": 5}, 10**18, 1e300,
       {"kind": []}, {"steps": "x"}, {"steps": -1}, ["../../../../etc/passwd"], ["/etc/passwd"],
       ["a/b"], [".."], {"files": {"a": 1}}, "0001-01-01T00:00:00",
       "9999-12-31T23:59:59+14:00"]  # fmt: skip


@pytest.fixture
def run(tmp_path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "0001_2026-01-01_0000_toy_lora")
    folder.path.mkdir(parents=True)
    folder.config_path.write_text('{"name": "toy", "method": {"kind": "lora"}}')
    folder.metrics.write_text('{"event": "StepFinished", "step": 3, "loss": 0.25}\n')
    folder.result.write_text('{"outcome": "finished", "exports": ["toy.safetensors"]}')
    folder.notes.write_text('{"note": "good", "starred": true}')
    return folder


def look_at_all_of(run: RunFolder) -> None:
    """What the window does with each run of a project."""
    load_record(run)
    loss_curve(run)
    likeness_curve(run)
    differences([run, run])
    past_events(run)
    exported_step_of(run, 3)
    of_run(run)
    interrupted(run)
    samples_of(run)
    start = RunStart.of(run.path)
    start.started_at.astimezone().isoformat()
    start.started_at.timestamp()
    start.changes(["a" * 64], "starter")
    assert start.num_images >= 0
    project = Project(run.path.parents[1])
    project.unfinished_run()
    assert project.list_runs() == [run]


@pytest.mark.parametrize("content", TEXTS)
@pytest.mark.parametrize("file", RUN_FILES)
def test_no_content_of_a_runs_file_keeps_it_from_being_listed(run, file, content):
    (run.path / file).write_bytes(TEXTS[content].encode("utf-8", "surrogatepass"))
    look_at_all_of(run)
    record = load_record(run)
    is_read = content in ("surrogate",) or file != "config.json"
    assert (record.outcome == UNREADABLE) != is_read
    assert bool(record.problem) != is_read


@pytest.mark.parametrize("value", ODD, ids=str)
@pytest.mark.parametrize(("file", "field"), [(f, n) for f, names in FIELDS.items() for n in names])
def test_no_value_of_a_field_keeps_a_run_from_being_listed(run, file, field, value):
    path = run.path / file
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | {field: value}))
    look_at_all_of(run)
    assert load_record(run) is not None


def test_exports_outside_of_their_folder_are_no_result(run):
    for name in ("../../../../etc/passwd", "/etc/passwd", "..", "a/b", "", "a\x00b", "a\\b"):
        run.result.write_text(json.dumps({"outcome": "finished", "exports": [name]}))
        with pytest.raises(NotRead):
            records.read_json(run.result, RunResult)
        assert of_run(run) == []


@pytest.mark.parametrize(
    "name", ["step_²", "step_٣", "step_", "step_1e3", "step_-1", "step_" + "9" * 200]
)
def test_a_folder_whose_number_is_none_is_no_checkpoint(run, name):
    (run.checkpoints / "step_000002").mkdir(parents=True)
    (run.checkpoints / name).mkdir()
    run.samples.mkdir()
    (run.samples / f"{name}_01.png").write_bytes(b"")
    (run.samples / "step_000002_²_seed1.png").write_bytes(b"")
    assert steps_in(run.checkpoints) == [2]
    assert set(samples_of(run)) == {2}
    look_at_all_of(run)


# --- queue, stars, shelf, presets, project


QUEUE = [*TEXTS.values(), '{"method": []}', '{"method": {"kind": []}}', '{"name": 5}',
         '{"method": {"kind": {}}}', '{"runs_folder": 5}',
         '{"training": {"steps": "x"}}']  # fmt: skip


@pytest.mark.parametrize("content", QUEUE)
def test_a_run_that_waits_and_cannot_be_shown_holds_up_no_other(tmp_path, content):
    queue = RunQueue(tmp_path / "queue")
    first = queue._at(1024)
    first.parent.mkdir()
    first.write_bytes(content.encode("utf-8", "surrogatepass"))
    second = queue.add_data({"name": "toy", "method": {"kind": "lora"}})
    odd, good = queue.waiting()
    assert (good.file, good.shown.name, good.problem) == (second.file, "toy", "")
    assert odd.config is None
    assert odd.title
    queue.move(second.file, -1)
    assert [waiting.file.exists() for waiting in queue.waiting()] == [True, True]
    queue.remove(first if first.exists() else queue.waiting()[1].file)


@pytest.mark.parametrize("name", ["²", "١", "1", "-1", "9" * 18, "9" * 30, "x"])
def test_a_file_that_has_no_place_does_not_wait(tmp_path, name):
    queue = RunQueue(tmp_path)
    (tmp_path / f"{name}.json").write_text("{}")
    assert queue.waiting() == []
    queue.add_data({"name": "toy"})
    assert len(queue.waiting()) == 1


@pytest.mark.parametrize("content", [*TEXTS.values(), "[1]", '[["a"]]', '{"a": 1}'])
def test_stars_of_another_shape_are_none_and_are_kept_beside(tmp_path, content):
    path = tmp_path / "stars.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert load_stars(tmp_path) == set()
    save_stars(tmp_path, {"a.png"})
    assert load_stars(tmp_path) == {"a.png"}
    if content != "[]":
        kept = (tmp_path / "stars.damaged.json").read_bytes()
        assert kept == content.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "content", [*TEXTS.values(), '{"paths": 5}', '{"paths": [1]}', '{"paths": {}}']
)
def test_a_shelf_of_another_shape_holds_the_starter_model_alone(tmp_path, content):
    path = tmp_path / "models.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert len(Shelf(path).entries()) == 1


@pytest.mark.parametrize(
    "content",
    [*TEXTS.values(), '{"imprint_preset": 1, "name": 5}', '{"imprint_preset": []}',
     '{"imprint_preset": 1, "settings": []}', '{"imprint_preset": 1, "settings": {"method": 5}}'],
)  # fmt: skip
def test_a_preset_of_another_shape_is_named_by_its_file_and_refused(tmp_path, monkeypatch, content):
    monkeypatch.setattr(user_presets, "presets_folder", lambda: tmp_path)
    path = tmp_path / f"mine{user_presets.SUFFIX}"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert user_presets.known_presets() == [path]
    assert user_presets.name_of(path)
    with pytest.raises(user_presets.PresetUnreadable):
        user_presets.load(path)


@pytest.mark.parametrize(
    ("draft", "left"),
    [
        ({"dataset": 5}, {}),
        ({"dataset": [], "name": "toy"}, {"name": "toy"}),
        ({"name": 5, "dataset": {"folder": 5, "trigger": "sks"}}, {"dataset": {"trigger": "sks"}}),
        ({"method": []}, {}),
        ({"method": {"kind": []}}, {}),
        ({"method": {"kind": "lora", "rank": {}}}, {"method": {"kind": "lora"}}),
        ({"training": {"resolution": "x", "steps": 5}}, {"training": {"steps": 5}}),
        ({"training": {"resolution": True}}, {"training": {}}),
        ({"dataset": {"edits": []}}, {"dataset": {}}),
        ({"sampling": {"prompts": 5}}, {"sampling": {}}),
        ({"sampling": {"prompts": [5]}}, {"sampling": {}}),
        ({"base_model": None}, {}),
        ({"dataset": {"captions_folder": 5}}, {"dataset": {}}),
    ],
)
def test_a_draft_of_wrong_types_keeps_what_is_sound(tmp_path, draft, left):
    project = Project(tmp_path / "toy")
    project.save_draft(draft)
    was = project.file.read_bytes()
    found, notice = project.open_draft()
    assert found == project.load_draft()
    found.pop("runs_folder", None)  # always that of the project that is open
    assert found == left
    assert isinstance(notice, ProjectDamaged)
    assert (project.folder / "toy.damaged.imprint").read_bytes() == was


@pytest.mark.parametrize(
    "draft",
    [
        {"method": {"kind": "lora", "learning_rate": "1e-"}},  # as somebody types it
        {"training": {"seed": "12a", "steps": 10**9}},
        {"name": "", "dataset": {"trigger": "x" * 500, "captions_folder": None}},
        {"method": {"kind": "of a later Imprint", "rank": []}},
        {"dataset": {"edits": {"a" * 64: {"crop": [0, 0.5, 1, 1]}}}, "later": {"a": []}},
    ],
)
def test_what_is_impossible_but_of_the_right_type_stays(tmp_path, draft):
    project = Project(tmp_path / "toy")
    project.save_draft(draft)
    found, notice = project.open_draft()
    assert notice is None
    assert found == {**draft, "runs_folder": str(project.runs)}


def test_the_settings_of_every_method_are_usable():
    for kind in METHODS:
        data = json.loads(json.dumps(starting_point(kind, STARTER, 8)))
        assert usable(data) == data


@pytest.mark.parametrize("content", TEXTS)
def test_no_content_of_a_project_raises(tmp_path, content):
    file = tmp_path / "toy.imprint"
    file.write_bytes(TEXTS[content].encode("utf-8", "surrogatepass"))
    assert project_file.peek(file) == {}


def test_a_seed_of_odd_digits_finds_nothing():
    for value in ("²", "١", "9" * 5000, "-1"):
        matcher(f"seed:{value}", set())(Made(Path("a.png"), seed=1))


def test_a_place_in_the_queue_is_remembered_beside_odd_ones(tmp_path):
    assert run_queue._place_of(tmp_path / "²") == 0
