"""Which load test made a document, found from the document alone."""

from __future__ import annotations

from loadtest.run.documents.made_up import made_up_by
from loadtest.run.documents.stamps import stamped_by


def maker_of(body: bytes) -> str:
    """The run that made this document up, or stamped it; "" when the document does not prove that one did.

    A document that is published unchanged, or whose stamp is a number, proves nothing. Its run's directory is needed.
    """
    return made_up_by(body) or stamped_by(body)
