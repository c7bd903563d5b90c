"""What a shell completes: names of networks, recipes and codecs, and files.

click completes nothing for a plain text, and a shell then does not either: so every place for a
file says that it is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from vsr.recipes.read import Kind, recipe_names

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_file(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the path of a file."""
    del context, parameter
    return [CompletionItem(incomplete, type="file")]


def complete_folder(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the path of a folder."""
    del context, parameter
    return [CompletionItem(incomplete, type="dir")]


def complete_model(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a network, or of a file."""
    del context, parameter
    from vsr.models.catalog import names

    return _fitting(names(), incomplete)


def complete_codec(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a format, or of an encoder."""
    del context, parameter
    from vsr.media.encoding.codecs import CODECS

    names = ["auto", *(one.codec for one in CODECS), *(one.name for one in CODECS)]
    return [item for item in _fitting(dict.fromkeys(names), incomplete) if item.type == "plain"]


def complete_recipe(kind: Kind) -> Complete:
    """Return what completes the name of a recipe of a kind, or of a file."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del context, parameter
        return _fitting(recipe_names(kind), incomplete)

    return complete


def _fitting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    fitting = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, type="file")]
