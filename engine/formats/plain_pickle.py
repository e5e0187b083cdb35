"""Writes a torch pickle that AUTOMATIC1111's checker and weights_only loaders let through.

torch 2.13 adds four entries to the zip that AUTOMATIC1111 refuses by name, so it is packed
anew. Nothing but plain Python values and tensors goes in.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

import torch
from torch import Tensor

_ROOT = "archive"  # what torch itself writes where a file has no name
_PLAIN = (str, int, float, bool, type(None))


def dump(obj: Any) -> bytes:
    """The bytes of a `.pt` file that holds `obj`; equal objects give equal bytes.

    `obj` is made of dict, list, tuple, str, int, float, bool, None and tensors; these are
    written from the CPU, each whole and in a storage of its own. Raises TypeError for anything
    else, subclasses (a NumPy number, say) included: readers would refuse their classes.
    """
    saved = io.BytesIO()
    torch.save(_plain(obj), saved, pickle_protocol=2)
    packed = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            inner = name.partition("/")[2]
            if inner in ("data.pkl", "version") or inner.startswith("data/"):
                # A ZipInfo of our own has a fixed date and no compression.
                target.writestr(zipfile.ZipInfo(f"{_ROOT}/{inner}"), source.read(name))
    return packed.getvalue()


def _plain(obj: Any) -> Any:
    if isinstance(obj, Tensor):
        return obj.detach().to("cpu", copy=True).contiguous()
    if type(obj) is dict:
        return {_plain(key): _plain(value) for key, value in obj.items()}
    if type(obj) in (list, tuple):
        return type(obj)(map(_plain, obj))
    if type(obj) in _PLAIN:
        return obj
    raise TypeError(f"a plain pickle cannot hold {type(obj).__name__}")
