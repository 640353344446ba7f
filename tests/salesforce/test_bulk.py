"""Bulk jobs: the CSV that goes out, results in any order, and jobs that end badly."""

import csv
import io
import json

from connector.ports import Done, Rejected, Unsure, Write
from tests.salesforce.judging import Org, ref
from tests.salesforce.wire import ROOT


class Job:
    """A Bulk 2.0 job: takes CSV, shuffles its results; `fail(line)` gives an error for a row, `lose(line)` its loss."""

    def __init__(self, state="JobComplete", fail=lambda _: "", lose=lambda _: False):
        self.state, self.fail, self.lose, self.polls, self.order, self.lines = state, fail, lose, 0, None, []

    def __call__(self, request):
        path = request.path_url.removeprefix(ROOT)
        if not path.startswith("jobs/"):
            return None
        if request.method == "POST":
            self.order = json.loads(request.body)
            return 200, {"id": "750", "state": "Open"}
        if request.method == "PUT":
            self.text = request.body.decode()
            self.lines = list(csv.DictReader(io.StringIO(self.text)))
            return 201, b""
        if request.method == "PATCH":
            self.patched = json.loads(request.body)
            return 200, {}
        return self.results(path)

    def results(self, path):
        done = [line for line in reversed(self.lines) if not self.fail(line) and not self.lose(line)]
        failed = [line for line in self.lines if self.fail(line)]
        if path.endswith("successfulResults/"):
            return 200, self.table(
                [{"sf__Id": line.get("Id") or f"00Q5f{n:010d}AAA", **line} for n, line in enumerate(done)]
            )
        if path.endswith("failedResults/"):
            return 200, self.table([{"sf__Id": "", "sf__Error": self.fail(line), **line} for line in failed])
        self.polls += 1
        state = self.state if self.polls > 3 else "InProgress"
        counts = {"numberRecordsProcessed": len(done) + len(failed), "numberRecordsFailed": len(failed)}
        return 200, {"state": state, **counts}

    def table(self, rows):
        out = io.StringIO()
        if rows:
            made = "true" if self.order["operation"] == "upsert" else "false"
            created = [{**row, "sf__Created": made} for row in rows]
            writer = csv.DictWriter(out, ["sf__Id", "sf__Created", *list(rows[0])[1:]], quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(created)
        return out.getvalue().encode()


def bulk_org(job, rows=3):
    org = Org(also=job)
    org.writer.bulk_from_rows = rows
    return org


def test_many_rows_of_one_sort_go_as_one_job_and_a_clear_is_spelt_out():
    job = Job()
    org = bulk_org(job)
    values = [{"LastName": 'A "quoted", name', "Score__c": None, "Opt__c": None} for _ in range(3)]
    outcomes = org.write(*(Write(ref(n), each) for n, each in enumerate(values)))
    assert outcomes == [Done(ref(n)) for n in range(3)]
    assert job.order == {
        "object": "Lead",
        "operation": "update",
        "contentType": "CSV",
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }
    assert job.text.splitlines()[:2] == [
        "Id,LastName,Score__c,Opt__c",
        f'{ref(0).id},"A ""quoted"", name",#N/A,false',
    ]
    assert job.patched == {"state": "UploadComplete"}
    assert org.clock.slept == sorted(org.clock.slept)
    assert len(org.sent) == 7


def test_rows_of_a_job_are_recognised_by_their_key_whatever_the_order():
    job = Job(fail=lambda line: "REQUIRED_FIELD_MISSING:missing:Company --" if line["Key__c"] == "K2" else "")
    org = bulk_org(job)
    outcomes = org.write(*(Write(None, {"LastName": f"N{n}"}, key=("Key__c", f"K{n}")) for n in range(4)))
    assert job.order["externalIdFieldName"] == "Key__c"
    assert [type(outcome) for outcome in outcomes] == [Done, Done, Rejected, Done]
    assert outcomes[2].rejections[0].field == "Company"
    assert [outcome.ref.id[5:15] for outcome in outcomes if isinstance(outcome, Done)] == [
        "0000000002",
        "0000000001",
        "0000000000",
    ]


def test_a_job_that_failed_leaves_rows_without_a_result_unsure():
    job = Job(state="Failed", lose=lambda line: line["LastName"] == "N1")
    outcomes = bulk_org(job).write(*(Write(ref(n), {"LastName": f"N{n}"}) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Done, Unsure, Done]


def test_locked_rows_of_a_job_are_sent_again_through_collections():
    job = Job(fail=lambda line: "UNABLE_TO_LOCK_ROW:unable to lock:--" if line["LastName"] == "N1" else "")
    org = bulk_org(job)
    outcomes = org.write(*(Write(ref(n), {"LastName": f"N{n}"}) for n in range(3)))
    assert outcomes == [Done(ref(n)) for n in range(3)]
    assert [record["id"] for record in json.loads(org.sent[-1].body)["records"]] == [ref(1).id]


def test_a_value_that_spells_a_clear_does_not_go_by_csv():
    job = Job()
    org = bulk_org(job)
    org.write(*(Write(ref(n), {"LastName": "#N/A" if n == 3 else "A"}) for n in range(4)))
    assert [line["Id"] for line in job.lines] == [ref(n).id for n in range(3)]
    assert json.loads(org.sent[-1].body)["records"][0]["LastName"] == "#N/A"


def test_a_job_that_broke_off_while_it_was_uploaded_is_begun_anew():
    job, uploads = Job(), []

    def also(request):
        if request.method == "PUT":
            uploads.append(request)
            if len(uploads) == 1:
                return 503, b""
        return job(request)

    outcomes = bulk_org(also).write(*(Write(ref(n), {"LastName": "A"}) for n in range(3)))
    assert outcomes == [Done(ref(n)) for n in range(3)]
    assert len(uploads) == 2


def test_deletions_of_a_job_carry_the_id_alone():
    job = Job()
    bulk_org(job).write(*(Write(ref(n), archive=True) for n in range(3)))
    assert job.text == "Id\n" + "".join(f"{ref(n).id}\n" for n in range(3))


def test_a_page_in_place_of_results_is_asked_for_again():
    job, pages = Job(fail=lambda line: "STRING_TOO_LONG:too long:LastName --" if line["LastName"] == "N1" else ""), []

    def also(request):
        if request.path_url.endswith("Results/") and not pages.append(request) and len(pages) == 1:
            return 200, b"<html>maintenance</html>"
        return job(request)

    outcomes = bulk_org(also).write(*(Write(ref(n), {"LastName": f"N{n}"}) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Done, Rejected, Done]


def test_a_job_that_never_ends_leaves_its_rows_unsure_after_an_hour():
    org = bulk_org(Job(state="InProgress"))
    outcomes = org.write(*(Write(ref(n), {"LastName": "A"}) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Unsure] * 3
    assert 3_600 <= sum(org.clock.slept) < 3_700
    assert max(org.clock.slept) == 5.0


def test_a_job_that_was_not_taken_is_aborted():
    job = Job(state="Open")
    outcomes = bulk_org(job).write(*(Write(ref(n), {"LastName": "A"}) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Unsure] * 3
    assert job.patched == {"state": "Aborted"}


def test_an_upload_that_breaks_off_every_time_leaves_the_rows_unsure():
    uploads = []

    def also(request):
        if request.method == "PUT":
            uploads.append(request)
            return 503, b""
        return Job()(request)

    outcomes = bulk_org(also).write(*(Write(ref(n), {"LastName": "A"}) for n in range(3)))
    assert [type(outcome) for outcome in outcomes] == [Unsure] * 3
    assert len(uploads) == 3


def test_rows_too_heavy_for_one_upload_go_as_two_jobs(monkeypatch):
    monkeypatch.setattr("connector.salesforce.bulk.BYTES_MAX", 120)
    sheets = []

    def also(request):
        if request.method == "PUT":
            sheets.append(request.body.decode())
        return job(request)

    job = Job()
    outcomes = bulk_org(also).write(*(Write(ref(n), {"LastName": "A" * 20}) for n in range(4)))
    assert outcomes == [Done(ref(n)) for n in range(4)]
    assert [text.count("\n") for text in sheets] == [3, 3]


def test_rows_go_without_bulk_jobs_for_an_hour_after_one_was_refused():
    opened = []

    def refusing(request):
        if "jobs/ingest" not in request.path_url:
            return None
        opened.append(request)
        return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]

    org = bulk_org(refusing)
    writes = [Write(ref(number), {"LastName": "N"}) for number in range(3)]
    for _ in range(2):
        assert [type(each) for each in org.write(*writes)] == [Done, Done, Done]
    assert len(opened) == 1
    org.clock.sleep(3600)
    org.write(*writes)
    assert len(opened) == 2
