"""What a side told us without being asked: a webhook, an outbound message, a change event, a line of a journal.

Nothing told is believed; it only says where to look. So it carries refs to be looked at again and never a value. What
nobody understands is kept with the reason, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.core.refs import Ref, Side


@dataclass(frozen=True, slots=True)
class Told:
    """What one request told.

    Attributes:
        look_at: (ref, why in words for people: "contact.propertyChange"), of objects mapped or not.
        erased: records whose people the side has erased for good (privacy deletion); they are erased here, too.
        sweep: (side, object) of which too much changed to be told one by one (overflow, gap): poll it all again.
        unknown: what was not understood, in words without personal data; the request is kept while this is not empty.
    """

    look_at: Sequence[tuple[Ref, str]] = ()
    erased: Sequence[Ref] = ()
    sweep: Sequence[tuple[Side, str]] = ()
    unknown: Sequence[str] = ()


Reader = Callable[[Mapping[str, str], bytes], Told]  # (headers kept, body) -> what it told; raises nothing
