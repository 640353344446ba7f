"""What background work has found may speak of anybody, so whoever is erased takes all of it along."""

from connector.engine import commands
from connector.storage import errands
from connector.storage.errands import End, Order, State
from tests.engine.town import Town


def test_what_surveys_found_goes_with_whoever_is_forgotten(town: Town) -> None:
    contact = town.contact(email="a@x.test", firstname="Enchantress")
    town.full()
    town.once()
    now = town.clock.now()
    with town.database.begin() as conn:
        number = errands.start(conn, Order("survey", "ann", {"refs": [str(contact)]}), now) or 0
        errands.finish(conn, number, now, End(State.DONE, {"value": "Enchantress"}))
        assert errands.by_id(conn, number, now) is not None
    commands.forget(town.bridge, contact)
    with town.database.read() as conn:
        assert errands.by_id(conn, number, now) is None
