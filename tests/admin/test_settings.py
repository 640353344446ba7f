"""Settings as they are in force: each with what the example says about it, where it is written, and no secret."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from connector.admin.roles import Role
from connector.config.explained import Setting, explanations, sections
from connector.config.init import write_starter
from connector.config.load import load
from tests.admin.conftest import Opens
from tests.admin.house import Client
from tests.misbehaviour.rig import SECRETS


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], dict[str, Setting]]:
    """The settings of a config.yaml with another text for its web section, by path."""
    write_starter(tmp_path)
    path = tmp_path / "config.yaml"

    def with_web(text: str) -> dict[str, Setting]:
        path.write_text(path.read_text().replace("  threads: 8\n", f"  threads: 8\n{text}"))
        settings = load(path, {**SECRETS, "SCRAPE": "the token itself"}).settings
        return {f"{section.name}.{one.path}": one for section in sections(path, settings) for one in section.settings}

    return with_web


def test_every_comment_of_the_example_explains_the_setting_that_follows_it():
    said = explanations()
    assert said["bridge", "name"] == "What this installation is called in logs and messages."
    assert said["hubspot", "oauth"] == "... or an OAuth app's installation; one of the two."
    assert said["hubspot", "timeouts"] == "Seconds to wait for a connection, and for an answer."
    assert said["salesforce", "auth", "flow"].startswith("client_credentials: client_id and client_secret of an")
    assert said["web", "admin", "session_hours"] == "After so many hours without a click one has to sign in again."
    assert said["webhooks_out",].startswith("Addresses of yours that sla.yaml may have called.")
    assert ("hubspot", "oauth", "client_id") not in said


def test_a_secret_is_told_by_where_it_comes_from(written: Callable[[str], dict[str, Setting]]):
    found = written("  metrics_token: env:SCRAPE\n")
    token = found["web.metrics_token"]
    assert (token.value, token.secret) == ("env:SCRAPE", True)
    assert "the token itself" not in repr(found)
    assert found["hubspot.access_token"].value == "env:HUBSPOT_TOKEN"


def test_a_setting_says_where_it_is_written_or_that_it_is_a_default(written: Callable[[str], dict[str, Setting]]):
    found = written("  trusted_proxies: [10.0.0.5, 10.1.0.0/16]\n".replace("  trusted", "  #trusted"))
    lines = Path(found["web.port"].place.split(":")[0])
    assert str(lines) == "config.yaml"
    assert found["hubspot.calls_per_day"].place == ""
    assert found["hubspot.calls_per_day"].value == ""
    assert found["web.trusted_proxies"].value == "[]"
    assert found["worker.quiet_s"].value == "2"
    assert found["web.admin.enabled"].value == "true"
    assert found["worker.polling.least_s"].says.startswith("Seconds between two polls")
    assert found["worker.polling.most_s"].says == ""
    assert found["notifications."].value == ""


def test_an_admin_sees_the_settings_and_no_secret(page: Opens, axe: Callable[[Page], None]):
    for scheme, wide in (("light", 1280), ("dark", 390)):
        shown = page(Role.ADMIN, "/admin/settings", scheme=scheme, wide=wide)
        axe(shown)
        assert shown.evaluate("document.documentElement.scrollWidth") <= wide
    section = shown.get_by_role("region", name="salesforce", exact=True)
    assert "env:SALESFORCE_CLIENT_SECRET" in section.inner_text()
    assert not [secret for secret in SECRETS.values() if secret in shown.content()]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_nobody_else_does(client: Callable[[Role], Client], role: Role):
    answer = client(role).get("/admin/settings")
    assert answer.status_code == 403
    assert "this needs the role admin" in answer.text
    assert "env:" not in answer.text
