"""The words of the command line: verbs, flags and what they take."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from engine.config import STARTER
from engine.formats.catalog import FORMATS
from engine.methods.catalog import METHODS
from engine.samplers import SAMPLERS
from engine.settings import NUM_SEEDS
from engine.wording import printable

DESCRIPTION = "Teach Stable Diffusion something new, from your own pictures."


def _place(text: str) -> str:
    """`--images "$UNSET"` would be the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("the path is empty; is a variable of the shell not set?")
    return text


def _path(text: str) -> Path:
    return Path(_place(text))


class _Parser(argparse.ArgumentParser):
    """Names of files stand in its messages."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def make_parser(verbs_by_name: Mapping[str, Callable[..., Any]]) -> argparse.ArgumentParser:
    """`verbs_by_name`: what each verb starts."""
    parser = _Parser(prog="imprint", description=DESCRIPTION)
    parser.add_argument("--help-settings", choices=METHODS, help="list every --set key of a method")
    parser.set_defaults(json=False)
    verbs = parser.add_subparsers(dest="verb")
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one event a line on standard output")

    _add_train(verbs, shared, verbs_by_name)
    _add_generate(verbs, shared, verbs_by_name)
    resume = verbs.add_parser("resume", parents=[shared], help="go on with a run")
    resume.add_argument("run", type=_path)
    resume.set_defaults(start=verbs_by_name["resume"])

    check = verbs.add_parser("check", parents=[shared], help="look at pictures before a run")
    check.add_argument("--images", type=_path, required=True)
    check.set_defaults(start=verbs_by_name["check"])

    caption = verbs.add_parser(
        "caption", parents=[shared], help="have a model write the captions of a folder"
    )
    caption.add_argument("--images", type=_path, required=True)
    caption.add_argument(
        "--model", type=_path, required=True, help="folder of a BLIP, GIT or ViT-GPT2 model"
    )
    caption.add_argument("--in-front", default="", help="words before each, such as: sks cat")
    caption.add_argument("--anew", action="store_true", help="also where there is a caption")
    caption.set_defaults(start=verbs_by_name["caption"])

    export = verbs.add_parser("export", parents=[shared], help="write a checkpoint as a file")
    export.add_argument("run", type=_path)
    export.add_argument(
        "--step", type=_step, help="else the checkpoint that the run exported, or the newest"
    )
    export.add_argument("--format", choices=FORMATS, required=True)
    export.add_argument("--out", type=_path, required=True)
    export.set_defaults(start=verbs_by_name["export"])

    _add_compare(verbs, shared, verbs_by_name)
    about = "look at this computer, and try in small what Imprint is for"
    doctor = verbs.add_parser("doctor", parents=[shared], help=about)
    doctor.set_defaults(start=verbs_by_name["doctor"])
    return parser


def _add_train(
    verbs: Any, shared: _Parser, verbs_by_name: Mapping[str, Callable[..., Any]]
) -> None:
    train = verbs.add_parser("train", parents=[shared], help="teach a model something new")
    train.add_argument("config", nargs="?", type=_path, help="settings as JSON or TOML")
    train.add_argument("--images", type=_place, help="folder of pictures")
    train.add_argument("--method", choices=METHODS)
    train.add_argument("--base", help="starter, a .safetensors file or a diffusers folder")
    train.add_argument("--name")
    train.add_argument("--trigger", help="rare word that calls up what was learnt")
    train.add_argument("--class-word", help="one common word: cat, toy, person, style")
    train.add_argument("--steps", type=_whole)
    train.add_argument("--seed", type=_whole)
    train.add_argument("--out", type=_place, help="folder in which the run folder is made")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    train.add_argument("--help-settings", choices=METHODS)
    train.add_argument(
        "--dry-run", action="store_true", help="take a few steps and say what the run will need"
    )
    train.set_defaults(start=verbs_by_name["train"])


def _add_compare(
    verbs: Any, shared: _Parser, verbs_by_name: Mapping[str, Callable[..., Any]]
) -> None:
    compare = verbs.add_parser(
        "compare", parents=[shared], help="the same pictures through several methods"
    )
    compare.add_argument(
        "projects",
        nargs="*",
        type=_path,
        metavar="SETTINGS",
        help="one file of settings for each subject; without any, the sample project",
    )
    compare.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    compare.add_argument("--seeds", type=_positive, default=1, help="trainings of each kind")
    budget = compare.add_mutually_exclusive_group()
    budget.add_argument("--steps", type=_positive, help="of each training")
    budget.add_argument("--seconds", type=_seconds, help="of steps in each training")
    compare.add_argument("--jobs", type=_positive, default=1, help="trainings at a time")
    compare.add_argument("--out", type=_path, default=Path("comparison"))
    compare.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    compare.set_defaults(start=verbs_by_name["compare"])


def _add_generate(
    verbs: Any, shared: _Parser, verbs_by_name: Mapping[str, Callable[..., Any]]
) -> None:
    generate = verbs.add_parser("generate", parents=[shared], help="make pictures")
    generate.add_argument("--prompt", required=True)
    generate.add_argument("--negative")
    generate.add_argument("--base", default=STARTER)
    for kind in ("lora", "embedding", "hypernetwork"):
        generate.add_argument(
            f"--{kind}",
            action="append",
            dest="addons",
            default=[],
            metavar="FILE[:WEIGHT]",
            help="an embedding is weighed in the prompt: (its_file_name:1.2)"
            if kind == "embedding"
            else None,
        )
    generate.add_argument("--seed", type=_seed)
    generate.add_argument("--count", type=_positive, default=1)
    generate.add_argument("--size", type=_side)
    generate.add_argument("--width", type=_side)
    generate.add_argument("--height", type=_side)
    generate.add_argument("--sampler", choices=SAMPLERS)
    generate.add_argument("--clip-skip", type=_positive)
    generate.add_argument("--steps", type=_steps)
    generate.add_argument("--guidance", type=_guidance)
    generate.add_argument("--out", type=_path, default=Path("generated"))
    generate.set_defaults(start=verbs_by_name["generate"])


def _number(
    kind: type[int] | type[float],
    least: float = -math.inf,
    most: float = math.inf,
    *,
    multiple_of: int = 1,
) -> Callable[[str], Any]:
    """A type for argparse: no NaN, no infinity, nothing outside of the range."""
    wanted = "a whole number" if kind is int else "a number"
    if multiple_of > 1:
        wanted = f"a multiple of {multiple_of}"
    if most < math.inf:
        wanted += f" from {least:g} to {most:g}"
    elif least > -math.inf:
        wanted += f" of at least {least:g}"

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:  # also at more digits than Python reads
            value = math.nan
        is_right = least <= value <= most and abs(value) < math.inf
        if not is_right or value % multiple_of:
            raise argparse.ArgumentTypeError(f"must be {wanted}, not {text[:40]!r}")
        return value

    return read


_positive = _number(int, 1)
_steps = _number(int, 1, 1000)  # as sampling.num_inference_steps
_guidance = _number(float, 0, 50)  # as sampling.guidance_scale
_side = _number(int, 32, 4096, multiple_of=8)
_step = _number(int, 0)
_whole = _number(int)  # the check of the settings tells their limits


def _seconds(text: str) -> float:
    value = _number(float, 0)(text)
    if not value:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _seed(text: str) -> int:
    value = _number(int, 0)(text)
    if value >= NUM_SEEDS:
        raise argparse.ArgumentTypeError("must be below 2^63")
    return int(value)
