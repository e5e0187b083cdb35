"""The numbers behind the chart of the loss, and the chart with a million of them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop.loss_series import BLOCK, LossSeries
from desktop.widgets.loss_chart import LossChart
from engine.run_records import smoothed
from tests.timing import cpu_seconds

MILLION = 1_000_000
losses = st.lists(
    st.floats(0, 10) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=3 * BLOCK
)


def series_of(values: list[float]) -> LossSeries:
    series = LossSeries()
    for step, value in enumerate(values, start=1):
        series.add(step, value)
    return series


@given(losses, st.sampled_from([0.0, 0.5, 0.9, 0.99]), st.integers(0, 3 * BLOCK))
@settings(max_examples=60, deadline=None)
def test_the_average_is_that_of_the_records_in_whatever_pieces_it_is_asked_for(
    values, weight, first
):
    series = LossSeries()
    series.smooth_by(weight)
    for step, value in enumerate(values, start=1):
        series.add(step, value)
        if step == first:
            series.drawn(10**6)
    found = series.drawn(10**6).smooth[1]
    np.testing.assert_allclose(found, smoothed(values, weight), rtol=1e-9)


def test_steps_that_come_again_take_the_place_of_those_that_were_lost():
    series = series_of([5.0, 4.0, 3.0, 2.0])
    series.drawn(100)
    series.add(3, 9.0)
    steps, values = series.drawn(100).raw
    assert (list(steps), list(values)) == ([1, 2, 3], [5.0, 4.0, 9.0])
    assert series.ends == (3, pytest.approx(smoothed([5.0, 4.0, 9.0])[-1]), 5.0)


def test_a_spike_is_seen_however_many_points_lie_around_it():
    values = [1.0] * 50_000
    values[33_333] = 7.0
    values[44_444] = 0.1
    steps, drawn = series_of(values).drawn(4_000).raw
    assert len(steps) <= 4_100
    assert {7.0, 0.1} <= set(drawn)
    assert list(steps) == sorted(steps)


def test_a_million_steps_cost_no_more_to_draw_than_ten_thousand(qtbot, theme):
    chart = LossChart(theme)
    qtbot.addWidget(chart)
    chart.resize(800, 300)
    chart.show()
    noise = np.random.default_rng(0).random(MILLION).tolist()
    steps = itertools.count(1)

    def draw_one_more():
        chart.add(next(steps), 0.5)
        chart.draw_now()
        chart.grab()

    for loss in noise[:10_000]:
        chart.add(next(steps), loss)
    draw_one_more()  # the first one makes the plot, and all averages
    few = cpu_seconds(draw_one_more, rounds=7)
    for loss in noise[10_000:]:
        chart.add(next(steps), loss)
    draw_one_more()
    many = cpu_seconds(draw_one_more, rounds=7)
    assert many < 40 * few  # in proportion it would be 100 times; memory is shared with others
    assert chart.num_points == MILLION + 16


def test_the_slider_of_a_million_steps_costs_less_than_the_steps_did():
    series = LossSeries()

    def fill():
        for step in range(MILLION):
            series.add(step + 1, 0.5)

    def smooth():
        series.smooth_by(next(weights))
        assert series.ends[1] == pytest.approx(0.5)

    weights = iter((0.99, 0.5, 0.95))
    filling = cpu_seconds(fill, rounds=1)
    assert cpu_seconds(smooth, rounds=3) < filling
