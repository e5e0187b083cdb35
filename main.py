"""Imprint: the window when started bare, the command line when given a verb."""

from __future__ import annotations

import gc
import multiprocessing
import sys

from engine.terminal import guard_streams, is_in_a_folder

OPENED = (".imprint", ".safetensors", ".ckpt")  # by a double click, in the window

if __name__ == "__main__":
    multiprocessing.freeze_support()  # first, for the frozen program's child processes
    guard_streams()
    has_folder = is_in_a_folder()
    if sys.flags.optimize > 1:  # diffusers reads its own docstrings
        sys.exit("Imprint does not run with python -OO. Unset PYTHONOPTIMIZE, then start it again.")
    if getattr(sys, "frozen", False):  # before anything can import torch
        from engine.card_pack import activate

        activate()
    if len(sys.argv) > 1 and not sys.argv[1].lower().endswith(OPENED):
        if not has_folder:  # relative paths would mean others
            sys.exit("The folder that you are in is not there any more. Change to another one.")
        from engine.cli import main

        sys.exit(main(sys.argv[1:]))
    gc.disable()  # while all that stays is loaded; later desktop/collector.py says when
    from desktop.app import main as open_window

    sys.exit(open_window(sys.argv))
