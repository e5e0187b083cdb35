"""What the cards say of the methods is what this program measured."""

from __future__ import annotations

from itertools import permutations

import pytest

from engine.methods.catalog import METHODS
from engine.methods.figures import measured

CLEAR = 1.3  # times: less is no difference to show


@pytest.mark.parametrize(
    ("meter", "measure"),
    [("effect", lambda f: max(f.gain, 0.001)), ("speed", lambda f: 1 / f.seconds_a_step)],
)
def test_the_meters_of_the_cards_do_not_contradict_what_was_measured(meter, measure):
    figures = measured()
    assert set(figures) == set(METHODS)
    for one, other in permutations(METHODS, 2):
        if measure(figures[one]) > CLEAR * measure(figures[other]):
            more, less = (getattr(METHODS[kind], meter) for kind in (one, other))
            assert more >= less, (one, other)


def test_figures_come_of_several_seeds_of_each_subject():
    assert all(figures.trials >= 9 for figures in measured().values())
