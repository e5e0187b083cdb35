"""What to write in the prompts of other programs to use a trained file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from engine import config_file, records
from engine.config import RunConfig
from engine.errors import UserError
from engine.file_names import safe_name
from engine.project import RunFolder
from engine.records import NotRead
from engine.run_shapes import RunResult
from engine.trigger import folded, needs_blanks
from engine.wording import QT_TRANSLATE_NOOP, Phrase

_EMBEDDING = QT_TRANSLATE_NOOP(
    "engine",
    "{file}: in the prompt write {name} (AUTOMATIC1111, Forge, SD.Next), embedding:{name} "
    "(ComfyUI) or <{name}> (InvokeAI). In diffusers load it with token={name}.",
)
_LORA = QT_TRANSLATE_NOOP(
    "engine",
    "{file}: in the prompt write {trigger}. AUTOMATIC1111, Forge and SD.Next also need "
    "<lora:{name}:0.8> there; in ComfyUI and InvokeAI choose the file as a LoRA.",
)
_HYPERNETWORK = QT_TRANSLATE_NOOP(
    "engine",
    "{file}: in the prompt write {trigger}. AUTOMATIC1111 also needs <hypernet:{name}:1> there; "
    "ComfyUI has the node HypernetworkLoader.",
)
_MODEL = QT_TRANSLATE_NOOP("engine", "{file}: choose it as checkpoint, and write {trigger}.")
_BLANKS = QT_TRANSLATE_NOOP(
    "engine",
    "In these programs put a blank or a comma before and after {trigger}, also inside a sentence.",
)
_NO_WORD = QT_TRANSLATE_NOOP("engine", "what you like")


def of_run(folder: RunFolder) -> list[Phrase]:
    """A sentence for each file that a run has left; none where its records cannot be read."""
    try:
        config = config_file.of_run(folder.config_path)
        exports = records.read_json(folder.result, RunResult).exports
    except (UserError, NotRead):
        return []
    return list(in_prompts(config, exports))


def in_prompts(config: RunConfig, exports: Sequence[str]) -> Iterator[Phrase]:
    """A sentence for each file of a run, by their names."""
    dataset = config.dataset
    words = " ".join(word for word in (dataset.trigger, dataset.class_word) if word)
    for export in exports:
        path = Path(export)
        template = _template(config, path)
        # An embedding is called by its file's name, whatever the trigger word was.
        is_word = template is _EMBEDDING
        trigger = path.stem if is_word else words or Phrase(_NO_WORD)
        yield Phrase(template, file=path.name, name=path.stem, trigger=trigger)
        if is_word and needs_blanks(path.stem):
            yield Phrase(_BLANKS, trigger=path.stem)


def _template(config: RunConfig, path: Path) -> str:
    takes = config.method.leaves
    word = folded(safe_name(config.dataset.trigger))
    if "embedding" in takes and folded(path.stem) in (word, f"{word}-diffusers"):
        return _EMBEDDING
    if path.stem.endswith("-model") or path.suffix == "" or takes == ("model",):
        return _MODEL
    return _HYPERNETWORK if "hypernetwork" in takes else _LORA
