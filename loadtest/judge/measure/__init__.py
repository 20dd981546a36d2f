"""What is measured of a run: latency, the impact of writes, consistency windows, 304s, the load generator.

Each measure is a pure function of a History and has no verdict; the records are in :mod:`loadtest.summary`.
"""
