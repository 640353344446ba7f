"""An installation is opened some thousand times here: files that did not change are parsed once."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import pytest

from connector.config import yaml
from connector.config.yaml import Document
from connector.errors import Problem


@pytest.fixture(autouse=True, scope="session")
def _parsed_once() -> Iterator[None]:
    parse, known = yaml.parse, dict[tuple[str, str], Document]()

    def recalled(text: str, called: str, problems: list[Problem]) -> Document:
        if (called, text) not in known:
            found = parse(text, called, problems)
            if problems:
                return found
            known[called, text] = found
        return deepcopy(known[called, text])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml, "parse", recalled)
        yield
