"""Documents: which bytes version v of a run is, and what bytes that came back could be.

One description, a small JSON object, says what documents a run has. It is in ``run.json`` and in the plan that every
process of the run gets, so that writer, readers, sealing and putting back all speak of the same bytes.

A kind of documents is added in three steps:

1. a module here with a class that is :class:`loadtest.run.documents.kind.Documents`, and one that is
   :class:`loadtest.run.documents.kind.BodyVerifier`, which ``verifier()`` makes. A kind whose bytes are not known
   beforehand (somebody else publishes them) has ``render`` return None; whatever asks for bytes goes on without.
2. a line in ``KINDS`` of ``kinds.py``: the name that its description has under ``"kind"``, and what makes the class
   from a :class:`loadtest.run.documents.kind.Described`: the description, the run's name and the run's directory. Bytes
   that are not a function of those lie in the run directory, for the owner's eyes only; ``files_of`` names them, for
   readers on other hosts.
3. whoever prepares the run (``load/coordinator.py``) puts the description into the plan.

A verifier lives as long as its process records. It is asked for each body that is not, byte for byte, the last one it
told (``latest_body``); it must never raise, and what one body costs it must have a bound.
"""
