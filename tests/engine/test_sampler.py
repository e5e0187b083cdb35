"""Drawing: every sampler follows a perfect model to where the mathematics says it must end."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from engine.diffusion import NoiseSchedule
from engine.events import Noticed
from engine.models.base import Context
from engine.models.loader import load_model
from engine.prompt_notices import DrawnAgain, StaysBlack
from engine.sampler import SampleSettings, build_scheduler, paint, to_image
from engine.samplers import DEFAULT_SAMPLER, SAMPLERS

CPU = torch.device("cpu")
SETTINGS = SampleSettings(
    prompt="a toy", width=64, height=32, num_inference_steps=8, guidance_scale=3
)
LARGE = replace(SETTINGS, width=512, height=512, num_inference_steps=30)  # 16384 values
WITHOUT_NOISE = [name for name, entry in SAMPLERS.items() if not entry.draws_noise]
SCHEDULES = [("epsilon", False), ("v_prediction", False), ("v_prediction", True)]


def schedule(prediction_type: str, *, zero_terminal_snr: bool = False) -> NoiseSchedule:
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    plain = NoiseSchedule((1 - betas).cumprod(0), prediction_type)
    return plain.with_zero_terminal_snr() if zero_terminal_snr else plain


class Gaussian:
    """A perfect model of pictures whose latents are all drawn from N(MEAN, STD^2).

    Its answer is the exact conditional mean, so where the probability flow leads is known in
    closed form (Song et al. 2021). Timesteps may be fractions. A second row, the one with
    guidance, gets the same answer.
    """

    MEAN, STD = 0.7, 0.8
    latent_channels, latent_downscale = 4, 8

    def __init__(self, noise_schedule: NoiseSchedule) -> None:
        self.noise_schedule = noise_schedule
        self.decoded = torch.zeros(0)
        self.first: tuple[torch.Tensor, torch.Tensor] | None = None
        self.clip_skip = 1
        self.asked: list[object] = []

    def set_clip_skip(self, clip_skip: int) -> int:
        before, self.clip_skip = self.clip_skip, clip_skip
        return before

    def encode_prompts(self, prompts, *, num_chunks=None, emphasis=False) -> Context:
        self.asked.append((tuple(prompts), emphasis, self.clip_skip))
        return Context(torch.zeros(len(prompts), 77, 8), torch.zeros(len(prompts), 4))

    def predict(self, noisy, timesteps, context, sizes):
        assert len(noisy) == len(timesteps) == len(context) == len(context.pooled) == len(sizes)
        self.asked.append(sizes[0].tolist())
        a = self._signal(timesteps.double())[:, None, None, None]
        x, mean = noisy.double(), self.MEAN * a.sqrt()
        if self.first is None:
            self.first = x[:1], a[:1]
        variance = a * self.STD**2 + 1 - a
        noise = (1 - a).sqrt() * (x - mean) / variance
        if self.noise_schedule.prediction_type == "epsilon":
            return noise.float()
        picture = self.MEAN + a.sqrt() * self.STD**2 / variance * (x - mean)
        return (a.sqrt() * noise - (1 - a).sqrt() * picture).float()

    def decode(self, latents):
        self.decoded = latents
        return torch.zeros(1, 3, 32, 64)

    def end_of_the_flow(self) -> torch.Tensor:
        """x_0 = m + s (x_t - sqrt(a) m) / sqrt(a s^2 + 1 - a), from where sampling began."""
        x, a = self.first
        deviations = (x - a.sqrt() * self.MEAN) / (a * self.STD**2 + 1 - a).sqrt()
        return self.MEAN + self.STD * deviations

    def _signal(self, timesteps):
        alphas = self.noise_schedule.alphas.double().clamp(min=2**-24)
        sigmas = ((1 - alphas) / alphas).sqrt()
        low, high = timesteps.floor().long(), timesteps.ceil().long()
        return 1 / (1 + torch.lerp(sigmas[low], sigmas[high], timesteps - low).pow(2))


def drawn(model, settings: SampleSettings):
    events = paint(model, settings, CPU)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize(("prediction_type", "zero_snr"), SCHEDULES)
@pytest.mark.parametrize("name", WITHOUT_NOISE)
def test_a_sampler_without_noise_follows_the_probability_flow(name, prediction_type, zero_snr):
    model = Gaussian(schedule(prediction_type, zero_terminal_snr=zero_snr))
    drawn(model, replace(LARGE, sampler=name))
    wanted = model.end_of_the_flow()
    assert (model.decoded - wanted).pow(2).mean().sqrt() < 0.07 * model.STD


@pytest.mark.parametrize("name", WITHOUT_NOISE)
def test_more_steps_come_closer_to_the_probability_flow(name):
    errors = []
    for num_steps in (10, 40):
        model = Gaussian(schedule("epsilon"))
        drawn(model, replace(LARGE, sampler=name, num_inference_steps=num_steps))
        errors.append((model.decoded - model.end_of_the_flow()).pow(2).mean().sqrt())
    assert errors[1] < errors[0] / 2


@pytest.mark.parametrize(("prediction_type", "zero_snr"), SCHEDULES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_pictures_have_the_mean_and_the_spread_of_the_data(name, prediction_type, zero_snr):
    model = Gaussian(schedule(prediction_type, zero_terminal_snr=zero_snr))
    drawn(model, replace(LARGE, sampler=name))
    assert model.decoded.mean() == pytest.approx(model.MEAN, abs=0.05)
    assert model.decoded.std() == pytest.approx(model.STD, rel=0.12)


def test_noise_at_every_step_makes_another_picture_of_the_same_data():
    model = Gaussian(schedule("epsilon"))
    drawn(model, replace(LARGE, sampler="Euler a"))
    deviations = (model.decoded - model.end_of_the_flow()) / model.STD
    assert deviations.pow(2).mean().sqrt() > 0.5
    assert SAMPLERS["Euler a"].draws_noise


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_seed_alone_decides_every_latent_value(name):
    found = []
    for before in (1, 2):
        torch.manual_seed(before)
        model = Gaussian(schedule("epsilon"))
        drawn(model, replace(SETTINGS, sampler=name))
        found.append(model.decoded)
    assert torch.equal(*found)


@pytest.mark.parametrize("num_steps", [1, 2, 3, 61])
@pytest.mark.parametrize(("prediction_type", "zero_snr"), [*SCHEDULES, ("epsilon", True)])
@pytest.mark.parametrize("name", SAMPLERS)
def test_any_number_of_steps_ends_in_numbers(name, prediction_type, zero_snr, num_steps):
    model = Gaussian(schedule(prediction_type, zero_terminal_snr=zero_snr))
    drawn(model, replace(SETTINGS, sampler=name, num_inference_steps=num_steps))
    assert model.decoded.isfinite().all()
    assert model.decoded.mean() == pytest.approx(model.MEAN, abs=0.5)


@pytest.mark.parametrize("name", SAMPLERS)
def test_steps_that_do_not_divide_the_schedule_end_in_the_data_too(name):
    model = Gaussian(schedule("epsilon"))
    drawn(model, replace(SETTINGS, width=256, height=256, sampler=name, num_inference_steps=350))
    assert model.decoded.std() == pytest.approx(model.STD, rel=0.05)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_model_of_zero_terminal_snr_begins_at_pure_noise(name):
    plan = schedule("v_prediction", zero_terminal_snr=True)
    assert plan.alphas[-1] == 0
    for num_steps in (1, 7, 20, 30):
        assert build_scheduler(name, plan, num_steps, CPU).timesteps[0] == 999


@pytest.mark.parametrize("num_steps", [1, 20, 25, 48])
def test_the_default_sampler_draws_where_diffusers_trailing_timesteps_are(num_steps):
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    theirs = DPMSolverMultistepScheduler(
        trained_betas=betas.numpy(), timestep_spacing="trailing", solver_order=2
    )
    theirs.set_timesteps(num_steps)
    ours = build_scheduler(DEFAULT_SAMPLER, schedule("epsilon"), num_steps, CPU)
    assert torch.equal(ours.timesteps, theirs.timesteps)
    assert torch.allclose(ours.sigmas, theirs.sigmas, rtol=1e-4)


def test_no_number_of_steps_draws_before_the_first_timestep():
    for num_steps in range(1, 1001):
        for entry in SAMPLERS.values():
            if entry.timesteps is not None:
                found = entry.timesteps(1000, num_steps)
                assert 0 <= found[-1] <= found[0] <= 999
                assert sorted(found, reverse=True) == found


def test_ddim_is_the_formula_of_its_paper_at_the_timesteps_of_the_original_code():
    model = Gaussian(schedule("epsilon"))
    drawn(model, replace(SETTINGS, sampler="DDIM", num_inference_steps=20))
    timesteps = [*range(951, 1, -50), 0]
    alphas = model.noise_schedule.alphas.double()
    x = torch.randn(1, 4, 4, 8, generator=torch.Generator().manual_seed(SETTINGS.seed)).double()
    context = Context(torch.zeros(1, 77, 8), torch.zeros(1, 4))
    for now, then in pairwise(timesteps):
        noise = model.predict(x, torch.tensor([now]), context, torch.zeros(1, 6)).double()
        picture = (x - (1 - alphas[now]).sqrt() * noise) / alphas[now].sqrt()
        x = alphas[then].sqrt() * picture + (1 - alphas[then]).sqrt() * noise
    assert torch.allclose(model.decoded.double(), x, atol=1e-3)


@pytest.mark.parametrize(
    ("name", "sigma"),
    [
        # The k-diffusion schedules that each schedule type names, at the middle of 20 steps.
        ("Euler", lambda s, t: s(999 - 999 * 10 / 19)),
        ("Euler a", lambda s, t: s(999 - 999 * 10 / 19)),
        (DEFAULT_SAMPLER, lambda s, t: s(999 - 999 * 10 / 20)),
        (
            "DPM++ 2M Karras",
            lambda s, t: (s(999) ** (1 / 7) + 10 / 19 * (s(0) ** (1 / 7) - s(999) ** (1 / 7))) ** 7,
        ),
    ],
)
def test_noise_falls_as_the_schedule_type_in_the_picture_says(name, sigma):
    alphas = schedule("epsilon").alphas.double()
    logs = ((1 - alphas) / alphas).log() / 2

    def at(timestep: float) -> float:
        low = int(timestep)
        high = min(low + 1, 999)
        return float(torch.lerp(logs[low], logs[high], timestep - low).exp())

    sigmas = build_scheduler(name, schedule("epsilon"), 20, CPU).sigmas
    assert sigmas[10] == pytest.approx(sigma(at, 10), rel=0.01)
    assert sigmas[-1] == 0


@pytest.mark.parametrize("guidance", [1.0, 7.0])
def test_guidance_between_equal_answers_changes_nothing(guidance):
    model = Gaussian(schedule("epsilon"))
    drawn(model, replace(LARGE, guidance_scale=guidance))
    assert (model.decoded - model.end_of_the_flow()).pow(2).mean().sqrt() < 0.05 * model.STD


def test_the_model_is_asked_with_brackets_clip_skip_and_size_and_left_as_it_was():
    model = Gaussian(schedule("epsilon"))
    model.clip_skip = 3
    drawn(model, replace(SETTINGS, negative_prompt="bad", clip_skip=2, guidance_scale=5))
    assert model.asked[0] == (("bad", "a toy"), True, 2)
    assert model.asked[1] == [32, 64, 0, 0, 32, 64]
    assert model.clip_skip == 3


def test_a_sampler_that_nobody_knows_is_refused():
    with pytest.raises(KeyError, match="Heun"):
        drawn(Gaussian(schedule("epsilon")), replace(SETTINGS, sampler="Heun"))


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_model(str(tiny_folder))


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_same_settings_draw_the_same_picture_whatever_came_before(model, name):
    settings = replace(SETTINGS, sampler=name)
    first = drawn(model, settings)
    torch.manual_seed(99)
    torch.rand(5)
    assert drawn(model, settings).tobytes() == first.tobytes()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"prompt": "a cat"},
        {"prompt": "a (toy:1.5)"},
        {"negative_prompt": "x"},
        {"clip_skip": 2},
        {"guidance_scale": 5.0},
        *({"sampler": name} for name in SAMPLERS if name != DEFAULT_SAMPLER),
    ],
)
def test_every_setting_counts(model, change):
    assert drawn(model, replace(SETTINGS, **change)).tobytes() != drawn(model, SETTINGS).tobytes()


@pytest.mark.parametrize("name", SAMPLERS)
def test_drawing_leaves_the_global_generator_alone(model, name):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn(model, replace(SETTINGS, sampler=name))
    assert torch.equal(torch.rand(3), expected)


def test_without_guidance_the_negative_prompt_does_not_count(model):
    plain = replace(SETTINGS, guidance_scale=1.0)
    other = replace(plain, negative_prompt="something else")
    assert drawn(model, plain).tobytes() == drawn(model, other).tobytes()


def test_pixels_become_a_picture_of_the_right_size_and_shades(model):
    assert drawn(model, SETTINGS).size[0] % 32 == 0
    pixels = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).expand(1, 3, 1, 5)
    assert [to_image(pixels).getpixel((x, 0))[0] for x in range(5)] == [0, 0, 128, 255, 255]


def drawn_by(model) -> tuple[list, object]:
    """Notices and the picture."""
    events, told = paint(model, SETTINGS, CPU), []
    before = torch.get_autocast_dtype("cpu")
    while True:
        try:
            event = next(events)
        except StopIteration as done:
            return told, done.value
        assert torch.get_autocast_dtype("cpu") is before  # whoever hears of it goes on as he was
        if isinstance(event, Noticed):
            told.append(event.notice)


def test_what_fp16_cannot_hold_is_drawn_again_and_is_not_black(tiny_folder):
    """As in a training with the precision fp16."""
    model = load_model(str(tiny_folder))
    weight = model.unet.conv_in.weight
    weight.data *= 6e4 / weight.abs().max()  # its sums are past 65504, fp16's largest number
    with torch.autocast("cpu", torch.float16):
        told, image = drawn_by(model)
    assert [type(notice) for notice in told] == [DrawnAgain]
    values = torch.tensor(list(image.get_flattened_data())).float()
    assert values.std() > 5


def test_a_model_that_answers_with_no_numbers_is_told_and_gives_a_black_picture(tiny_folder):
    model = load_model(str(tiny_folder))
    model.unet.conv_in.weight.data.fill_(float("nan"))
    told, image = drawn_by(model)
    assert [type(notice) for notice in told] == [StaysBlack]
    assert image.getextrema() == ((0, 0),) * 3


def test_a_sound_model_draws_once_and_nothing_is_told(tiny_folder):
    assert drawn_by(load_model(str(tiny_folder)))[0] == []
