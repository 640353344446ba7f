"""Secrets and sign-in: named, never written, never shown, and every mistake told without repeating it."""

from __future__ import annotations

import pickle

import pytest

from connector.config.secrets import Secret

AUTH = """\
hubspot: {access_token: env:HUBSPOT_TOKEN}
salesforce:
  login_url: https://acme.my.salesforce.com
  auth: {client_id: app, client_secret: env:SF_SECRET}
"""


def test_a_secret_comes_from_the_environment_or_a_file_beside_the_config(folder):
    folder.write("token.txt", "pat-from-file\n")
    folder.write("config.yaml", AUTH.replace("env:HUBSPOT_TOKEN", "file:token.txt"))
    settings = folder.load().settings
    assert settings.hubspot.access_token.reveal() == "pat-from-file"
    assert settings.salesforce.auth.client_secret.reveal() == "s3cret"


def test_a_secret_is_never_printed_or_copied_out():
    secret = Secret("hunter2", "env:X")
    assert repr(secret) == str(secret) == f"{secret}" == "Secret(env:X)"
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_no_settings_text_holds_a_secret(folder):
    settings = folder.load().settings
    assert "pat-123" not in repr(settings) + str(settings)
    assert "s3cret" not in repr(settings) + str(settings)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (
            "hubspot: {access_token: pat-na1-SECRET}\n",
            (
                "config.yaml:1 hubspot.access_token: is a secret and must not stand in the file; put it into an"
                " environment variable and write env:NAME, or into a file of its own and write file:PATH"
            ),
        ),
        (
            "hubspot: {access_token: env:NOPE}\n",
            (
                "config.yaml:1 hubspot.access_token: names the environment variable 'NOPE', which is not set; set it"
                " before starting"
            ),
        ),
        (
            "hubspot: {access_token: file:nope.txt}\n",
            (
                "config.yaml:1 hubspot.access_token: names the file 'nope.txt', which cannot be read (No such file or"
                " directory)"
            ),
        ),
        ("hubspot: {}\n", "config.yaml:1 hubspot.access_token: is missing; write env:NAME (or give oauth: instead)"),
        (
            (
                "hubspot: {access_token: env:HUBSPOT_TOKEN, oauth: {client_id: a, client_secret: env:SF_SECRET,"
                " refresh_token: env:SF_SECRET}}\n"
            ),
            "config.yaml:1 hubspot.oauth: stands beside access_token; keep one of the two",
        ),
        (
            "hubspot: SECRET-token\n",
            "config.yaml:1 hubspot: text stands where a group of settings (`name: value` lines) belongs",
        ),
        ("hubspot:\n", "config.yaml:1 hubspot: is empty; give it a value or remove the line"),
        ("", "config.yaml:1 hubspot: is missing"),
    ],
)
def test_a_mistake_with_a_way_in_is_told_without_repeating_it(folder, written, problem):
    folder.write("config.yaml", AUTH.partition("\n")[2] + "\n")
    salesforce = AUTH.partition("\n")[2]
    folder.write("config.yaml", written + salesforce)
    problems = folder.problems()
    assert problems == [problem]
    assert "SECRET" not in "".join(problems)
