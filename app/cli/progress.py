"""How a long run shows where it stands: one line that renews itself, or plain lines in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Say = Callable[[str], None]
_LOSSES = "; loss "  # see models.training.log.Progress


@contextmanager
def progress_lines(say: Say) -> Iterator[Say]:
    """Give what to tell a run's sentences to.

    On a terminal the line that says how many steps were taken stays at the bottom and renews
    itself; whatever else is said scrolls above it and takes it away. Elsewhere every sentence is a
    line.

    Args:
        say: writes one line to standard error.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield say
        return
    with console.status("") as status:

        def tell(sentence: str) -> None:
            sentence = " ".join(sentence.split())
            if _LOSSES in sentence:
                status.update(Text(sentence))
            else:
                status.update(Text(" "))  # rich takes an empty text for no change
                console.print(sentence, markup=False, highlight=False, soft_wrap=True)

        yield tell
