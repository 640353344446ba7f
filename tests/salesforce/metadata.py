"""What judges a folder of sources: Salesforce's own schema, and a small table of the fact sheet."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import simple_salesforce
from defusedxml.ElementTree import fromstring
from lxml import etree

from connector.config.init import write_starter
from connector.config.load import Loaded, load

NAMESPACE = "{http://soap.sforce.com/2006/04/metadata}"
_XSD = "{http://www.w3.org/2001/XMLSchema}"
_DOCUMENTS = ("CustomField", "PermissionSet", "ListView", "Workflow", "Flow", "Package")
ENV = {
    "HUBSPOT_TOKEN": "pat-123",
    "SALESFORCE_CLIENT_SECRET": "consumer-s3cret",
    "SALESFORCE_OUTBOUND_SECRET": "0123456789abcdef-of-the-outbound",
}
RECEIVING = """
webhooks:
  salesforce:
    outbound_secrets: [env:SALESFORCE_OUTBOUND_SECRET]
"""
SUFFIXES = {
    "CustomField": ("objects/{0}/fields/{1}.field-meta.xml", "CustomField"),
    "ListView": ("objects/{0}/listViews/{1}.listView-meta.xml", "ListView"),
    "PermissionSet": ("permissionsets/{0}.permissionset-meta.xml", "PermissionSet"),
    "WorkflowOutboundMessage": ("workflows/{0}.workflow-meta.xml", "Workflow"),
    "Flow": ("flows/{0}.flow-meta.xml", "Flow"),
}
"""By type: where its file is, by the parts of its name, and the root of the document (Salesforce fact sheet 5.4)."""
REQUIRED = {
    "Text": {"length", "externalId", "unique", "required"},
    "LongTextArea": {"length", "visibleLines"},
    "Number": {"precision", "scale", "required"},
    "Currency": {"precision", "scale", "required"},
    "Checkbox": {"defaultValue"},
    "Picklist": {"valueSet", "required"},
    "MultiselectPicklist": {"valueSet", "visibleLines", "required"},
    "Date": {"required"},
    "DateTime": {"required"},
    "Email": {"required"},
    "Phone": {"required"},
}
"""What a field of each type must say besides its names and help (Salesforce fact sheet 5.1)."""


@cache
def schema() -> etree.XMLSchema:
    """The schema in Salesforce's metadata WSDL, which the client library ships."""
    wsdl = etree.parse(str(Path(simple_salesforce.__file__).with_name("metadata.wsdl")))
    found = wsdl.find(f".//{_XSD}schema")
    for name in _DOCUMENTS:
        etree.SubElement(found, f"{_XSD}element", {"name": name, "type": f"tns:{name}"})
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))


def faults(text: str) -> list[str]:
    """What Salesforce's schema has against a document."""
    judge = schema()
    judge.validate(etree.fromstring(text.encode()))
    return [entry.message for entry in judge.error_log]


def plain(text: str) -> tuple[str, list]:
    """A document as nested lists of (name, text or children)."""
    return _plain(fromstring(text))


def _plain(element) -> tuple[str, list | str]:
    name = element.tag.removeprefix(NAMESPACE)
    return (name, [_plain(child) for child in element]) if len(element) else (name, element.text or "")


def said(text: str) -> dict:
    """The elements of a document that say one thing; of several under one name the last."""
    return dict(plain(text)[1])


def shipped(folder: Path, *, everything: bool = False, more: str = "") -> Loaded:
    """What ships, loaded; with companies and deals as well, and with more in config.yaml."""
    write_starter(folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text() + more)
    for name in ("companies", "deals") if everything else ():
        file = folder / "mappings" / f"{name}.yaml"
        file.write_text(file.read_text().replace("enabled: false", "enabled: true", 1))
    return load(config, ENV)


def public(folder: Path) -> None:
    """The service is reached from outside."""
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("  #public_url:", "  public_url:", 1))
