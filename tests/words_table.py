"""The words table: scripts and methods, where a caption calls the word, how far what was learnt
moved, and the pictures with and without the word.

python -m tests.words_table FOLDER prints it for all methods.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from engine.addons import Addon
from engine.assembly import attached
from engine.control import Control
from engine.data.captions import compose
from engine.events import Noticed, RunFinished
from engine.generate import GenerateRequest, generate
from engine.models.loader import load_model
from engine.sampler import SampleSettings
from engine.trigger import spans
from tests.engine_runs import config_of, newest_weights, require_finished, tiny_run, train

# script -> the trigger word, and a caption as people write it
WORDS = {
    "Latin": ("zwx", "a photo of a zwx toy"),
    "Latin, capitals": ("zwx", "A PHOTO OF A ZWX TOY"),
    "Latin, part of a word": ("sks", "a toy with masks"),
    "accent before": ("sks", "ésks on a table"),
    "composed accent": ("café", "das cafe\u0301 am Abend"),
    "underscore": ("sks_cat", "a sks_cat on a table"),
    "word in an underscored tag": ("sks", "sks_cat, table"),
    "hyphen": ("my-cat", "here is my-cat asleep"),
    "case that grows": ("Straße", "eine STRASSE im Regen"),
    "Turkish capital": ("İzmir", "İzmir at night"),
    "ligature": ("ﬁsh", "a fish in water"),
    "Cyrillic and Latin": ("sks", "фотоsks на столе"),
    "Cyrillic": ("мойкот", "фото мойкот на столе"),
    "Chinese": ("我的猫", "一只我的猫在睡觉"),
    "Latin in Chinese": ("sks", "一只sks猫"),
    "Japanese": ("うちの猫", "うちの猫がねている"),
    "Korean": ("내고양이", "내고양이가 자고 있다"),
    "Thai": ("แมวของฉัน", "รูปแมวของฉันนอน"),
    "Thai with marks": ("น้ำ", "แก้วน้ำบนโต๊ะ"),
}
# Words that only methods without an embedding's file take.
FREE_WORDS = {
    "blanks": ("my old cat", "here is My  old cat asleep"),
    "emoji": ("🐱", "a photo of 🐱 asleep"),
}
METHODS: dict[str, dict[str, Any]] = {
    "textual inversion": {"kind": "textual_inversion", "learning_rate": 0.1, "num_vectors": 2},
    "lora with a word": {"kind": "lora", "rank": 2, "learning_rate": 5e-3, "word_vectors": 2,
                         "word_learning_rate": 0.1},
    "lora": {"kind": "lora", "rank": 2, "learning_rate": 5e-3},
    "dreambooth": {"kind": "dreambooth", "learning_rate": 1e-3, "prior_weight": 0.0},
    "hypernetwork": {"kind": "hypernetwork", "learning_rate": 3e-3},
}  # fmt: skip
TEACH_A_WORD = ("textual inversion", "lora with a word")


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one word with one method."""

    text: str  # as trained on
    called: tuple[tuple[int, int], ...]  # where the text calls the word
    distance: float  # that the weights moved, the word's vectors alone where there are some
    with_word: float  # mean difference of the picture with the word to that of the base model
    without_word: float  # and of a picture whose prompt does not call it
    notices: tuple[str, ...]  # said of the prompt without the word


def measure(base: Path, pictures: Path, out: Path, method: str, word: str, caption: str) -> Row:
    """Train two steps with this caption on every picture, then draw with and without the word."""
    for path in pictures.glob("*.txt"):
        path.write_text(caption, "utf-8")
    data = tiny_run(
        base, pictures, out, method=METHODS[method], training={"steps": 2},
        dataset={"trigger": word, "class_word": ""}, optimizer={"warmup": 0.0},
    )  # fmt: skip
    trained = require_finished(train(data))
    files = [Path(path) for path in trained.last.exports]
    is_model = method == "dreambooth"
    wears = () if is_model else tuple(Addon(path) for path in files)
    prompt, plain = f"a (photo:1.1), {caption}", "a photo of a house"
    if not spans(caption, word):
        prompt = f"{word}, {prompt}"
    shown, _ = draw(base, wears, prompt, out / "with", files[0] if is_model else None)
    bare, _ = draw(base, (), prompt, out / "bare")
    other, notices = draw(base, wears, plain, out / "other", files[0] if is_model else None)
    other_bare, _ = draw(base, (), plain, out / "other-bare")
    text = compose(caption, "", word, "")
    return Row(
        text,
        tuple(spans(text, word)),
        distance(data, trained),
        float(np.abs(shown - bare).mean()),
        float(np.abs(other - other_bare).mean()),
        notices,
    )


def distance(data: dict[str, Any], trained: Any) -> float:
    """Of the weights at the end from those at the start; of the word's vectors where one learns."""
    config = config_of(data)
    start = attached(config, load_model(config.base_model), at_start=True).state_dict()
    end = newest_weights(trained.folder)
    names = [name for name in end if name.endswith(".vectors")] or list(end)
    return sum(float((end[n] - start[n].cpu()).float().square().sum()) for n in names) ** 0.5


def draw(
    base: Path, wears: tuple[Addon, ...], prompt: str, folder: Path, model: Path | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """A picture as numbers, and what was said of its prompt."""
    settings = SampleSettings(prompt=prompt, width=32, height=32, num_inference_steps=2)
    folder.mkdir(parents=True, exist_ok=True)
    request = GenerateRequest(
        base_model=str(model or base), addons=wears, settings=settings, folder=folder
    )
    events = list(generate(request, Control()))
    assert isinstance(events[-1], RunFinished), events[-1]
    said = tuple(event.notice.code for event in events if isinstance(event, Noticed))
    return np.asarray(Image.open(events[-1].exports[0]), dtype=float), said


def main(folder: Path) -> None:
    from tests.conftest import build_tiny_model, draw_pictures

    base = build_tiny_model(folder / "model")
    pictures = draw_pictures(folder / "pictures")
    print("| script | word | method | text | called at | distance | with | without | said |")
    print("|---|---|---|---|---|---|---|---|---|")
    for method in METHODS:
        words = WORDS if method in TEACH_A_WORD else WORDS | FREE_WORDS
        for script, (word, caption) in words.items():
            row = measure(base, pictures, folder / f"{method} {script}", method, word, caption)
            where = ", ".join(f"{start}-{end}" for start, end in row.called)
            said = " ".join(row.notices)
            print(
                f"| {script} | {word} | {method} | {row.text} | {where} | {row.distance:.3g} "
                f"| {row.with_word:.2f} | {row.without_word:.2f} | {said} |",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
