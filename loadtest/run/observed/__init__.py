"""What somebody else publishes, told afterwards: which body is which document, and which version a read then returned.

A run that only watches makes no document and knows none beforehand. While it goes on, readers give each body that they
had not seen before a number; a watcher writes down each new ETag with the two HEADs that prove when it came. Only when
the run is sealed are the two put together: :mod:`~loadtest.run.observed.journal` reads what the watcher wrote,
:mod:`~loadtest.run.observed.bodies` says which bodies are whole, and :mod:`~loadtest.run.observed.placing` which
version a document was when it was read. Where the same document was published more than once, or was never seen by a
HEAD, that cannot always be told, and is then left open: never a stale read that nothing proves.
"""
