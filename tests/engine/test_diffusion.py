"""The mathematics against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from engine.config import LossSettings
from engine.device import keyed_generator, seed_everything
from engine.diffusion import NoiseSchedule, denoising_loss, draw_noise

ALPHAS = torch.tensor([0.9, 0.5, 0.1])


def schedule(prediction_type: str) -> NoiseSchedule:
    return NoiseSchedule(ALPHAS, prediction_type)  # type: ignore[arg-type]


def full(value: float) -> torch.Tensor:
    return torch.full((1, 4, 2, 2), value)


def test_noise_is_mixed_in_by_the_square_roots_of_alpha_and_its_rest():
    noisy = schedule("epsilon").add_noise(full(2.0), full(3.0), torch.tensor([2]))
    assert torch.allclose(noisy, full(math.sqrt(0.1) * 2 + math.sqrt(0.9) * 3))


def test_the_target_is_the_noise_or_the_velocity():
    latents, noise, timesteps = full(2.0), full(3.0), torch.tensor([0])
    assert torch.equal(schedule("epsilon").target(latents, noise, timesteps), noise)
    v = schedule("v_prediction").target(latents, noise, timesteps)
    assert torch.allclose(v, full(math.sqrt(0.9) * 3 - math.sqrt(0.1) * 2))


def test_velocity_gives_the_latents_and_the_noise_back():
    latents, noise = torch.randn(3, 4, 2, 2), torch.randn(3, 4, 2, 2)
    timesteps = torch.tensor([0, 1, 2])
    kind = schedule("v_prediction")
    v, noisy = kind.target(latents, noise, timesteps), kind.add_noise(latents, noise, timesteps)
    a = ALPHAS[timesteps][:, None, None, None]
    assert torch.allclose(a.sqrt() * noisy - (1 - a).sqrt() * v, latents, atol=1e-6)
    assert torch.allclose((1 - a).sqrt() * noisy + a.sqrt() * v, noise, atol=1e-6)


THREE = torch.tensor([0, 1, 2])  # signal to noise 9, 1 and 1/9


def test_min_snr_weights_are_those_of_the_paper():
    epsilon = schedule("epsilon").weights(THREE, LossSettings())
    assert epsilon.tolist() == pytest.approx([5 / 9, 1.0, 1.0])
    v = schedule("v_prediction").weights(THREE, LossSettings())
    assert v.tolist() == pytest.approx([5 / 10, 1 / 2, (1 / 9) / (1 / 9 + 1)])
    assert schedule("epsilon").weights(THREE, LossSettings(weighting="none")).tolist() == [1, 1, 1]


def test_debiased_weights_are_those_of_the_paper():
    debiased = LossSettings(weighting="debiased")
    epsilon = schedule("epsilon").weights(THREE, debiased)
    assert epsilon.tolist() == pytest.approx([1 / 3, 1.0, 3.0])
    v = schedule("v_prediction").weights(THREE, debiased)
    assert v.tolist() == pytest.approx([1 / 10, 1 / 2, 1 / (1 / 9 + 1)])


@pytest.mark.parametrize(
    ("kind", "deltas"),
    [
        ("constant", [0.1, 0.1, 0.1]),
        ("exponential", [1.0, 0.1 ** (1 / 3), 0.1 ** (2 / 3)]),
        ("snr", [0.9 / (1 + 1 / 3) ** 2 + 0.1, 0.9 / 4 + 0.1, 0.9 / (1 + 3) ** 2 + 0.1]),
    ],
)
def test_huber_deltas_follow_their_schedule(kind, deltas):
    settings = LossSettings(kind="huber", huber_schedule=kind)
    assert schedule("epsilon").huber_deltas(THREE, settings).tolist() == pytest.approx(deltas)


def test_huber_is_squared_for_small_errors_and_linear_for_large_ones():
    settings = LossSettings(kind="huber", huber_schedule="constant", weighting="none")

    def loss(error: float) -> float:
        given = (full(error), full(0.0), torch.tensor([1]), schedule("epsilon"))
        return denoising_loss(*given, settings).item()

    assert loss(1e-3) == pytest.approx(1e-6, rel=1e-2)
    assert loss(100.0) == pytest.approx(2 * 0.1 * (math.sqrt(100**2 + 0.01) - 0.1), rel=1e-4)
    assert loss(200.0) / loss(100.0) == pytest.approx(2, rel=1e-2)


def test_the_loss_weighs_each_row_by_itself():
    prediction = torch.cat([full(1.0), full(3.0)])
    given = (prediction, torch.zeros_like(prediction), torch.tensor([1, 0]))
    loss = denoising_loss(*given, schedule("epsilon"), LossSettings(min_snr_gamma=4.5))
    assert loss.item() == pytest.approx((1 * 1 + 0.5 * 9) / 2)


def test_a_mask_takes_the_mean_over_what_it_covers():
    prediction = full(1.0)
    prediction[..., 0, 0] = 5.0
    mask = torch.full((1, 1, 2, 2), 0.1)
    mask[..., 0, 0] = 1.0
    given = (prediction, full(0.0), torch.tensor([1]), schedule("epsilon"))
    loss = denoising_loss(*given, LossSettings(weighting="none"), mask)
    assert loss.item() == pytest.approx((25 * 1.0 + 3 * 1 * 0.1) / (1.0 + 3 * 0.1))
    even = denoising_loss(*given, LossSettings(weighting="none"), torch.full((1, 1, 2, 2), 0.3))
    plain = denoising_loss(*given, LossSettings(weighting="none"))
    assert even.item() == pytest.approx(plain.item())


def test_zero_terminal_snr_keeps_the_first_level_and_ends_in_pure_noise():
    rescaled = schedule("v_prediction").with_zero_terminal_snr().alphas
    first, last = math.sqrt(0.9), math.sqrt(0.1)
    middle = (math.sqrt(0.5) - last) * first / (first - last)
    assert rescaled.tolist() == pytest.approx([0.9, middle**2, 0.0])


def test_the_loss_of_half_precision_is_summed_in_full():
    prediction = torch.full((1, 4, 64, 64), 300.0, dtype=torch.float16)
    given = (prediction, torch.zeros_like(prediction), torch.tensor([1]), schedule("epsilon"))
    loss = denoising_loss(*given, LossSettings(weighting="none"))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(90_000)


@pytest.mark.parametrize("size", [1, 3, 8])
def test_each_row_of_a_batch_draws_its_timestep_from_its_own_stratum(size):
    long = NoiseSchedule(torch.linspace(0.99, 0.01, 1000), "epsilon")
    seen = set()
    for step in range(200):
        drawn = draw_noise(long, torch.zeros(size, 4, 2, 2), keyed_generator(1, step))
        timesteps = sorted(drawn.timesteps.tolist())
        seen |= set(timesteps)
        for stratum, timestep in enumerate(timesteps):
            assert stratum * 1000 // size <= timestep <= (stratum + 1) * 1000 // size
            assert timestep < 1000
    assert min(seen) < 30
    assert max(seen) > 970


def test_rows_change_places_among_the_strata():
    long = NoiseSchedule(torch.linspace(0.99, 0.01, 1000), "epsilon")
    first = [
        draw_noise(long, torch.zeros(2, 4, 2, 2), keyed_generator(step)).timesteps[0] < 500
        for step in range(60)
    ]
    assert 15 < sum(map(int, first)) < 45


def test_noise_offset_shifts_whole_channels():
    plain = draw_noise(schedule("epsilon"), full(0.0), keyed_generator(3))
    shifted = draw_noise(schedule("epsilon"), full(0.0), keyed_generator(3), noise_offset=0.1)
    difference = shifted.target - plain.target
    assert difference.abs().max() > 0.01
    assert torch.allclose(difference, difference[:, :, :1, :1].expand(-1, -1, 2, 2), atol=1e-6)


def test_keys_in_another_order_give_another_generator():
    draws = {
        keys: torch.rand(1, generator=keyed_generator(*keys)).item()
        for keys in [(1, 2), (2, 1), (1, 2, 0), (12,), (0, 0), (0,), (2**63 - 1, 5)]
    }
    assert len(set(draws.values())) == len(draws)
    assert draws[(1, 2)] == torch.rand(1, generator=keyed_generator(1, 2)).item()


def test_seeding_by_keys_sets_the_global_generator_too():
    seed_everything(5, 6)
    first = torch.rand(3)
    torch.rand(10)
    seed_everything(5, 6)
    assert torch.equal(torch.rand(3), first)
    seed_everything(5, 7)
    assert not torch.equal(torch.rand(3), first)
