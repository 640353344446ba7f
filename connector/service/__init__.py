"""The bridge as a service: web application, worker loop, jobs of many workers, listeners. What is due is found in the
store, so that nothing here cares who woke it; signals, threads and processes live here and nowhere below.
"""
