"""Why an input could not be scored, in a sentence for the page.

The database keeps the sentences in English: they are searched, logged and shown by ``starlung
queue`` as they are. A page says them in its reader's language, those of earlier versions too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from medical.errors import InputError
from medical.i18n.catalogue import Language, translate
from medical.i18n.messages import Message, message
from models.zoo.loader import ModelDamagedError, ModelNotFoundError
from models.zoo.starnet_card import StarNetDamagedError

_MAX_SENTENCES = 3
_NEXT = re.compile(r"(?<=\.) (?=(?:input|a file in it): |And \d+ more\.)")


def failure_sentence(error: InputError, source: Path) -> Message:
    """Word the error for the page, where neither this machine's folders nor names of files may be.

    A file or folder inside an input is often called after the patient.

    Args:
        error: what went wrong.
        source: the input.
    """
    problem = error.problem
    for name in error.names:
        problem = (
            problem.without(name, message("a file"))
            if isinstance(problem, Message)
            else problem.replace(name, "a file")
        )
    record = {"problem": problem, "remedy": error.remedy}
    if error.path != source and error.path.is_relative_to(source):
        return message("a file in it: {problem}. {remedy}.", **record)
    return message("input: {problem}. {remedy}.", **record)


def model_unusable(
    error: ModelNotFoundError | ModelDamagedError | StarNetDamagedError,
) -> InputError:
    """Say which model cannot be used, in either language and without this machine's folders."""
    if isinstance(error, ModelNotFoundError):
        problem = message(
            "no model is called '{name}'; there are: {known}", name=error.name, known=error.known
        )
    else:
        problem = message(
            "the weights of {name} are not those that its card describes; install it again",
            name=error.name,
        )
    return InputError("model", problem, message("See `starlung models list`"))


def failures_beside(errors: Iterable[InputError], source: Path) -> str:
    """Say what of an input failed beside that which was scored: some sentences, each once."""
    sentences = list(dict.fromkeys(failure_sentence(error, source) for error in errors))
    shown = sentences[:_MAX_SENTENCES]
    if more := len(sentences) - len(shown):
        shown.append(message("And {count} more.", count=more))
    return " ".join(shown)


def not_written(error: OSError) -> Message:
    """Say that a result cannot be written, or its input not be read."""
    reason = error.strerror or type(error).__name__
    return message("cannot be read or written: {reason}", reason=reason)


def failure_text(failure: str, language: Language) -> str:
    """Say what the database keeps of a failure, sentence by sentence, in a language."""
    return " ".join(translate(sentence, language) for sentence in _NEXT.split(failure))
