"""The computer of the monkey: a home with a user's own files, projects of many kinds in it, and
network, programs and sizes that cost nothing."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Any

from engine import config_file
from tests.fuzz.folders import damage, everything_in, make_decoy

KINDS = ("sample", "whole", "whole", "odd draft", "damaged", "pictures", "odd pictures")
TRAINING = {"steps": 4, "resolution": 32, "batch_size": 1, "gradient_accumulation": 1}
MOST = {"width": 64, "height": 64, "num_inference_steps": 2, "count": 3}
ODD_NAMES = ("a b.png", "²³.png", "' OR 1=1;--.png", "x" * 200 + ".png", "红色的猫.jpg", ".hidden.png", "-rf.png", "con.png", "%s.png", "a\nb.png", "\u202egnp.exe.png")  # fmt: skip


class World:
    """`folder` holds everything that the monkey may reach: HOME is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.pictures = folder / "pictures"
        self.odd_pictures = folder / "odd-pictures"
        self.whole = folder / "master" / "toy"
        self.model = folder / "master" / "tiny-model"
        self.projects = self.home / "Documents" / "Imprint"
        self.written_over: set[str] = set()  # what the monkey agreed to

    def use_as_home(self) -> None:
        """Before anything of ours or of Qt is imported."""
        for name in ("CONFIG", "CACHE", "DATA", "STATE"):
            os.environ[f"XDG_{name}_HOME"] = str(self.home / f".{name.lower()}")
        os.environ.pop("XDG_RUNTIME_DIR", None)
        os.environ |= {"HOME": str(self.home), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        os.environ |= dict.fromkeys(
            ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"
        )
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    def fill(self) -> None:
        """A tiny model, pictures, and one project whose run has its last step still before it."""
        from engine.project import Project
        from tests.conftest import build_tiny_model, draw_pictures
        from tests.engine_runs import require_finished, tiny_run, train

        make_decoy(self.home)
        draw_pictures(self.pictures, 3)
        self._draw_odd_pictures()
        build_tiny_model(self.model)
        project = Project(self.whole)
        data = tiny_run(
            self.model, draw_pictures(project.images), project.runs, training={"steps": 3},
            checkpoints={"every_steps": 1}, sampling={"every_steps": 1},
        )  # fmt: skip
        project.save_draft(data)
        run = require_finished(train(data)).folder
        shutil.copytree(run.path, project.runs / "0002_2026-01-01_1200_cut_lora")
        cut = project.runs / "0002_2026-01-01_1200_cut_lora"
        lines = (cut / "metrics.jsonl").read_text().splitlines(keepends=True)
        (cut / "metrics.jsonl").write_text("".join(lines[: len(lines) // 2]))
        (cut / "result.json").unlink()
        for number, sample in enumerate(sorted((run.path / "samples").glob("*.png"))):
            project.generated.mkdir(exist_ok=True)
            shutil.copy(sample, project.generated / f"{number:05d}_seed{number}.png")
        self.before = self._mine()

    def _draw_odd_pictures(self) -> None:
        from PIL import Image

        self.odd_pictures.mkdir()
        for number, name in enumerate(ODD_NAMES):
            Image.effect_noise((40 + number, 60), 50).save(self.odd_pictures / name, "PNG")
            (self.odd_pictures / name).with_suffix(".txt").write_text(name[::-1], "utf-8")
        (self.odd_pictures / "empty.png").touch()
        (self.odd_pictures / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
        (self.odd_pictures / "itself").symlink_to(".")
        (self.odd_pictures / "nothing.png").symlink_to("nowhere")
        (self.odd_pictures / "long.txt").write_bytes(b"\xff\xfe" + b"word " * 20_000)

    def open_some(self, chance: random.Random) -> tuple[str, Path | None]:
        """What a session begins with: a word for it, and the project's file."""
        kind = chance.choice(KINDS)
        if kind in ("sample", "pictures", "odd pictures"):
            return kind, None
        folder = self.projects / f"toy{chance.randrange(10**6)}"
        shutil.copytree(self.whole, folder)
        (file,) = folder.glob("*.imprint")
        if kind == "damaged":
            kind += f": {damage(folder, chance, self.home)}"
        elif kind == "odd draft":
            from tests.fuzz.folders import odd_value

            odd_value(file, chance, self.home)
        return kind, file

    def damage_a_project(self, folder: Path, chance: random.Random) -> list[str]:
        """As another program would, while the window shows it. A picture of the user's is not
        reached: a project may use a folder outside."""
        if not folder.is_relative_to(self.projects):
            return []
        return damage(folder, chance, self.home)

    def changed(self) -> list[str]:
        """Files of the user's that are not as they were, though nobody agreed."""
        now = self._mine()
        return [
            f"{name}: {'changed' if name in now else 'gone'}"
            for name, data in self.before.items()
            if now.get(name) != data and name not in self.written_over
        ] + [f"{name}: is new" for name in now if self._is_stray(name)]

    def _is_stray(self, name: str) -> bool:
        quiet = ("pictures/", "odd-pictures/", "master/")
        return name.startswith(quiet) and name not in self.before and name not in self.written_over

    def _mine(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for part in ("pictures", "odd-pictures", "master"):
            inside = everything_in(self.folder / part)
            found |= {f"{part}/{name}": data for name, data in inside.items()}
        for name in (".bashrc", "Documents/thesis.txt", "Documents/.hidden", "Documents/step_000001_0.png", "Documents/00001_seed7.png", "Documents/.tmp-work/draft.txt", "webui/models/Lora/mine.safetensors"):  # fmt: skip
            path = self.home / name
            if path.is_file():
                found[f"home/{name}"] = path.read_bytes()
        return found


def make_cheap() -> None:
    """Whatever the window asks the engine for is done small, and nothing leaves this process."""
    from PySide6.QtGui import QDesktopServices

    from desktop.engine_thread import EngineThread

    QDesktopServices.openUrl = staticmethod(lambda address: True)  # type: ignore[method-assign]
    train, dry_run, generate = EngineThread.train, EngineThread.dry_run, EngineThread.generate
    EngineThread.train = lambda self, config: train(self, _small(config))  # type: ignore[method-assign]
    EngineThread.dry_run = lambda self, config: dry_run(self, _small(config))  # type: ignore[method-assign]
    EngineThread.generate = lambda self, wish: generate(self, _small_wish(wish))  # type: ignore[method-assign]


def _small(config: Any) -> Any:
    """The same settings for a moment's work, where they are still valid then."""
    data = config.model_dump(mode="json")
    data["training"] |= {key: min(data["training"].get(key, value), value) for key, value in TRAINING.items()}  # fmt: skip
    data["sampling"]["num_inference_steps"] = min(data["sampling"]["num_inference_steps"], 2)
    data["sampling"]["prompts"] = data["sampling"]["prompts"][:2]
    data["evaluation"]["enabled"] = False
    if "num_class_images" in data["method"]:
        data["method"]["num_class_images"] = min(data["method"]["num_class_images"], 2)
    small, _ = config_file.check(data)
    if small is not None:
        return small
    training = config.training.model_copy(update=TRAINING)
    return config.model_copy(update={"training": training})


def _small_wish(wish: dict[str, Any]) -> dict[str, Any]:
    return {**wish, **{key: min(wish.get(key) or value, value) for key, value in MOST.items()}}
