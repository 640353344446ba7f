"""The mistakes that installations make most, each found by a small function over what was seen.

A finding is something that keeps the bridge from working, or soon will, and that a person can mend; a healthy
installation has none. Each says what is wrong, how that is known, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from connector.config.findings import Severity
from connector.config.secrets import is_loopback
from connector.core.refs import Side
from connector.reports.doctor import Mistake, Seen

NAMES = {Side.HUBSPOT: "HubSpot", Side.SALESFORCE: "Salesforce"}
CLOCK_MAX = timedelta(seconds=90)  # HubSpot's signatures are refused beyond five minutes (HubSpot fact sheet 11.3)
READ_WITHIN, SILENT_FOR = timedelta(hours=1), timedelta(hours=1)
REFUSED_SHARE = 0.05
NAMED_MAX = 3

Examine = Callable[[Seen], Iterator[Mistake]]


def mistakes(seen: Seen) -> list[Mistake]:
    """Everything that is wrong, what hinders most first."""
    return [found for examine in EXAMINED for found in examine(seen)]


def _extras(seen: Seen) -> Iterator[Mistake]:
    for extra, why in seen.missing.items():
        command = f"pip install 'smarketing-connector[{extra}]'"
        yield Mistake("packages", f"the extra {extra!r} is not installed", why, command)


def _store(seen: Seen) -> Iterator[Mistake]:
    store = seen.store
    if store.problem:
        yield Mistake("store", "the store cannot be used", store.problem, "mend that, then: smarketing migrate")
    if store.in_memory:
        known = "database.url names no file"
        yield Mistake("store", "all is forgotten when the process ends", known, "database.url: sqlite:///smarketing.db")
    if store.on_a_network:
        known = f"{store.file} lies on a file system of the kind {store.file_system}"
        do = "put the file on a disk of this machine, or use PostgreSQL"
        yield Mistake("store", "SQLite on a network disk loses writes when locks fail", known, do)
    if store.file and store.mode & 0o004:
        known = f"{store.file} has the mode {store.mode & 0o777:o}"
        yield Mistake("store", "everybody on this machine can read personal data", known, f"chmod 600 {store.file}*")


def _sides(seen: Seen) -> Iterator[Mistake]:
    for side, one in seen.sides.items():
        if one.refused:
            known = f"it says: {one.refused}"
            do = "mend the credentials, scopes or permissions it names, then: smarketing check"
            yield Mistake("credentials", f"{NAMES[side]} does not let us in", known, do)
        if one.silent:
            do = f"see {side.value}.base_url, the network and HTTPS_PROXY"
            yield Mistake("network", f"{NAMES[side]} does not answer", one.silent, do)


def _clock(seen: Seen) -> Iterator[Mistake]:
    aheads = {side: one.ahead for side, one in seen.sides.items() if one.ahead is not None}
    if aheads and all(abs(ahead) > CLOCK_MAX for ahead in aheads.values()):
        told = ", ".join(f"{_seconds(ahead)} than {NAMES[side]}'s" for side, ahead in aheads.items())
        do = "let this machine take its time from the network (timedatectl set-ntp true)"
        wrong = "this machine's clock is wrong; signatures and what changed since are judged by it"
        yield Mistake("clock", wrong, f"it is {told}", do)
    refused = {name: number for name, number in _tallies(seen) if name.endswith((".stale", ".early"))}
    if refused:
        known = f"{sum(refused.values()):,} webhook requests were refused for their time"
        do = "see the clocks of both machines; requests that wait over five minutes in a proxy are too old as well"
        yield Mistake("clock", "webhook requests carry times far from ours", known, do)


def _seconds(ahead: timedelta) -> str:
    seconds = round(ahead.total_seconds())
    return f"{abs(seconds):,} s {'later' if seconds > 0 else 'earlier'}"


def _workers(seen: Seen) -> Iterator[Mistake]:
    working = [one for one in seen.pulses if one.kind in ("run", "worker")]
    if not working and seen.held is not None:
        lately = [at for at in seen.held.read_at.values() if seen.now - at <= READ_WITHIN]
        if not lately:
            known = "no process gave a sign of life in the last minute, and neither side was read in the last hour"
            yield Mistake("worker", "nobody works", known, "smarketing run (or smarketing worker, on PostgreSQL)")
    if seen.store.dialect == "sqlite" and len(working) > 1:
        named = ", ".join(one.name for one in working)
        known, do = f"they are {named}", "stop all but one, or use PostgreSQL for several"
        yield Mistake("worker", f"{len(working)} processes work on one SQLite file", known, do)
    others = sorted({str(one.body.get("version")) for one in seen.pulses} - {seen.version, "None"})
    if others:
        known = f"they are of version {', '.join(others)}; this command is of {seen.version}"
        yield Mistake("worker", "processes of another version are at work", known, "restart them after an update")


def _address(seen: Seen) -> Iterator[Mistake]:
    web, webhooks = seen.settings.web, seen.settings.webhooks
    if webhooks.hubspot and not web.public_url:
        known = "webhooks.hubspot is set, web.public_url is not"
        do = "web.public_url: the https:// address that HubSpot calls; it is part of what HubSpot signs"
        yield Mistake("webhooks", "behind a proxy every signature of HubSpot will look wrong", known, do)
    received = webhooks.hubspot or webhooks.salesforce
    if received and web.public_url and is_loopback(urlsplit(web.public_url).hostname or ""):
        known, do = f"it is {web.public_url}", "name the https:// address that the outside calls"
        yield Mistake("webhooks", "web.public_url is an address of this machine only", known, do)
    if seen.port_taken:
        known = f"{web.host}:{web.port} does not take a listener, and no process of ours is alive"
        yield Mistake("webhooks", "another program listens where we would", known, "choose another web.port")


def _signatures(seen: Seen) -> Iterator[Mistake]:
    counted = dict(_tallies(seen))
    for source, secret in _SECRETS.items():
        refused = counted.get(f"refused.{source}.signature", 0) + counted.get(f"refused.{source}.missing", 0)
        taken = counted.get(f"taken.{source}", 0)
        if refused and refused > REFUSED_SHARE * (refused + taken):
            known = f"{refused:,} requests were refused for their signature, {taken:,} were taken"
            do = f"compare {secret} with the sender's" + (
                " client secret, and web.public_url with the address it calls" if source == "hubspot" else ""
            )
            yield Mistake("webhooks", f"webhooks of {source} are not believed", known, do)


_SECRETS = {
    "hubspot": "webhooks.hubspot.secrets",
    "outbound": "webhooks.salesforce.outbound_secrets",
    "events": "webhooks.salesforce.events_secrets",
}


def _silence(seen: Seen) -> Iterator[Mistake]:
    """Only where somebody has been listening for long enough, and edits were surely made meanwhile."""
    web = [one.started_at for one in seen.pulses if one.kind in ("run", "web")]
    if seen.tallies is None or not web or seen.now - min(web) < SILENT_FOR:
        return
    found, known = seen.settings.webhooks, "not one request has come in, refused ones included"
    heard = {name.split(".")[1] for name, _ in _tallies(seen)}
    if found.hubspot and "hubspot" not in heard:
        do = "see the app's webhook subscriptions and their target URL: .../webhooks/hubspot"
        if seen.settings.hubspot.access_token:
            do += "; a service key has no webhooks, they need a private or public app (or use hubspot.journal)"
        yield Mistake("webhooks", "HubSpot has never called", known, do)
    if found.salesforce and not {"outbound", "events"} & heard:
        do = "see Setup > Outbound Messages (delivery status) and the flows that send them; polling works meanwhile"
        yield Mistake("webhooks", "Salesforce has never called", known, do)


def _tallies(seen: Seen) -> Iterator[tuple[str, int]]:
    return ((name, one) for name, one in (seen.tallies or {}).items() if name.startswith(("taken.", "refused.")))


def _fields(seen: Seen) -> Iterator[Mistake]:
    errors = [one for one in seen.misfits if one.severity is Severity.ERROR]
    if errors:
        more = [f"{len(errors) - NAMED_MAX} more"] if len(errors) > NAMED_MAX else []
        shown = "; ".join([*map(str, errors[:NAMED_MAX]), *more])
        do = "create the fields and let the bridge's user see and edit them, or mend the mapping: smarketing check"
        yield Mistake("fields", "the mappings do not fit the CRMs as they are", shown, do)


def _budget(seen: Seen) -> Iterator[Mistake]:
    for side, day in seen.days.items():
        if day.ordinary is not None and day.calls > day.ordinary:
            known = f"a day takes about {day.calls:,} calls, of {day.ordinary:,} that it may (smarketing forecast)"
            yield Mistake("budget", f"the day's calls to {NAMES[side]} are too few", known, day.advice)
    for side, one in seen.sides.items():
        if one.daily_limit and one.daily_used is not None and one.daily_used >= one.daily_limit:
            known = f"{one.daily_used:,} of {one.daily_limit:,} calls were made, by whomever"
            do = "find out who makes them, or buy more; the bridge goes on when the account's day is over"
            yield Mistake("budget", f"{NAMES[side]}'s day of calls is spent", known, do)
        if one.spent:
            do = f"raise {side.value}.calls_per_day, or see what spends them: smarketing forecast"
            yield Mistake("budget", f"our calls of the day to {NAMES[side]} are spent", one.spent, do)


def _people(seen: Seen) -> Iterator[Mistake]:
    hubspot, salesforce = (seen.sides[side].owners if side in seen.sides else () for side in Side)
    reps = {owner.email.casefold() for owner in hubspot if owner.active and owner.email}
    for ours in (owner for owner in salesforce if owner.ours and owner.email.casefold() in reps):
        known = f"the Salesforce user {ours.id}, as whom we sign in, is an owner in HubSpot as well"
        do = "give the bridge a user of its own (API only); else edits of that person are taken for the bridge's"
        yield Mistake("people", "the bridge signs in to Salesforce as a person who works there", known, do)
    without = sum(number for (_, code), number in _issues(seen) if code in ("NO_OWNER", "UNKNOWN_OWNER"))
    if without:
        known = f"{without:,} owners' values are parked (smarketing status --kind parked)"
        do = "add the pairs to mappings/owners.yaml, or name a fallback there; owners are told apart by e-mail"
        yield Mistake("people", "owners have no counterpart on the other side", known, do)


def _company(seen: Seen) -> Iterator[Mistake]:
    looping = sum(number for (_, code), number in _issues(seen) if code in ("LOOP", "LOOP_OVERRULED"))
    crossed = sum(number for (_, code), number in _issues(seen) if code == "CROSS_ID")
    if looping or crossed:
        told = [f"{looping:,} fields went back and forth"] if looping else []
        told += [f"{crossed:,} records carry another's id"] if crossed else []
        do = "smarketing status names it: a second installation, HubSpot's own Salesforce integration, a flow"
        yield Mistake("company", "something else writes what the bridge writes", " and ".join(told), do)


def _issues(seen: Seen) -> Iterator[tuple[tuple[str, str], int]]:
    return iter(seen.held.by_code.items() if seen.held else ())


def _waiting(seen: Seen) -> Iterator[Mistake]:
    if seen.held is None:
        return
    if seen.held.held:
        do = "look at it with smarketing plan, then: smarketing sync --approve"
        yield Mistake("waiting", "a run is held and nothing is written", seen.held.held, do)
    elif seen.held.owes_full:
        known = "the mapping was edited, or the last full comparison did not come to its end"
        yield Mistake(
            "waiting", "everything has still to be compared", known, "smarketing sync (or let the worker run)"
        )
    for side in seen.held.stopped:
        do = "mend its credentials or permissions, then: smarketing check"
        yield Mistake("waiting", f"{NAMES[side]} is left alone", "it refused our credentials", do)


EXAMINED: tuple[Examine, ...] = (
    _extras, _store, _sides, _clock, _workers, _fields, _waiting, _address, _signatures, _silence, _budget, _people,
    _company,
)  # fmt: skip
