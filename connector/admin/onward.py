"""Where somebody wanted to go before they were asked to sign in: own pages only, whatever an address says.

What `next` holds comes from the address, so anybody may have written it. It is followed only when it is a path below
/admin of plain characters; a browser reads nothing else into such a path than what stands there.
"""

from __future__ import annotations

import re
from typing import Final

from flask import Request

HOME: Final = "/admin/"
_LONGEST: Final = 1000
_OWN: Final = re.compile(r"/admin(/[A-Za-z0-9._~:@%+,=-]+)*/?(\?[A-Za-z0-9._~:@%+,=&/-]*)?", re.ASCII)
_CLIMBING: Final = re.compile(r"/(\.|%2e){1,2}(/|\?|$)", re.IGNORECASE)


def checked(wanted: str) -> str:
    """The place somebody wanted to go to if it is one of our pages; else the first page."""
    sane = len(wanted) <= _LONGEST and _OWN.fullmatch(wanted) and not _CLIMBING.search(wanted)
    return wanted if sane else HOME


def address_of(request: Request) -> str:
    """The path and query of a request, to come back to; "" for the first page, which needs no mention."""
    wanted = checked(request.full_path.rstrip("?"))
    return "" if wanted in (HOME, "/admin") else wanted
