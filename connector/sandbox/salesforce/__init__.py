"""Salesforce, in memory and to the letter of the fact sheet.

`Org.handle` answers HTTP; `actions` does what people do on screens; `Org.load` fills it. Validation, describe, SOQL and
storage share one schema (fields.py), every write goes through one door (writing.py) and leaves its traces in one
place (journal.py). Imports nothing of the bridge.
"""

from connector.sandbox.salesforce.org import Org
from connector.sandbox.salesforce.settings import Settings

__all__ = ["Org", "Settings"]
