"""Settings in files and flags: every problem is one sentence that points at its field."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import config_file
from engine.config import RunConfig
from engine.config_file import Problem, check, merge, nested, require
from engine.errors import ConfigUnreadable, InvalidConfig
from engine.methods.catalog import METHODS
from engine.settings import rows

GOOD = {"dataset": {"folder": "pictures"}}


def problems(key: str, value) -> list[Problem]:
    config, found = check(merge(GOOD, nested(key, value)))
    assert (config is None) is bool(found)
    return found


def test_settings_of_the_first_schema_are_read_as_they_were_meant():
    """The loss had no section of its own, and gamma 0 meant no weighting."""
    old = merge(
        GOOD, {"schema_version": 1, "training": {"min_snr_gamma": 3.0, "noise_offset": 0.1}}
    )
    loss = require(old).loss
    assert (loss.weighting, loss.min_snr_gamma, loss.noise_offset) == ("min_snr", 3.0, 0.1)
    without = merge(GOOD, {"training": {"min_snr_gamma": 0}})  # a draft without a version
    assert require(without).loss.weighting == "none"
    assert require(require(old).model_dump()) == require(old)


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"method": {"kind": "textual_inversion"}}, "dataset.trigger", "give it a trigger word"),
        ({"method": {"kind": "hypernetwork", "layer_structure": "2, 1"}},
         "method.layer_structure", "the first and the last number must be 1"),
        ({"method": {"kind": "dreambooth", "rank": 4}}, "method.rank", "no setting method.rank"),
        ({"method": {"kind": "dreambooth", "learning_rat": 1}},
         "method.learning_rat", "Did you mean method.learning_rate?"),
        ({"optimizer": {"fused_backward": True}, "training": {"gradient_accumulation": 2}},
         "training.gradient_accumulation", "cannot be gathered"),
        ({"optimizer": {"fused_backward": True, "name": "prodigy"}},
         "optimizer.fused_backward", "Prodigy looks at all weights at once"),
    ],
)  # fmt: skip
def test_rules_across_settings_point_at_the_setting_to_change(data, field, said):
    config, (problem,) = check(merge({"dataset": {"folder": "x"}}, data))
    assert config is None
    assert problem.field == field
    assert said in problem.sentence


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("traning", {}, "There is no setting traning. Did you mean training?"),
        ("training.step", 5, "There is no setting training.step. Did you mean training.steps?"),
        ("method.learning_rat", 5, "Did you mean method.learning_rate?"),
        ("zzz", 5, "There is no setting zzz."),
        ("dataset.folder", None, "dataset.folder is None; it must be a text."),
        ("training.steps", "many", "training.steps is 'many'; it must be a whole number."),
        ("training.steps", 2.5, "training.steps is 2.5; it must be a whole number."),
        ("training.steps", 0, "training.steps is 0; it must be at least 1."),
        ("training.steps", -5, "training.steps is -5; it must be at least 1."),
        ("training.steps", 10**7, "it must be at most 1000000."),
        ("training", 5, "training is 5; it must be a section of settings."),
        ("training.seed", 2**63, "it must be below 9223372036854775808."),
        ("training.resolution", 100, "The resolution must be a multiple of 8, such as 512."),
        ("method.learning_rate", math.nan, "method.learning_rate is nan;"),
        ("method.learning_rate", math.inf, "method.learning_rate is inf;"),
        ("method.learning_rate", 100, "method.learning_rate is 100; it must be at most 10"),
        ("method.learning_rate", 0, "it must be above 0"),
        ("method.rank", 0, "method.rank is 0; it must be at least 1."),
        ("method.rank", 100_000, "it must be at most 256."),
        ("method.kind", "lore", "method.kind is 'lore'; it must be one of 'lora' or 'dreambooth'"),
        ("method.feed_forward", "perhaps", "it must be true or false."),
        ("optimizer.name", "adam", "it must be one of 'adamw', 'adamw_8bit'"),
        ("name", "", "name is empty. Give it a value."),
        ("dataset.template", "a {thing}", "The caption template knows no place but {subject}."),
        ("sampling.prompts", "a cat", "it must be a list."),
        ("schema_version", 3, "made by a newer Imprint (schema 3). Update Imprint to use them."),
        ("schema_version", "1", "schema_version is '1'; it must be one of 2."),
    ],
)
def test_each_fault_has_its_sentence(key, value, said):
    (problem,) = problems(key, value)
    assert said in problem.sentence
    assert problem.field.startswith(key.split(".")[0])
    with pytest.raises(InvalidConfig) as caught:
        require(merge(GOOD, nested(key, value)))
    assert said in caught.value.sentence


def test_all_faults_are_told_at_once():
    _, found = check({"training": {"steps": 0, "seed": -1}, "optimizer": {"beta1": 1}})
    assert {problem.field for problem in found} == {
        "dataset", "training.steps", "training.seed", "optimizer.beta1",
    }  # fmt: skip


def test_nothing_wrong_is_no_problem():
    config, found = check(GOOD)
    assert found == []
    assert config is not None
    assert config.training.steps == RunConfig.model_validate(GOOD).training.steps


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{\n "a": 1,\n "b" 2\n}', "line 3"),
        ("a.json", "", "line 1"),
        ("a.json", "[1]", "it holds no table of settings"),
        ("a.json", "[" * 100_000, "could not be read as settings"),
        ("a.json", f'{{"a": {"9" * 5000}}}', "could not be read as settings"),
        ("a.toml", 'name = "a"\nsteps = = 5\n', "line 2"),
        ("a.toml", "a = " + "[" * 100_000, "could not be read as settings"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigUnreadable) as caught:
        config_file.read(tmp_path / name)
    assert said in caught.value.sentence
    assert name in caught.value.sentence
    assert (tmp_path / name).read_text() == text


@pytest.mark.parametrize("name", ["not-there.json", "folder"])
def test_a_file_that_is_not_there_is_said_so(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigUnreadable, match=name):
        config_file.read(tmp_path / name)


def test_a_file_that_is_no_text_is_said_so(tmp_path):
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigUnreadable):
        config_file.read(tmp_path / "a.json")


def test_json_with_a_mark_and_toml_say_the_same(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps({"dataset": {"folder": "ü"}, "training": {"steps": 7}}), "utf-8-sig"
    )
    (tmp_path / "a.toml").write_text('[dataset]\nfolder = "ü"\n[training]\nsteps = 7\n', "utf-8")
    assert config_file.read(tmp_path / "a.json") == config_file.read(tmp_path / "a.toml")


def test_a_config_comes_back_the_same_from_its_file(tmp_path):
    config = require(
        merge(GOOD, {"name": "Ünï 小猫", "method": {"learning_rate": 0.1 + 0.2},
                     "sampling": {"prompts": ["a", "b"]}})
    )  # fmt: skip
    config_file.write(config, tmp_path / "config.json")
    assert require(config_file.read(tmp_path / "config.json")) == config


def test_a_config_cannot_be_changed():
    config = require(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        config.training.steps = 5  # type: ignore[misc]


def test_merging_changes_neither_side():
    below, over = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": 4}
    assert merge(below, over) == {"a": {"b": 3, "c": 2}, "d": 4}
    assert below == {"a": {"b": 1, "c": 2}}
    assert over == {"a": {"b": 3}, "d": 4}


def test_every_labelled_setting_has_its_key_its_limits_and_a_default_that_holds():
    found = {row.key: row for row in rows(RunConfig)}
    found |= {
        row.key: row for entry in METHODS.values() if entry.settings
        for row in rows(entry.settings, "method.")
    }  # fmt: skip
    assert {"training.steps", "training.seed", "method.rank", "checkpoints.every_steps"} <= set(
        found
    )
    for row in found.values():
        if row.default is not None and row.minimum is not None:
            assert row.minimum <= row.default
        if row.default is not None and row.maximum is not None:
            assert row.default <= row.maximum


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_KEYS = [row.key for row in rows(RunConfig)] + ["method", "training", "export.formats", "x.y"]


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(st.sampled_from(_KEYS), _PLAIN, max_size=4))
def test_any_data_is_a_config_or_a_list_of_sentences(data):
    merged = GOOD
    for key, value in data.items():
        merged = merge(merged, nested(key, value))
    config, found = check(merged)
    assert (config is None) is bool(found)
    assert all(problem.sentence.endswith((".", "?")) for problem in found)
