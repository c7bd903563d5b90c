"""The state of the files of a batch before any work: finished, skipped, refused, or to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from math import inf
from typing import Any

from vsr.batch.ledger import Ledger
from vsr.batch.names import check_inside
from vsr.batch.plan import Item
from vsr.errors import OutputExists, VsrError
from vsr.jobs.batch.outcome import Outcome
from vsr.media.resume.manifest import source_facts
from vsr.models.card import sha256_of
from vsr.models.flavours import weights_of
from vsr.specs import Existing, UpscaleSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The state of one file.

    Attributes:
        key: what its result depends on; the ledger uses it to decide whether the file is finished.
        settled: its outcome, if it needs no work; None if it is to be done.
    """

    item: Item
    key: Mapping[str, Any]
    settled: Outcome | None = None


def standing(item: Item, ledger: Ledger, existing: Existing, settings: str) -> Standing:
    """Return the state of a file; write nothing.

    Args:
        existing: what to do about an existing target.
        settings: the `fingerprint` of the batch.
    """
    key: dict[str, Any] = {}
    try:
        check_inside(item.target, ledger.folder)
        key = {**source_facts(item.source), "settings": settings}
        is_skipped = item.target.exists() and _is_kept(item, ledger, existing, key)
    except (VsrError, OSError) as error:
        return Standing(item=item, key=key, settled=failed(item, error))
    return Standing(item=item, key=key, settled=_skipped(item, ledger) if is_skipped else None)


def fingerprint(spec: UpscaleSpec) -> str:
    """Return what distinguishes one batch's settings from another's, for pixels and streams.

    All weights that may be needed are hashed once: new ones may have the same name.
    """
    values = asdict(replace(spec, encode=replace(spec.encode, options={})))
    for name in ("existing", "is_restart", "keeps_work", "threads", "device", "segment_frames"):
        del values[name]
    values["encoder options"] = sorted(spec.encode.options.items())
    if spec.time.end_seconds == inf:
        values["time"]["end_seconds"] = None
    is_blended = spec.strength != 0 or spec.sharpness != 0
    weights = weights_of(spec.model, is_blended=is_blended)
    values["weights"] = {path.name: sha256_of(path) for path in weights}
    return sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def failed(item: Item, error: BaseException | None) -> Outcome:
    """Return the outcome of a file that cannot be done."""
    text = " ".join(str(error).split()) or type(error).__name__
    if not isinstance(error, VsrError | OSError):
        text = f"{type(error).__name__}: {text}"
    return Outcome(source=item.source, target=item.target, state="failed", error=text)


def _is_kept(item: Item, ledger: Ledger, existing: Existing, key: Mapping[str, Any]) -> bool:
    """Return whether the existing target is kept.

    Raises:
        OutputExists: it may not be overwritten.
    """
    if existing == "skip" or (existing != "overwrite" and ledger.is_finished(item.target, key)):
        return True
    if existing == "refuse" and not ledger.is_ours(item.target):
        raise OutputExists(
            f"{item.target}: already exists, and no batch made it. "
            "Add -y to overwrite it, or -n to skip it."
        )
    return False


def _skipped(item: Item, ledger: Ledger) -> Outcome:
    facts = dict(ledger.summary(item.target))
    losses = tuple(facts.pop("losses", ()))
    return Outcome(source=item.source, target=item.target, state="skipped", losses=losses, **facts)
