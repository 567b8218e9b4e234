"""Bring the catalogue up to date with the sources: ``python -m medical.i18n.extract``.

New texts are added without a translation, and a test names them until they have one; texts that
nothing says any more are dropped.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from medical.i18n.catalogue import PO_FILE

KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "message": None,
    "gettext": None,
    "labels": None,
    "plural_message": (1, 2),
    "ngettext": (1, 2),
    "plural": (1, 2),
}
"""Functions whose arguments are texts of the catalogue, and which of them."""
_ROOT = Path(__file__).parents[2]


def texts_of_module(
    file: IO[bytes], keywords: Collection[str], comment_tags: object, options: object
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """Read a module for Babel by its syntax tree: Babel's own way overlooks calls in f-strings."""
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in keywords:
            values = [getattr(argument, "value", None) for argument in node.args]
            texts = tuple(value if isinstance(value, str) else None for value in values)
            yield node.lineno, name, texts, []


def texts_in_sources() -> Catalog:
    """Collect every text that ``app`` and ``medical`` can say."""
    catalogue, methods = Catalog(), cast(list[tuple[str, str]], [("**.py", texts_of_module)])
    for package in ("app", "medical"):
        texts = extract_from_dir(_ROOT / package, method_map=methods, keywords=KEYWORDS)
        for _, _, text, _, _ in texts:
            catalogue.add(text)
    return catalogue


def main() -> None:
    """Update the catalogue in place."""
    with PO_FILE.open("rb") as file:
        catalogue = read_po(file, locale="zh", domain="starlung")
    made = catalogue.creation_date
    catalogue.update(texts_in_sources(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.creation_date = made  # else the file would differ each time
    catalogue.obsolete.clear()
    with PO_FILE.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, sort_output=True)
    missing = sum(not entry.string for entry in catalogue if entry.id)
    sys.stderr.write(f"Texts: {len(catalogue)}, without a translation: {missing}.\n")


if __name__ == "__main__":
    main()
