"""Metadata of the org: deployed as zips over REST, retrieved over SOAP (Salesforce fact sheet 5).

A document is read with its positions (documents), held against Salesforce's own schema (schema) and becomes plain
content: mappings and lists, as the Tooling API spells metadata in JSON. A parcel is a zip taken apart into components;
a stage judges them against the org and each other; what stands is applied, all or nothing unless the caller says not.
"""
