"""The judge measures what it says it measures, and picks the checkpoint that a person would."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image

from engine.dataset_notices import KeptBack
from engine.errors import FolderMissing, JudgeUnreadable, NoPictures
from engine.evaluation import measures
from engine.evaluation.exam import Exam, for_the_trained, make_questions
from engine.evaluation.networks import Bundled, load_network
from engine.evaluation.scores import NOISE, Score, best_of, stands_still
from engine.evaluation.settings import held_out
from engine.events import CheckpointScored, Noticed, RunFailed, RunFinished, Stage, StageProgress
from engine.later_exports import export_again
from engine.methods.base import Subject
from engine.models.safetensors_header import read_header
from engine.notices import BestCheckpoint, StoppedAsGoodAsItGets
from engine.results import LORA_DOWN, LORA_UP
from engine.trigger import without as without_trigger
from tests.conftest import draw_pictures
from tests.engine_runs import (
    EACH_METHOD,
    left_by,
    require_finished,
    resume,
    scores,
    stop_after,
    tiny_run,
    train,
)

JUDGED = {"enabled": True, "num_pictures": 2}


def units(*rows: list[float]) -> torch.Tensor:
    return F.normalize(torch.tensor(rows), dim=1)


X, Y, Z = [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
XY = [1.0, 1.0, 0.0]


def test_likeness_is_the_mean_cosine_to_the_references():
    found = measures.likeness(units(X, XY), units(X, Y))
    assert found.tolist() == pytest.approx([0.5, 2**-0.5])


def test_a_copy_of_one_trained_picture_gains_nothing_by_it():
    found = measures.likeness(units(X, XY), units(X, Y), without_nearest=True)
    assert found.tolist() == pytest.approx([0.0, 2**-0.5])
    assert measures.likeness(units(X), units(X), without_nearest=True).item() == 1.0


def test_the_margin_is_over_the_nearest_other_thing():
    pictures = units(XY)
    likeness = measures.likeness(pictures, units(X))
    assert measures.margin(likeness, pictures, units(Z, Y)).item() == pytest.approx(0.0)
    assert measures.margin(likeness, pictures, units(Z)).item() == pytest.approx(2**-0.5)


def test_prompts_count_as_followed_by_the_nearest_answer_whatever_all_share():
    shared = torch.tensor([0.0, 0.0, 9.0])
    answers = torch.tensor([X, Y, [-1.0, -1.0, 0.0]])
    assert measures.share_of_right_prompts(F.normalize(answers + shared), answers) == 1.0
    swapped = F.normalize(answers[[1, 0, 2]] + shared)
    assert measures.share_of_right_prompts(swapped, answers) == pytest.approx(1 / 3)


def test_nothing_changed_is_no_drift():
    pictures = units(X, XY)
    assert measures.change(pictures, pictures) == pytest.approx(0.0, abs=1e-7)
    assert measures.change(units(X), units(Y)) == pytest.approx(1.0)


def test_closer_to_a_trained_picture_than_an_unseen_one_is_a_copy():
    trained, unseen = units(X, Y), units([1.0, 0.3, 0.0])
    assert measures.share_of_copies(units(X, XY), trained, unseen) == 0.5
    assert measures.share_of_copies(units(X, XY), trained, None) == 1.0  # X and Y are far apart
    assert measures.share_of_copies(units(X), units(X), None) == 0.0  # nothing to tell it by


@pytest.mark.parametrize(
    ("count", "kept_back"), [(1, 0), (5, 0), (6, 1), (11, 1), (12, 2), (24, 4), (500, 4)]
)
def test_one_picture_in_six_is_kept_back_and_never_more_than_four(count, kept_back):
    assert held_out(count) == kept_back


@pytest.mark.parametrize(
    ("prompt", "trigger", "plain"),
    [
        ("a photo of a sks cat", "sks", "a photo of a cat"),
        ("SKS, in the snow", "sks", "in the snow"),
        ("sks cat, smiling", "sks", "cat, smiling"),
        ("masks of a cat", "sks", "masks of a cat"),
        ("a cat", "", "a cat"),
    ],
)
def test_a_prompt_without_its_trigger_reads_as_one(prompt, trigger, plain):
    assert without_trigger(prompt, trigger) == plain


def test_questions_about_other_things_stand_in_the_place_of_the_class():
    asked = make_questions(["a flat emoji of a sks dog", "b"], Subject("sks", "dog"), 3, seed=7)
    assert [(q.kind, q.prompt, q.seed) for q in asked] == [
        ("subject", "a flat emoji of a sks dog", 7),
        ("subject", "b", 7),
        ("subject", "a flat emoji of a sks dog", 8),
        ("class", "a flat emoji of a dog", 7),
        ("class", "b", 7),
        ("class", "a flat emoji of a dog", 8),
        ("other", "a flat emoji of a house", 7),
    ]
    assert [q.name for q in for_the_trained(asked)] == [
        "subject_1", "subject_2", "subject_3", "class_1", "other_1"
    ]  # fmt: skip
    many = make_questions(["a sks dog"], Subject("sks", "dog"), 9, seed=7)
    assert [q.prompt for q in many if q.kind == "other"] == ["a house", "a pizza"]
    assert make_questions(["in oil"], Subject("", ""), 1, 1)[-1].prompt == "a photo of a house"


def score(step: int, likeness: float, **over: float) -> Score:
    figures = {
        "base_likeness": 0.4, "ceiling": 0.9, "margin": 0.0, "prompts": 1.0, "drift": 0.1,
        "copies": 0.0,
    }  # fmt: skip
    return Score(step=step, likeness=likeness, **(figures | over))


@pytest.mark.parametrize(
    ("scores", "step", "said"),
    [
        ([score(100, 0.6), score(200, 0.8), score(300, 0.7)], 200, "the most like yours"),
        ([score(100, 0.8 - NOISE / 2), score(200, 0.8, drift=0.3)], 100, "changed the least"),
        ([score(100, 0.7), score(200, 0.8, copies=0.75)], 100, "step 200 copies"),
        ([score(100, 0.7), score(200, 0.8, prompts=0.5)], 100, "step 200 follows the prompt less"),
        ([score(100, 0.7, copies=1.0), score(200, 0.8, copies=1.0)], 200, "the most like yours"),
    ],
)
def test_the_best_checkpoint_is_chosen_with_its_reason(scores, step, said):
    choice = best_of(scores)
    assert choice is not None
    assert choice.step == step
    assert said in choice.reason
    assert best_of([]) is None


def test_patience_ends_when_likeness_stands_still_and_not_before():
    rising = [score(number, 0.5 + 0.02 * number) for number in range(1, 6)]
    level = [*rising, score(6, rising[-1].likeness), score(7, rising[-1].likeness - 0.1)]
    assert not stands_still(rising, 2)
    assert not stands_still(level[:-1], 2)
    assert stands_still(level, 2)
    assert not stands_still(level, 0)


@pytest.fixture(scope="module")
def judged(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    pictures = draw_pictures(folder / "pictures", count=7)
    data = tiny_run(
        tiny_folder, pictures, folder / "runs", evaluation=JUDGED, training={"steps": 6},
        checkpoints={"every_steps": 2}, sampling={"every_steps": 2},
    )  # fmt: skip
    return data, require_finished(train(data))


def test_each_checkpoint_is_scored_and_one_picture_kept_back(judged):
    _, trained = judged
    events = trained.of(CheckpointScored)
    assert [event.step for event in events] == [2, 4, 6]
    assert all(-1 <= event.likeness <= 1 for event in events)
    (notice,) = [e.notice for e in trained.of(Noticed) if isinstance(e.notice, KeptBack)]
    kept_back = notice.facts["names"]
    record = json.loads(trained.folder.result.read_text())
    assert record["exported_step"] == events[-1].best_step
    assert (trained.folder.evaluation / "step_000002/other_1.png").is_file()
    assert str(kept_back).count(".png") == 1


def test_samples_are_judged_as_they_are_and_not_drawn_twice(judged):
    _, trained = judged
    assert not list(trained.folder.evaluation.rglob("step_000002/subject_1.png"))
    assert list(trained.folder.samples.glob("step_000002_1_*.png"))


def test_what_was_exported_is_the_checkpoint_that_was_chosen(judged, tiny_folder):
    from engine import checkpoint
    from engine.formats.lora_reading import read_adapter
    from engine.models.loader import load_model

    _, trained = judged
    record = json.loads(trained.folder.result.read_text())
    saved = checkpoint.load_step(trained.folder.path, record["exported_step"])
    read = read_adapter(Path(trained.last.exports[0]), load_model(str(tiny_folder)))
    for layer in read.layers:
        for role, name in ((LORA_DOWN, "down"), (LORA_UP, "up")):
            own = saved.weights[f"{layer.part}.{layer.path}.{name}"]
            assert torch.allclose(layer.tensors[role].reshape(own.shape), own, atol=1e-6)
    notices = [e.notice for e in trained.of(Noticed) if isinstance(e.notice, BestCheckpoint)]
    assert bool(notices) is (record["exported_step"] != 6)


def test_a_stopped_and_resumed_run_is_judged_as_the_unbroken_one(judged):
    data, unbroken = judged
    first = require_finished(train(data, stop_after(3)))
    second = require_finished(resume(first.folder, stop_after(5)))
    third = require_finished(resume(second.folder))
    assert left_by(third.folder) == left_by(unbroken.folder)
    assert len(left_by(third.folder)["scores"]) == 3


def test_judging_leaves_the_losses_as_they_were(judged):
    data, with_judge = judged
    off = data | {"evaluation": JUDGED | {"hold_out": False}}
    without = data | {"evaluation": {"enabled": False}}
    one, other = require_finished(train(off)), require_finished(train(without))
    assert left_by(one.folder)["losses"] == left_by(other.folder)["losses"]
    assert left_by(one.folder)["weights"] == left_by(other.folder)["weights"]
    assert left_by(one.folder)["losses"] != left_by(with_judge.folder)["losses"]  # all pictures


def test_the_best_checkpoint_outlives_the_pruning(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED,
        method={"kind": "lora", "rank": 4, "learning_rate": 0.5},  # ruins the model at once
        training={"steps": 10}, checkpoints={"every_steps": 1, "keep": 2},
    )  # fmt: skip
    trained = require_finished(train(data))
    best = trained.of(CheckpointScored)[-1].best_step
    assert (trained.folder.checkpoints / f"step_{best:06d}").is_dir()
    assert len(list(trained.folder.checkpoints.iterdir())) <= 3


def test_a_run_ends_early_when_likeness_stands_still(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED | {"patience": 2},
        method={"kind": "lora", "rank": 2, "learning_rate": 1e-9}, training={"steps": 20},
        checkpoints={"every_steps": 2},
    )  # fmt: skip
    trained = require_finished(train(data))
    assert trained.last.steps == 6
    assert not trained.last.stopped_early
    notices = [type(event.notice) for event in trained.of(Noticed)]
    assert StoppedAsGoodAsItGets in notices
    assert json.loads(trained.folder.result.read_text())["outcome"] == "finished"


def test_stop_is_not_kept_waiting_by_the_judge(tiny_folder, pictures_folder, tmp_path):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED | {"num_pictures": 64},
        checkpoints={"every_steps": 1},
    )  # fmt: skip
    seen = []

    def stop_in_the_exam(event, control):
        seen.append(event)
        if getattr(event, "step", 0) == 1 and type(event).__name__ == "CheckpointSaved":
            control.stop()

    trained = require_finished(train(data, stop_in_the_exam))
    assert trained.last.stopped_early
    assert not trained.of(CheckpointScored)
    assert len(list(trained.folder.evaluation.glob("step_000001/*.png"))) < 3


def test_the_users_own_references_are_compared_with_and_all_pictures_trained_on(
    tiny_folder, tmp_path
):
    pictures = draw_pictures(tmp_path / "pictures", count=7)
    references = draw_pictures(tmp_path / "references", count=2)
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs",
        evaluation=JUDGED | {"references": str(references)},
    )  # fmt: skip
    trained = require_finished(train(data))
    assert trained.of(CheckpointScored)
    assert not [e for e in trained.of(Noticed) if isinstance(e.notice, KeptBack)]
    gone = data | {"evaluation": JUDGED | {"references": str(tmp_path / "nowhere")}}
    assert isinstance(train(gone).last, RunFailed)
    assert isinstance(train(gone).last.error, FolderMissing)


@pytest.mark.parametrize("config", [None, "{", "[]", '{"model_type": "bert"}'])
def test_a_folder_that_holds_no_such_network_is_refused(tmp_path, config):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(JudgeUnreadable, match="cannot be used to judge"):
        load_network(tmp_path)


def tiny_clip(folder: Path) -> Path:
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    text = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "vocab_size": 49408, "eos_token_id": 49407,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)
    CLIPModel(config).save_pretrained(folder)
    return folder


def tiny_dino(folder: Path) -> Path:
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    config = Dinov2Config(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=28, patch_size=14
    )
    Dinov2Model(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(("make", "reads"), [(tiny_clip, True), (tiny_dino, False)])
def test_a_network_of_the_users_own_judges_a_run(
    make, reads, tiny_folder, pictures_folder, tmp_path
):
    folder = make(tmp_path / "network")
    network = load_network(folder)
    vectors = network.pictures([torch.zeros(3, 40, 64), torch.rand(3, 64, 40)])
    assert torch.allclose(vectors.norm(dim=1), torch.ones(2), atol=1e-5)
    assert (network.texts(["a cat"]) is not None) is reads
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED | {"network": str(folder)}
    )
    assert require_finished(train(data)).of(CheckpointScored)


def test_weights_that_were_cut_short_are_refused_with_the_reason(tmp_path):
    folder = tiny_clip(tmp_path)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(JudgeUnreadable):
        load_network(folder)


def test_the_bundled_network_tells_a_cat_from_a_dog_in_any_size():
    from PIL import Image

    from engine.data.latents import to_pixels
    from engine.sample_project import IMAGES, REFERENCE

    network = Bundled()

    def look(folder: Path, side: int) -> torch.Tensor:
        files = sorted(folder.glob("*.png"))
        opened = (Image.open(path).convert("RGB").resize((side, side)) for path in files)
        return network.pictures([to_pixels(image)[0] for image in opened])

    cats = look(REFERENCE, 64)
    for side in (64, 200):
        likeness = measures.likeness(look(IMAGES, side), cats)
        noise = network.pictures([torch.rand(3, side, side) * 2 - 1])
        assert likeness.min() > measures.likeness(noise, cats).max() + 0.2


def test_the_base_model_scored_against_itself_has_no_gain_and_no_drift(starter_exam):
    exam, base = starter_exam
    found = exam.grade(0, base)
    assert found.drift == pytest.approx(0.0, abs=1e-6)
    assert found.gain == pytest.approx(0.0, abs=1e-6)
    assert found.prompts == 1.0
    assert found.copies == 0.0


def test_real_pictures_score_as_the_ceiling_and_random_ones_as_other_things(starter_exam):
    exam, base = starter_exam
    subject = [q for q in exam.questions if q.kind == "subject"]
    real = {q: exam.trained[n % len(exam.trained)] for n, q in enumerate(subject)}
    found = exam.grade(0, base | real)
    assert found.likeness == pytest.approx(exam.ceiling, abs=0.05)
    assert found.copies == 1.0  # they are the training pictures
    generator = torch.Generator().manual_seed(0)
    noise = [torch.rand(3, 64, 64, generator=generator) * 2 - 1 for _ in subject]
    rows = dict(zip(subject, exam.network.pictures(noise), strict=True))
    odd = exam.grade(0, base | rows)
    assert odd.likeness < found.base_likeness < found.likeness
    assert odd.margin < 0 < found.margin


@pytest.fixture(scope="module")
def starter_exam(tmp_path_factory):
    """An exam on the starter model, with the base model's own answers."""
    from engine import sample_project
    from engine.config_file import merge

    data = merge(
        sample_project.sample_data(tmp_path_factory.mktemp("exam")),
        {
            "training": {"steps": 1, "device": "cpu"}, "sampling": {"every_steps": 0},
            "method": {"learning_rate": 1e-12}, "export": {"precision": "fp32"},
        },
    )  # fmt: skip
    exams: list[Exam] = []

    class Kept(Exam):
        def __init__(self, **parts):
            super().__init__(**parts)
            exams.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.evaluation.judge.Exam", Kept)
        require_finished(train(data))
    (exam,) = exams
    return exam, exam.base


def test_references_that_are_trained_on_do_not_count_as_unseen(tiny_folder, tmp_path):
    pictures = draw_pictures(tmp_path / "pictures", count=7)
    data = tiny_run(
        tiny_folder, pictures, tmp_path / "runs", evaluation=JUDGED | {"references": str(pictures)}
    )
    same_folder = require_finished(train(data))
    plain = data | {"evaluation": JUDGED | {"hold_out": False}}
    assert left_by(same_folder.folder)["scores"] == left_by(
        require_finished(train(plain)).folder
    )["scores"]  # fmt: skip


def test_a_folder_of_references_without_a_picture_is_told(tiny_folder, pictures_folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path / "runs",
        evaluation=JUDGED | {"references": str(empty)},
    )  # fmt: skip
    assert isinstance(train(data).last.error, NoPictures)


@pytest.mark.parametrize("saved_steps", [0, 2])
def test_stop_is_not_kept_waiting_by_the_first_exam(
    tiny_folder, pictures_folder, tmp_path, saved_steps
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED | {"num_pictures": 64}
    )
    folder = None
    if saved_steps:
        off = tiny_run(tiny_folder, pictures_folder, tmp_path)
        folder = require_finished(train(off, stop_after(saved_steps))).folder
        config = json.loads(folder.config_path.read_text())
        config["evaluation"] |= JUDGED | {"num_pictures": 64}
        folder.config_path.write_text(json.dumps(config))

    def stop_in_the_exam(event, control):
        if isinstance(event, StageProgress) and event.stage is Stage.EVALUATE:
            control.stop()

    trained = train(data, stop_in_the_exam) if folder is None else resume(folder, stop_in_the_exam)
    assert isinstance(trained.last, RunFinished)
    assert trained.last.steps == saved_steps
    assert trained.last.stopped_early
    assert not trained.of(CheckpointScored)
    assert len(list(Path(data["runs_folder"]).rglob("evaluation/*/*.png"))) < 3


@pytest.mark.parametrize(("exported", "asked", "written"), [(4, None, 4), (4, 2, 2), (5, None, 6)])
def test_another_format_is_written_of_the_checkpoint_that_the_run_exported(
    judged, tmp_path, exported, asked, written
):
    _, trained = judged
    result = trained.folder.result
    before = result.read_text()
    result.write_text(json.dumps(json.loads(before) | {"exported_step": exported}))
    try:
        out = tmp_path / "again.safetensors"
        (*_, last) = export_again(trained.folder.path, asked, "kohya", out)
    finally:
        result.write_text(before)
    assert last.steps == written
    assert read_header(out).metadata["ss_steps"] == str(written)


@pytest.mark.parametrize("method", EACH_METHOD.values(), ids=EACH_METHOD)
def test_a_resumed_run_compares_with_the_base_model_though_its_pictures_are_gone(
    method, tiny_folder, pictures_folder, tmp_path
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED,
        method=method | {"learning_rate": 1e-2},
    )  # fmt: skip
    folder = require_finished(train(data, stop_after(3))).folder
    answers = sorted((folder.evaluation / "step_000000").glob("*.png"))
    before = [path.read_bytes() for path in answers]
    for path in answers:
        path.unlink()
    resumed = require_finished(resume(folder))
    assert [path.read_bytes() for path in answers] == before
    first, *others = [e.base_likeness for e in [*scores_of(folder), *resumed.of(CheckpointScored)]]
    assert others == [first] * len(others)
    assert others


def test_a_sample_of_step_0_is_no_answer_of_the_base_model(tiny_folder, pictures_folder, tmp_path):
    """A new word is in the model by then, which the base model does not have."""
    method = EACH_METHOD["textual_inversion"] | {"initializer": "cat"}
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, evaluation=JUDGED, method=method,
        sampling={"every_steps": 2, "prompts": ["a photo of zwx"]},
    )  # fmt: skip
    folder = require_finished(train(data, stop_after(3))).folder
    (answer,) = (folder.evaluation / "step_000000").glob("subject_1.png")
    (sample,) = folder.samples.glob("step_000000_1_*.png")
    before = answer.read_bytes()
    assert Image.open(answer).tobytes() != Image.open(sample).tobytes()
    answer.unlink()
    resumed = require_finished(resume(folder))
    assert answer.read_bytes() == before
    first, *others = [e.base_likeness for e in [*scores_of(folder), *resumed.of(CheckpointScored)]]
    assert others == [first] * len(others)


def scores_of(folder) -> list:
    return [SimpleNamespace(**line) for line in scores(folder)]
