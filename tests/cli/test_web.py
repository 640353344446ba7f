"""What `smarketing web` says before it serves, and the same application for another WSGI server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connector.cli import serving
from connector.config.init import write_starter
from connector.config.load import load
from connector.storage.database import migrate, open_database
from tests.webhooks.doorstep import ORG
from tests.webhooks.serving import SECRETS, configure

WITH_CLIENT = """
from werkzeug.test import Client
from connector.wsgi import application
for path in ("/health", "/ready", "/metrics"):
    answer = Client(application).get(path)
    print(path, answer.status_code, answer.text.splitlines()[0])
"""


def said(config: Path, monkeypatch: pytest.MonkeyPatch, known: int = 1) -> str:
    """The words at the start."""
    lines = list[str]()
    monkeypatch.setattr(serving, "say", lambda _console, text, _indent=0: lines.append(text))
    serving.tell_doors(load(config, SECRETS).settings, known)
    return "\n".join(lines)


def test_it_says_what_is_not_received_and_what_is_missing_for_it(tmp_path: Path, monkeypatch: Any):
    write_starter(tmp_path, agreed=False)
    words = said(tmp_path / "config.yaml", monkeypatch)
    assert "off  POST /webhooks/hubspot  set webhooks.hubspot.secrets to receive it" in words
    assert "off  POST /webhooks/salesforce/events  set webhooks.salesforce.events_secrets to receive it" in words
    assert "on[/]   pages for people at /admin/" in words
    assert "mind" not in words
    nobody = said(tmp_path / "config.yaml", monkeypatch, known=0)
    assert "nobody can sign in yet; make the first user: smarketing user add NAME --role admin" in nobody


def test_pages_that_are_switched_off_are_told_as_off(tmp_path: Path, monkeypatch: Any):
    write_starter(tmp_path, agreed=False)
    config = tmp_path / "config.yaml"
    config.write_text(
        config.read_text().replace("    enabled: true\n    # After so", "    enabled: false\n    # After so")
    )
    words = said(config, monkeypatch, known=0)
    assert "off  pages for people at /admin/" in words
    assert "mind" not in words


def test_it_says_what_is_received_and_what_is_unwise(tmp_path: Path, monkeypatch: Any):
    config = configure(tmp_path, ORG)
    text = config.read_text().replace("signatures: [v3]", "signatures: [v1, v3]")
    config.write_text(text.replace("host: 127.0.0.1", "host: 0.0.0.0"))
    words = said(config, monkeypatch)
    assert "on[/]   POST /webhooks/salesforce/outbound/SECRET" in words
    assert "off" not in words
    assert "web.public_url is not set" in words
    assert "accepts v1 or v2" in words
    assert "web.metrics_token is not set" in words
    assert "web.public_url is not https" in words
    assert not any(secret in words for secret in SECRETS.values() if len(secret) > 6)


def test_another_wsgi_server_serves_the_same(tmp_path: Path):
    config = configure(tmp_path, ORG)
    store = open_database(f"sqlite:///{tmp_path / 'smarketing.db'}")
    migrate(store)
    store.close()
    env = {**os.environ, **SECRETS, "SMARKETING_CONFIG": str(config)}
    done = subprocess.run([sys.executable, "-c", WITH_CLIENT], env=env, capture_output=True, text=True, check=True)
    health, ready, metrics = done.stdout.splitlines()
    assert (health, ready) == ("/health 200 alive", "/ready 200 ready")
    assert metrics.startswith("/metrics 200 # HELP smarketing_")
