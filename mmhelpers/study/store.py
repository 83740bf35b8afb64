"""The file of a study: results as they finish, and the list of names that they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmhelpers.data import fingerprint, write_whole


class StudyError(ValueError):
    """A stored study that can't be used; the message says how to mend it."""


def load_store(
    store: Path,
    field: str,
    words: Sequence[str] | None,
    mend: str,
    read: Callable[[Any], dict[Any, Any]] = dict,
) -> dict[Any, Any]:
    """The results in a field of the file, as `read` gives them; none where there is no file.

    Without `words` of any list.  Raises StudyError, which ends with `mend`, where the file is
    damaged or belongs to another list.
    """
    if not store.exists():
        return {}
    try:
        stored = json.loads(store.read_text(encoding="utf-8"))
        of_list, results = stored["list"], read(stored[field])
    except (ValueError, KeyError, TypeError) as error:
        raise StudyError(f"{store.name} is damaged ({type(error).__name__}): {mend}") from None
    if words is not None and of_list != fingerprint(words):
        raise StudyError(f"{store.name} is of another list of names: {mend}")
    return results


def save_store(
    store: Path, field: str, results: dict[str, Any] | list[Any], words: Sequence[str]
) -> None:
    """Writes the file whole or not at all, a line for each result."""
    if isinstance(results, dict):
        start, end = "{}"
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in results.items()]
    else:
        start, end = "[]"
        lines = [json.dumps(result) for result in results]
    body = ",\n".join(lines)
    content = f'{{"list": "{fingerprint(words)}", "{field}": {start}\n{body}\n{end}}}\n'
    store.parent.mkdir(parents=True, exist_ok=True)
    write_whole(store, content.encode())
