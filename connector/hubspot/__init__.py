"""The HubSpot side: wire facts in, readings and outcomes out (facts: HubSpot fact sheet sections 1 to 12).

crm.py is the side as the engine sees it; wire.py is the one door to the account; faults.py and refusals.py say what an
error means; reading.py, scanning.py, polling.py, writing.py and describing.py each know one kind of question. Nothing
above this package sees a status code, a page or a batch.
"""
