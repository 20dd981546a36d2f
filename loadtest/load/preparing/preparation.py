"""What happens before a run begins: its directory, the writer or the watcher, and version 0 of the document.

Whatever a wrong setting can break fails here, before any load. What was in the store is kept in the run directory, and
is put back when the run ends, or when it cannot begin.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from loadtest.errors import UsageError
from loadtest.load.preparing.every_address import (
    check_all_answer,
    take_what_is_everywhere,
    wait_for_every_object,
    wait_for_version_0_everywhere,
)
from loadtest.load.preparing.owed import earlier_runs, take_over
from loadtest.load.preparing.own_documents import take_documents
from loadtest.load.preparing.publishing import caches_keep, put_arguments, refuse_if_one_is_there, refuse_too_few
from loadtest.load.preparing.watching import addresses_see, readers_see, take_first_document
from loadtest.load.writer.news import WatcherNews, WriterNews
from loadtest.load.writer.putting_back_process import PuttingBack
from loadtest.load.writer.watcher_process import WatcherProcess, with_key_of_a_reader
from loadtest.load.writer.writer_process import WriterProcess
from loadtest.run.documents.kind import Description, Documents
from loadtest.run.documents.kinds import documents_of, made_up_documents, observed_documents, standing_document
from loadtest.run.files import JOURNAL_NAME
from loadtest.run.run_directory import RunDirectory
from loadtest.run.settings import NO_WRITER, WATCH, Settings
from loadtest.run.source import find_source
from loadtest.sandbox.marker import identified
from loadtest.target.finding import Target
from loadtest.target.kept_document import about, forget, keep, kept_folder, kept_numbers
from loadtest.target.preflight import read_address
from loadtest.target.what_to_keep import Beginning, beginning
from loadtest.terminals import say


class Preparation:
    """One run before it begins. ``prepare`` fills in what the run needs: everything that is public here."""

    def __init__(self, environment: Any, settings: Settings, target: Target) -> None:
        self._environment = environment
        self._put_back: PuttingBack | None = None
        self._said: set[str] = set()
        self.settings = settings
        self.target = target
        self.shown_target: Target | None = None
        """The target with the endpoint that the writer uses, where that differs from what was given."""
        self.documents: Description = {}
        self.directory: RunDirectory | None = None
        self.writer: WriterProcess | None = None
        self.news: WriterNews | None = None

    def prepare(self) -> None:
        """Everything that can fail for want of a right setting, before any load."""
        check_all_answer(self.target)
        self.target = identified(self.target)
        self.directory = RunDirectory.create(self.settings.run_dir, find_source(self.settings.label))
        try:
            if self.settings.writer == WATCH:
                self._watch(self.directory)
            elif self.settings.writer == NO_WRITER:
                if said := addresses_see(self.target):
                    say(said)
                size = take_first_document(self.directory.path / JOURNAL_NAME, self.target)
                self.documents = observed_documents(size)
                self.settings = dataclasses.replace(self.settings, payload_bytes=size)
            elif self.settings.write_interval == 0:
                folder = self.directory.path
                size = take_what_is_everywhere(folder, folder / JOURNAL_NAME, self.target)
                self.documents = standing_document()
                self.settings = dataclasses.replace(self.settings, payload_bytes=size)
            else:
                documents = self._take_documents(self.directory)
                before = self._put_first_versions(self.directory, documents)
                self._wait_for_first_versions(self.directory, documents, before)
        except OSError as error:
            self.abandon()
            raise UsageError(
                f"{error.filename or self.directory.path} cannot be written ({error.strerror or error}): make room "
                "there, or give another --run-dir."
            ) from None
        except BaseException:
            self.abandon()
            raise

    def _watch(self, directory: RunDirectory) -> None:
        """Start the watcher, which never writes, and compare what it saw with what readers get."""
        target = with_key_of_a_reader(self.target)
        news = self.news = WatcherNews(self._environment, (target.object_key,), directory)
        watcher = self.writer = WatcherProcess(
            directory.run, directory.path, self.settings, target, {}, news.on_put, news.on_trouble, news.on_end
        )
        looked = watcher.first()
        self.shown_target = dataclasses.replace(target, s3_endpoint_url=looked.get("endpoint") or None)
        for one in target.each():
            if said := readers_see(one, looked, watcher.place):
                say(said)
        self.documents = observed_documents(looked["bytes"])
        self.settings = dataclasses.replace(self.settings, payload_bytes=looked["bytes"])

    def _take_documents(self, directory: RunDirectory) -> Documents:
        """The documents of the run: made up, or the user's own."""
        settings = self.settings
        if not settings.has_own_documents:
            self.documents = made_up_documents(settings.payload_bytes, len(self.target.objects()))
            return documents_of(self.documents, directory.run, directory.path)
        self.documents = take_documents(settings, directory.path, directory.run)
        documents = documents_of(self.documents, directory.run, directory.path)
        options = self._environment.parsed_options
        refuse_too_few(settings, documents, options.run_time if options.headless else None)
        self.settings = dataclasses.replace(settings, payload_bytes=documents.largest)
        return documents

    def _put_first_versions(self, directory: RunDirectory, documents: Documents) -> list[bytes | None]:
        """Start the writer, keep what is there, and replace it by the first version of each object.

        Returns what was there at each, where that is known.
        """
        settings, target, run_dir = self.settings, self.target, directory.path
        objects = target.objects()
        keys = [one.object_key for one in objects]
        news = self.news = WriterNews(self._environment, keys, directory)
        writer = self.writer = WriterProcess(
            *(directory.run, run_dir, settings, target, self.documents),
            *(news.on_put, news.on_trouble, news.on_end, news.on_published),
        )
        begins = [self._keep_what_is_there(directory, writer, one, number) for number, one in enumerate(objects)]
        before = [
            refuse_if_one_is_there(self.documents, documents, run_dir, key, number) for number, key in enumerate(keys)
        ]
        for number, begin in enumerate(begins):
            said = put_arguments(self.documents, run_dir, number)
            self._say(caches_keep(said))
            writer.put_first(begin.put, said, number)
        return before

    def _keep_what_is_there(
        self, directory: RunDirectory, writer: WriterProcess, target: Target, number: int
    ) -> Beginning:
        """What to do at an object, whose document is kept by now, or that of a run before this one; says so."""
        settings, run_dir = self.settings, directory.path
        looked = writer.look(number)
        begin = beginning(looked, target, lambda: read_address(target), overwrite=settings.overwrite)
        if not number:
            self.shown_target = dataclasses.replace(self.target, s3_endpoint_url=looked.get("endpoint") or None)
        known = about(directory.run, settings, target)
        if begin.keep is not None or begin.found_nothing:
            keep(kept_folder(run_dir, number), {**known, "from": "address"}, begin.keep)
        earlier = earlier_runs(run_dir, known, begin.made_up_by, number)
        lines = [begin.say, *earlier.say]
        if earlier.heir_of is not None:
            lines[0] = take_over(run_dir, earlier.heir_of, known, number, earlier.number)
        for line in lines:
            self._say(line)
        return begin

    def _say(self, line: str) -> None:
        """Say it once: an earlier run may owe what was at several objects."""
        if line and line not in self._said:
            self._said.add(line)
            say(line)

    def _wait_for_first_versions(
        self, directory: RunDirectory, documents: Documents, before: list[bytes | None]
    ) -> None:
        """Each address answers what was put at its object."""
        if not self.target.object_keys:
            wait_for_version_0_everywhere(self.target, documents, before[0])
            return
        own = [
            documents_of(self.documents | {"object": number}, directory.run, directory.path)
            for number in range(len(before))
        ]
        wait_for_every_object(self.target, own, before)

    def abandon(self) -> None:
        """Give up before the run began: stop the writer and leave no half run behind."""
        if self.writer is not None:
            self.writer.stop()
        may_write_late = self.writer is not None and self.writer.may_write_late  # then what was kept is still needed
        if self.directory is not None and self.put_back() and not may_write_late:
            self.directory.remove()

    def put_back(self) -> bool:
        """Put the document back that was there before the run; whether nothing is owed any more."""
        if self.directory is None or self.writer is None or not self.writer.may_have_written:
            return True
        if self._put_back is None:
            for number in kept_numbers(self.directory.path):
                if number not in self.writer.written:  # what is there now is as it was, or somebody else's
                    forget(self.directory.path, number)
            if not kept_numbers(self.directory.path):
                return True
            self._put_back = PuttingBack(self.directory.path, self.target)
        return self._put_back.done()

    @property
    def failed_to_put_back(self) -> bool:
        """Whether putting the document back was tried, and it is still owed."""
        return self._put_back is not None and not self._put_back.done()
