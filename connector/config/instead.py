"""The configuration as it would be with another file in place of one of the agreed ones: for "what if" questions.

Nothing is written and nothing comes into force. The file is found by its top key, as the files of the mappings folder
are, so it may lie anywhere and have any name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from connector.config.extends import extended
from connector.config.load import AGREED_FILES, AgreedSource, Loaded
from connector.config.problems import validated
from connector.config.yaml import read
from connector.errors import Misconfigured, Problem


def instead(loaded: Loaded, paths: Sequence[Path], allowed: Sequence[str]) -> Loaded:
    """The configuration with these files in place of those with the same top key.

    Args:
        loaded: what `load` gave.
        paths: files that exist.
        allowed: the top keys that make sense here.

    Raises:
        Misconfigured: with every problem of the files.
    """
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for path in paths:
        document = read(path, str(path), problems)
        name = next((key for key in AGREED_FILES if key in document.data), "")
        if name not in allowed:
            if not problems:
                problems.append(Problem(str(path), 0, name, f"has none of the top keys {', '.join(allowed)}"))
            continue
        whole = extended(document, problems)
        file = validated(AGREED_FILES[name], whole, None, problems) if whole.data else None
        if file:
            found[name] = AgreedSource(whole, getattr(file, name))
    if problems:
        raise Misconfigured(sorted(set(problems)))
    return replace(loaded, **found)
