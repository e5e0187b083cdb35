"""Which methods this computer's memory has room for, before anything is loaded: estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.config_file import check
from engine.control import Control
from engine.errors import UserError
from engine.events import Event, MethodFits, RunFinished
from engine.planning import estimate_run


def method_fits(drafts: Mapping[str, dict[str, Any]], control: Control) -> Iterator[Event]:
    """One MethodFits for each method; one whose settings are not right yet is left out."""
    for kind, data in drafts.items():
        if control.stop_requested:
            break
        config, _ = check(data)
        if config is None:
            continue
        try:
            plan = estimate_run(config)
        except UserError:  # the base model; whoever chose it was told
            continue
        yield MethodFits(
            kind=kind,
            needed_bytes=plan.bytes_needed,
            free_bytes=plan.free_bytes,
            fits=plan.fits,
            eased=bool(plan.measures),
        )
    yield RunFinished(steps=0, stopped_early=control.stop_requested, exports=())
