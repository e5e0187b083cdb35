"""Drawing: the sampler finds the picture that a perfect model has in mind, from the seed alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.diffusion import NoiseSchedule
from engine.models.loader import load_model
from engine.sampler import SampleSettings, paint, to_image

CPU = torch.device("cpu")
SETTINGS = SampleSettings(
    prompt="a toy", width=64, height=32, num_inference_steps=8, guidance_scale=3
)


class Oracle:
    """A model that knows the latents x_0 and answers exactly; guidance must not disturb it."""

    latent_channels, latent_downscale = 4, 8

    def __init__(self, prediction_type: str) -> None:
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
        self.noise_schedule = NoiseSchedule((1 - betas).cumprod(0), prediction_type)
        self.wanted = torch.randn(1, 4, 4, 8, generator=torch.Generator().manual_seed(3))
        self.decoded = torch.zeros(0)

    def encode_prompts(self, prompts):
        return torch.zeros(len(prompts), 77, 8)

    def predict(self, noisy, timesteps, context):
        a = self.noise_schedule.alphas[timesteps.long()][:, None, None, None]
        noise = (noisy - a.sqrt() * self.wanted) / (1 - a).sqrt()
        return self.noise_schedule.target(self.wanted.expand_as(noise), noise, timesteps.long())

    def decode(self, latents):
        self.decoded = latents
        return torch.zeros(1, 3, 32, 64)


def drawn(model, settings: SampleSettings):
    events = paint(model, settings, CPU)
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("guidance", [1.0, 7.0])
def test_a_perfect_model_is_sampled_to_the_picture_it_has_in_mind(prediction_type, guidance):
    model = Oracle(prediction_type)
    drawn(model, replace(SETTINGS, guidance_scale=guidance, num_inference_steps=30))
    error = (model.decoded - model.wanted).norm() / model.wanted.norm()
    assert error < 0.05


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_model(str(tiny_folder))


def test_the_same_settings_draw_the_same_picture_whatever_came_before(model):
    first = drawn(model, SETTINGS)
    torch.manual_seed(99)
    torch.rand(5)
    assert drawn(model, SETTINGS).tobytes() == first.tobytes()
    assert drawn(model, replace(SETTINGS, seed=1)).tobytes() != first.tobytes()
    assert drawn(model, replace(SETTINGS, prompt="a cat")).tobytes() != first.tobytes()
    assert drawn(model, replace(SETTINGS, negative_prompt="x")).tobytes() != first.tobytes()


def test_drawing_leaves_the_global_generator_alone(model):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    drawn(model, SETTINGS)
    assert torch.equal(torch.rand(3), expected)


def test_without_guidance_the_negative_prompt_does_not_count(model):
    plain = replace(SETTINGS, guidance_scale=1.0)
    other = replace(plain, negative_prompt="something else")
    assert drawn(model, plain).tobytes() == drawn(model, other).tobytes()


def test_pixels_become_a_picture_of_the_right_size_and_shades(model):
    assert drawn(model, SETTINGS).size[0] % 32 == 0
    pixels = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0]).expand(1, 3, 1, 5)
    assert [to_image(pixels).getpixel((x, 0))[0] for x in range(5)] == [0, 0, 128, 255, 255]
