"""What `smarketing init` writes: a config.yaml to fill in, the shipped mappings and what both teams may agree on.

The texts are package data, so that they are the same from a checkout and from a wheel. A test holds the example that
people read in the repository to the one that ships.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from connector.config.extends import AGREED, SHIPPED, shipped_text


def example_text() -> str:
    """The text of config.example.yaml as shipped."""
    return files("connector.config").joinpath("config.example.yaml").read_text(encoding="utf-8")


def write_starter(directory: Path, *, agreed: bool = True) -> list[Path]:
    """Write config.yaml and mappings/ where they do not exist yet; what was written, in order.

    A file that is there is never touched, so that nobody's edits are lost. Without what both teams agreed on (`agreed`)
    the bridge only keeps fields in step.

    Raises:
        OSError: when the folder cannot be written.
    """
    texts = {directory / "config.yaml": example_text()}
    names = (*SHIPPED, "owners", *(AGREED if agreed else ()))
    texts |= {directory / "mappings" / f"{name}.yaml": shipped_text(f"{name}.yaml") for name in names}
    return [path for path, text in texts.items() if _write_new(path, text)]


def _write_new(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
