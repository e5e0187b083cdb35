"""Imprint: the window when started bare, the command line when given a verb."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys

OPENED = (".imprint", ".safetensors", ".ckpt")  # by a double click, in the window

if __name__ == "__main__":
    multiprocessing.freeze_support()  # first, for the frozen program's child processes
    for name in ("stdout", "stderr"):  # a program without a console has none on Windows
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    if getattr(sys, "frozen", False):  # before anything can import torch
        from engine.card_pack import activate

        activate()
    if len(sys.argv) > 1 and not sys.argv[1].lower().endswith(OPENED):
        from engine.cli import main

        sys.exit(main(sys.argv[1:]))
    gc.disable()  # while all that stays is loaded; later desktop/collector.py says when
    from desktop.app import main as open_window

    sys.exit(open_window(sys.argv))
