"""Measures the finished model and writes its card: figures, chance levels, data, licences."""

from __future__ import annotations

import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pictures
import recipe
import torch
import vae as vae_stage
from torch import Tensor

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # the judge draws with the program's own sampler

from engine.evaluation.networks import Bundled  # noqa: E402
from engine.models.loader import load_model  # noqa: E402
from engine.sampler import SampleSettings, paint  # noqa: E402

NUM_PICTURES = 200
GUIDANCE = 3.0
STEPS = 20
MOST_BACKGROUND_ERROR = 12


@dataclass(frozen=True)
class Figures:
    """All that the card says in numbers."""

    psnr_icons: float
    psnr_photographs: float  # crops that it was trained on
    psnr_unseen: float  # photographs that it was not
    subject: float
    subject_chance: float
    subject_ceiling: float
    style: float
    style_chance: float
    style_ceiling: float
    background_error: float
    seconds_per_picture: float


def write_card(work: Path, preset: recipe.Preset, out: Path) -> None:
    torch.manual_seed(0)
    corpus = pictures.load_corpus(work, preset)
    figures = measure(work, preset, corpus, out)
    notes = json.loads((out / "training.json").read_text("utf-8"))
    (out / "MODEL_CARD.md").write_text(_card(preset, corpus, figures, notes), "utf-8")
    (out / "figures.json").write_text(json.dumps(vars(figures), indent=2) + "\n", "utf-8")


def measure(work: Path, preset: recipe.Preset, corpus: pictures.Corpus, out: Path) -> Figures:
    """Draw NUM_PICTURES prompts and ask which reference each picture is nearest to."""
    model = load_model(str(out))
    network = Bundled()

    def judge(images: Tensor) -> Tensor:
        return network.pictures(list(images))

    white = torch.ones(1, 3)
    references = torch.stack(
        [_render(icon[None], white, preset) for icon in corpus.subject_icons.flatten(0, 1)]
    ).squeeze(1)
    # Through the autoencoder first: against sharp references blur would win.
    reconstructed = torch.cat([_through_vae(model, chunk) for chunk in references.split(32)])
    known = torch.cat([judge(chunk) for chunk in reconstructed.split(32)])
    rng = random.Random(7)
    wanted = [
        (rng.randrange(len(corpus.subjects)), rng.randrange(len(corpus.styles)),
         rng.choice(list(recipe.BACKGROUNDS)))
        for _ in range(NUM_PICTURES)
    ]  # fmt: skip
    started = time.perf_counter()
    drawn = torch.cat(
        [_draw(model, preset, corpus, *wish, seed=i) for i, wish in enumerate(wanted)]
    )
    seconds = (time.perf_counter() - started) / NUM_PICTURES
    num_styles = len(corpus.styles)
    vae = model.vae_module()
    nearest = _nearest(judge(_on_white(drawn, wanted)), known)
    ceiling = _nearest(torch.cat([judge(chunk) for chunk in references.split(32)]), known)
    truth = torch.arange(len(references))
    subjects = torch.tensor([subject for subject, _, _ in wanted])
    styles = torch.tensor([style for _, style, _ in wanted])
    photographs = _crops(list(corpus.photographs), preset.resolution)
    unseen = _crops(
        list(pictures.photographs(work, preset.resolution, recipe.UNSEEN_PHOTOGRAPHS)),
        preset.resolution,
    )
    return Figures(
        psnr_icons=vae_stage.psnr(vae, references),
        psnr_photographs=vae_stage.psnr(vae, photographs),
        psnr_unseen=vae_stage.psnr(vae, unseen),
        subject=_share(nearest // num_styles == subjects),
        subject_chance=1 / len(corpus.subjects),
        subject_ceiling=_share(ceiling // num_styles == truth // num_styles),
        style=_share(nearest % num_styles == styles),
        style_chance=1 / num_styles,
        style_ceiling=_share(ceiling % num_styles == truth % num_styles),
        background_error=_background_error(drawn, wanted),
        seconds_per_picture=seconds,
    )


def _draw(model, preset, corpus, subject: int, style: int, colour: str, seed: int) -> Tensor:  # noqa: ANN001
    prompt = recipe.captions(corpus.styles[style], corpus.subjects[subject], colour)[0]
    settings = SampleSettings(
        prompt=prompt,
        seed=seed,
        width=preset.resolution,
        height=preset.resolution,
        num_inference_steps=STEPS,
        guidance_scale=GUIDANCE,
    )
    events = paint(model, settings, torch.device("cpu"))
    while True:
        try:
            next(events)
        except StopIteration as done:
            return pictures.to_tensor(done.value)


def _crops(photographs: list[Tensor], side: int) -> Tensor:
    """Four crops of each, (N, 3, side, side) in [-1, 1]."""
    found = []
    for photo in photographs:
        bottom, right = photo.shape[1] - side, photo.shape[2] - side
        for top, left in ((0, 0), (0, right), (bottom, 0), (bottom // 2, right // 2)):
            found.append(photo[:, top : top + side, left : left + side])
    return torch.stack(found) * 2 - 1


def _render(icon: Tensor, colour: Tensor, preset: recipe.Preset) -> Tensor:
    one = torch.ones(1)
    return pictures.compose(icon, colour, preset.resolution, 0.9 * one, torch.zeros(1, 2), one)


@torch.no_grad()
def _through_vae(model, images: Tensor) -> Tensor:  # noqa: ANN001
    return model.decode(model.encode_images(images).mean)


def _on_white(drawn: Tensor, wanted: list[tuple[int, int, str]]) -> Tensor:
    """The named background replaced by white, so that the judge looks at the subject."""
    replaced = drawn.clone()
    for row, (_, _, colour) in enumerate(wanted):
        target = torch.tensor(recipe.BACKGROUNDS[colour]) / 127.5 - 1
        near = (drawn[row] - target[:, None, None]).abs().amax(0) < 0.22  # 28 of 255
        replaced[row, :, near] = 1.0
    return replaced


def _nearest(vectors: Tensor, known: Tensor) -> Tensor:
    return (vectors @ known.T).argmax(1)


def _share(hits: Tensor) -> float:
    return float(hits.float().mean())


def _background_error(drawn: Tensor, wanted: list[tuple[int, int, str]]) -> float:
    """Mean distance, of 255, of the four corners from the colour that was asked for."""
    errors = []
    for picture, (_, _, colour) in zip(drawn, wanted, strict=True):
        corners = torch.stack([picture[:, y, x] for y in (1, -2) for x in (1, -2)])
        target = torch.tensor(recipe.BACKGROUNDS[colour]) / 127.5 - 1
        errors.append((corners - target).abs().mean() * 127.5)
    return float(torch.stack(errors).mean())


BARS = {  # what an edition should reach; a card says where it does not
    "subject": (0.80, "right subject"),
    "style": (0.75, "right style"),
    "psnr_icons": (28.0, "autoencoder on icons"),
    "psnr_unseen": (20.0, "autoencoder on photographs"),
}


def _missed(figures: Figures) -> str:
    """One sentence for each bar that was missed."""
    lines = [
        f"Missed: {title} is {getattr(figures, name):.3g}, {bar:g} was the aim."
        for name, (bar, title) in BARS.items()
        if getattr(figures, name) < bar
    ]
    if figures.background_error > MOST_BACKGROUND_ERROR:
        lines.append(
            f"Missed: the background is {figures.background_error:.1f} of 255 off, "
            f"{MOST_BACKGROUND_ERROR} was the aim."
        )
    return "\n".join(lines)


def _card(preset, corpus, f: Figures, notes: dict) -> str:  # noqa: ANN001
    vae_note, polish, note = notes["vae"], notes["polish"], notes["diffusion"]
    return f"""# Imprint starter model ({preset.name})

A small text-to-image model in the architecture of Stable Diffusion 1.x, trained from nothing
so that everything in Imprint works offline. It draws emoji-like pictures of
{preset.resolution} x {preset.resolution} pixels of {len(corpus.subjects)} subjects in
{len(corpus.styles)} styles ({", ".join(corpus.styles)}) on {len(recipe.BACKGROUNDS)} plain
backgrounds, **and nothing else**. What is taught to it fits only this model.

Prompts: `a noto emoji of a fox on a blue background`, or shorter: `a fox`, `flat pizza`.

## Measured

`python packaging/starter_model/make.py --preset {preset.name} --stages measure`
({NUM_PICTURES} prompts, DPM++ 2M, {STEPS} steps, guidance {GUIDANCE:g}, nearest reference by
MobileNetV2 features; references went through the autoencoder first; the ceiling is what the
judge says of the training pictures themselves)

| figure | value | chance | ceiling |
|---|---|---|---|
| right subject | {f.subject:.0%} | {f.subject_chance:.1%} | {f.subject_ceiling:.0%} |
| right style | {f.style:.0%} | {f.style_chance:.0%} | {f.style_ceiling:.0%} |
| background colour, mean error | {f.background_error:.1f} of 255 | | |
| autoencoder on icons | {f.psnr_icons:.1f} dB | | |
| autoencoder on photographs it was trained on | {f.psnr_photographs:.1f} dB | | |
| autoencoder on photographs it never saw | {f.psnr_unseen:.1f} dB | | |
| one picture, one thread | {f.seconds_per_picture:.2f} s | | |

{_missed(f)}

## Training

Autoencoder: {vae_note["pictures"]:,} pictures, its decoder {polish["pictures"]:,} more. Text
encoder and UNet: {note["pictures"]:,} samples. {note["workers"]} one-thread processes, which
took {vae_note["minutes_each"] + polish["minutes_each"] + note["minutes_each"]:.0f} minutes of
processor time each. v-prediction, min-SNR 5, 10 % empty captions.

## Data and licences

Fluent Emoji (Microsoft, MIT), Noto Emoji (Google, Apache-2.0), Twemoji (Twitter and others,
CC-BY-4.0); for the autoencoder also photographs from scikit-image (public domain or CC0).
See resources/ATTRIBUTION.md. No share-alike or GPL material.

Held out of all training: every cat icon but the full-body cat, every monkey icon but the
full-body monkey, so that the sample project really teaches something new.

The weights are under CC-BY-4.0 because of Twemoji's attribution; the code is Apache-2.0.
"""
