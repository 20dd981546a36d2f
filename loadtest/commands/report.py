"""Judge a recorded run and write its reports; a run that was killed is recovered first, up to its last flush."""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from loadtest.errors import EXIT_INTERRUPTED
from loadtest.report import REPORT_FILES, load_writers, without_page, write_reports
from loadtest.report.steps import Steps, silent, steps
from loadtest.run.records import EXIT_CODES
from loadtest.run.run_directory import must_be_folder, unusable
from loadtest.terminals import say

if TYPE_CHECKING:
    from loadtest.summary.summary import Summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_dir", type=Path, metavar="RUN_DIR", help="a run's directory, for example runs/latest")
    parser.add_argument("--quiet", action="store_true", help="write the reports and print nothing")
    parser.add_argument("--no-answers", action="store_true", help="write the reports and print no answers")


def run(arguments: argparse.Namespace) -> int:
    run_dir: Path = arguments.run_dir
    try:
        must_be_folder(run_dir)
        with silent() if arguments.quiet else steps() as progress:
            summary, files = _report(run_dir, progress)
    except OSError as error:
        raise unusable(run_dir, error) from None
    except KeyboardInterrupt:
        say(f"Stopped before the reports were written; make them with: report {run_dir}")
        return EXIT_INTERRUPTED
    if not arguments.quiet and (left_out := without_page()):
        say(left_out)
    if not (arguments.quiet or arguments.no_answers):
        from loadtest.report.terminal import print_answers  # noqa: PLC0415
        from loadtest.target.kept_document import is_owed  # noqa: PLC0415

        print_answers(summary, files, sys.stdout)
        if is_owed(run_dir):
            from loadtest.load.preparing.owed import owed_sentence  # noqa: PLC0415

            say(owed_sentence(run_dir))
    return EXIT_CODES[summary.verdict]


def _report(run_dir: Path, progress: Steps) -> tuple[Summary, tuple[Path, ...]]:
    # These take a while to import, and who asks for help or gives no run should not wait for them.
    from loadtest.run.loading import load_history  # noqa: PLC0415
    from loadtest.run.sealing.sealing import pack  # noqa: PLC0415

    pack(run_dir, lambda: progress.stage("Packing what was recorded"))
    progress.stage("Judging the run")
    with ThreadPoolExecutor(1) as beside:
        beside.submit(_import_the_rest)  # decoding columns leaves the interpreter to it
        history = load_history(run_dir)
        from loadtest.judge.analyse import summarise  # noqa: PLC0415

        summary = summarise(history, progress.part)
    progress.stage(f"Writing {', '.join(REPORT_FILES)}")
    return summary, write_reports(summary, run_dir)


def _import_the_rest() -> None:
    """Import what judges and what writes. What fails here fails again where it is needed."""
    import_module("loadtest.judge.analyse")
    load_writers()
