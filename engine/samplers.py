"""The samplers by the names that AUTOMATIC1111 gives them, and how each is built. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

DEFAULT_SAMPLER = "DPM++ 2M"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerEntry:
    """One sampler: a scheduler class of diffusers, and what it is told."""

    name: str
    code: str  # "module:Class"
    options: Mapping[str, object] = field(default_factory=dict)
    # (timesteps of the training, steps) -> timesteps to draw at, the noisiest first; None: the
    # scheduler chooses.
    timesteps: Callable[[int, int], list[int]] | None = None
    draws_noise: bool = False  # at every step, not only at the first
    # What a picture's text says since AUTOMATIC1111 1.9, which tells method and timesteps apart.
    method: str = ""  # "": the name
    schedule_type: str = "Automatic"

    @property
    def spelled_method(self) -> str:
        return self.method or self.name


def trailing(num_timesteps: int, num_steps: int) -> list[int]:
    """Equal strides from the last timestep on (Lin et al. 2024, table 2): 999, 949, ... 49."""
    # Rounded as numpy.arange does, whose last stride may overshoot: diffusers then draws at -1.
    stride = num_timesteps - (num_timesteps - num_timesteps / num_steps)
    return [round(num_timesteps - number * stride) - 1 for number in range(num_steps)]


def counted_up(num_timesteps: int, num_steps: int) -> list[int]:
    """Whole strides up from timestep 1, which itself is left out: 951, 901, ... 51.

    So AUTOMATIC1111 and the original code do it: a step fewer than asked for where the strides
    fill the schedule, some more where they do not.
    """
    stride = max(num_timesteps // num_steps, 1)
    rising = range(1 + stride, num_timesteps + 1, stride)
    return [min(timestep, num_timesteps - 1) for timestep in reversed(rising)] or [
        num_timesteps - 1
    ]


_DPM = "diffusers.schedulers.scheduling_dpmsolver_multistep:DPMSolverMultistepScheduler"
_EULER = "diffusers.schedulers.scheduling_euler_discrete:EulerDiscreteScheduler"
_EULER_A = (
    "diffusers.schedulers.scheduling_euler_ancestral_discrete:EulerAncestralDiscreteScheduler"
)

SAMPLERS: Mapping[str, SamplerEntry] = {
    entry.name: entry
    for entry in (
        # Song et al. 2021, without noise: the first-order DPM-Solver++ is the same (Lu et al.
        # 2022), and unlike the class DDIMScheduler it steps exactly from one timestep to the next.
        # The original code's last step ends at the schedule's first value, not at the picture.
        SamplerEntry(
            name="DDIM",
            code=_DPM,
            options={"solver_order": 1, "final_sigmas_type": "sigma_min"},
            timesteps=counted_up,
        ),
        # Karras et al. 2022, on timesteps from the noisiest to the least noisy, both included:
        # what k-diffusion does, in fractions of a timestep where it must.
        SamplerEntry(name="Euler", code=_EULER, options={"timestep_spacing": "linspace"}),
        SamplerEntry(
            name="Euler a",
            code=_EULER_A,
            options={"timestep_spacing": "linspace"},
            draws_noise=True,
        ),
        # Lu et al. 2022. Trailing timesteps are the "SGM Uniform" of AUTOMATIC1111; its own
        # choice for this method, when told nothing, would be Karras.
        SamplerEntry(
            name=DEFAULT_SAMPLER,
            code=_DPM,
            timesteps=trailing,
            schedule_type="SGM Uniform",
        ),
        SamplerEntry(
            name="DPM++ 2M Karras",
            code=_DPM,
            options={"use_karras_sigmas": True},
            method="DPM++ 2M",
            schedule_type="Karras",
        ),
        # Zhao et al. 2023, third order in the form B1 and down to the least noisy timestep: the
        # settings that AUTOMATIC1111 comes with.
        SamplerEntry(
            name="UniPC",
            code="diffusers.schedulers.scheduling_unipc_multistep:UniPCMultistepScheduler",
            options={
                "timestep_spacing": "linspace",
                "solver_order": 3,
                "solver_type": "bh1",
                "final_sigmas_type": "sigma_min",
            },
        ),
    )
}

# How other programs call our methods: AUTOMATIC1111, Forge, SD.Next, ComfyUI, InvokeAI.
_METHODS = {
    "dpm++ 2m": "DPM++ 2M", "dpmpp 2m": "DPM++ 2M", "k dpmpp 2m": "DPM++ 2M",
    "dpm++2m": "DPM++ 2M", "k dpm++ 2m": "DPM++ 2M",
    "euler": "Euler", "k euler": "Euler",
    "euler a": "Euler a", "euler ancestral": "Euler a", "k euler a": "Euler a",
    "k euler ancestral": "Euler a",
    "ddim": "DDIM",
    "unipc": "UniPC", "uni pc": "UniPC",
}  # fmt: skip
# Method and schedule -> the sampler here; "" is a text that says no schedule. AUTOMATIC1111's
# own choice ("Automatic") is Karras for DPM++ 2M, and the evenly spaced one for the others.
_SCHEDULES = {
    "DPM++ 2M": {"": DEFAULT_SAMPLER, "sgm uniform": DEFAULT_SAMPLER,
                 "karras": "DPM++ 2M Karras", "automatic": "DPM++ 2M Karras"},
    "Euler": dict.fromkeys(("", "automatic", "uniform", "normal"), "Euler"),
    "Euler a": dict.fromkeys(("", "automatic", "uniform", "normal"), "Euler a"),
    "DDIM": dict.fromkeys(("", "automatic", "uniform", "ddim", "ddim uniform"), "DDIM"),
    "UniPC": dict.fromkeys(("", "automatic", "uniform", "normal"), "UniPC"),
}  # fmt: skip


def sampler_called(method: str, schedule: str = "") -> str | None:
    """The sampler of the catalog that a picture's text names; None where there is none.

    Before AUTOMATIC1111 1.9 the schedule was a part of the name: "DPM++ 2M Karras".
    """
    words, timesteps = (
        " ".join(t.casefold().replace("_", " ").split()) for t in (method, schedule)
    )
    for name in ("karras", "sgm uniform", "normal", "simple", "exponential"):
        if words.endswith(f" {name}"):
            words, timesteps = words.removesuffix(f" {name}"), name
    known = _METHODS.get(words)
    return None if known is None else _SCHEDULES[known].get(timesteps)
