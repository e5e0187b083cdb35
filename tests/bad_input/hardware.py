"""Rows 85 to 92: what a computer lacks."""

from __future__ import annotations

from tests.bad_input.catalogue import row, shown_by, untried
from tests.bad_input.settings import problems

MEMORY = "tests/engine/test_memory.py"

shown_by(
    85, "no graphics card", f"{MEMORY}::test_a_processor_is_probed_for_what_is_free"
)  # fmt: skip


@row(85, "a device that nobody knows", "", "it must be one of 'auto', 'cpu'")
def no_card(place):
    return problems(training__device="tpu")


untried(86, "a card too old for this build of PyTorch, a driver that is too old")
shown_by(
    87, "too little memory of the card",
    "tests/engine/test_easing.py::test_each_rung_is_reached_told_and_learns_the_same",
    f"{MEMORY}::test_a_person_hears_of_measures_in_their_order_and_of_too_little_memory",
)  # fmt: skip
untried(88, "a driver that is reset, a card that is unplugged")
shown_by(
    89, "half precision that a card lacks, pictures that come out black",
    f"{MEMORY}::test_a_card_without_bf16_keeps_fp32_weights_and_its_scaler",
    "tests/engine/test_sampler.py::test_what_fp16_cannot_hold_is_drawn_again_and_is_not_black",
)  # fmt: skip
shown_by(
    90, "memory of the computer that runs out",
    "tests/engine/test_loop.py::test_memory_that_runs_out_gets_a_sentence_wherever_it_does",
)  # fmt: skip
shown_by(
    91, "a battery, heat",
    "tests/desktop/test_remedies.py::test_a_run_on_battery_is_told_of_once_and_again_when_unplugged",
    "tests/desktop/test_events_while_running.py::test_a_card_that_is_too_hot_is_paused_on_wish_until_it_is_cool",
)  # fmt: skip
untried(92, "two cards, MPS and XPU")
