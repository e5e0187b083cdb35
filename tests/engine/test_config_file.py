"""Settings in files and flags: every problem is one sentence that points at its field."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import config_file
from engine.config import RunConfig
from engine.config_file import Problem, check, merge, nested, require, rows_of
from engine.errors import ConfigUnreadable, InvalidConfig
from engine.methods.catalog import METHODS
from engine.settings import rows
from engine.settings_errors import ConfigNotOpened, ConfigNotText

ROOT = Path(__file__).parents[2]
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
        ("dataset.folder", "/x/\udce9", "dataset.folder is not valid UTF-8 text: /x/?."),
        ("sampling.prompts", ["a", "\ud800"], "sampling.prompts is not valid UTF-8 text"),
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
        ("a.json", '{\n "a": 1,\n "b" 2\n}', "line 3, column 6: "),
        ("a.json", "", "line 1, column 1: "),
        ("a.json", "[1]", "it holds no table of settings"),
        ("a.json", "[" * 100_000, "brackets are nested too deeply"),
        ("a.json", f'{{"a": {"9" * 5000}}}', "a number in it has too many digits"),
        ("a.toml", f"a = {'9' * 5000}", "a number in it has too many digits"),
        ("a.toml", 'name = "a"\nsteps = = 5\n', "line 2, column 9: "),
        ("a.toml", 'name = "a"\nname = 5', "at the end of the file: "),
        ("a.toml", "a = " + "[" * 100_000, "brackets are nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(ConfigUnreadable) as caught:
        config_file.read(tmp_path / name)
    assert said in caught.value.sentence
    assert name in caught.value.sentence
    assert (tmp_path / name).read_text() == text
    for raw in ("char ", "sys.", "recursion", "set_int", "(at "):
        assert raw not in str(caught.value)
    assert ". Correct the file" in str(caught.value)


@pytest.mark.parametrize("name", ["not-there.json", "folder"])
def test_a_file_that_is_not_there_is_said_so(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigNotOpened, match=f"{name} could not be opened: .*. Check the path"):
        config_file.read(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="Windows has other rights")
def test_a_file_without_the_right_to_read_it_is_not_said_to_have_a_wrong_line(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(GOOD))
    path.chmod(0)
    code = (
        "import os, sys; from pathlib import Path; from engine import config_file\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"  # the right to read all is root's alone
        "try: config_file.of_run(Path(sys.argv[1]))\n"
        "except config_file.ConfigUnreadable as error: print(error.code, error)"
    )
    command = [sys.executable, "-c", code, str(path)]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert "IM-SET-05" in told.stdout
    assert "could not be opened: Permission denied. Check the path and your rights" in told.stdout
    assert "line" not in told.stdout.replace(str(path), "")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8_is_to_be_saved_as_utf_8(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes('{"name": "ü"}'.encode(encoding))
    with pytest.raises(ConfigNotText, match=r"it is not UTF-8 text\. Save it as UTF-8") as caught:
        config_file.read(tmp_path / "a.json")
    assert "codec" not in str(caught.value)


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_no_number_in_any_setting(value):
    for kind in METHODS:
        for row in rows_of(kind):
            if row.annotation in (int, float):
                data = merge({**GOOD, "method": {"kind": kind}}, nested(row.key, value))
                config, found = check(data)
                (problem,) = [one for one in found if one.field == row.key]
                assert config is None
                assert f"{row.key} is {str(value).lower()}; it must be a" in problem.sentence


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


@pytest.mark.parametrize("name", ["\ud83d", "train\udce9ng"])
def test_half_a_character_in_the_name_of_a_setting_is_an_unknown_setting(name):
    config, problems = check({"name": "toy", name: {"a": 1}})
    assert config is None
    assert any("There is no setting" in problem.sentence for problem in problems)
    "".join(problem.sentence + problem.field for problem in problems).encode()
