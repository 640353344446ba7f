"""The store belongs to two accounts: others are refused before anything is read, written or remembered of them."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.bootstrap import _fingerprint
from connector.config.secrets import Secret
from connector.config.settings import HubSpot, HubSpotOAuth, Salesforce, SalesforceAuth, Settings
from connector.core.plan import Issue, IssueKind
from connector.core.refs import Side, hubspot
from connector.core.values import Kind
from connector.engine import facts, sync
from connector.engine.facts import Asked
from connector.errors import Misconfigured, Refused, Transient, Unauthorised
from connector.ports import Account, FieldSchema, ObjectSchema, Owner
from connector.storage import issues, state
from tests.engine.town import BACK, PERSON_FIELDS, Town

OBJECTS = {Side.HUBSPOT: ["contacts"], Side.SALESFORCE: ["Lead"]}
ORG_15, ORG_18 = "00D000000000001", "00D000000000001EAA"


@pytest.fixture
def town(town: Town) -> Town:
    town.salesforce.identity = Account(ORG_18, "An org", "UTC")
    return town


def _learn(town: Town, credentials: str = "mine", **accounts: str) -> facts.Facts:
    named = {Side(side): account for side, account in accounts.items()}
    return facts.learn(town.database, town.bridge.crms, Asked(OBJECTS, credentials, named), town.clock.now())


def test_facts_are_asked_once_an_hour(town: Town) -> None:
    learned = _learn(town)
    assert list(learned.schemas[Side.SALESFORCE]) == ["Lead"]
    assert _learn(town) == learned
    assert town.hubspot.calls["account"] == 1
    town.clock.sleep(timedelta(hours=1).total_seconds())
    _learn(town)
    assert town.hubspot.calls["account"] == 2


@pytest.mark.parametrize("change", ["credentials", "outdated", "object"])
def test_facts_are_asked_anew_when_they_may_have_changed(town: Town, change: str) -> None:
    _learn(town)
    if change == "outdated":
        facts.outdate(town.database)
    objects = {**OBJECTS, Side.SALESFORCE: ["Lead", "Contact"]} if change == "object" else OBJECTS
    asked = Asked(objects, "others" if change == "credentials" else "mine")
    facts.learn(town.database, town.bridge.crms, asked, town.clock.now())
    assert town.hubspot.calls["account"] == 2


def test_credentials_of_another_account_are_refused_with_both_names(town: Town) -> None:
    _learn(town)
    town.hubspot.identity = Account("999", "Another portal", "UTC")
    with pytest.raises(
        Misconfigured, match="hubspot: these credentials are of account 999, but the store belongs to 1234567"
    ):
        _learn(town, "others")
    assert town.hubspot.calls["schema"] == 1


@pytest.mark.parametrize(("portal", "org"), [("999", ORG_18), ("1234567", "00D000000000002")])
def test_a_configured_account_is_enforced_before_anything_is_remembered(town: Town, portal: str, org: str) -> None:
    with pytest.raises(Misconfigured, match="yaml names"):
        _learn(town, hubspot=portal, salesforce=org)
    assert facts.recall(town.database) is None
    _learn(town, hubspot="1234567", salesforce=ORG_15)
    with pytest.raises(Misconfigured, match="yaml names"):
        _learn(town, hubspot=portal, salesforce=org)


def _settings(refresh: str, key: str) -> Settings:
    oauth = HubSpotOAuth.model_construct(client_id="a", refresh_token=Secret(refresh, "env:R"))
    auth = SalesforceAuth.model_construct(flow="jwt", client_id="c", private_key=Secret(key, "env:K"))
    return Settings.model_construct(
        hubspot=HubSpot.model_construct(oauth=oauth), salesforce=Salesforce.model_construct(auth=auth)
    )


def test_any_secret_that_changes_makes_other_eyes_and_none_is_told() -> None:
    before = _fingerprint(_settings("refresh", "key"))
    assert before == _fingerprint(_settings("refresh", "key"))
    assert len({before, _fingerprint(_settings("other", "key")), _fingerprint(_settings("refresh", "other"))}) == 3


def test_facts_that_an_older_version_stored_without_decimals_are_still_known(town: Town) -> None:
    learned = _learn(town)
    older = facts._spelt(learned)
    for side in older["schemas"].values():
        for schema in side.values():
            for each in schema["fields"].values():
                assert {each.pop(limit) for limit in ("scale", "precision")} == {None}
    with town.database.begin() as conn:
        state.put(conn, "facts", older)
    assert facts.recall(town.database) == learned


def test_equal_facts_are_stored_alike_whatever_order_a_process_gives_its_sets() -> None:
    field = FieldSchema("score", "Score", "number", frozenset(Kind))
    told = facts.Facts(
        datetime(2026, 11, 2, tzinfo=UTC),
        "mine",
        {},
        {Side.HUBSPOT: {"contacts": ObjectSchema("contacts", {"score": field})}},
    )
    stored = facts._spelt(told)["schemas"]["hubspot"]["contacts"]["fields"]["score"]["kinds"]
    assert stored == sorted(kind.value for kind in Kind)


@pytest.mark.parametrize(
    ("code", "asked_anew"), [("INVALID_FIELD", True), ("PROPERTY_DOESNT_EXIST", True), ("INVALID_EMAIL", False)]
)
def test_a_refusal_that_contradicts_what_was_told_has_it_asked_anew_once(
    town: Town,
    code: str,
    asked_anew: bool,  # noqa: FBT001  # a column of the table
) -> None:
    _learn(town)
    issue = Issue(IssueKind.PARKED, (hubspot("contacts", "1"),), rule="title", field="Title", code=code)
    with town.database.begin() as conn:
        issues.raise_issues(conn, [issue], town.clock.now(), None)
    facts.outdate_if_contradicted(town.database)
    assert (facts.recall(town.database) is None) is asked_anew
    facts.outdate_if_contradicted(town.database)
    learned = _learn(town)
    facts.outdate_if_contradicted(town.database)
    assert facts.recall(town.database) == learned


@pytest.mark.parametrize("error", [Refused("no"), Unauthorised("no")])
def test_a_run_that_a_side_refuses_has_the_facts_asked_anew(town: Town, error: Exception) -> None:
    _learn(town)
    with pytest.raises(type(error)), sync.recorded(town.bridge, "once", "a test"):
        raise error
    assert facts.recall(town.database) is None
    assert town.runs()[0].outcome == "cut short"


def test_a_run_that_only_breaks_off_keeps_the_facts(town: Town) -> None:
    learned = _learn(town)
    with pytest.raises(Transient), sync.recorded(town.bridge, "once", "a test"):
        raise Transient("later")
    assert facts.recall(town.database) == learned


def test_nobody_is_blind_who_was_told_nothing_or_sees_the_cross_ids(town: Town) -> None:
    facts.refuse_blind(town.database, town.bridge.mapping)
    objects = {**OBJECTS, Side.SALESFORCE: ["Lead", "Contact"]}
    facts.learn(town.database, town.bridge.crms, Asked(objects, "mine"), town.clock.now())
    facts.refuse_blind(town.database, town.bridge.mapping)
    assert facts.recall(town.database) is not None


def test_a_hidden_cross_id_is_refused_and_asked_about_anew(town: Town) -> None:
    town.salesforce.schemas["Lead"] = {name: kind for name, kind in PERSON_FIELDS.items() if name != BACK}
    _learn(town)
    with pytest.raises(Unauthorised, match=f"does not show Lead.{BACK}"):
        facts.refuse_blind(town.database, town.bridge.mapping)
    assert facts.recall(town.database) is None


def _waits_for(town: Town, owner: str) -> Issue:
    """A contact whose owner nobody knows."""
    contact = town.contact(email=f"{owner}@x.test")
    issue = Issue(IssueKind.PARKED, (contact,), "owner", Side.SALESFORCE, "OwnerId", "UNKNOWN_OWNER", owner)
    with town.database.begin() as conn:
        issues.raise_issues(conn, [issue], town.clock.now(), None)
    return issue


def test_an_owner_nobody_knows_has_the_owners_read_anew_and_the_record_looked_at(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    _learn(town)
    joined = Owner("71", "new@x.test", "New")
    _waits_for(town, joined.id)
    facts.outdate_if_contradicted(town.database)
    assert facts.recall(town.database) is None
    monkeypatch.setattr(town.hubspot, "owners", lambda: [joined])
    assert joined in _learn(town).owners[Side.HUBSPOT]
    assert town.dirty() == 1


def test_an_owner_who_is_still_unknown_counts_as_one_who_left_from_then_on(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    _learn(town)
    issue = _waits_for(town, "72")
    for _ in range(2):
        facts.outdate(town.database)
        assert [(one.id, one.active) for one in _learn(town).owners[Side.HUBSPOT] if one.id == "72"] == [("72", False)]
        with town.database.begin() as conn:
            issues.close_for(conn, issue.refs, [IssueKind.PARKED], town.clock.now(), "the fallback took it")
    facts.outdate_if_contradicted(town.database)
    assert facts.recall(town.database) is not None
    facts.outdate(town.database)
    back = Owner("72", "back@x.test", "Back")
    monkeypatch.setattr(town.hubspot, "owners", lambda: [back])
    assert [one for one in _learn(town).owners[Side.HUBSPOT] if one.id == "72"] == [back]
