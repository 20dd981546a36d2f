"""Works out afterwards what somebody else published: which document a body is, and which version a read returned.

A run that only watches makes no document and knows none beforehand. While it goes on, readers give each new body a
number, and a watcher writes down each new ETag with the two HEADs that prove when it came. Only when the run is sealed
are the two put together: :mod:`~loadtest.run.observed.watcher_journal` reads what the watcher wrote,
:mod:`~loadtest.run.observed.bodies` says which bodies are whole, and :mod:`~loadtest.run.observed.placing` which
version a document was when it was read. If the same document was published more than once, or was never seen by a HEAD,
the version cannot always be determined. Then it is left open, and never counted as a stale read that nothing proves.
"""
