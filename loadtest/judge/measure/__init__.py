"""What is measured of a run and is no verdict: latency, the impact of writes, consistency windows, 304s, the generator.

Each is a pure function of a History; the records that they return are in :mod:`loadtest.summary`.
"""
