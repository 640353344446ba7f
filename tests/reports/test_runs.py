"""What a run counted, in words: nothing that was counted is left out, and nothing is told twice."""

from connector.reports import runs
from connector.reports.runs import Wrote

COUNTS = {
    "considered": 12,
    "created_salesforce": 2,
    "created_salesforce_fields": 10,
    "updated_hubspot": 3,
    "updated_hubspot_fields": 4,
    "updated_salesforce": 1,
    "updated_salesforce_fields": 1,
    "linked": 2,
    "conflict": 0,
    "a_new_sort": 1,
    "held": "would create 4 records",
}


def test_what_was_written_is_told_by_side() -> None:
    assert runs.wrote(COUNTS) == [
        Wrote("records created", 0, 2),
        Wrote("records updated", 3, 1),
        Wrote("fields written", 4, 11),
    ]
    assert runs.records_written(COUNTS) == 6
    assert runs.wrote({}) == []


def test_the_rest_is_told_in_words_as_far_as_there_are_any() -> None:
    assert runs.others(COUNTS) == [("records looked at", 12), ("linked as the same record", 2), ("a new sort", 1)]
