"""Receivers of events: verify, record, mark, answer; nothing here reads a CRM or decides anything."""
