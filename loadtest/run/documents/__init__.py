"""Documents: the bytes of version v of a run, and what a body that came back is.

One description, a small JSON object, says what documents a run has. It is in ``run.json`` and in the plan that every
process of the run gets, so that writer, readers, sealing and putting back all use the same bytes.

A kind of documents is added in three steps:

1. a module here with a class that is :class:`loadtest.run.documents.kind.Documents`, and one that is
   :class:`loadtest.run.documents.kind.BodyVerifier`, which ``verifier()`` makes. A kind whose bytes are not known
   beforehand (somebody else publishes them) has ``render`` return None; callers do without the bytes then.
2. a line in ``KINDS`` of ``kinds.py``: the name under ``"kind"`` in its description, and a function that makes the
   class from a :class:`loadtest.run.documents.kind.Described`: the description, the run's name and its directory. Bytes
   that do not follow from those are kept in the run directory, readable by its owner only, and ``files_of`` names them
   for readers on other hosts.
3. ``load/preparing/preparation.py`` makes the description when a run is prepared, and the coordinator puts it into the
plan.

A verifier lives as long as its process records. It is asked about each body that is not, byte for byte, the last one
that it identified (``latest_body``). It must never raise, and the cost of a body must have a limit.
"""
