"""When a game is lost: what must not become of an adversarial stage while its losses are numbers.

Two things are watched, at every check. The averaged network may lose PSNR, as it is meant to, but
not without end: far below where the stage began it makes noise or a flat picture. And the
discriminator's loss must not lie at 0: then it tells every picture for certain, and what the
generator gets from it no longer depends on the picture.
"""

from __future__ import annotations

PINNED = 1e-4
"""A discriminator's loss below this, on average over a line of the log, counts as 0."""


def collapse(
    psnr: float, start_psnr: float, discriminator_loss: float, collapse_db: float
) -> str | None:
    """Return how a game was lost, as the end of a sentence; None where it goes on.

    Args:
        psnr: of the averaged network now, in dB.
        start_psnr: the same before the stage's first step.
        discriminator_loss: the discriminator's, averaged since the line of the log before.
        collapse_db: the largest fall of PSNR that is allowed.
    """
    if psnr < start_psnr - collapse_db:
        return f"PSNR fell from {start_psnr:.2f} to {psnr:.2f} dB"
    if discriminator_loss < PINNED:
        return f"the discriminator's loss is pinned at 0 ({discriminator_loss:.1e})"
    return None
