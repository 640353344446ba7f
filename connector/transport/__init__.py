"""What both adapters share on the wire: timeouts, the one retry, the throttle, the day's budget and the call counter.

The client libraries' own retries are off; each call takes a slot of the throttle and one of the budget, is counted, has
a timeout, and is repeated by `retrying` alone. Waiting goes through the clock that is handed in, so that a simulation
waits in no time. Nothing here knows a CRM.
"""
