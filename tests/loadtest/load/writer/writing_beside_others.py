"""The writer of a run at a store to which others write, too; for tests."""

from functools import partial
from pathlib import Path
from typing import Any

from kept_objects import RUN, about

from loadtest.load.writer.conditional_puts import Replacing, recognised
from loadtest.load.writer.writer import PayloadWriter
from loadtest.run.documents.made_up_verifier import MADE_UP, MadeUp
from loadtest.run.files import JOURNAL_NAME, KEPT_ABOUT, KEPT_DOCUMENT, KEPT_LATER
from loadtest.run.journal import Journal, load_journal
from loadtest.run.records import WriteOutcome
from loadtest.target.kept_document import keep, keep_later, kept_folder
from loadtest.target.s3_store import S3Store
from tests.targets.odd_store import OddStore

ACKED, REFUSED, UNKNOWN = WriteOutcome.ACKED, WriteOutcome.REFUSED, WriteOutcome.UNKNOWN
THEIRS = b'{"theirs": 1}'
SIZE = 512


class Writing:
    """The writer of a run at an odd store, in this process, with what the run's directory keeps.

    It has put version 0 over what is there.
    """

    def __init__(self, odd: OddStore, run_dir: Path, documents: Any = None, kind: str = MADE_UP) -> None:
        self._documents = documents or MadeUp(RUN, SIZE)
        self._journal = run_dir / JOURNAL_NAME
        store, folder = S3Store(about(odd)), kept_folder(run_dir)
        look = store.look()
        keep(folder, about(odd, **{"from": "store"}), look if look.found == "document" else None)
        own = Replacing(store, look, recognised(self._documents, kind), partial(keep_later, folder, about(odd)))
        self._writer = PayloadWriter(self._documents, [own], Journal(self._journal, lambda event: None))
        condition = {"document": {"IfMatch": look.etag}, "nothing": {"IfNoneMatch": "*"}}
        assert self.put(0, first=condition.get(look.found, {})) is ACKED

    def put(self, version: int, **how: Any) -> WriteOutcome:
        return self._writer.put(version, self._documents.render(version), **how)

    @property
    def error(self) -> str:
        """Of the last PUT."""
        return str(load_journal(self._journal)[0][-1]["error"])


def published(run_dir: Path) -> list[bytes]:
    """What is kept of somebody else, oldest first."""
    folders = sorted(kept_folder(run_dir).glob(f"{KEPT_LATER}*"))
    return [(folder / KEPT_DOCUMENT).read_bytes() for folder in folders if (folder / KEPT_ABOUT).exists()]
