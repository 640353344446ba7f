"""Conditions in words say what they say, and nothing inside quotes is touched."""

from __future__ import annotations

import pytest

from connector.reports.conditions import in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "hubspot.hubspotscore >= 80 && hubspot.email != null && loops < 3",
            "HubSpot hubspotscore is at least 80, and HubSpot email is filled in, and loops is less than 3",
        ),
        ("salesforce.Rating == 'Hot' || persona != 'buyer'", "Salesforce Rating is 'Hot', or persona is not 'buyer'"),
        ("hubspot.x in ['a && b', \"<= c\"]", "HubSpot x is one of ['a && b', \"<= c\"]"),
        ("!deal.closed", "a deal is open"),
        ("deal.won", "a deal is won"),
        ("hubspot.city == null", "HubSpot city is blank"),
        ("hubspot.jobtitle.matches('(?i)chief')", "HubSpot jobtitle matches ('(?i)chief')"),
        ("!(loops > 2) && score <= 4", "not (loops is more than 2), and score is at most 4"),
        ("strange(1 + 2)", "strange(1 + 2)"),
    ],
)
def test_a_condition_is_put_into_words(text, words):
    assert in_words(text) == words
