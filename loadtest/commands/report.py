"""Judge a recorded run and write its reports; a run that was killed is recovered first, up to its last flush."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from loadtest.errors import EXIT_INTERRUPTED
from loadtest.report import REPORT_FILES, without_page, write_reports
from loadtest.report.steps import Steps, silent, steps
from loadtest.run.records import EXIT_CODES
from loadtest.run.run_directory import must_be_folder, unusable
from loadtest.summary.summary import Summary
from loadtest.target.kept_document import is_owed
from loadtest.terminals import say


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

        print_answers(summary, files, sys.stdout)
        if is_owed(run_dir):
            from loadtest.load.owed import owed_sentence  # noqa: PLC0415

            say(owed_sentence(run_dir))
    return EXIT_CODES[summary.verdict]


def _report(run_dir: Path, progress: Steps) -> tuple[Summary, tuple[Path, ...]]:
    # These take a while to import, and who asks for help or gives no run should not wait for them.
    from loadtest.judge.analyse import analyse  # noqa: PLC0415
    from loadtest.run.sealing import pack  # noqa: PLC0415

    pack(run_dir, lambda: progress.stage("Packing what was recorded"))
    progress.stage("Judging the run")
    summary = analyse(run_dir, progress.part)
    progress.stage(f"Writing {', '.join(REPORT_FILES)}")
    return summary, write_reports(summary, run_dir)
