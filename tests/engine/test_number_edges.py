"""Each number at both ends of its range either trains or is refused before the first step."""

from __future__ import annotations

from typing import Any

import pytest

from engine import config_file
from engine.errors import Diverged, InvalidConfig
from engine.events import RunFailed, RunFinished, StepFinished, StepSkipped
from engine.movement import NothingLearnt
from tests.engine_runs import EACH_METHOD, tiny_run, train
from tests.figures import SOAK
from tests.number_edges import edges

STEPS = 2
# Not tried: they are right, and take minutes to hours even with this model.
TAKES_LONG_TIME = {
    ("training.resolution", 4096), ("training.gradient_accumulation", 1024),
    ("training.batch_size", 1024), ("method.num_class_images", 10_000),
}  # fmt: skip
# One of each kind of edge; the rest is for `make soak`.
SOME = {
    "lora": ("method.alpha", "method.rank", "method.dropout", "training.clip_skip",
             "method.lokr_factor", "loss.min_snr_gamma", "optimizer.max_grad_norm"),
    "dreambooth": ("method.learning_rate", "loss.min_snr_gamma", "method.prior_weight"),
    "textual_inversion": ("method.learning_rate", "method.num_vectors", "method.max_norm",
                          "loss.min_snr_gamma"),
    "hypernetwork": ("method.learning_rate", "method.dropout", "optimizer.ema_decay"),
}  # fmt: skip
ALL = [
    pytest.param(kind, key, value, id=f"{kind} {key} {value:g}")
    for kind in EACH_METHOD
    for key, value in edges(kind)
    if (key, value) not in TAKES_LONG_TIME and (SOAK or key in SOME[kind])
]


def some_steps(event: Any, control: Any, taken: list[int]) -> None:
    taken[0] += isinstance(event, StepFinished | StepSkipped)
    if taken[0] >= STEPS:
        control.stop()


def edge_run(data: dict[str, Any]) -> tuple[Any, int]:
    """How a run of some steps ends, and how many it took."""
    taken = [0]
    trained = train(data, lambda event, control: some_steps(event, control, taken))
    return trained.last, taken[0]


@pytest.mark.parametrize(("kind", "key", "value"), ALL)
def test_a_number_at_its_edge_trains_or_is_refused_before_the_start(
    tiny_folder, pictures_folder, tmp_path, kind, key, value
):
    data = tiny_run(
        tiny_folder, pictures_folder, tmp_path, method=EACH_METHOD[kind], training={"steps": STEPS}
    )
    data = config_file.merge(data, config_file.nested(key, value))
    try:
        last, taken = edge_run(data)
    except InvalidConfig as error:
        assert key in str(error)
        return
    if isinstance(last, RunFailed):
        # What no setting says beforehand: whether a rate is too high or too low for the pictures.
        assert taken == 0 or isinstance(last.error, NothingLearnt | Diverged), last.error
        return
    assert isinstance(last, RunFinished)
    assert last.exports
