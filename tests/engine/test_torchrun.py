"""What is left of torchrun in the environment neither silences a command nor stops it."""

from __future__ import annotations

import os

import pytest

from engine import cli
from engine.torchrun import RankLeftOver, RankNotUsable, take_place

WHOLE = {
    "RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "localhost",
    "MASTER_PORT": "29500",
}  # fmt: skip


@pytest.fixture
def variables(monkeypatch):
    """Call it with what torchrun is to have left."""
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)

    def leave(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return leave


@pytest.mark.parametrize("as_json", [[], ["--json"]])
@pytest.mark.parametrize(
    "left",
    [{"RANK": "1"}, {"RANK": "x"}, {"LOCAL_RANK": "y"}, {"RANK": "1", "WORLD_SIZE": "2"}],
)
def test_a_command_speaks_and_says_what_it_ignores(variables, image_folder, capsys, left, as_json):
    variables(**left)
    assert cli.main(["check", "--images", str(image_folder), *as_json]) == 0
    out, err = capsys.readouterr()
    assert "picture0.png" in out
    (line,) = err.splitlines()
    assert "[IM-SYS-22]" in line
    assert f" has {' '.join(left)} of torchrun" in line
    assert f" unset {' '.join(left)} [" in line
    assert not set(left) & set(os.environ)


def test_an_address_alone_is_no_word_worth(variables, image_folder, capsys):
    variables(MASTER_ADDR="localhost", MASTER_PORT="1")
    assert cli.main(["check", "--images", str(image_folder)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("change", [{"RANK": "x"}, {"RANK": "-1"}, {"RANK": "2"}, {"RANK": ""},
                                    {"LOCAL_RANK": "1.5"}, {"WORLD_SIZE": "0"},
                                    {"WORLD_SIZE": "²"}, {"MASTER_PORT": "9" * 5000}])  # fmt: skip
def test_a_variable_that_names_no_process_is_an_error(variables, image_folder, capsys, change):
    variables(**WHOLE | change)
    assert cli.main(["check", "--images", str(image_folder)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert "[IM-SYS-23]" in line
    assert "Traceback" not in err


def test_only_the_first_process_of_torchrun_speaks(variables, image_folder, capsys):
    for rank in ("0", "1"):
        variables(**WHOLE | {"RANK": rank, "LOCAL_RANK": rank})
        assert take_place() == (int(rank), None)
        assert cli.main(["check", "--images", str(image_folder)]) == 0
        assert bool(capsys.readouterr().out) == (rank == "0")


@pytest.mark.parametrize("left", [{"RANK": "1"}, {"LOCAL_RANK": "0"}, {"WORLD_SIZE": "2"}])
def test_a_training_does_not_wait_for_processes_that_never_come(
    variables, tiny_folder, image_folder, tmp_path, capsys, left
):
    """accelerate reads the same variables."""
    variables(**left)
    code = cli.main(
        ["train", "--base", str(tiny_folder), "--images", str(image_folder), "--steps", "1",
         "--set", "training.resolution=32", "--set", "training.device=cpu",
         "--set", "sampling.every_steps=0", "--out", str(tmp_path)]
    )  # fmt: skip
    assert code == 0
    assert "Done." in capsys.readouterr().out


def test_the_sentences_name_the_variables():
    notice = RankLeftOver(set="RANK", missing="WORLD_SIZE, LOCAL_RANK")
    assert str(notice).endswith("Remove it: unset RANK")
    assert "RANK of torchrun is x" in str(RankNotUsable(name="RANK", value="x"))
