"""`CrmContract`: what the engine relies on, run over every form of `ports.Crm`: the fake and both adapters.

A subclass gives a `rig` fixture: the side under test, and hands to act on it as people do. A fake that is not under
contract is a rumour; an adapter that is not under contract is a hope.
"""

import pytest

from connector import ports
from connector.core.readings import Presence
from connector.core.values import Kind
from tests.contract.rig import known_nothing, person


class CrmContract:
    @pytest.fixture
    def view(self, rig):
        return ports.View(
            rig.object,
            {
                rig.text: Kind.TEXT,
                rig.email: Kind.EMAIL,
                rig.key: Kind.TEXT,
                rig.number: Kind.NUMBER,
                rig.choice: Kind.PICKLIST,
            },
        )

    # Reading.

    def test_the_account_has_an_id_and_a_zone(self, rig):
        account = rig.crm.account()
        assert account.id
        assert "/" in account.time_zone or account.time_zone == "UTC"

    def test_the_schema_tells_the_kinds_of_fields(self, rig):
        fields = rig.crm.schema(rig.object).fields
        assert Kind.EMAIL in fields[rig.email].kinds
        assert Kind.NUMBER in fields[rig.number].kinds
        assert fields[rig.key].unique

    def test_records_are_read_in_the_order_of_the_question(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(5)]
        order = [known[n].id for n in (3, 0, 4, 1, 2)]
        readings = rig.crm.read(view, order)
        assert [reading.ref.id for reading in readings] == order
        assert [reading.values[rig.text] for reading in readings] == ["P3", "P0", "P4", "P1", "P2"]
        assert all(reading.presence is Presence.PRESENT for reading in readings)

    def test_a_blank_field_reads_as_none_and_every_field_asked_for_is_there(self, rig, view):
        ref = rig.add(person(rig))
        (reading,) = rig.crm.read(view, [ref.id])
        assert reading.values[rig.key] is None
        assert set(reading.values) == set(view.fields)
        assert reading.modified_at is not None
        assert reading.modified_at.utcoffset().total_seconds() == 0

    def test_more_records_than_one_call_may_carry_are_read(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(230)]
        readings = rig.crm.read(view, [ref.id for ref in known])
        assert [reading.values[rig.text] for reading in readings] == [f"P{n}" for n in range(230)]

    def test_an_archived_record_reads_as_archived(self, rig, view):
        ref, other = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        rig.archive(ref)
        readings = rig.crm.read(view, [ref.id, other.id])
        assert [reading.presence for reading in readings] == [Presence.ARCHIVED, Presence.PRESENT]

    def test_a_record_that_never_was_reads_as_missing(self, rig, view):
        ref = rig.add(person(rig))
        unknown = ref.id[:-4] + ("9999" if ref.id.isdigit() else ref.id[-4:])
        unknown = unknown if ref.id.isdigit() else ref.id[:9] + "999999" + ref.id[15:]
        (reading,) = rig.crm.read(view, [unknown])
        assert (reading.presence, reading.ref.id) == (Presence.MISSING, unknown)

    def test_a_merged_record_reads_as_moved_to_the_survivor(self, rig, view):
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        survivor = rig.merge(winner, loser)
        gone, alive = rig.crm.read(view, [loser.id, survivor.id])
        assert (gone.presence, gone.moved_to, gone.ref) == (Presence.MOVED, survivor, loser)
        assert alive.presence is Presence.PRESENT

    def test_reading_nothing_answers_nothing(self, rig, view):
        assert rig.crm.read(view, []) == []

    def test_several_questions_are_read_in_the_order_asked_absent_records_included(self, rig, view):
        ada, bob, cid = (rig.add(person(rig, name, f"{name}@example.test")) for name in ("Ada", "Bob", "Cid"))
        rig.archive(bob)
        narrow = ports.View(rig.object, {rig.text: Kind.TEXT})
        readings = rig.crm.read_many([(view, [cid.id, bob.id]), (view, []), (narrow, [ada.id])])
        assert [reading.ref for reading in readings] == [cid, bob, ada]
        assert [reading.presence for reading in readings] == [Presence.PRESENT, Presence.ARCHIVED, Presence.PRESENT]
        assert dict(readings[2].values) == {rig.text: "Ada"}

    def test_whoever_holds_any_of_the_values_is_found_once(self, rig, view):
        ada = rig.add(person(rig, "Ada", "ada@example.test", **{rig.key: "K-1"}))
        bob = rig.add(person(rig, "Bob", "bob@example.test"))
        cid = rig.add(person(rig, "Cid", "cid@example.test", **{rig.key: "K-3"}))
        rig.add(person(rig, "Dan", "dan@example.test", **{rig.key: "K-4"}))
        by_both = {rig.email: ["ADA@example.test", "bob@example.test"], rig.key: ["K-1", "K-2"]}
        found = rig.crm.find_many([(view, by_both), (view, {rig.key: ["K-3"], rig.email: []})])
        assert sorted(reading.ref for reading in found) == sorted([ada, bob, cid])

    def test_seeking_nothing_costs_nothing(self, rig, view):
        before = rig.crm.usage().calls
        assert rig.crm.find_many([(view, {rig.email: []})]) == rig.crm.read_many([(view, [])]) == []
        assert rig.crm.usage().calls - before <= 2  # the fake counts questions, the adapters calls

    def test_a_side_that_was_told_what_objects_are_like_writes_as_if_it_had_asked(self, rig, view):
        rig.crm.prime({rig.object: rig.crm.schema(rig.object)})
        ref = rig.add(person(rig))
        outcomes = rig.crm.write(view, [ports.Write(ref, {rig.number: "12"}), self.create(rig, email="new@x.test")])
        assert [type(outcome) for outcome in outcomes] == [ports.Done] * 2
        assert rig.held(ref)[rig.number] == "12"

    def test_records_are_found_by_email_whatever_the_case(self, rig, view):
        ref = rig.add(person(rig, email="Ada@Example.test"))
        rig.add(person(rig, "Bob", "bob@example.test"))
        found = rig.crm.find(view, rig.email, ["aDa@example.TEST", "nobody@example.test"])
        assert [reading.ref for reading in found] == [ref]
        assert found[0].values[rig.text] == "Ada"

    def test_records_are_found_by_the_unique_key(self, rig, view):
        ref = rig.add(person(rig, **{rig.key: "K-1"}))
        assert [reading.ref for reading in rig.crm.find(view, rig.key, ["K-1", "K-2"])] == [ref]

    def test_records_are_found_by_a_plain_field(self, rig, view):
        refs = {rig.add(person(rig, "Same", f"s{n}@example.test")) for n in range(3)}
        rig.add(person(rig, "Other", "o@example.test"))
        rig.pass_time(60)
        assert {reading.ref for reading in rig.crm.find(view, rig.text, ["same"])} == refs

    def test_an_archived_record_is_not_found(self, rig, view):
        rig.archive(rig.add(person(rig)))
        assert rig.crm.find(view, rig.email, ["ada@example.test"]) == []

    def test_a_scan_tells_every_live_record_once(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(230)]
        rig.archive(known[7])
        rig.pass_time(60)
        seen = [reading.ref for portion in rig.crm.scan(view) for reading in portion]
        assert sorted(seen) == sorted(ref for ref in known if ref != known[7])

    # Changes.

    def poll(self, rig, view, cursor, known=known_nothing):
        readings, more = [], True
        while more:
            portion = rig.crm.changes([view], cursor, known)
            readings += portion.readings
            cursor, more = portion.cursor, portion.more
        return readings, cursor

    def test_without_a_cursor_nothing_is_reported(self, rig, view):
        rig.add(person(rig))
        rig.pass_time(300)
        readings, cursor = self.poll(rig, view, None)
        assert readings == []
        assert cursor

    def test_new_and_edited_records_are_reported(self, rig, view):
        old = rig.add(person(rig))
        rig.pass_time(300)
        _, cursor = self.poll(rig, view, None)
        rig.pass_time(60)
        new = rig.add(person(rig, "Bob", "bob@example.test"))
        rig.edit(old, {rig.text: "Ada L."})
        rig.pass_time(60)
        readings, _ = self.poll(rig, view, cursor)
        assert {reading.ref: reading.values[rig.text] for reading in readings} == {new: "Bob", old: "Ada L."}

    def test_more_changes_than_one_answer_carries_are_all_reported(self, rig, view):
        _, cursor = self.poll(rig, view, None)
        rig.pass_time(60)
        known = {rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(450)}
        rig.pass_time(60)
        readings, _ = self.poll(rig, view, cursor)
        assert {reading.ref for reading in readings} == known

    def test_an_archived_record_is_reported_sooner_or_later(self, rig, view):
        ref = rig.add(person(rig))
        rig.pass_time(300)
        _, cursor = self.poll(rig, view, None)
        rig.archive(ref)
        seen = {}
        for _ in range(3):
            rig.pass_time(60)
            readings, cursor = self.poll(rig, view, cursor)
            seen |= {reading.ref: reading.presence for reading in readings}
        assert seen[ref] is Presence.ARCHIVED

    def test_the_same_cursor_tells_the_same_again(self, rig, view):
        _, cursor = self.poll(rig, view, None)
        rig.pass_time(60)
        ref = rig.add(person(rig))
        rig.pass_time(60)
        first, _ = self.poll(rig, view, cursor)
        second, _ = self.poll(rig, view, cursor)
        assert {reading.ref for reading in first} == {reading.ref for reading in second} == {ref}

    # Writing.

    def test_an_update_is_done_and_tells_what_is_held(self, rig, view):
        ref = rig.add(person(rig))
        (outcome,) = rig.crm.write(view, [ports.Write(ref, {rig.text: "Ada L.", rig.number: "1000"})])
        assert isinstance(outcome, ports.Done)
        assert (outcome.ref, outcome.created) == (ref, False)
        assert {name: rig.held(ref)[name] for name in (rig.text, rig.number)} == {
            rig.text: "Ada L.",
            rig.number: "1000",
        }
        assert {rig.text: "Ada L.", rig.number: "1000"}.items() >= outcome.values.items()

    def test_none_clears_a_field(self, rig, view):
        ref = rig.add(person(rig, **{rig.number: "5"}))
        rig.crm.write(view, [ports.Write(ref, {rig.number: None})])
        assert rig.held(ref).get(rig.number) is None

    def test_many_updates_are_done_in_order(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(230)]
        outcomes = rig.crm.write(view, [ports.Write(ref, {rig.text: f"N{ref.id}"}) for ref in known])
        assert [outcome.ref for outcome in outcomes] == known
        assert [rig.held(ref)[rig.text] for ref in known[::23]] == [f"N{ref.id}" for ref in known[::23]]

    def test_one_refused_record_does_not_stop_the_others(self, rig, view):
        known = [rig.add(person(rig, f"P{n}", f"p{n}@example.test")) for n in range(6)]
        writes = [ports.Write(ref, {rig.choice: rig.bad if n == 2 else rig.good[0]}) for n, ref in enumerate(known)]
        outcomes = rig.crm.write(view, writes)
        assert [type(each).__name__ for each in outcomes] == ["Done", "Done", "Rejected", "Done", "Done", "Done"]
        (rejection,) = outcomes[2].rejections
        assert rejection.field == rig.choice
        assert rejection.code
        assert rejection.hint
        assert [rig.held(ref).get(rig.choice) for ref in known] == [*[rig.good[0]] * 2, None, *[rig.good[0]] * 3]

    def test_an_archived_record_to_be_written_is_absent(self, rig, view):
        ref, other = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        rig.archive(ref)
        outcomes = rig.crm.write(view, [ports.Write(each, {rig.text: "New"}) for each in (ref, other)])
        assert isinstance(outcomes[0], ports.Absent)
        assert (outcomes[0].reading.ref, outcomes[0].reading.presence) == (ref, Presence.ARCHIVED)
        assert isinstance(outcomes[1], ports.Done)

    def test_a_merged_away_record_to_be_written_tells_where_it_went(self, rig, view):
        winner, loser = rig.add(person(rig)), rig.add(person(rig, "Bob", "bob@example.test"))
        survivor = rig.merge(winner, loser)
        (outcome,) = rig.crm.write(view, [ports.Write(loser, {rig.text: "New"})])
        assert isinstance(outcome, ports.Absent)
        assert (outcome.reading.presence, outcome.reading.moved_to) == (Presence.MOVED, survivor)

    def create(self, rig, key="K-1", name="Ada", email="ada@example.test"):
        return ports.Write(None, person(rig, name, email), key=(rig.key, key))

    def test_a_create_with_a_key_makes_one_record_however_often_it_is_repeated(self, rig, view):
        first, again = (rig.crm.write(view, [self.create(rig)])[0] for _ in range(2))
        assert isinstance(first, ports.Done)
        assert isinstance(again, ports.Done)
        assert (first.created, again.created, first.ref) == (True, False, again.ref)
        assert rig.held(first.ref)[rig.key] == "K-1"

    def test_many_creates_are_told_apart(self, rig, view):
        writes = [self.create(rig, f"K-{n}", f"P{n}", f"p{n}@example.test") for n in range(130)]
        outcomes = rig.crm.write(view, writes)
        assert [rig.held(outcome.ref)[rig.text] for outcome in outcomes] == [f"P{n}" for n in range(130)]

    def test_a_create_whose_answer_was_lost_is_unsure_and_repeating_it_does_no_harm(self, rig, view):
        rig.lose_answers()
        (outcome,) = rig.crm.write(view, [self.create(rig)])
        assert isinstance(outcome, ports.Unsure)
        rig.mend()
        (outcome,) = rig.crm.write(view, [self.create(rig)])
        assert isinstance(outcome, ports.Done)
        assert outcome.created is False
        assert len(rig.crm.find(view, rig.email, ["ada@example.test"])) == 1

    def test_archiving_archives(self, rig, view):
        ref = rig.add(person(rig))
        (outcome,) = rig.crm.write(view, [ports.Write(ref, archive=True)])
        assert isinstance(outcome, ports.Done)
        assert rig.crm.read(view, [ref.id])[0].presence is Presence.ARCHIVED

    def test_creates_updates_and_archives_go_in_one_call(self, rig, view):
        kept, dropped = rig.add(person(rig, "K", "k@example.test")), rig.add(person(rig, "D", "d@example.test"))
        writes = [ports.Write(dropped, archive=True), self.create(rig), ports.Write(kept, {rig.text: "Kept"})]
        outcomes = rig.crm.write(view, writes)
        assert [type(outcome) for outcome in outcomes] == [ports.Done] * 3
        assert [outcomes[0].ref, outcomes[2].ref] == [dropped, kept]
        assert outcomes[1].created

    def test_writing_nothing_answers_nothing(self, rig, view):
        assert rig.crm.write(view, []) == []

    def test_calls_are_counted(self, rig, view):
        before = rig.crm.usage().calls
        rig.crm.read(view, [rig.add(person(rig)).id])
        usage = rig.crm.usage()
        assert usage.calls == before + 1
        assert sum(usage.by_operation.values()) == usage.calls
