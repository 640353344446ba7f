"""Reading: records by id, by value, all of them; who can own them; who we are connected to.

Ids go by sObject Collections, 2,000 a call, and what is no id is not asked for; those that it does not know are looked
up in the recycle bin, which tells deleted from merged from gone. A field that has vanished from the org is dropped from
the query and remembered, so that the others keep flowing (Salesforce fact sheet 1.2, 1.4, 3.3, trap 7). Listings follow
`nextRecordsUrl` word for word until `done`; an expired one is taken up again behind the last id. The next page is
fetched while the caller works on this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from connector.core.cross_ids import understood
from connector.core.readings import Presence, Reading
from connector.core.refs import Side, id18, salesforce
from connector.core.values import Kind
from connector.errors import Unauthorised
from connector.ports import Account, Owner, Sought, View
from connector.salesforce import soql
from connector.salesforce.api import Api, Call
from connector.salesforce.faults import Declined
from connector.salesforce.rows import Lens, evidence
from connector.salesforce.shapes import Shapes
from connector.transport.pool import Calls

IDS_MAX: Final = 2_000
VANISHED: Final = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
UNSUPPORTED: Final = frozenset({404, 405, 501})  # of a resource itself: this org has none such
_EXPIRED: Final = "INVALID_QUERY_LOCATOR"
T = TypeVar("T")
Page = tuple[Sequence[Mapping[str, Any]], str | None]
Place = tuple[str | None, str]  # where a page is, and the last id before it


class Reader:
    """The reading half of the port."""

    def __init__(self, api: Api, shapes: Shapes, calls: Calls) -> None:
        self._api = api
        self._shapes = shapes
        self._calls = calls

    def names(self, view: View) -> list[str]:
        """What to ask for: the evidence, and the view's fields as far as the org shows them."""
        return list(dict.fromkeys(chain(evidence(view.object), self._shapes.readable(view.object, view.fields))))

    def forgiving(self, view: View, ask: Callable[[], T]) -> T:
        """Ask; when a field has vanished, leave it out and ask again."""
        try:
            return ask()
        except Declined as error:
            if error.code not in VANISHED or not self._shapes.miss(view.object, list(view.fields)):
                raise
            return ask()

    def read(self, view: View, ids: Sequence[str], known: Iterable[Reading] | None = None) -> list[Reading]:
        """Fresh readings, in the order of the ids. `known`: those that collections told of already."""
        wanted = [id18(each) for each in ids]
        distinct = askable(wanted)
        readings = self._collected(view, distinct) if known is None else known
        found = {reading.ref.id: reading for reading in readings}
        absent = [each for each in distinct if each not in found]
        for reading in self._binned(view, absent):
            found[reading.ref.id] = reading
        return [found.get(each) or _missing(view, each) for each in wanted]

    def _collected(self, view: View, ids: Sequence[str]) -> Iterator[Reading]:
        def ask(portion: Sequence[str]) -> list[Reading]:
            names = self.names(view)
            lens = Lens(view, names)
            question = {"ids": portion, "fields": names}
            call = Call("POST", f"composite/sobjects/{view.object}", "read", question, expects=list)
            try:
                return [lens.reading(row) for row in self._api.json(call) if row]
            except Declined as error:
                if error.status not in UNSUPPORTED:
                    raise
                return self._queried(view, portion)

        portions = [ids[begin : begin + IDS_MAX] for begin in range(0, len(ids), IDS_MAX)]
        return chain.from_iterable(
            self._calls.map(lambda portion: self.forgiving(view, lambda: ask(portion)), portions)
        )

    def _queried(self, view: View, ids: Sequence[str]) -> list[Reading]:
        """Records by id from an org that reads no collections: by query, some hundred ids a call."""
        parts = soql.portions([soql.literal(each) for each in ids], self._room(view, "Id"))
        return [reading for part in parts for reading in self.listed(view, soql.among("Id", part))]

    def _binned(self, view: View, ids: Sequence[str]) -> Iterator[Reading]:
        """What the recycle bin and the merges tell of ids that are not there."""
        portions = list(soql.portions([soql.literal(each) for each in ids], self._room(view, "Id")))
        yield from chain.from_iterable(
            self._calls.map(lambda part: self.listed(view, soql.among("Id", part), deleted=True), portions)
        )

    def holding(self, view: View, name: str, value: str) -> list[Reading]:
        """Every record that holds a value, converted, merged and deleted ones included."""
        equal = soql.among(name, [soql.literal(value, view.fields.get(name, Kind.TEXT))])
        return self.listed(view, equal, deleted=True)

    def find(self, view: View, name: str, values: Sequence[str]) -> list[Reading]:
        """Live records whose field equals any of the values; converted Leads are not live."""
        parts = self._calls.map(lambda one: self.listed(view, one), self.conditions(view, {name: values}))
        return list({reading.ref: reading for reading in chain.from_iterable(parts)}.values())

    def conditions(self, view: View, sought: Sought) -> list[str]:
        """What live records must fulfil of which any field holds any of its values: one condition, if it fits a query.

        Else several, cut to fit; a record may fulfil more than one of them.
        """
        literals = {name: _literals(view, name, values) for name, values in sought.items()}
        literals = {name: told for name, told in literals.items() if told}
        live = "IsConverted = false" if view.object == "Lead" else ""
        either = soql.either(*(soql.among(name, told) for name, told in literals.items()))
        if not either or self._room(view, either, live) >= 0:
            return [soql.both(either, live)] if either else []
        return [
            soql.both(soql.among(name, portion), live)
            for name, told in literals.items()
            for portion in soql.portions(told, self._room(view, name, live))
        ]

    def _room(self, view: View, *conditions: str) -> int:
        """The bytes that are left for a list of values in the address of a query."""
        return soql.ADDRESS_BYTES_MAX - len(soql.query_path(soql.select(self.names(view), view.object, *conditions)))

    def query(self, view: View, condition: str, *, deleted: bool = False) -> str:
        """The path of the query for all records that fulfil a condition."""
        return soql.query_path(soql.select(self.names(view), view.object, condition), deleted=deleted)

    def listed(self, view: View, condition: str, *, deleted: bool = False) -> list[Reading]:
        """Every record that fulfils a condition."""

        def ask() -> list[Reading]:
            lens = Lens(view, self.names(view))
            return [lens.reading(row) for row in self.rows(self.query(view, condition, deleted=deleted), "find")]

        return self.forgiving(view, ask)

    def rows(self, path: str, operation: str) -> Iterator[Mapping[str, Any]]:
        """All rows of a query, page after page."""
        onward: str | None = path
        while onward is not None:
            records, onward = self._page(onward, operation)
            yield from records

    def _page(self, path: str, operation: str) -> Page:
        body = self._api.json(Call("GET", path, operation, expects=("records",)))
        return body["records"], None if body.get("done", True) else self.onward(body)

    @staticmethod
    def onward(body: Mapping[str, Any]) -> str:
        """The path of the page behind one that is not the last."""
        return _path_of(body["nextRecordsUrl"])

    def scan(self, view: View) -> Iterator[Sequence[Reading]]:
        """Every live record, in pages; converted Leads as moved."""

        def step(start: Place) -> tuple[Sequence[Reading], Sequence[Place]]:
            """One page, and where the next begins: an address, or behind an id when that has expired."""
            address, last_id = start
            names = self.names(view)
            lens = Lens(view, names)
            try:
                records, onward = self._page(address or self._behind(view, last_id), "scan")
            except Declined as error:
                if address is None or error.code != _EXPIRED:
                    raise
                records, onward = self._page(self._behind(view, last_id), "scan")
            last = records[-1]["Id"] if records else last_id
            return [lens.reading(row) for row in records], [(onward, last)] if onward else []

        starts: list[Place] = [(None, "")]
        pages = self._calls.walk(lambda start: self.forgiving(view, lambda: step(start)), starts)
        yield from (page for page in pages if page)

    def _behind(self, view: View, last_id: str) -> str:
        condition = f"Id > {soql.literal(last_id)}" if last_id else ""
        return soql.query_path(soql.select(self.names(view), view.object, condition, order="Id"))

    def owners(self) -> list[Owner]:
        """Users, active or not, and the queues that can own Leads."""
        users = soql.select(["Id", "Email", "Name", "IsActive"], "User", order="Id")
        queues = soql.select(["QueueId", "Queue.Name", "Queue.Email"], "QueueSobject", "SobjectType = 'Lead'")
        ourselves = self.ourselves()
        found = [
            Owner(
                id18(row["Id"]),
                row.get("Email") or "",
                row.get("Name") or "",
                active=bool(row.get("IsActive", True)),
                ours=id18(row["Id"]) == ourselves,
            )
            for row in self.rows(soql.query_path(users), "owners")
        ]
        try:
            return found + [_queue(row) for row in self.rows(soql.query_path(queues), "owners")]
        except Declined:
            return found  # queues are hidden from us: owners that are queues stand as nobody known

    def ourselves(self) -> str:
        """The id of the user we sign in as; "" where the app may not ask for that."""
        try:
            told = self._api.json(Call("GET", "/services/oauth2/userinfo", "owners", expects=("user_id",)))
        except (Declined, Unauthorised):
            return ""
        return id18(str(told["user_id"]))

    def account(self) -> Account:
        """The org behind the credentials. Its currency is told by orgs with several currencies only."""
        organisation = soql.select(["Id", "Name", "TimeZoneSidKey"], "Organization")
        try:
            row = next(iter(self.rows(soql.query_path(organisation), "account")))
        except Declined as error:
            if error.code not in VANISHED:
                raise
            row = next(iter(self.rows(soql.query_path(soql.select(["Id", "Name"], "Organization")), "account")))
        return Account(id18(row["Id"]), row["Name"], row.get("TimeZoneSidKey") or "UTC", self._currency())

    def _currency(self) -> str:
        currencies = soql.select(["IsoCode"], "CurrencyType", "IsCorporate = true")
        try:
            row = next(iter(self.rows(soql.query_path(currencies), "account")), {})
        except Declined:
            return ""
        return str(row.get("IsoCode") or "")


def askable(ids: Iterable[str]) -> list[str]:
    """The ids, each once, without what has the form of none: Salesforce refuses a whole call for one of those."""
    return [each for each in dict.fromkeys(ids) if understood(Side.SALESFORCE, each)]


def _literals(view: View, name: str, values: Iterable[str]) -> list[str]:
    if name == "Id":
        return [soql.literal(each) for each in askable(values)]
    kind = view.fields.get(name, Kind.TEXT)
    return [soql.literal(value, kind) for value in dict.fromkeys(values) if value]


def _path_of(address: str) -> str:
    """Where the next page is; of a whole address its path, for which host to ask is not the answer's to say."""
    return urlsplit(address).path if "://" in address else address


def _missing(view: View, record_id: str) -> Reading:
    return Reading(salesforce(view.object, record_id), Presence.MISSING)


def _queue(row: Mapping[str, Any]) -> Owner:
    queue = row.get("Queue") or {}
    return Owner(id18(row["QueueId"]), queue.get("Email") or "", queue.get("Name") or "", queue=True)
