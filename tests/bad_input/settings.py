"""Rows 40 to 51: settings, projects and presets."""

from __future__ import annotations

import json
import math

import pytest

from engine import config_file
from engine.config_file import assigned, check, merge
from engine.errors import ConfigUnreadable, SettingsOfAnother, UserError
from engine.models.catalog import locate
from engine.project import Project, create_run, safe_name
from tests.bad_input.catalogue import Place, row, shown_by
from tests.engine.test_models_refused import INPAINTING, REFINER, in_full, real, written
from tests.engine_runs import tiny_run, train

GOOD = {"dataset": {"folder": "x", "trigger": "zwx", "class_word": "toy"}}


def problems(**change):
    """`training__steps=0` is training.steps."""
    data = GOOD
    for key, value in change.items():
        data = assigned(data, key.replace("__", "."), value)
    return check(data)[1]


@row(40, "a file of settings with a slip", "IM-SET-02", "line 3")
def slip(place):
    path = place.file("a.json", b'{\n "a": 1,\n "b" 2\n}')
    with pytest.raises(ConfigUnreadable) as caught:
        config_file.read(path)
    assert path.read_bytes() == b'{\n "a": 1,\n "b" 2\n}'
    return caught.value


@row(40, "settings of another trainer", "IM-SET-04", "a settings file of kohya's trainer")
def of_another_trainer(place):
    path = place.file("a.toml", b"network_dim = 32\nmax_train_epochs = 10\n")
    with pytest.raises(SettingsOfAnother) as caught:
        config_file.read(path)
    return caught.value


@row(
    40,
    "a damaged project",
    "IM-PRJ-03",
    "is damaged: settings that could not be read have their defaults.",
)
def damaged_project(place):
    project = Project(place.folder)
    project.save_draft(GOOD)
    project.file.write_text(project.file.read_text("utf-8")[:-5], "utf-8")
    draft, notice = project.open_draft()
    assert draft == {}
    assert notice is not None
    copies = [path for path in place.folder.iterdir() if path != project.file]
    assert any("zwx" in path.read_text("utf-8") for path in copies)
    return notice


@row(41, "settings of a later version", "", "made by a newer Imprint (schema 3)")
def later_settings(place):
    return problems(schema_version=3)


shown_by(
    41, "a project of a later version",
    "tests/engine/test_project_file.py::test_a_project_of_a_later_version_is_kept_before_it_is_written_over",
)  # fmt: skip


@row(42, "-5 steps", "", "training.steps is -5; it must be at least 1.")
def negative(place):
    return problems(training__steps=-5)


@row(42, "a rate that is no number", "", "method.learning_rate is nan")
def no_number(place):
    return problems(method__learning_rate=math.nan)


@row(42, "a rate of 1e309", "", "method.learning_rate is inf")
def infinite(place):
    path = place.file(
        "a.json", json.dumps(GOOD)[:-1].encode() + b', "method": {"learning_rate": 1e309}}'
    )
    return check(config_file.read(path))[1]


@row(42, "rank 0", "", "method.rank is 0; it must be at least 1.")
def rank_nothing(place):
    return problems(method__rank=0)


@row(42, "rank 100,000", "", "it must be at most 256.")
def rank_enormous(place):
    return problems(method__rank=100_000)


@row(
    42, "a word where a number belongs", "", "training.steps is 'many'; it must be a whole number."
)
def wrong_type(place):
    return problems(training__steps="many")


@row(
    43,
    "a rate a hundred times too high",
    "IM-TRN-07",
    "The learning rate is 0.1; 0.0001 is usual here.",
)
def high_rate(place):
    from engine.advice import advice_on

    method = {"kind": "lora", "learning_rate": 0.1}
    data = tiny_run(place.tiny_model, place.pictures, place.folder, method=method)
    return advice_on(config_file.require(data))


shown_by(
    43, "a million steps",
    "tests/engine/test_dry_run.py::test_more_steps_and_more_samples_take_more_time",
)  # fmt: skip


@row(44, "pictures that have moved", "IM-IMG-11", "is not there or is not a folder")
def moved(place):
    data = tiny_run(place.tiny_model, place.folder / "gone", place.folder / "runs")
    trained = train(data)
    assert not list((place.folder / "runs").glob("*/checkpoints/*"))
    return trained.last.error


@row(45, "a preset that names a place of somebody else's")
def foreign_place(place):
    from engine.user_presets import load

    method = {"kind": "lora", "rank": 5, "start_from": "//their-server/share/x.safetensors"}
    data = {"imprint_preset": 1, "name": "x", "settings": {"method": method}}
    assert load(place.file("a.json", json.dumps(data).encode())) == {
        "method": {"kind": "lora", "rank": 5}
    }


@row(46, "a preset with the name of a class or a command", "", "There is no setting")
def code_in_a_preset(place):
    found = check(merge(GOOD, {"__class__": "os.system", "training": {"on_start": "rm -rf /"}}))[1]
    assert len(found) == 2
    return found


@row(46, "a name with the mark of a template")
def template_in_a_name(place):
    assert safe_name("{0.__class__}") == "0.__class"


@row(47, "names that leave the folder or that a system keeps for itself")
def names(place):
    for name in ("..\\x", "CON", "a/b", "x" * 80, "../../etc/passwd", "nul.txt"):
        data = merge(GOOD, {"name": name, "runs_folder": str(place.folder)})
        folder = create_run(config_file.require(data)).path
        assert folder.parent == place.folder
        assert folder.is_dir()


@row(47, "a name of 300 letters", "", "name is too long; 80 letters have room.")
def long_name(place):
    return problems(name="x" * 300)


@row(47, "no name", "", "name is empty. Give it a value.")
def nameless(place):
    return problems(name="")


shown_by(
    48, "a result whose name is taken",
    "tests/engine/test_install.py::test_another_file_of_that_name_stays_until_told_otherwise",
    "tests/engine/test_project.py::test_runs_sort_by_number_and_never_share_a_folder",
)  # fmt: skip


def refused(path) -> UserError:
    with pytest.raises(UserError) as caught:
        locate(str(path))
    return caught.value


@row(49, "an inpainting model", "IM-MOD-03", INPAINTING)
def inpainting(place: Place):
    from tests.engine.test_models_refused import FIRST

    shapes = real("sd15") | {FIRST: (320, 9, 3, 3)}
    return refused(in_full(place.folder / "a.safetensors", shapes))


@row(49, "the SDXL refiner", "IM-MOD-03", "refiner")
def refiner(place: Place):
    return refused(written(place.folder / "a.safetensors", REFINER))


shown_by(
    49, "a LoRA of another family",
    "tests/engine/test_lora_refused.py::test_an_sdxl_file_on_sd1_is_said_to_be_one",
    "tests/engine/test_prediction_marks.py::test_the_words_of_modelspec_are_read",
)  # fmt: skip


@row(
    50,
    "a resolution that is no multiple of 8",
    "",
    "The resolution must be a multiple of 8, such as 512.",
)
def odd_resolution(place):
    return problems(training__resolution=100)


@row(50, "a batch larger than the set")
def batch_larger_than_the_set(place):
    from engine.events import RunFinished

    data = tiny_run(place.tiny_model, place.pictures, place.folder, training={"batch_size": 8})
    assert isinstance(train(data).last, RunFinished)


@row(51, "a seed below 0", "", "training.seed is -1; it must be at least 0.")
def negative_seed(place):
    return problems(training__seed=-1)


@row(51, "a seed of 2^64", "", "it must be below 9223372036854775808.")
def enormous_seed(place):
    return problems(training__seed=2**64)
