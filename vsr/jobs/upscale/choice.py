"""What ``auto`` becomes: decided once per film, while planning, and told with how to undo it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vsr.colour import Tone, tone_of
from vsr.device.select import Device
from vsr.errors import InvalidOption
from vsr.jobs.upscale.fields import Fields
from vsr.jobs.upscale.strength import Condition
from vsr.models.catalog import DRAWS_MOST, MORE_WORK, Model
from vsr.models.flavours import flavours_of
from vsr.models.weights_files import files_of, is_path, read_card
from vsr.specs import UpscaleSpec
from vsr.values import AMOUNTS, DIALS, GrainProfile
from vsr.version import __version__

AUTO_MODEL = "fast"


@dataclass(frozen=True, slots=True)
class Choice:
    """A spec in which nothing about the network is ``auto`` any more.

    Attributes:
        condition: the source's, by which it was chosen; None where the user left no choice.
        chosen: what was chosen by it, or by the network: dials, ``grain`` and ``steady``.
        tone: the curve on which a network that draws detail sees the film, or None.
        unsuited: why no detail is drawn although it was asked for, or an empty text.
    """

    spec: UpscaleSpec
    condition: Condition | None = None
    chosen: tuple[str, ...] = ()
    tone: Tone | None = None
    unsuited: str = ""

    def in_words(self, model: Model) -> str:
        """Return a description of the model: name, scale, blend, and what chose it."""
        return self._described(model, str(self.condition))

    def in_short(self, model: Model) -> str:
        """Return that without the figures that chose it."""
        return self._described(model, self.condition.in_words if self.condition else "")

    def _described(self, model: Model, why: str) -> str:
        dials = [name for name in self.chosen if name in DIALS]
        if self.condition is None or not dials:
            return f"{model}{self._steady}"
        zeros = "".join(f", {name} 0" for name in dials if not getattr(self.spec, name))
        return f"{model}{zeros}{self._steady} (auto: {why})"

    def made_by(self, model: Model) -> str:
        """Return program, version, network, blend and the like, for the tags of the output."""
        grain = f", grain {self.spec.grain}" if isinstance(self.spec.grain, GrainProfile) else ""
        return f"vsr {__version__}: {model}{self._steady}{grain}"

    @property
    def _steady(self) -> str:
        """That detail is held steady, once that is decided."""
        return ", steady" if self.spec.steady == "on" else ""

    def note(self, model: Model) -> str | None:
        """Return a remark for the user that names the choice and how to undo it; None without one.

        What draws detail is never left to be found out by looking.
        """
        is_chosen = self.condition is not None and set(DIALS) & set(self.chosen)
        parts = [f"model {self.in_short(model)}."] if is_chosen else []
        if "sharpness" in self.chosen and (value := self.spec.sharpness):
            more = ""
            if draws_less_than_there_is(model) and "model" not in self.spec.asked:
                cost = f"at {MORE_WORK} times the work, on a CPU 8 to 16 times the time"
                more = f", --model {DRAWS_MOST} for more, {cost}"
            parts.append(
                f"sharpness {value:g} draws detail that was not in the source; --sharpness 0 for "
                f"none{more}."
            )
        if _draws_edges(model) and "model" not in self.spec.asked:
            also = ", and for digital tape (MiniDV)" if model.restores_tape else ""
            parts.append(
                f"{model.name} draws edges that were not in the source; --model {AUTO_MODEL} for "
                f"none{also}."
            )
        if "grain" in self.chosen and isinstance(self.spec.grain, GrainProfile):
            parts.append(f"grain of {self.spec.grain} is drawn again; --grain remove for none.")
        if "steady" in self.chosen and self.spec.steady == "on":
            parts.append("steady: detail is averaged over three frames; --steady off for none.")
        if self.tone == "pq":
            parts.append("PQ: luma takes an SDR-like curve through the network, chroma none.")
        if self.unsuited:
            parts.append(self.unsuited)
        return " ".join(parts) or None


def draws_less_than_there_is(model: Model) -> bool:
    """Return whether it is the usual network, drawing, and one that draws most is at its scale."""
    is_usual = model.name == AUTO_MODEL and model.draws_detail
    return is_usual and model.traits.scale in files_of(DRAWS_MOST)


def _draws_edges(model: Model) -> bool:
    """Return whether a network draws edges by itself."""
    return model.restores_tape or (model.card is not None and model.card.draws_detail)


def model_named(name: str) -> str:
    """Return the model that is used for a name or path; ``auto`` is `AUTO_MODEL`."""
    return AUTO_MODEL if name == "auto" else name


def with_model(spec: UpscaleSpec) -> UpscaleSpec:
    """Return the spec with its model decided."""
    return replace(spec, model=model_named(spec.model))


def choose_blend(spec: UpscaleSpec, scale: int, look: Callable[[], Condition | None]) -> Choice:
    """Decide the dials that are ``auto``, and drop suggested ones without a flavour.

    Args:
        spec: with its model decided.
        look: returns the source's condition; called only if it matters.
    """
    has = _flavoured(spec.model, scale)
    without = (name for name in DIALS if not has[name])
    zero: dict[str, Any] = {
        name: 0.0 for name in without if getattr(spec, name) == "auto" or name in spec.suggested
    }
    spec = replace(spec, **zero)
    chosen = tuple(name for name in DIALS if getattr(spec, name) == "auto")
    condition = look() if chosen else None
    blend = spec.blend() if condition is None else spec.blend(condition.blend)
    spec = replace(spec, strength=blend.strength, sharpness=blend.sharpness)
    return Choice(spec, condition, chosen)


def choose_tone(choice: Choice, bits: int, transfer: int, scale: int) -> Choice:
    """Decide on which curve a network that draws detail sees the film.

    A faithful network takes any film as it is; so does what cannot be brought near SDR.

    Args:
        bits: of the source.
        transfer: its transfer characteristic (H.273).
        scale: of the network.

    Raises:
        InvalidOption: a network that can do nothing else, and such a film.
    """
    always = _is_clear(choice.spec.model, scale)
    if not (choice.spec.sharpness or always):
        return choice
    try:
        return replace(choice, tone=tone_of(bits, transfer))
    except ValueError as error:
        text = f"{error} is too far from SDR to draw detail"
        if always:
            raise InvalidOption(
                f"--model {choice.spec.model}: {text}. Choose --model {AUTO_MODEL}."
            ) from error
        text = f"{text}: --sharpness 0 is used."
        return replace(choice, spec=replace(choice.spec, sharpness=0.0), unsuited=text)


def _is_clear(name: str, scale: int) -> bool:
    """Return whether a network draws detail by itself, by its card."""
    found = None if is_path(name) else files_of(name).get(scale)
    card = read_card(found.path) if found is not None else None
    return card is not None and card.draws_detail


def choose_grain(
    choice: Choice,
    look: Callable[[], Condition | None],
    measure: Callable[[float], GrainProfile | None],
) -> Choice:
    """Decide how much grain is drawn: a profile, or 0 for none.

    What a codec left of a compressed source's noise is no grain, so ``auto`` gives none back there.

    Args:
        look: returns the source's condition; called only if it matters.
        measure: returns the grain that the network removes, for an amount from 0 to 1.
    """
    asked = choice.spec.grain
    if isinstance(asked, GrainProfile):  # another worker's plan
        return choice
    condition, chosen = choice.condition, choice.chosen
    if asked == "auto":
        condition = condition or look()
        is_kept = condition is not None and condition.kind != "compressed"
        amount, chosen = float(is_kept), (*chosen, "grain")
    else:
        amount = float(AMOUNTS.get(asked, asked))
    grain = measure(amount) if amount else None
    spec = replace(choice.spec, grain=grain or 0.0)
    return replace(choice, spec=spec, condition=condition, chosen=chosen)


def choose_steady(choice: Choice, model: Model, device: Device, fields: Fields) -> Choice:
    """Decide whether a film's detail is averaged with that of the frames beside: ``on`` or ``off``.

    ``auto``: where detail is drawn, or what compression or a tape did is repaired, and no grain is
    kept; on a CPU, as on a GPU its speed is not known yet.

    Raises:
        InvalidOption: it was asked for, and cannot be done.
    """
    spec, chosen = choice.spec, choice.chosen
    is_on, can_be = spec.steady == "on", fields.film is None
    if is_on and not can_be:
        raise InvalidOption(
            "--steady on: --deinterlace film restores frames, and these are not held steady. Omit "
            "one of them."
        )
    if spec.steady == "auto":
        kind = choice.condition.kind if choice.condition else "compressed"
        is_repaired = model.restores_tape or (model.blend.strength > 0 and kind == "compressed")
        is_on = (model.draws_detail or is_repaired) and not spec.grain and not device.is_cuda
        chosen = (*chosen, "steady")
    is_on = is_on and can_be and "upscale" in spec.steps
    return replace(choice, spec=replace(spec, steady="on" if is_on else "off"), chosen=chosen)


def _flavoured(name: str, scale: int) -> Mapping[str, bool]:
    """Return for which dials a network has a flavour."""
    flavours = flavours_of(name, scale)
    return {
        "strength": flavours is not None and bool(flavours.video),
        "sharpness": flavours is not None and flavours.clear is not None,
    }
