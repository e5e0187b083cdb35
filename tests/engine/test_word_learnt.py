"""The taught word is called by every text, moves, and shows; or the run says what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.addons import Addon
from engine.advice import advice_on
from engine.control import Control
from engine.data.batches import calling_first
from engine.data.called import WordNotCalled
from engine.dry_run import dry_run
from engine.events import Noticed, RunFailed, RunFinished, StepFinished
from engine.generate import GenerateRequest, generate
from engine.movement import NothingLearnt
from engine.sampler import SampleSettings
from engine.stepping import Stepper
from engine.strength_and_step import strength_and_step
from tests.conftest import draw_pictures
from tests.engine_runs import (
    config_of,
    newest_weights,
    require_finished,
    resume,
    stop_after,
    tiny_run,
    train,
)
from tests.timing import PATIENCE
from tests.words_table import FREE_WORDS, METHODS, TEACH_A_WORD, WORDS, draw, measure

ROOT = Path(__file__).parents[2]
TI = METHODS["textual inversion"]
SOME = ("Chinese", "underscore", "case that grows", "Thai with marks", "Cyrillic and Latin")
LONG = ", ".join(f"a thing number {number}" for number in range(40))  # far more than 75 tokens


@pytest.mark.parametrize(
    ("method", "script"),
    [
        *((method, script) for method in TEACH_A_WORD[:1] for script in WORDS),
        *((method, script) for method in TEACH_A_WORD[1:] for script in SOME),
        *((method, "Chinese") for method in METHODS if method not in TEACH_A_WORD),
        *((method, script) for method in ("lora", "hypernetwork") for script in FREE_WORDS),
    ],
)
def test_a_word_is_learnt_and_shows_in_every_script(tiny_folder, tmp_path, method, script):
    word, caption = (WORDS | FREE_WORDS)[script]
    pictures = draw_pictures(tmp_path / "pictures")
    row = measure(tiny_folder, pictures, tmp_path / "runs", method, word, caption)
    assert row.called
    assert row.distance > 1e-3
    assert row.with_word > 0
    if method == "textual inversion":
        assert row.without_word == 0
        assert row.notices == ("IM-WRD-04",)
    elif method.startswith("lora"):
        assert "IM-WRD-05" in row.notices


@pytest.mark.parametrize("family", ["tiny_sd2_folder", "tiny_sdxl_folder"])
@pytest.mark.parametrize("method", TEACH_A_WORD)
def test_a_word_inside_a_chinese_sentence_is_learnt_in_every_family(
    request, tmp_path, method, family
):
    base, pictures = request.getfixturevalue(family), draw_pictures(tmp_path / "pictures")
    row = measure(base, pictures, tmp_path / "runs", method, *WORDS["Chinese"])
    assert row.called == ((2, 5),)
    assert row.distance > 1e-3
    assert row.with_word > 0
    assert method != "textual inversion" or row.without_word == 0


# ---- steps without the word ------------------------------------------------------------------


@pytest.mark.parametrize("method", TEACH_A_WORD)
@pytest.mark.parametrize(
    ("dataset", "training"),
    [
        ({"caption_dropout": 0.7}, {}),
        ({"caption_dropout": 0.7}, {"gradient_accumulation": 2}),
        ({"caption_dropout": 0.7}, {"batch_size": 2}),
    ],
)
def test_steps_without_a_caption_neither_crash_nor_stop_the_word(
    tiny_folder, tmp_path, method, dataset, training
):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=METHODS[method],
        dataset=dataset, training={"steps": 6, **training},
    )  # fmt: skip
    trained = require_finished(train(data))
    assert len(trained.of(StepFinished)) == 6


def test_a_dropped_caption_gives_every_vector_a_gradient_of_zero(tiny_folder, tmp_path):
    """So that several processes always share gradients of the same shape."""
    pictures, seen = draw_pictures(tmp_path / "pictures"), []
    original = Stepper.end

    def end(self):
        seen.extend(weight.grad is not None for weight in self.parameters)
        original(self)

    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=METHODS["lora with a word"],
        dataset={"caption_dropout": 0.9},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stepper, "end", end)
        require_finished(train(data))
    assert seen
    assert all(seen)


@pytest.mark.parametrize("method", TEACH_A_WORD)
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("cut", ["cut", "chunks"])
def test_a_trigger_behind_the_cut_is_brought_in_front_of_it(
    tiny_folder, tmp_path, live_models, method, shuffle, cut
):
    pictures = draw_pictures(tmp_path / "pictures")
    for path in pictures.glob("*.txt"):
        path.write_text(f"{LONG}, {LONG}, 一只我的猫在睡觉", "utf-8")
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=METHODS[method],
        dataset={
            "trigger": "我的猫", "long_captions": cut, "shuffle_tags": shuffle, "keep_tags": 0
        },
    )  # fmt: skip
    encoded = []
    from engine.models.clip_text import TextReader

    original = TextReader.encode

    def encode(self, prompts, num_chunks, *, emphasis):
        most = num_chunks or 9
        encoded.extend(self.calls(prompt, "我的猫", most) for prompt in prompts)
        return original(self, prompts, num_chunks, emphasis=emphasis)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextReader, "encode", encode)
        require_finished(train(data))
    assert len(encoded) >= 4
    assert all(encoded)


def test_only_the_first_tag_that_calls_the_word_goes_in_front():
    assert calling_first("a, b sks, c, sks", "sks") == "b sks, a, c, sks"
    assert calling_first("a, masks", "sks") == "a, masks"
    assert calling_first("a, b", "") == "a, b"


@pytest.mark.parametrize("start", ["run", "dry run"])
def test_a_text_that_does_not_call_the_word_is_refused_with_its_file(
    tiny_folder, tmp_path, monkeypatch, start
):
    """Which the rules make impossible: here the captions are composed by another one."""
    pictures = draw_pictures(tmp_path / "pictures")
    monkeypatch.setattr("engine.data.captions.calls", lambda text, word: True)
    monkeypatch.setattr("engine.data.called.calls", lambda text, word: True)
    data = tiny_run(tiny_folder, pictures, tmp_path / "runs", method=TI)
    last = train(data).last if start == "run" else list(dry_run(config_of(data), Control()))[-1]
    assert isinstance(last, RunFailed)
    assert isinstance(last.error, WordNotCalled)
    assert "picture0.png" in str(last.error)
    assert "zwx" in str(last.error)


# ---- what did not move -----------------------------------------------------------------------


def lame(monkeypatch) -> None:
    """Steps that move nothing, as where no text calls the word."""
    monkeypatch.setattr(Stepper, "end", lambda self: None)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_run_that_moved_nothing_fails_and_says_what(tiny_folder, tmp_path, monkeypatch, method):
    pictures = draw_pictures(tmp_path / "pictures")
    lame(monkeypatch)
    trained = train(tiny_run(tiny_folder, pictures, tmp_path / "runs", method=method))
    assert isinstance(trained.last, RunFailed)
    assert isinstance(trained.last.error, NothingLearnt)
    assert not list(trained.folder.exports.glob("*"))
    again = resume(trained.folder).last
    assert isinstance(again.error, NothingLearnt)


def test_a_word_that_did_not_move_fails_though_the_layers_did(tiny_folder, tmp_path, monkeypatch):
    from engine.methods.textual_inversion.method import TextualInversion

    monkeypatch.setattr(TextualInversion, "occasional", lambda self: [])
    monkeypatch.setattr("engine.models.clip_text.split", lambda text, words: [(text, "")])
    monkeypatch.setattr("engine.data.called.calling", lambda *given: given[-1])
    monkeypatch.setattr("engine.preparation.calling", lambda *given: given[-1])
    pictures = draw_pictures(tmp_path / "pictures")
    method = METHODS["lora with a word"]
    error = train(tiny_run(tiny_folder, pictures, tmp_path / "runs", method=method)).last.error
    assert isinstance(error, NothingLearnt)
    assert "zwx" in str(error)
    assert "unet" not in str(error)


def test_stopped_before_anything_moved_is_said_and_is_no_failure(
    tiny_folder, tmp_path, monkeypatch
):
    pictures = draw_pictures(tmp_path / "pictures")
    lame(monkeypatch)
    data = tiny_run(tiny_folder, pictures, tmp_path / "runs", method=METHODS["lora"])
    trained = require_finished(train(data, stop_after(1)))
    assert [e.notice.code for e in trained.of(Noticed) if "LRN" in e.notice.code] == ["IM-LRN-02"]


LORA = METHODS["lora"]


@pytest.mark.parametrize(
    ("method", "more"),
    [
        (LORA | {"text_learning_rate": 1e-4, "text_until": 0.01}, {}),
        (LORA | {"plus_ratio": 4.0}, {"training": {"steps": 1}}),
        (LORA | {"algorithm": "loha"}, {"training": {"steps": 1}}),
        (LORA | {"algorithm": "lokr"}, {"training": {"steps": 1}}),
        (LORA | {"algorithm": "oft"}, {"training": {"steps": 1}}),
        (LORA | {"algorithm": "dora"}, {"training": {"steps": 1}}),
        (LORA, {"optimizer": {"warmup": 0.9}, "training": {"steps": 2}}),
        (LORA, {"optimizer": {"name": "prodigy", "weight_decay": 0.0}}),
        (METHODS["hypernetwork"], {"training": {"steps": 1}}),
        (METHODS["dreambooth"] | {"learning_rate": 1e-7}, {"training": {"steps": 1}}),
        (TI, {"training": {"steps": 1}}),
    ],
)
def test_a_run_that_learns_a_little_is_no_false_alarm(tiny_folder, tmp_path, method, more):
    pictures = draw_pictures(tmp_path / "pictures")
    require_finished(train(tiny_run(tiny_folder, pictures, tmp_path, method=method, **more)))


def test_stop_before_the_first_step_is_no_false_alarm(tiny_folder, tmp_path):
    from engine.events import RunStarted

    def watch(event, control):
        if isinstance(event, RunStarted):
            control.stop()

    pictures = draw_pictures(tmp_path / "pictures")
    trained = train(tiny_run(tiny_folder, pictures, tmp_path / "runs", method=TI), watch)
    assert isinstance(trained.last, RunFinished)
    assert not [e for e in trained.of(Noticed) if "LRN" in e.notice.code]


# ---- what is said ----------------------------------------------------------------------------


def test_sample_prompts_that_do_not_call_the_word_are_said(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=TI,
        sampling={"prompts": ["a (zwx:1.1) toy", "a house"]},
    )  # fmt: skip
    notices = [event.notice for event in require_finished(train(data)).of(Noticed)]
    assert next(str(n) for n in notices if n.code == "IM-WRD-03").count("a house") == 1


@pytest.mark.parametrize("start", ["run", "dry run"])
def test_samples_of_captions_are_said_at_the_start_and_at_the_check(tiny_folder, tmp_path, start):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=TI, sampling={"prompts": ["a house"]}
    )
    events = train(data).events if start == "run" else list(dry_run(config_of(data), Control()))
    assert isinstance(events[-1], RunFinished)
    assert [e.notice.code for e in events if isinstance(e, Noticed) and "WRD" in e.notice.code] == [
        "IM-WRD-06"
    ]


@pytest.mark.parametrize(
    ("trigger", "better"),
    [("a", "sksx"), ("The", "sksx"), ("cat", "cxt"), ("sks", ""), ("zwx", "")],
)
@pytest.mark.parametrize("method", [TI, METHODS["lora with a word"]])
def test_a_taught_word_that_is_a_common_one_is_said_with_a_better_one(
    tiny_folder, tmp_path, method, trigger, better
):
    data = tiny_run(tiny_folder, tmp_path, tmp_path, method=method, dataset={"trigger": trigger})
    said = [notice for notice in advice_on(config_of(data)) if notice.code == "IM-WRD-10"]
    assert [notice.advice for notice in said] == ([f"Better use {better}."] if better else [])


def test_a_common_word_is_fine_where_nothing_new_is_taught(tiny_folder, tmp_path):
    data = tiny_run(tiny_folder, tmp_path, tmp_path, method=LORA, dataset={"trigger": "cat"})
    assert not [notice for notice in advice_on(config_of(data)) if notice.code == "IM-WRD-10"]


def test_a_common_word_is_said_at_the_check(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(tiny_folder, pictures, tmp_path, method=TI, dataset={"trigger": "cat"})
    events = list(dry_run(config_of(data), Control()))
    assert isinstance(events[-1], RunFinished)
    assert [e.notice.code for e in events if isinstance(e, Noticed)].count("IM-WRD-10") == 1


@pytest.mark.parametrize("trigger", ["BREAK", "(zwx)", "AND"])
def test_a_trigger_of_prompt_syntax_is_warned_of_where_it_is_allowed(
    tiny_folder, tmp_path, trigger
):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(tiny_folder, pictures, tmp_path, method=LORA, dataset={"trigger": trigger})
    notices = [event.notice for event in require_finished(train(data)).of(Noticed)]
    assert [n.code for n in notices if "WRD" in n.code] == ["IM-WRD-02"]


def test_a_negative_prompt_calls_an_embedding_too(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(tiny_folder, pictures, tmp_path / "runs", method=TI)
    export = require_finished(train(data)).export
    for negative, said in (("zwx", []), ("zwxy", ["IM-WRD-04"])):
        settings = SampleSettings(
            prompt="a house", negative_prompt=negative, width=32, height=32, num_inference_steps=1
        )
        request = GenerateRequest(
            base_model=str(tiny_folder), addons=(Addon(export),), settings=settings,
            folder=tmp_path / "out",
        )  # fmt: skip
        events = list(generate(request, Control()))
        assert [e.notice.code for e in events if isinstance(e, Noticed)] == said


def test_the_grid_of_strength_and_step_calls_the_word_too(tiny_folder, tmp_path):
    import numpy as np
    from PIL import Image

    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(tiny_folder, pictures, tmp_path / "runs", method=TI)
    trained = require_finished(train(data))
    for prompt, differs in (("a zwx", True), ("a house", False)):
        settings = SampleSettings(prompt=prompt, width=32, height=32, num_inference_steps=2)
        out = tmp_path / prompt
        events = list(
            strength_and_step(trained.folder.path, [2, 4], [1.0], settings, out, Control())
        )
        assert isinstance(events[-1], RunFinished), events[-1]
        bare, _ = draw(tiny_folder, (), prompt, tmp_path / "bare")
        for step in (2, 4):
            path = out / f"{trained.folder.path.name}_{step:06d}_1.png"
            shown = np.asarray(Image.open(path), dtype=float)
            assert bool(np.abs(shown - bare).max() > 0) is differs
        said = [e.notice.code for e in events if isinstance(e, Noticed)]
        assert said == ([] if differs else ["IM-WRD-05"])


def test_an_old_run_with_a_word_that_no_file_can_bear_goes_on(tiny_folder, tmp_path, monkeypatch):
    from engine import trigger_rules

    pictures = draw_pictures(tmp_path / "pictures")
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", method=TI, dataset={"trigger": "my old cat"}
    )
    with monkeypatch.context() as patch:
        patch.setattr(trigger_rules, "problems_of", lambda config: iter(()))
        first = require_finished(train(data, stop_after(2)))
    before = newest_weights(first.folder)["text_encoder.vectors"]
    again = require_finished(resume(first.folder))
    assert not newest_weights(again.folder)["text_encoder.vectors"].equal(before)


@pytest.mark.slow
def test_two_processes_with_dropped_captions_end_together(tiny_folder, tmp_path):
    """Each drops other captions: where one has no use for the word, the other has."""
    data = tiny_run(
        tiny_folder, draw_pictures(tmp_path / "pictures", 4), tmp_path / "runs",
        method=METHODS["lora with a word"], dataset={"caption_dropout": 0.5},
        training={"steps": 6},
    )  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(data), "utf-8")
    done = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2",
            str(ROOT / "main.py"), "train", str(tmp_path / "config.json"), "--json",
        ],
        env=os.environ | {"ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"},
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["event"] == "RunFinished"
    assert last["steps"] == 6
