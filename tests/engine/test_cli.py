"""The command line as scripts and people use it: exit codes, --json, every verb."""

from __future__ import annotations

import io
import json
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image

from engine import cli
from engine.cli_reporter import Reporter
from engine.events import RunFinished
from engine.formats.png_text import read_parameters
from engine.project import RunFolder
from tests.engine_runs import left_by, tiny_run
from tests.kills import Command

TERMINAL = {"RunFinished", "RunFailed", "RunCrashed"}


class Called:
    """What one call of the command line left: exit code and both outputs."""

    def __init__(self, capsys, *arguments: str | Path) -> None:
        capsys.readouterr()
        self.code = cli.main([str(argument) for argument in arguments])
        self.out, self.err = capsys.readouterr()

    @property
    def events(self) -> list[dict]:
        """Every line of standard output, each of which must be one JSON object."""
        events = [json.loads(line) for line in self.out.splitlines()]
        assert all(isinstance(event["event"], str) for event in events)
        return events

    def require_one_terminal(self) -> dict:
        assert [e["event"] in TERMINAL for e in self.events].count(True) == 1
        assert self.events[-1]["event"] in TERMINAL
        return self.events[-1]


@pytest.fixture
def config(tiny_folder, pictures_folder, tmp_path) -> Path:
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", training={"steps": 3})
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    return tmp_path / "config.json"


def only_run(tmp_path: Path) -> RunFolder:
    (folder,) = (tmp_path / "runs").iterdir()
    return RunFolder(folder)


def test_train_tells_its_events_as_json_and_resume_of_a_finished_run_says_so(
    config, tmp_path, capsys
):
    called = Called(capsys, "train", config, "--json")
    assert called.code == 0
    last = called.require_one_terminal()
    assert last["event"] == "RunFinished"
    assert last["steps"] == 3
    assert Path(last["exports"][0]).is_file()
    steps = [event for event in called.events if event["event"] == "StepFinished"]
    assert [event["step"] for event in steps] == [1, 2, 3]
    assert isinstance(steps[0]["loss"], float)

    before = left_by(only_run(tmp_path))
    for arguments in (["--json"], []):
        again = Called(capsys, "resume", only_run(tmp_path).path, *arguments)
        assert again.code == 0
        if arguments:
            assert again.require_one_terminal()["exports"] == last["exports"]
        else:
            assert "finished already" in again.out
    assert left_by(only_run(tmp_path)) == before


def test_resume_of_a_finished_run_whose_file_is_gone_says_how_to_write_it_again(
    config, tmp_path, capsys
):
    assert Called(capsys, "train", config, "--json").code == 0
    folder = only_run(tmp_path)
    (file,) = folder.exports.iterdir()
    data = file.read_bytes()
    file.unlink()
    called = Called(capsys, "resume", folder.path)
    assert called.code == 1
    assert f"is gone: {file}. " in called.err
    assert "finished already" not in called.out
    command = re.search(r"imprint (export .*) --out FILE", called.err)
    verb, run, flag, form = shlex.split(command[1])
    assert Called(capsys, verb, run, flag, form, "--out", file).code == 0
    assert file.read_bytes() == data
    assert Called(capsys, "resume", folder.path).code == 0


def test_people_get_sentences_and_a_bar(config, capsys):
    called = Called(capsys, "train", config)
    assert called.code == 0
    assert "Run folder: " in called.out
    assert "File: " in called.out
    assert called.out.rstrip().endswith("Done.")
    assert "{" not in called.out
    assert "3/3" in called.err


def test_flags_win_over_the_file_and_set_wins_over_flags(config, tmp_path, capsys):
    called = Called(
        capsys, "train", config, "--json", "--steps", "5", "--seed", "7", "--name", "Other",
        "--trigger", "sks", "--class-word", "toy", "--out", tmp_path / "elsewhere",
        "--set", "training.steps=1", "--set", "sampling.prompts=[\"a\", \"b\"]",
        "--set", "dataset.template=a drawing of {subject}",
    )  # fmt: skip
    assert called.code == 0
    (folder,) = (tmp_path / "elsewhere").iterdir()
    told = json.loads((folder / "config.json").read_text("utf-8"))
    assert told["training"]["steps"] == 1
    assert told["training"]["seed"] == 7
    assert told["name"] == "Other"
    assert told["dataset"]["trigger"] == "sks"
    assert told["dataset"]["class_word"] == "toy"
    assert told["dataset"]["template"] == "a drawing of {subject}"
    assert told["sampling"]["prompts"] == ["a", "b"]


def test_toml_and_relative_paths(tiny_folder, pictures_folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").symlink_to(pictures_folder, target_is_directory=True)
    (tmp_path / "my.toml").write_text(
        f'base_model = "{tiny_folder}"\nruns_folder = "runs"\n'
        '[dataset]\nfolder = "pictures"\n[training]\nsteps = 1\nresolution = 32\ndevice = "cpu"\n'
        "[sampling]\nevery_steps = 0\n",
        "utf-8",
    )
    assert Called(capsys, "train", "my.toml", "--json").code == 0
    told = json.loads(only_run(tmp_path).config_path.read_text("utf-8"))
    assert told["dataset"]["folder"] == str(tmp_path / "pictures")
    assert told["runs_folder"] == str(tmp_path / "runs")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "training.stps=3"], "Did you mean training.steps?"),
        (["--set", "training.steps"], "--set wants key=value"),
        (["--set", "=3"], "--set wants key=value"),
        (["--base", "not-there.safetensors"], "There is no model at"),
        (["--images", "not-there"], "is not there or is not a folder"),
        (["--out", "config.json"], "Nothing can be written to"),
        (["--set", "export.formats=[\"hypernetwork\"]"], "lora cannot be saved as hypernetwork"),
        (["--set", "training.steps=0"], "it must be at least 1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_json", [True, False])
def test_what_the_user_can_mend_is_exit_code_1_with_the_sentence_on_standard_error(
    config, capsys, monkeypatch, arguments, said, as_json
):
    monkeypatch.chdir(config.parent)
    called = Called(capsys, "train", config, *arguments, *(["--json"] if as_json else []))
    assert called.code == 1
    assert said in called.err
    assert re.search(r"\[IM-[A-Z]{3}-\d\d\]", called.err)
    assert "Traceback" not in called.err
    if as_json:
        assert called.require_one_terminal()["error"]["code"].startswith("IM-")
        assert said in called.events[-1]["error"]["summary"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["train", "--no-such-flag"],
        ["generate"],
        ["generate", "--prompt", "x", "--count", "0"],
        ["generate", "--prompt", "x", "--seed", "-1"],
        ["generate", "--prompt", "x", "--size", "4"],
        ["generate", "--prompt", "x", "--size", "100"],
        ["export", "run", "--format", "nothing", "--out", "x"],
        ["train", "--steps", "many"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err


FIGURES = {
    "generate": ["--guidance", "--steps", "--count", "--seed", "--size", "--width", "--height",
                 "--clip-skip"],
    "train": ["--steps", "--seed"],
    "export": ["--step"],
    "compare": ["--steps", "--seconds", "--seeds", "--jobs"],
}  # fmt: skip


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "x", "", "9" * 5000])
@pytest.mark.parametrize(
    ("verb", "flag"), [(verb, flag) for verb, flags in FIGURES.items() for flag in flags]
)
def test_a_flag_for_a_number_takes_no_other_text(verb, flag, text, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main([verb, f"{flag}={text}"])
    assert left.value.code == 2
    assert f"argument {flag}: must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--guidance=-1", "must be a number from 0 to 50, not '-1'"),
        ("--guidance=1e30", "must be a number from 0 to 50, not '1e30'"),
        ("--steps=1500", "must be a whole number from 1 to 1000, not '1500'"),
        ("--size=100", "must be a multiple of 8 from 32 to 4096, not '100'"),
        ("--count=0", "must be a whole number of at least 1, not '0'"),
    ],
)
def test_a_number_out_of_its_range_is_refused_with_the_range(flag, said, capsys):
    with pytest.raises(SystemExit):
        cli.main(["generate", "--prompt", "x", flag])
    assert f"argument {flag.partition('=')[0]}: {said}" in capsys.readouterr().err


def test_no_verb_is_wrong_usage(capsys):
    assert Called(capsys).code == 2


@pytest.mark.parametrize("as_json", [True, False])
def test_a_crash_of_ours_is_exit_code_3_and_says_whose_fault_it_is(
    config, capsys, monkeypatch, as_json
):
    def crash(*_, **__):
        raise ZeroDivisionError("our fault")

    monkeypatch.setattr("engine.step_loss.denoising_loss", crash)
    called = Called(capsys, "train", config, *(["--json"] if as_json else []))
    assert called.code == 3
    assert "This is a fault of ours, not of yours." in called.err
    assert "ZeroDivisionError: our fault" in called.err
    if as_json:
        last = called.require_one_terminal()
        assert last["event"] == "RunCrashed"
        assert "our fault" in last["traceback"]


def test_check_lists_pictures_and_fails_where_none_can_be_used(pictures_folder, tmp_path, capsys):
    called = Called(capsys, "check", "--images", pictures_folder, "--json")
    assert called.code == 0
    assert called.require_one_terminal()["steps"] == 3
    people = Called(capsys, "check", "--images", pictures_folder)
    assert "picture0.png  96 x 96  a photo of a toy, number 0" in people.out
    empty = Called(capsys, "check", "--images", tmp_path, "--json")
    assert empty.code == 1
    assert empty.require_one_terminal()["error"]["code"] == "IM-IMG-10"


def test_export_writes_another_format_from_another_step(config, tmp_path, capsys):
    assert Called(capsys, "train", config, "--json").code == 0
    run = only_run(tmp_path).path
    for form, step in (("diffusers", []), ("kohya", ["--step", "2"])):
        out = tmp_path / f"my {form}.safetensors"
        called = Called(capsys, "export", run, *step, "--format", form, "--out", out, "--json")
        assert called.code == 0
        assert called.require_one_terminal()["exports"] == [str(out)]
        assert called.events[-1]["steps"] == (2 if step else 3)
        assert out.stat().st_size > 1000
    missing = Called(
        capsys, "export", run, "--step", "1", "--format", "kohya", "--out", tmp_path / "x"
    )
    assert missing.code == 1
    assert "has no step-1 checkpoint" in missing.err


@pytest.fixture
def trained_lora(config, tmp_path, capsys) -> Path:
    assert Called(capsys, "train", config, "--json").code == 0
    return next(only_run(tmp_path).exports.iterdir())


def test_generate_writes_pictures_that_say_how_they_were_made_and_no_path(
    trained_lora, tiny_folder, tmp_path, capsys
):
    lora = trained_lora.rename(tmp_path / "odd:name 1.5.safetensors")
    arguments = [
        "generate", "--prompt", "a (toy:1.2)", "--negative", "blurry", "--base", tiny_folder,
        "--seed", "11", "--count", "2", "--size", "32", "--steps", "2", "--guidance", "4",
        "--out", tmp_path / "out", "--json",
    ]  # fmt: skip
    called = Called(capsys, *arguments, "--lora", f"{lora}:0.5")
    assert called.code == 0
    first, second = (Path(path) for path in called.require_one_terminal()["exports"])
    assert (first.name, second.name) == ("00001_seed11.png", "00002_seed12.png")
    assert Image.open(first).size == (32, 32)
    told = read_parameters(first)
    assert told == (
        "a (toy:1.2) <lora:odd:name 1.5:0.5>\nNegative prompt: blurry\n"
        "Steps: 2, Sampler: DPM++ 2M, Schedule type: SGM Uniform, CFG scale: 4, Seed: 11, "
        "Size: 32x32, Model: tiny-model, RNG: CPU, Version: Imprint"
    )
    assert str(tmp_path).encode() not in first.read_bytes()
    assert first.read_bytes() != second.read_bytes()

    same = Called(capsys, *arguments, "--lora", f"{lora}:0.5", "--count", "1")
    (third,) = (Path(path) for path in same.require_one_terminal()["exports"])
    assert third.name == "00003_seed11.png"
    assert third.read_bytes() == first.read_bytes()
    without = Called(capsys, *arguments, "--count", "1")
    (fourth,) = (Path(path) for path in without.require_one_terminal()["exports"])
    assert Image.open(fourth).tobytes() != Image.open(first).tobytes()


def test_generate_names_a_lora_that_is_not_there(tiny_folder, tmp_path, capsys):
    called = Called(
        capsys, "generate", "--prompt", "x", "--base", tiny_folder, "--size", "32",
        "--lora", "nowhere.safetensors:0.5", "--out", tmp_path,
    )  # fmt: skip
    assert called.code == 1
    assert "nowhere.safetensors" in called.err
    assert list(tmp_path.glob("*.png")) == []


@pytest.mark.parametrize("verb", ["train", "dry run", "generate"])
def test_a_clip_skip_of_more_layers_than_there_are_is_refused_before_the_start(
    config, tiny_folder, tmp_path, capsys, verb
):
    arguments = ["train", config, "--set", "training.clip_skip=5"]
    if verb == "dry run":
        arguments.append("--dry-run")
    if verb == "generate":
        arguments = [
            "generate", "--prompt", "a", "--base", tiny_folder, "--clip-skip", "5",
            "--out", tmp_path / "runs",
        ]  # fmt: skip
    called = Called(capsys, *arguments)
    assert called.code == 1
    assert "Set clip skip to 2 or less" in called.err
    assert not (tmp_path / "runs").exists() or not any((tmp_path / "runs").iterdir())


def test_help_settings_lists_every_key_with_its_limits(capsys):
    called = Called(capsys, "--help-settings", "lora")
    assert called.code == 0
    assert "training.steps = 1000 from 1 to 1e+06" in called.out
    assert "method.rank = 16 from 1 to 256" in called.out
    assert (
        "method.prior_weight = 1.0 from 0 to 10"
        in Called(capsys, "--help-settings", "dreambooth").out
    )


def test_without_a_base_model_the_starter_is_named_in_the_error_if_it_is_not_there(
    pictures_folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("engine.models.catalog.STARTER_FOLDER", tmp_path / "not there")
    called = Called(capsys, "train", "--images", pictures_folder, "--out", tmp_path / "runs")
    assert called.code == 1
    assert "There is no model at" in called.err


def test_a_caption_in_letters_that_the_terminal_lacks_ends_nothing(image_folder, monkeypatch):
    (image_folder / "picture0.txt").write_text("一只猫", "utf-8")
    western = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", western)
    assert cli.main(["check", "--images", str(image_folder)]) == 0
    western.flush()
    assert "一只猫" in western.buffer.getvalue().decode("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_saves_exports_and_leaves_a_run_that_can_be_resumed(config, tmp_path, number):
    command = Command("train", config, "--set", "training.steps=5000")
    assert command.wait_for("StepFinished")
    command.process.send_signal(number)
    code, errors = command.finish()
    assert code == 0, errors
    assert "Traceback" not in errors
    last = command.events[-1]
    assert last["event"] == "RunFinished"
    assert last["stopped_early"] is True
    assert Path(last["exports"][0]).is_file()
    folder = only_run(tmp_path)
    assert (folder.checkpoints / f"step_{last['steps']:06d}").is_dir()
    assert json.loads(folder.result.read_text())["outcome"] == "stopped"


@pytest.mark.parametrize(
    "words",
    [["train", "--images", ""], ["train", "--images", "x", "--out", ""], ["check", "--images", ""],
     ["export", "run", "--format", "kohya", "--out", ""], ["resume", ""]],
)  # fmt: skip
def test_a_path_that_is_empty_is_not_the_working_folder(capsys, words):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "the path is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stopped_early", "exports", "code"),
    [(True, (), 130), (True, ("x.safetensors",), 0), (False, (), 0)],
)
def test_a_command_that_was_stopped_before_there_was_a_result_says_so_by_its_exit_code(
    stopped_early, exports, code
):
    """`export ... && upload ...` must not go on."""
    end = RunFinished(steps=0, stopped_early=stopped_early, exports=exports)
    assert Reporter(as_lines=True).show(iter([end])) == code
