from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import quote, unquote

from connector.core.values import Kind
from connector.salesforce import soql

AT = datetime(2026, 11, 2, 8, 15, 30, tzinfo=UTC)


def test_a_text_is_quoted_so_that_it_cannot_end_the_query():
    assert soql.literal("O'Hara\\ \n") == "'O\\'Hara\\\\ \\n'"


def test_numbers_and_moments_stand_unquoted():
    assert soql.literal("1000.5", Kind.NUMBER) == "1000.5"
    assert soql.moment(AT) == "2026-11-02T08:15:30Z"
    assert soql.moment(AT + timedelta(milliseconds=7)) == "2026-11-02T08:15:30.007Z"
    assert soql.moment(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-11-02T08:15:30Z"


def test_a_select_asks_for_each_field_once():
    assert soql.select(["Id", "Email", "Id"], "Lead", "A = 1", "", "B = 2", order="Id") == (
        "SELECT Id,Email FROM Lead WHERE A = 1 AND B = 2 ORDER BY Id"
    )


def test_paging_goes_on_behind_the_last_id_of_an_equal_stamp():
    assert soql.after(AT, "") == "SystemModstamp >= 2026-11-02T08:15:30Z"
    assert soql.after(AT, "00Q1") == (
        "SystemModstamp >= 2026-11-02T08:15:30Z AND (SystemModstamp > 2026-11-02T08:15:30Z OR Id > '00Q1')"
    )


def test_lists_are_cut_by_their_weight_and_keep_their_order():
    literals = [soql.literal(f"person{n}+é@example.test") for n in range(700)]
    portions = list(soql.portions(literals, 2_000))
    assert [each for portion in portions for each in portion] == literals
    assert all(len(quote(",".join(portion), safe="")) <= 2_000 for portion in portions)
    assert len(portions) < 40
    assert list(soql.portions([], 2_000)) == []
    assert list(soql.portions(["x" * 5_000], 2_000)) == [["x" * 5_000]]


def test_a_query_path_survives_encoding():
    path = soql.query_path("SELECT Id FROM Lead WHERE Email = 'a+b@c.test'", deleted=True)
    assert path.startswith("queryAll/?q=")
    assert "+" not in path
    assert unquote(path).endswith("'a+b@c.test'")
