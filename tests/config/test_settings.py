"""config.yaml: what is accepted, what is resolved, and how every mistake reads."""

from __future__ import annotations

import pytest

from connector.core.guards import Limit, Limits

AUTH = """\
hubspot: {access_token: env:HUBSPOT_TOKEN}
salesforce:
  login_url: https://acme.my.salesforce.com
  auth: {client_id: app, client_secret: env:SF_SECRET}
"""


def test_a_small_config_gets_every_default(folder):
    settings = folder.load().settings
    assert settings.bridge.name == "smarketing"
    assert settings.hubspot.base_url == "https://api.hubapi.com"
    assert settings.hubspot.api_version == "2026-09"
    assert (settings.hubspot.requests_per_10s, settings.hubspot.search_per_s) == (190, 5)
    assert settings.salesforce.api_version == "67.0"
    assert settings.salesforce.bulk_from_rows == 2000
    assert settings.salesforce.timeouts.read_s == 120
    assert settings.guards.limits == Limits(Limit(1000, None), Limit(100, 0.05), Limit(5000, 0.5))


def test_a_guard_keeps_its_own_defaults_when_one_number_is_given(folder):
    folder.write("config.yaml", AUTH + "guards:\n  archives: {number: 7}\n  changes: {percent: null}\n")
    limits = folder.load().settings.guards.limits
    assert limits.archives == Limit(7, 0.05)
    assert limits.changes == Limit(5000, None)


def test_the_database_file_lies_beside_the_config(folder):
    assert folder.load().settings.database.url.reveal() == f"sqlite:///{folder.path}/smarketing.db"
    folder.write("config.yaml", AUTH + "database: {url: 'sqlite:///data/x.db'}\n")
    assert folder.load().settings.database.url.reveal() == f"sqlite:///{folder.path}/data/x.db"
    folder.write("config.yaml", AUTH + "database: {url: 'sqlite:////var/x.db'}\n")
    assert folder.load().settings.database.url.reveal() == "sqlite:////var/x.db"


def test_postgresql_works_with_and_without_a_secret_url(folder):
    folder.write("config.yaml", AUTH + "database: {url: 'postgresql+psycopg://me@db/bridge'}\n")
    assert folder.load().settings.database.url.reveal() == "postgresql+psycopg://me@db/bridge"
    folder.write("config.yaml", AUTH + "database: {url: env:DATABASE_URL}\n")
    env = {"HUBSPOT_TOKEN": "t", "SF_SECRET": "s", "DATABASE_URL": "postgresql+psycopg://me:pw@db/bridge"}
    url = folder.load(env).settings.database.url
    assert url.reveal() == "postgresql+psycopg://me:pw@db/bridge"
    assert "pw" not in repr(url)


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("bridge: {nam: x}\n", "config.yaml:5 bridge.nam: is not known here; did you mean 'name'?"),
        ("brige: {}\n", "config.yaml:5 brige: is not known here; did you mean 'bridge'?"),
        (
            "zzz: 1\n",
            (
                "config.yaml:5 zzz: is not known here; known are bridge, database, guards, hubspot, mappings,"
                " notifications, salesforce, web, webhooks, webhooks_out, worker"
            ),
        ),
        ("guards: {creates: {number: lots}}\n", "config.yaml:5 guards.creates.number: 'lots' is not a whole number"),
        ("guards: {creates: {number: -1}}\n", "config.yaml:5 guards.creates.number: -1 is too small; the least is 0"),
        (
            "guards: {creates: {percent: 150}}\n",
            "config.yaml:5 guards.creates.percent: 150 is too large; the most is 100",
        ),
        (
            "guards: {creates: [1]}\n",
            "config.yaml:5 guards.creates: a list stands where a group of settings (`name: value` lines) belongs",
        ),
        ("bridge: {name: [a]}\n", "config.yaml:5 bridge.name: a list is not text; put it in quotes"),
        (
            "database: {url: 'mysql://x/y'}\n",
            "config.yaml:5 database.url: speaks 'mysql'; supported are sqlite and postgresql+psycopg",
        ),
        (
            "database: {url: 'postgresql+psycopg://me:SECRET@db/x'}\n",
            (
                "config.yaml:5 database.url: holds a password; put the whole URL into an environment variable and"
                " write env:NAME"
            ),
        ),
        (
            "database: {url: nonsense}\n",
            (
                "config.yaml:5 database.url: is not a database URL; write sqlite:///FILE or"
                " postgresql+psycopg://USER@HOST/NAME"
            ),
        ),
        (
            "mappings: elsewhere\n",
            (
                "config.yaml:5 mappings: the folder 'elsewhere' holds no .yaml files; `smarketing init` writes some"
                " to edit"
            ),
        ),
        ("mappings: [a.yaml]\n", "a.yaml: cannot be read: No such file or directory"),
        ("mappings: 5\n", "config.yaml:5 mappings: must be a folder, or a list of files like [mappings/contacts.yaml]"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_would_be_right(folder, written, problem):
    folder.write("config.yaml", AUTH + written)
    problems = folder.problems()
    assert problems == [problem]
    assert "SECRET" not in "".join(problems)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (
            "http://api.example.com",
            "must start with https:// (http:// is allowed for this machine only: localhost, 127.0.0.1)",
        ),
        (
            "http://127.0.0.1.evil.test",
            "must start with https:// (http:// is allowed for this machine only: localhost, 127.0.0.1)",
        ),
        ("ftp://api.example.com", "is not a web address; write it like https://host.example"),
        ("api.example.com", "is not a web address; write it like https://host.example"),
        ("https://user:pw@host", "must be scheme, host and path only; sign-in data has its own settings"),
        ("https://[::1", "is not a web address; write it like https://host.example"),
        ("https://host:port", "is not a web address; write it like https://host.example"),
    ],
)
def test_a_base_url_must_be_https_or_this_machine(folder, url, fault):
    folder.write("config.yaml", AUTH.replace("{access", f"{{base_url: '{url}', access"))
    assert folder.problems() == [f"config.yaml:1 hubspot.base_url: {fault}"]


@pytest.mark.parametrize(
    "url", ["http://localhost:8900", "http://127.0.0.1:8900/", "http://[::1]:8900", "https://proxy.example/hs"]
)
def test_a_stand_in_on_this_machine_may_speak_http(folder, url):
    folder.write("config.yaml", AUTH.replace("{access", f"{{base_url: '{url}', access"))
    assert folder.load().settings.hubspot.base_url == url.rstrip("/")


@pytest.mark.parametrize(
    ("auth", "problems"),
    [
        (
            "{flow: jwt, client_id: a}",
            ["auth.private_key: is missing; flow jwt needs it", "auth.username: is missing; flow jwt needs it"],
        ),
        (
            "{flow: jwt, client_id: a, username: u, private_key: env:SF_SECRET, password: env:SF_SECRET}",
            ["auth.password: is not used by flow jwt; remove it"],
        ),
        (
            "{flow: jtw}",
            ["auth.flow: 'jtw' is not one of client_credentials, jwt, refresh_token, password; did you mean 'jwt'?"],
        ),
        ("{flow: refresh_token, client_id: a}", ["auth.refresh_token: is missing; flow refresh_token needs it"]),
        (
            "{flow: password, client_id: a}",
            [
                "auth.client_secret: is missing; flow password needs it",
                "auth.password: is missing; flow password needs it",
                "auth.username: is missing; flow password needs it",
            ],
        ),
    ],
)
def test_each_flow_says_what_it_needs_and_what_is_too_much(folder, auth, problems):
    folder.write("config.yaml", f"hubspot: {{access_token: env:HUBSPOT_TOKEN}}\nsalesforce:\n  auth: {auth}\n")
    assert folder.problems() == [f"config.yaml:3 salesforce.{problem}" for problem in problems]


def test_client_credentials_need_my_domain(folder):
    folder.write("config.yaml", AUTH.replace("  login_url: https://acme.my.salesforce.com\n", ""))
    assert folder.problems() == [
        (
            "config.yaml:2 salesforce.login_url: must be your My Domain (https://acme.my.salesforce.com):"
            " client_credentials"
            " works only there"
        )
    ]


@pytest.mark.parametrize("written", ["off", "on", "01Q000000000001AAA"])
def test_auto_assign_takes_a_word_or_a_rule_id(folder, written):
    folder.write("config.yaml", AUTH + f"  auto_assign: {written}\n")
    assert folder.load().settings.salesforce.auto_assign == written


def test_auto_assign_refuses_anything_else(folder):
    folder.write("config.yaml", AUTH + "  auto_assign: maybe\n")
    assert folder.problems() == [
        "config.yaml:5 salesforce.auto_assign: 'maybe' is neither off, on nor a rule id (01Q...)"
    ]


def test_every_problem_of_every_file_is_told_at_once(folder):
    folder.write(
        "config.yaml",
        "bridge:\n  name: x\n  nmae: y\nhubspot:\n  access_token: literal\n  api_version: v4\n  concurrency: 0\n"
        "salesforce:\n  auth: {flow: jwt}\n  alow_duplicates: true\nmappings: [mappings/a.yaml, mappings/b.yaml]\n",
    )
    folder.write(
        "mappings/a.yaml",
        "mapping: people\nhubspot: contacts\nsalesforce: [Lead]\nidentity: {salesforce_field: Id__c}\n"
        "fields:\n  phone:\n    hubspot: phone\n    salesforce: Phone\n    policy: newst\n",
    )
    folder.write("mappings/b.yaml", "mapping: [\n")
    assert folder.problems(folder.load) == [
        "config.yaml:3 bridge.nmae: is not known here; did you mean 'name'?",
        (
            "config.yaml:5 hubspot.access_token: is a secret and must not stand in the file; put it into an environment"
            " variable and write env:NAME, or into a file of its own and write file:PATH"
        ),
        "config.yaml:6 hubspot.api_version: 'v4' is not one of v3, 2026-03, 2026-09",
        "config.yaml:7 hubspot.concurrency: 0 is too small; the least is 1",
        "config.yaml:9 salesforce.auth.client_id: is missing; flow jwt needs it",
        "config.yaml:9 salesforce.auth.private_key: is missing; flow jwt needs it",
        "config.yaml:9 salesforce.auth.username: is missing; flow jwt needs it",
        "config.yaml:10 salesforce.alow_duplicates: is not known here; did you mean 'allow_duplicates'?",
        (
            "mappings/a.yaml:9 fields.phone.policy: 'newst' is not one of hubspot, salesforce, newest, manual;"
            " did you mean 'newest'?"
        ),
        (
            "mappings/b.yaml:2: is not YAML at column 1: expected the node content, but found '<stream end>'"
            " (while parsing a"
            " flow node)"
        ),
    ]


def test_a_missing_config_says_how_to_get_one(folder):
    (folder.path / "config.yaml").unlink()
    assert folder.problems(folder.load) == [
        f"{folder.path}/config.yaml: does not exist; `smarketing init` writes one to edit, --config names another"
    ]


def test_an_empty_config_says_so(folder):
    folder.write("config.yaml", "# nothing\n")
    assert folder.problems(folder.load) == [
        "config.yaml: is empty; `smarketing init` in another folder shows what belongs there"
    ]


WEBHOOK = "webhooks_out: {crm: {url: URL, secret: env:SF_SECRET}}\n"


def test_channels_and_webhooks_are_named_and_their_urls_are_secrets(folder):
    folder.write("config.yaml", AUTH + "notifications: {sales: {url: env:CHAT}}\n" + WEBHOOK.replace("URL", "env:HOOK"))
    env = {
        "HUBSPOT_TOKEN": "t",
        "SF_SECRET": "s",
        "CHAT": "slack://T0KEN/x",
        "HOOK": "https://hooks.example/?key=T0KEN",
    }
    settings = folder.load(env).settings
    assert settings.notifications["sales"].url.reveal() == "slack://T0KEN/x"
    hook = settings.webhooks_out["crm"]
    assert (hook.url.reveal(), hook.secret.reveal(), hook.timeout_s) == ("https://hooks.example/?key=T0KEN", "s", 10)
    assert "T0KEN" not in repr(settings)


def test_without_channels_nobody_is_told(folder):
    settings = folder.load().settings
    assert (settings.notifications, settings.webhooks_out) == ({}, {})


def test_a_webhook_that_holds_no_token_may_stand_in_the_file(folder):
    for url in ("https://hooks.acme.example/bridge", "http://localhost:8900/hook"):
        folder.write("config.yaml", AUTH + WEBHOOK.replace("URL", f"'{url}'"))
        assert folder.load().settings.webhooks_out["crm"].url.reveal() == url


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        (
            "'https://hooks.example/?key=T0KEN'",
            "may hold a token; put the whole URL into an environment variable and write env:NAME",
        ),
        (
            "'https://me:T0KEN@hooks.example'",
            "may hold a token; put the whole URL into an environment variable and write env:NAME",
        ),
        (
            "http://hooks.example",
            "must start with https:// (http:// is allowed for this machine only: localhost, 127.0.0.1)",
        ),
        ("'https://[T0KEN'", "is not a web address; write it like https://host.example/path"),
        ("'ftp://T0KEN'", "is not a web address; write it like https://host.example/path"),
        ("env:SF_SECRET", "is not a web address; write it like https://host.example/path"),
        ("[a]", "must be text like https://host.example/path"),
        ("env:NONE", "names the environment variable 'NONE', which is not set; set it before starting"),
    ],
)
def test_a_webhook_url_that_cannot_be_called_is_refused_without_being_shown(folder, url, fault):
    folder.write("config.yaml", AUTH + WEBHOOK.replace("URL", url))
    assert folder.problems() == [f"config.yaml:5 webhooks_out.crm.url: {fault}"]
    assert "T0KEN" not in fault


def test_a_channel_is_a_plain_name_with_its_url_kept_out_of_the_file(folder):
    folder.write("config.yaml", AUTH + "notifications: {sales: {url: 'slack://T0KEN'}}\n")
    assert folder.problems() == [
        (
            "config.yaml:5 notifications.sales.url: is a secret and must not stand in the file; put it into an"
            " environment variable and write env:NAME, or into a file of its own and write file:PATH"
        )
    ]
    folder.write("config.yaml", AUTH + "notifications: {Sales Team: {url: env:SF_SECRET}}\n")
    (problem,) = folder.problems()
    assert problem == (
        "config.yaml:5 notifications.Sales Team: 'Sales Team' is no name; write small letters, digits, _ and -, 40 at"
        " most, like sales_team"
    )
