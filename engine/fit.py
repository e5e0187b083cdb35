"""Which methods this computer's memory has room for, before anything is loaded: estimates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.config_file import check
from engine.control import Control
from engine.device import device_name
from engine.errors import UserError
from engine.events import Event, MethodFits, RunFinished
from engine.memory import Place
from engine.planning import estimate_run, offer_for, place_of


def method_fits(drafts: Mapping[str, dict[str, Any]], control: Control) -> Iterator[Event]:
    """One MethodFits for each method; one whose settings are not right yet is left out."""
    places: dict[str, Place] = {}  # one look at each device, so that all figures agree
    for kind, data in drafts.items():
        if control.stop_requested:
            break
        config, _ = check(data)
        if config is None:
            continue
        name = device_name(config.training)
        place = places[name] if name in places else places.setdefault(name, place_of(config))
        try:
            plan, offer = estimate_run(config, place), offer_for(config, place)
        except UserError:  # the base model; whoever chose it was told
            continue
        yield MethodFits(
            kind=kind,
            needed_bytes=plan.bytes_needed,
            free_bytes=plan.free_bytes,
            fits=plan.fits,
            eased=bool(plan.measures),
            offer="" if offer is None else offer.measures,
            offer_bytes=0 if offer is None else offer.bytes_needed,
        )
    yield RunFinished(steps=0, stopped_early=control.stop_requested, exports=())
