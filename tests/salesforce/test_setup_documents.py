"""Documents that are read for where things stand, and changed nowhere else."""

from __future__ import annotations

import io
import zipfile

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import Refused, Transient
from connector.salesforce.setup.documents import read
from connector.salesforce.setup.package import manifest, packed, unpacked
from connector.salesforce.setup.planning import planned
from tests.salesforce.metadata import faults
from tests.salesforce.setting_up import THEIRS, VERSION, bare, order


def test_parts_are_the_bytes_that_stand_there():
    document = read(THEIRS.encode())
    sections = list(document.root.all("layoutSections"))
    assert [each.said("label") for each in sections] == ['Größe & "Lead" <Information>', "Links"]
    assert (
        document.part(sections[1]).decode() == THEIRS[THEIRS.index("<layoutSections>\n") :].partition("\n    <some")[0]
    )
    [new] = document.root.all("somethingNew")
    assert document.part(new) == b'<somethingNew xsi:nil="true" told="a > b"/>'
    assert document.inside(new) == b""


def test_an_element_is_put_after_its_like_or_where_the_alphabet_has_it():
    document = read(b"<A><fullName>x</fullName><b>1</b><b>2</b><d/></A>")
    root = document.root
    edits = [
        document.added(root, "c", "<c/>"),
        document.added(root, "b", "<b>3</b>"),
        document.added(root, "a", "<a/>"),
    ]
    assert document.edited(edits) == b"<A><fullName>x</fullName>\n<a/><b>1</b><b>2</b>\n<c/>\n<b>3</b><d/></A>"
    empty = read(b"<A></A>")
    assert empty.edited([empty.added(empty.root, "b", "<b/>")]) == b"<A>\n<b/></A>"


@given(st.text(alphabet="ab<>&\"' ü\n", max_size=20), st.text(alphabet="x- \n>", max_size=10))
def test_whatever_a_document_holds_only_the_edited_element_changes(text, comment):
    told = text.replace("&", "&amp;").replace("<", "&lt;")
    before = f"<A at='>' ><b>{told}</b><!--{comment.replace('-', '')}--><c>old</c><b/></A>"
    document = read(before.encode())
    after = document.edited([document.saying(document.root.child("c"), "new")]).decode()
    assert after == before.replace("<c>old</c>", "<c>new</c>")
    assert document.root.child("b").text == fromstring(before).findtext("b")


def test_a_type_declaration_is_refused_and_so_is_what_is_no_xml():
    with pytest.raises(Refused, match="type declaration"):
        read(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(Refused, match="no XML"):
        read(b"<a><b></a>")


def test_an_archive_names_exactly_what_is_in_it_and_each_document_is_lawful():
    plan = planned(order(), bare())
    archive = packed(plan.deployed, VERSION)
    assert archive == packed(tuple(reversed(plan.deployed)), VERSION)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        files = {name: opened.read(name).decode() for name in opened.namelist()}
    assert set(files) == {
        *("package.xml", "objects/Lead.object", "objects/Contact.object"),
        *("permissionsets/Smarketing_Integration.permissionset", "permissionsets/Smarketing_Rep_View.permissionset"),
        *("layouts/Lead-Lead Layout.layout", "LeadConvertSettings/LeadConvertSettings.LeadConvertSetting"),
    }
    assert files["package.xml"] == manifest((act.key for act in plan.deployed), VERSION)
    assert {name: faults(text) for name, text in files.items() if name.startswith(("perm", "pack"))} == {
        name: [] for name in files if name.startswith(("perm", "pack"))
    }
    assert set(unpacked(archive)) == {act.key for act in plan.deployed}


def test_an_archive_that_was_cut_off_is_asked_for_again():
    archive = packed(planned(order(), bare()).deployed, VERSION)
    with pytest.raises(Transient, match="cut off"):
        unpacked(archive[: len(archive) // 2])
