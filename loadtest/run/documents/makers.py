"""Whether a load test made a document, told from the document alone."""

from __future__ import annotations

from loadtest.run.documents.made_up import made_up_by
from loadtest.run.documents.stamps import stamped_by


def maker_of(body: bytes) -> str:
    """The run that made this document up, or stamped it; "" when it does not prove that one did.

    One that is published as it is, or whose stamp is a number, proves nothing: its run's directory tells.
    """
    return made_up_by(body) or stamped_by(body)
