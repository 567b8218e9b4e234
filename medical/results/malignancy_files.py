"""What the malignancy of a result was read from: what StarNet saw, context given and typed.

With it words can be read later, without the CT.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from medical.errors import InputError
from medical.files import write_atomic
from medical.i18n.messages import message
from medical.malignancy.context import ClinicalContext
from medical.malignancy.reader import NoduleTokens
from medical.results.arrays import read_arrays, write_arrays
from medical.results.typed_context import TypedContext

TOKENS, CONTEXT, TYPED = "tokens.npz", "context.json", "typed-context.json"
_MAX_BYTES = 64_000_000  # unpacked: some 5,000 findings
_AGAIN = message("Score the study again")


@dataclass(frozen=True, slots=True)
class MalignancyFiles:
    """Files of one result folder.

    Args:
        path: of the folder.
    """

    path: Path

    def write_tokens(self, tokens: NoduleTokens) -> None:
        """Write what StarNet saw of the findings, a row each in the order of their numbers."""
        write_arrays(self.path / TOKENS, **tokens._asdict())

    def read_tokens(self) -> NoduleTokens | None:
        """Read it; ``None`` where nothing was found, or an earlier version made the result.

        Raises:
            InputError: the file is damaged.
        """
        try:
            return _unpack(self.path / TOKENS)
        except OSError:
            return None
        except ValueError as error:
            raise InputError(TOKENS, message("is damaged"), _AGAIN) from error

    def write_context(self, context: ClinicalContext | None) -> None:
        """Keep the clinical context that was given; ``None`` removes it."""
        if context is None or not context.written():
            (self.path / CONTEXT).unlink(missing_ok=True)
            return
        write_atomic(self.path / CONTEXT, context.model_dump_json(indent=2) + "\n")

    def read_context(self) -> ClinicalContext | None:
        """Read it; ``None`` where none was given.

        Raises:
            InputError: the file is damaged.
        """
        try:
            return ClinicalContext.model_validate_json((self.path / CONTEXT).read_bytes())
        except OSError:
            return None
        except ValidationError as error:
            raise InputError(CONTEXT, message("is damaged"), _AGAIN) from error

    def find_context(self) -> ClinicalContext | None:
        """Read it; ``None`` where none was given, or the file is damaged."""
        try:
            return self.read_context()
        except InputError:
            return None

    def write_typed(self, typed: TypedContext | None) -> None:
        """Keep what a reader typed; ``None`` removes it."""
        if typed is None:
            (self.path / TYPED).unlink(missing_ok=True)
            return
        write_atomic(self.path / TYPED, typed.model_dump_json(indent=2) + "\n")

    def read_typed(self) -> TypedContext | None:
        """Read it; ``None`` where nobody typed anything.

        Raises:
            InputError: the file is damaged.
        """
        try:
            return TypedContext.model_validate_json((self.path / TYPED).read_bytes())
        except OSError:
            return None
        except ValidationError as error:
            raise InputError(
                TYPED, message("is damaged"), message("Type the context again")
            ) from error


def _unpack(file: Path) -> NoduleTokens:
    """Read tokens, float32, the row of each finding in the order of their numbers.

    Raises:
        OSError: it is not there.
        ValueError: it is something else.
    """
    arrays = read_arrays(file, max_bytes=_MAX_BYTES)
    try:
        tokens = NoduleTokens(*(arrays[name] for name in NoduleTokens._fields))
    except KeyError as error:
        raise ValueError("is no file of tokens") from error
    dimensions = [part.ndim for part in tokens]
    if dimensions != [3, 3, 3, 2] or len({len(part) for part in tokens}) != 1:
        raise ValueError("tokens of other shapes")
    if not all(part.dtype == np.float32 and np.isfinite(part).all() for part in tokens):
        raise ValueError("tokens are no numbers")
    return tokens
