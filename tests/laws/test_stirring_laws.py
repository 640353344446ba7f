"""A journey that cannot have started a clock has none, whatever promises ask about."""

from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as some

from connector.core.course import in_order, walk
from connector.core.journey import Channel, Entry, Handed, Named, Ruled, Seen, Told, Touched
from connector.core.lifecycle import Mover
from connector.core.policies import Scope, judge_all
from connector.core.policy import Edition
from connector.core.stirring import may_start
from tests.core.courses import ANNE, BEGAN, CONTACT, LEAD, SF_CONTACT, agreement
from tests.core.promises import asks, policy

STARTS = ["s.stage == 'mql'", "value('score') == '60'", "s.owner != ''", "s.persona == 'buyer'", "True"]
VALUES = some.dictionaries(
    some.sampled_from(["life", "score", "title", "OwnerId", "Stage", "form"]), some.sampled_from(["60", "CFO", ANNE])
)
QUIET = some.dictionaries(some.sampled_from(["life", "Stage", "form"]), some.sampled_from(["60", "CFO", ANNE]))
STAGES = some.sampled_from(["lead", "mql"])
SAID = some.one_of(
    some.builds(Seen, VALUES, some.just(True)),
    some.builds(Ruled, STAGES, some.just(Mover.SALES), some.none(), first=some.just(True)),
    some.builds(Seen, QUIET),
    some.builds(Told, QUIET),
    some.one_of(
        some.builds(Seen, VALUES),
        some.builds(Told, VALUES),
        some.builds(Ruled, STAGES, some.just(Mover.SALES), some.none()),
        some.just(Named("buyer")),
        some.just(Handed(ANNE, "reps")),
        some.just(Touched(Channel.CALL, outbound=True, human=True)),
    ),
)
MOMENTS = some.integers(-3, 12).map(lambda hours: BEGAN + timedelta(hours=hours))
REFS = some.sampled_from([CONTACT, CONTACT, CONTACT, LEAD, LEAD, SF_CONTACT])
JOURNEYS = some.lists(some.builds(lambda ref, at, what: Entry(ref, at, at, what), REFS, MOMENTS, SAID), max_size=7)
BOOKS = some.lists(some.sampled_from(STARTS), min_size=1, max_size=2, unique=True)


@settings(max_examples=300)
@given(JOURNEYS, BOOKS)
def test_where_no_clock_can_have_started_none_has(entries, starts):
    promises = {start: policy(start=asks(start)) for start in starts}
    agreed = agreement(book=(Edition("e1", BEGAN, promises),))
    journey = in_order(entries)
    cycles = judge_all(agreed.book, walk(agreed.definition, journey), BEGAN + timedelta(days=1), Scope.of(agreed))
    if may_start(agreed, journey):
        event("clocks" if cycles else "may have started")
    else:
        event("cannot have started")
        assert cycles == {}
