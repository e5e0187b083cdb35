"""What to do about numbers that are none: leave a step out, go back, and in the end give up."""

from __future__ import annotations

from dataclasses import dataclass

IN_A_ROW = 3  # steps without a usable number: the weights, not the pictures, are at fault
MOST_TIMES_BACK = 3


@dataclass(slots=True)
class Guard:
    """Part of the state of a run: `rate_scale` and `times_back` lie in its checkpoints.

    That a bad gradient moves no weight is engine.stepping's work.
    """

    rate_scale: float = 1.0
    times_back: int = 0
    unsound: int = 0  # steps in a row
    wants_back: bool = False
    first_unsound: int = 0

    def saw(self, step: int, *, is_sound: bool) -> None:
        """Take note of a step."""
        if is_sound:
            self.unsound = 0
            return
        self.first_unsound = self.first_unsound if self.unsound else step
        self.unsound += 1
        self.wants_back = self.wants_back or self.unsound >= IN_A_ROW

    def saw_broken_weights(self, step: int) -> None:
        """They cannot be saved, so there is nothing to wait for."""
        self.first_unsound = self.first_unsound if self.unsound else step
        self.wants_back = True

    @property
    def is_spent(self) -> bool:
        """Going back has not helped often enough."""
        return self.times_back >= MOST_TIMES_BACK

    def went_back(self) -> None:
        """From here on at half the rate."""
        self.times_back += 1
        self.rate_scale /= 2
        self.unsound, self.wants_back = 0, False

    def state_dict(self) -> dict[str, float | int]:
        return {"rate_scale": self.rate_scale, "times_back": self.times_back}

    def load_state_dict(self, state: dict[str, float | int]) -> None:
        """What a checkpoint says; one of before says nothing."""
        self.rate_scale = float(state.get("rate_scale", 1.0))
        self.times_back = int(state.get("times_back", 0))
        self.unsound, self.wants_back = 0, False
