"""Listening beside the worker: from a change in Salesforce to a mark in our store."""

import time

from connector.core.refs import salesforce
from connector.service.listeners import companions
from tests.salesforce.bus import until
from tests.service.lines import town


def test_a_change_in_salesforce_is_marked_within_a_second(tmp_path):
    with town(tmp_path) as here, companions(here.installation):
        until(lambda: here.state("pubsub.place"))
        here.fold()
        began = time.monotonic()
        ref = salesforce("Lead", here.lead())
        until(lambda: here.fold() and ref in here.dirty(), 1.0)
        assert time.monotonic() - began < 1.0
