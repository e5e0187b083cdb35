"""The gate for old-style torch files, and the one module that calls torch.load.

A file is vetted to the last byte of its structure before torch sees it: members and flags of the
zip, every opcode and every global of the pickle, the sizes of the storages. What passes still
goes through weights_only. There is no way around it.
"""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path
from typing import IO, Any

from engine import regular_files
from engine.errors import InputNotReadable, UserError
from engine.inputs import not_read
from engine.model_errors import (
    ModelDamaged,
    ModelMissing,
    NotAModel,
    PickleLeftovers,
    PickleRefused,
)
from engine.models.pickle_containers import LEGACY_STARTS, ZIP_START, walk_legacy, walk_zip
from engine.models.pickle_values import STORAGES, Refused, View
from engine.models.pickle_walk import Walked
from engine.models.pickled_values import read_view
from engine.models.safetensors_header import Header
from engine.out_of_memory import as_out_of_memory
from engine.regular_files import NotRegular, reason_of
from engine.wording import QT_TRANSLATE_NOOP, Phrase, printable

MAX_FILE_BYTES = 64 << 30
MAX_DEPTH = 8
_OTHERS = {
    "tar": QT_TRANSLATE_NOOP("engine", "it is a tar archive"),
    "other": QT_TRANSLATE_NOOP("engine", "it is no torch file"),
}
_CUT = QT_TRANSLATE_NOOP("engine", "its end is missing, as after a download that broke off")
_LOADING = QT_TRANSLATE_NOOP("engine", "loading the model")
_ODD = QT_TRANSLATE_NOOP("engine", "it is not built as torch builds its files ({detail})")

# What torch raises at data that is not what its structure promised.
_LOADING_ERRORS = (
    RuntimeError, ValueError, EOFError, LookupError, TypeError, AssertionError, struct.error,
    UnicodeDecodeError, AttributeError, OverflowError, MemoryError, OSError,
)  # fmt: skip


def load_pickle(path: Path) -> dict[Any, Any]:
    """Plain containers with plain CPU tensors; each shows the whole of its memory.

    Raises PickleRefused, PickleLeftovers, NotAModel, ModelDamaged, ModelMissing or OutOfMemory.
    """
    import pickle

    import torch

    with _opened(path) as file:
        walked = _vet(path, file)
        if walked.has_parameters:
            return _made_here(path, file, walked)
        file.seek(0)
        try:
            loaded = torch.load(file, map_location="cpu", weights_only=True)
        except (*_LOADING_ERRORS, pickle.UnpicklingError) as error:
            raise _unloaded(path, error) from error
    return _plain(loaded)


def _made_here(path: Path, file: IO[bytes], walked: Walked) -> dict[Any, Any]:
    """The embedding of an old trainer, whose ParameterDict torch's safe loader refuses: its few
    tensors are read from where they are, and no object is made."""
    import torch

    def plain(value: Any, depth: int = 0) -> Any:
        if isinstance(value, View):
            if STORAGES[value.storage.kind][0] not in ("F32", "F16", "BF16"):
                return None  # token numbers, which nobody reads
            numbers = read_view(file, walked, value)
            return torch.from_numpy(numbers.astype("float32")).reshape(value.shape)
        if isinstance(value, dict) and depth < MAX_DEPTH:
            return {key: plain(inner, depth + 1) for key, inner in value.items()}
        return value if isinstance(value, str | int | float | bool | type(None)) else None

    try:
        return plain(walked.value)
    except (LookupError, ValueError, OSError, struct.error) as error:
        raise PickleLeftovers(path=str(path), what="torch.nn.ParameterDict") from error


def vet_pickle(path: Path) -> Header:
    """Names, shapes and types of the tensors, as a header would tell them; loads none of them.

    Raises as `load_pickle` does.
    """
    with _opened(path) as file:
        data = _vet(path, file).value
    inner = data.get("state_dict", data)
    tensors = {
        str(name): view
        for name, view in (inner.items() if isinstance(inner, dict) else ())
        if isinstance(view, View)
    }
    return Header(
        {name: view.shape for name, view in tensors.items()},
        {name: STORAGES[view.storage.kind][0] for name, view in tensors.items()},
        {},
    )


def _opened(path: Path) -> IO[bytes]:
    """A regular file, opened once: what is vetted is what is read."""
    try:
        file = regular_files.opened(path)
    except FileNotFoundError as error:
        raise ModelMissing(path=str(path)) from error
    except NotRegular as error:
        raise NotAModel(path=str(path), what=reason_of(error)) from error
    except OSError as error:
        other = NotAModel(path=str(path), what=Phrase(_OTHERS["other"]))
        raise not_read(path, error, other) from error
    if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
        file.close()
        raise NotAModel(path=str(path), what=Phrase(_OTHERS["other"]))
    return file


def _vet(path: Path, file: IO[bytes]) -> Walked:
    start = file.read(512)
    is_tar = start[257:262] == b"ustar"
    try:
        if start.startswith(ZIP_START):
            walked = walk_zip(file)
        elif start.startswith(LEGACY_STARTS) and not is_tar:
            walked = walk_legacy(file)
        else:
            raise NotAModel(path=str(path), what=Phrase(_OTHERS["tar" if is_tar else "other"]))
    except Refused as refused:
        if refused.reason == "code":
            raise PickleRefused(path=str(path), what=refused.what) from refused
        if refused.reason == "leftovers":
            raise PickleLeftovers(path=str(path), what=refused.what) from refused
        if refused.reason == "cut":
            raise ModelDamaged(path=str(path), reason=Phrase(_CUT)) from refused
        raise _damaged(path, refused.what) from refused
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(walked.value, dict):
        raise NotAModel(path=str(path), what=Phrase(_OTHERS["other"]))
    return walked


def _damaged(path: Path, detail: str) -> ModelDamaged:
    first_line = printable(detail.partition("\n")[0])[:200]
    return ModelDamaged(path=str(path), reason=Phrase(_ODD, detail=first_line))


def _unloaded(path: Path, error: Exception) -> UserError:
    """Not in torch's words: they tell people how to switch the safe way of loading off."""
    found = as_out_of_memory(error, Phrase(_LOADING))
    if found is not None:
        return found
    if isinstance(error, OSError):
        return InputNotReadable(path=str(path), reason=reason_of(error))
    return _damaged(path, f"torch, {type(error).__name__}")


def _plain(loaded: Any, depth: int = 0) -> Any:
    """Parameters become tensors, views get memory of their own; nothing deeper than needed."""
    import torch

    if isinstance(loaded, torch.Tensor):
        tensor = loaded.detach()
        whole = tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        return tensor if whole and tensor.is_contiguous() else tensor.contiguous().clone()
    if isinstance(loaded, dict) and depth < MAX_DEPTH:
        return {key: _plain(value, depth + 1) for key, value in loaded.items()}
    if isinstance(loaded, list | tuple) and depth < MAX_DEPTH:
        values = [_plain(value, depth + 1) for value in loaded]
        return tuple(values) if isinstance(loaded, tuple) else values
    return loaded if isinstance(loaded, str | int | float | bool | type(None)) else None
