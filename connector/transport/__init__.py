"""What both adapters share on the wire: timeouts, the one retry, the throttle and the call counter."""
