"""What a run leaves for other programs: after one step, again, the same each time, and if wrong."""

from __future__ import annotations

import errno
import json
import os
import shutil
from itertools import islice
from pathlib import Path

import pytest
import safetensors.torch
import torch

from engine import cli
from engine.control import Control
from engine.errors import ExportFailed
from engine.events import (
    ExportChecked,
    Heartbeat,
    Noticed,
    RunFailed,
    RunFinished,
    Stage,
    StageProgress,
)
from engine.formats import checkpoint, lora_kohya
from engine.formats.metadata import ExportFacts
from engine.later_exports import export_again, export_step_again
from engine.notices import Notice
from engine.output_errors import NotOurs, SuffixOfAnother
from tests.engine_runs import require_finished, sha256, stop_after, tiny_run, train
from tests.method_matrix import DREAMBOOTH, LORA, METHODS, VARIANTS
from tests.whole_models import files_in

SMALL_RATES = {"learning_rate": 1e-7, "text_learning_rate": 1e-7, "word_learning_rate": 1e-7}
KINDS = {
    "lora": LORA,
    "lora with text encoder": METHODS["lora with text encoder"],
    "lora with a new word": METHODS["lora with a new word"],
    "locon": VARIANTS["lora with convolutions"],
    "ranks by block": VARIANTS["lora with ranks by block"],
    "rslora": VARIANTS["lora rank-stabilised"],
    "dora": VARIANTS["dora"],
    "loha": VARIANTS["loha"],
    "lokr": VARIANTS["lokr"],
    "oft": VARIANTS["oft"],
    "dreambooth": DREAMBOOTH,
    "textual inversion": METHODS["textual inversion"],
    "hypernetwork": METHODS["hypernetwork"],
}  # fmt: skip


def started(base: Path, pictures: Path, runs: Path, method: dict, **over):
    """A long run with a long warm-up, stopped after its first step."""
    slow = {key: rate for key, rate in SMALL_RATES.items() if key in method}
    data = tiny_run(
        base, pictures, runs, method=method | slow,
        training={"steps": 1000}, optimizer={"warmup": 0.5}, **over,
    )  # fmt: skip
    return train(data, stop_after(1))


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_stopped_after_its_first_step_leaves_sound_files(
    tiny_folder, pictures_folder, tmp_path, kind, precision
):
    run = require_finished(
        started(tiny_folder, pictures_folder, tmp_path, KINDS[kind],
                export={"precision": precision})
    )  # fmt: skip
    assert run.last.stopped_early
    assert run.of(ExportChecked)
    for path in run.last.exports:
        assert Path(path).exists()
    out = tmp_path / "again" / Path(run.last.exports[0]).name
    events = list(export_again(run.folder.path, None, run.of(ExportChecked)[0].format, out))
    assert isinstance(events[-1], RunFinished), events[-1]
    assert out.exists()


def test_the_report_of_a_run_says_what_has_to_be_known_in_other_programs(
    tiny_folder, pictures_folder, tmp_path
):
    """Ranks by block, and changes that fp16 hardly holds."""
    run = require_finished(
        started(
            tiny_folder, pictures_folder, tmp_path, LORA | {"block_ranks": "down=2"},
            export={"formats": ["diffusers"], "precision": "fp16"},
        )
    )  # fmt: skip
    (report,) = run.of(ExportChecked)
    assert any("the layers have different ranks" in said for said in report.remarks)
    assert any("fp16 keeps them only roughly" in said for said in report.remarks)


SAME = {
    "kohya": (LORA | {"block_ranks": "down=2"}, ".safetensors"),
    "diffusers": (LORA | {"block_ranks": "down=2"}, ".safetensors"),
    "embedding": (METHODS["textual inversion"], ".safetensors"),
    "embedding_a1111": (METHODS["textual inversion"], ".pt"),
    "embedding_diffusers": (METHODS["textual inversion"], ".safetensors"),
    "hypernetwork": (METHODS["hypernetwork"], ".pt"),
    "checkpoint": (DREAMBOOTH, ".safetensors"),
    "diffusers_folder": (DREAMBOOTH, ""),
}


@pytest.mark.parametrize("form", SAME)
def test_the_same_step_of_the_same_run_is_the_same_file_byte_for_byte(
    tiny_folder, pictures_folder, tmp_path, form
):
    method, suffix = SAME[form]
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", method=method,
        export={"formats": [form], "precision": "fp16"},
    )  # fmt: skip
    run = require_finished(train(data))
    first = tmp_path / "first"
    first.mkdir()
    (shutil.copytree if run.export.is_dir() else shutil.copy)(run.export, first / run.export.name)
    for number in range(3):
        out = tmp_path / str(number) / run.export.name
        require_end(export_again(run.folder.path, None, form, out), RunFinished)
        assert files_in(out.parent) == files_in(first)
    assert run.export.suffix == suffix
    before = files_in(run.folder.exports)
    require_end(export_step_again(run.folder.path, 4), RunFinished)
    assert files_in(run.folder.exports) == before


def test_a_file_says_of_which_step_it_is(tiny_folder, pictures_folder, tmp_path):
    run = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=LORA))
    )
    out = tmp_path / "again.safetensors"
    require_end(export_again(run.folder.path, 2, "kohya", out), RunFinished)
    for path, step in ((run.export, 4), (out, 2)):
        with safetensors.safe_open(path, "pt") as file:
            assert file.metadata()["ss_steps"] == str(step)


def test_a_header_has_its_metadata_in_one_order_in_every_process(tiny_folder, tmp_path):
    """safetensors' own writer has another order each time it is asked."""
    from engine.tensor_writer import write_tensors

    table = {f"key{number}": str(number) for number in range(40)}
    paths = [tmp_path / f"{number}.safetensors" for number in range(5)]
    for path in paths:
        write_tensors(path, {"b": torch.ones(2), "a": torch.zeros(3, dtype=torch.float16)}, table)
    assert len({sha256(path) for path in paths}) == 1
    length = int.from_bytes(paths[0].read_bytes()[:8], "little")
    header = json.loads(paths[0].read_bytes()[8 : 8 + length])
    assert list(header["__metadata__"]) == list(table)
    assert safetensors.torch.load_file(paths[0]).keys() == {"a", "b"}


def require_end(events, kind: type):
    *_, last = events
    assert isinstance(last, kind), last
    return last


@pytest.fixture
def wrong_kohya(monkeypatch):
    """A writer that leaves a layer out; `repair()` puts the right one back."""
    save = lora_kohya.save

    def wrong(path, result, facts):
        save(path, result, facts)
        tensors = safetensors.torch.load_file(path)
        safetensors.torch.save_file(dict(list(tensors.items())[3:]), path)

    monkeypatch.setattr(lora_kohya, "save", wrong)
    return lambda: monkeypatch.setattr(lora_kohya, "save", save)


def test_a_failed_check_costs_neither_the_file_nor_the_others_nor_the_record(
    tiny_folder, pictures_folder, tmp_path, wrong_kohya
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=LORA, sampling={"every_steps": 2},
        export={"formats": ["kohya", "diffusers"]},
    )  # fmt: skip
    run = train(data)
    assert isinstance(run.last, RunFailed)
    error = run.last.error
    assert isinstance(error, ExportFailed)
    kept = run.folder.exports / "toy.unverified.safetensors"
    assert kept.is_file()
    assert kept.name in str(error)
    assert str(run.folder.exports) in str(error)
    assert "is missing" in str(error)
    assert [report.format for report in run.of(ExportChecked)] == ["diffusers"]
    assert (run.folder.exports / "toy-diffusers.safetensors").is_file()
    assert run.folder.sheet.is_file()
    record = json.loads(run.folder.result.read_text("utf-8"))
    assert record["outcome"] == "failed"
    assert record["unverified"] == [kept.name]
    assert record["sha256"][kept.name] == sha256(kept)

    wrong_kohya()
    require_end(export_step_again(run.folder.path, 4), RunFinished)
    assert (run.folder.exports / "toy.safetensors").is_file()
    assert not kept.exists()
    record = json.loads(run.folder.result.read_text("utf-8"))
    assert record["outcome"] == "finished"
    assert record["unverified"] == []


def test_every_file_that_fails_is_said(tiny_folder, pictures_folder, tmp_path, monkeypatch):
    from engine.formats import lora_diffusers

    for module in (lora_kohya, lora_diffusers):
        original = module.save

        def wrong(path, result, facts, original=original):
            original(path, result, facts)
            tensors = safetensors.torch.load_file(path)
            safetensors.torch.save_file({n: t * 2 for n, t in tensors.items()}, path)

        monkeypatch.setattr(module, "save", wrong)
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=LORA,
        export={"formats": ["kohya", "diffusers"]},
    )  # fmt: skip
    run = train(data)
    assert "toy.safetensors" in str(run.last.error)
    notices: list[Notice] = [event.notice for event in run.of(Noticed)]
    assert any("toy-diffusers.safetensors" in str(notice) for notice in notices)
    assert {path.name for path in run.folder.exports.iterdir()} == {
        "toy.unverified.safetensors", "toy-diffusers.unverified.safetensors"
    }  # fmt: skip


def test_a_wrong_file_takes_no_sound_one_away(tiny_folder, pictures_folder, tmp_path, monkeypatch):
    run = require_finished(
        train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=LORA))
    )  # fmt: skip
    before = run.export.read_bytes()
    save = lora_kohya.save

    def wrong(path, result, facts):
        save(path, result, facts)
        tensors = safetensors.torch.load_file(path)
        safetensors.torch.save_file({n: t * 2 for n, t in tensors.items()}, path)

    monkeypatch.setattr(lora_kohya, "save", wrong)
    require_end(export_step_again(run.folder.path, 2), RunFailed)
    assert run.export.read_bytes() == before
    assert (run.folder.exports / "toy.unverified.safetensors").is_file()


def test_the_yaml_of_a_wrong_checkpoint_stays_with_it(
    tiny_v_folder, pictures_folder, tmp_path, monkeypatch
):
    save = checkpoint.save

    def wrong(path, result, facts):
        save(path, result, facts)
        tensors = safetensors.torch.load_file(path)
        safetensors.torch.save_file({n: t * 2 for n, t in tensors.items()}, path)

    monkeypatch.setattr(checkpoint, "save", wrong)
    data = tiny_run(
        tiny_v_folder, pictures_folder, tmp_path, method=DREAMBOOTH,
        export={"formats": ["checkpoint"]},
    )  # fmt: skip
    run = train(data)
    assert isinstance(run.last.error, ExportFailed)
    names = {path.name for path in run.folder.exports.iterdir()}
    assert names == {"toy-model.unverified.safetensors", "toy-model.unverified.yaml"}
    monkeypatch.setattr(checkpoint, "save", save)
    require_end(export_step_again(run.folder.path, 4), RunFinished)
    names = {path.name for path in run.folder.exports.iterdir()}
    assert names == {"toy-model.safetensors", "toy-model.yaml"}


def test_the_terminal_says_where_a_wrong_file_is(
    tiny_folder, pictures_folder, tmp_path, wrong_kohya, capsys
):
    del wrong_kohya
    settings = tmp_path / "run.json"
    settings.write_text(json.dumps(tiny_run(tiny_folder, pictures_folder, tmp_path, method=LORA)))
    assert cli.main(["train", str(settings)]) == 1
    said = capsys.readouterr().err
    assert "IM-EXP-03" in said
    assert "toy.unverified.safetensors" in said


def test_a_second_export_keeps_the_zero_terminal_snr_of_the_run(
    tiny_v_folder, pictures_folder, tmp_path, monkeypatch
):
    seen: list[ExportFacts] = []
    save = checkpoint.save

    def watched(path, result, facts):
        seen.append(facts)
        save(path, result, facts)

    monkeypatch.setattr(checkpoint, "save", watched)
    data = tiny_run(
        tiny_v_folder, pictures_folder, tmp_path, method=DREAMBOOTH,
        loss={"zero_terminal_snr": True}, export={"formats": ["checkpoint"]},
    )  # fmt: skip
    run = require_finished(train(data))
    require_end(export_step_again(run.folder.path, 4), RunFinished)
    assert [facts.zero_terminal_snr for facts in seen] == [True, True]


def test_a_schedule_free_run_exports_the_same_again(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=LORA,
        optimizer={"name": "schedulefree_adamw"}, export={"formats": ["kohya"]},
    )  # fmt: skip
    run = require_finished(train(data))
    first = safetensors.torch.load_file(run.export)
    require_end(export_step_again(run.folder.path, 4), RunFinished)
    again = safetensors.torch.load_file(run.export)
    assert first.keys() == again.keys()
    for name, tensor in first.items():
        assert torch.allclose(tensor, again[name], rtol=1e-6, atol=1e-9), name


def test_a_model_that_cannot_be_moved_to_its_place_leaves_the_older_one_there(
    tiny_folder, pictures_folder, tmp_path, monkeypatch
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=DREAMBOOTH,
        export={"formats": ["diffusers_folder"]},
    )  # fmt: skip
    run = require_finished(train(data))
    before = files_in(run.export)
    refused = []

    real = os.replace

    def refuse(source, target, **places):
        if "unverified" in str(source) and target == run.export.name:
            refused.append(source)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(source))
        return real(source, target, **places)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        require_end(export_step_again(run.folder.path, 2), RunFailed)
    assert refused
    assert files_in(run.export) == before
    require_end(export_step_again(run.folder.path, 2), RunFinished)
    assert files_in(run.export) != before
    assert [path.name for path in run.folder.exports.iterdir()] == [run.export.name]


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_a_file_of_the_users_is_never_written_over_by_an_export(
    tiny_folder, pictures_folder, tmp_path, form
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=LORA)
    run = require_finished(train(data))
    thesis, mine = tmp_path / "thesis.docx", tmp_path / "mine.safetensors"
    for path in (thesis, mine):
        path.write_text("dear")
        end = require_end(export_again(run.folder.path, None, form, path), RunFailed)
        assert isinstance(end.error, NotOurs | SuffixOfAnother)
        assert path.read_text() == "dear"
    link = tmp_path / "link.safetensors"
    link.symlink_to(tmp_path / "not mounted")
    assert isinstance(
        require_end(export_again(run.folder.path, None, form, link), RunFailed).error, NotOurs
    )
    again = tmp_path / "again.safetensors"
    for _ in range(2):  # its own of before makes room
        require_end(export_again(run.folder.path, None, form, again), RunFinished)
    assert {path.name for path in tmp_path.iterdir()} == {
        "runs", "thesis.docx", "mine.safetensors", "link.safetensors", "again.safetensors"
    }  # fmt: skip


@pytest.mark.parametrize("form", ["kohya", "diffusers"])
def test_an_export_that_another_program_changed_is_a_file_of_the_users(
    tiny_folder, pictures_folder, tmp_path, form
):
    """Programs that merge and resize keep the header, and so the name of ours in it."""
    run = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=LORA)))
    out = tmp_path / "x.safetensors"
    require_end(export_again(run.folder.path, None, form, out), RunFinished)
    with safetensors.safe_open(out, "pt") as file:
        metadata = file.metadata()
    tensors = {name: tensor * 1.5 for name, tensor in safetensors.torch.load_file(out).items()}
    safetensors.torch.save_file(tensors, out, metadata)
    changed = out.read_bytes()
    end = require_end(export_again(run.folder.path, None, form, out), RunFailed)
    assert isinstance(end.error, NotOurs)
    assert out.read_bytes() == changed


def test_the_export_of_another_run_is_not_replaced(tiny_folder, pictures_folder, tmp_path):
    runs = [
        require_finished(
            train(tiny_run(tiny_folder, pictures_folder, tmp_path, name=name, method=LORA))
        )
        for name in ("one", "other")
    ]
    out = tmp_path / "x.safetensors"
    require_end(export_again(runs[0].folder.path, None, "kohya", out), RunFinished)
    end = require_end(export_again(runs[1].folder.path, None, "kohya", out), RunFailed)
    assert isinstance(end.error, NotOurs)


def test_two_exports_to_one_name_take_turns(tiny_folder, pictures_folder, tmp_path):
    """Each would take the other's file, which is not checked yet, for one that is in the way."""
    runs = [
        require_finished(
            train(tiny_run(tiny_folder, pictures_folder, tmp_path, name=name, method=LORA))
        )
        for name in ("one", "other")
    ]
    out = tmp_path / "files/x.safetensors"
    first, other = (export_again(run.folder.path, None, "kohya", out) for run in runs)
    for event in first:
        if isinstance(event, StageProgress) and event.stage is Stage.EXPORT:
            break  # the file is written, and not looked at
    assert any(isinstance(event, Heartbeat) for event in islice(other, 10))
    require_end(first, RunFinished)
    written = out.read_bytes()
    assert isinstance(require_end(other, RunFailed).error, NotOurs)
    assert out.read_bytes() == written
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_a_file_with_the_name_of_an_unchecked_export_is_kept(
    tiny_folder, pictures_folder, tmp_path
):
    runs = [
        require_finished(
            train(tiny_run(tiny_folder, pictures_folder, tmp_path, name=name, method=LORA))
        )
        for name in ("one", "other")
    ]
    mine = Path(shutil.copyfile(runs[0].export, tmp_path / "z.unverified.safetensors"))
    before = mine.read_bytes()
    told = list(export_again(runs[1].folder.path, None, "kohya", tmp_path / "z.safetensors"))
    assert isinstance(told[-1], RunFinished)
    (kept,) = tmp_path.glob("z.unverified.earlier*")
    assert kept.read_bytes() == before
    assert [n.notice.code for n in told if isinstance(n, Noticed)] == ["IM-OUT-14"]


def test_a_file_that_comes_while_an_export_is_written_is_kept(
    tiny_folder, pictures_folder, tmp_path
):
    run = require_finished(train(tiny_run(tiny_folder, pictures_folder, tmp_path, method=LORA)))
    out = tmp_path / "x.safetensors"
    told = []
    for event in export_again(run.folder.path, None, "kohya", out):
        told.append(event)
        if isinstance(event, StageProgress) and event.stage is Stage.EXPORT:
            out.write_text("mine")
    assert isinstance(told[-1], RunFinished)
    assert (tmp_path / "x.earlier.safetensors").read_text() == "mine"
    assert safetensors.torch.load_file(out)
    assert [n.notice.code for n in told if isinstance(n, Noticed)] == ["IM-OUT-14"]


def test_what_a_user_put_into_the_exports_of_a_run_is_kept_under_another_name(
    tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path, method=LORA)
    run = require_finished(train(data))
    run.export.write_bytes(b"my own merge")
    told = list(export_step_again(run.folder.path, 2))
    kept = run.export.with_stem(f"{run.export.stem}.earlier")
    assert kept.read_bytes() == b"my own merge"
    assert [n.notice.facts["kept"] for n in told if isinstance(n, Noticed)] == [kept.name]
    assert isinstance(told[-1], RunFinished)


@pytest.mark.parametrize("form", ["diffusers_folder", "checkpoint"])
def test_a_users_folder_of_that_name_is_never_replaced(
    tiny_folder, pictures_folder, tmp_path, form
):
    data = tiny_run(tiny_folder, pictures_folder, tmp_path / "runs", method=DREAMBOOTH)
    run = require_finished(train(data))
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear", "utf-8")
    end = require_end(export_again(run.folder.path, None, form, mine), RunFailed)
    assert isinstance(end.error, NotOurs | SuffixOfAnother)
    assert [path.name for path in mine.iterdir()] == ["letter.txt"]
    assert {path.name for path in tmp_path.iterdir()} >= {"mine", "runs"}
    again = tmp_path / "model"
    if form == "diffusers_folder":
        for _ in range(2):  # an older model makes room
            require_end(export_again(run.folder.path, None, form, again), RunFinished)
        assert (again / "model_index.json").is_file()
        assert not list(tmp_path.glob("*unverified*"))


@pytest.mark.parametrize("form", SAME)
def test_an_export_that_is_stopped_leaves_no_file_or_a_whole_one(
    tiny_folder, pictures_folder, tmp_path, form
):
    method, _ = SAME[form]
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs", method=method, export={"formats": [form]}
    )
    run = require_finished(train(data))
    whole = len(list(export_again(run.folder.path, None, form, tmp_path / run.export.name)))
    for count in sorted({1, 2, 3, 4, whole // 2, whole - 2, whole - 1}):
        control, out = Control(), tmp_path / f"stopped at {count}" / run.export.name
        events = []
        for event in export_again(run.folder.path, None, form, out, control):
            events.append(event)
            if len(events) == count:
                control.stop()
        assert isinstance(events[-1], RunFinished)
        assert events[-1].exports == (() if events[-1].stopped_early else (str(out),))
        assert events[-1].stopped_early == (len(events) < whole)
        left = files_in(out.parent) if out.parent.is_dir() else {}
        assert bool(left) != events[-1].stopped_early
        assert not any("unverified" in str(name) for name in left)
    assert not events[-1].stopped_early  # it was done when Stop came
