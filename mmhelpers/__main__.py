"""The commands: `python -m mmhelpers run | refresh | names | table | work | student | solved`."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

# Whatever takes a moment to import is imported where it is needed: Ctrl-C ends that in order, too.
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from mmhelpers.runs.plan import Job


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Gives the command and its options."""
    import argparse
    from pathlib import Path

    parser = argparse.ArgumentParser(prog="python -m mmhelpers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run notebooks and regenerate their plots")
    run.set_defaults(call=run_notebooks)
    run.add_argument("--quick", action="store_true", help="few steps; plots not over assets/")
    pair = {"nargs": 2, "metavar": ("NAME", "VALUE"), "action": "append", "default": []}
    run.add_argument("-p", dest="settings", **pair, help="a parameter, such as: -p steps 1000")
    run.add_argument("--output", type=Path, metavar="DIR", help="where to put it all (build/)")
    refresh = commands.add_parser("refresh", help="run on the lecture's list and store the outputs")
    refresh.set_defaults(call=refresh_notebooks)
    for command in run, refresh:
        command.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="which (all)")
        command.add_argument("--jobs", type=at_least_one, default=2, help="how many at once (2)")
    names = commands.add_parser("names", help="download the lecture's list of names")
    names.set_defaults(call=download_names)
    table = commands.add_parser(
        "table", help="write the table of V1 to V6 into README.md, draw its ladder"
    )
    table.set_defaults(call=write_versions)
    work = commands.add_parser("work", help="copy the notebooks to work/, where they are not yet")
    work.set_defaults(call=with_copies("lay_out_work"))
    student = commands.add_parser("student", help="copy them without solutions to build/student")
    student.set_defaults(call=with_copies("lay_out_student"))
    solved = commands.add_parser("solved", help="tell which exercises are solved in work/")
    solved.set_defaults(call=with_copies("tell_solved"))
    return parser.parse_args(arguments)


def at_least_one(text: str) -> int:
    """Gives a whole number of 1 or more; argparse reports anything else."""
    from argparse import ArgumentTypeError

    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"must be a whole number of 1 or more, not {text}")
    return number


def run_notebooks(options: argparse.Namespace) -> int:
    """Runs notebooks; gives 0 where all succeeded."""
    from mmhelpers.runs import plan, runner

    jobs = plan.plan(options.numbers, options.settings, options.quick, options.output)
    require_devices(jobs)
    return 1 if runner.run_jobs(jobs, options.jobs, then=runner.publish_plots) else 0


def refresh_notebooks(options: argparse.Namespace) -> int:
    """Runs notebooks at full length on the lecture's list, and stores the outputs of each."""
    from mmhelpers.runs import plan, runner

    jobs = plan.plan(options.numbers, [("names", "lecture")], refresh=True)
    require_devices(jobs)
    return 1 if runner.run_jobs(jobs, options.jobs, then=runner.store_outputs) else 0


def require_devices(jobs: list[Job]) -> None:
    """Raises `NotebookError` where a notebook is to compute on a device that is not there."""
    from mmhelpers.runs import NotebookError

    for device in {job.parameters.get("device", "cpu") for job in jobs} - {"cpu"}:
        from mmhelpers.training import pick_device

        try:
            pick_device(device)
        except ValueError as error:
            raise NotebookError(str(error)) from error


def download_names(options: argparse.Namespace) -> int:
    """Downloads the lecture's list."""
    from mmhelpers.data import DataError
    from mmhelpers.data.download import download_lecture_names

    try:
        print(f"saved {download_lecture_names()}")
    except DataError as error:
        complain(str(error))
        return 1
    return 0


def write_versions(options: argparse.Namespace) -> int:
    """Writes the table of the stored study into README.md, and draws its ladder."""
    from mmhelpers.study import StudyError
    from mmhelpers.study.table import README, draw_ladder, write_table

    try:
        write_table()
        draw_ladder()
    except StudyError as error:
        complain(str(error))
        return 1
    print(f"wrote the table of V1 to V6 into {README.name}, and drew assets/ladder.png")
    return 0


def with_copies(task: str) -> Callable[[argparse.Namespace], int]:
    """Gives a command that does something with copies of the notebooks."""

    def command(options: argparse.Namespace) -> int:
        from mmhelpers.runs import copies

        getattr(copies, task)()
        return 0

    return command


def call(arguments: list[str] | None = None) -> int:
    """Runs the command; gives the exit status."""
    options = parse(arguments)

    from mmhelpers.runs import NotebookError

    try:
        return options.call(options)
    except NotebookError as error:
        complain(str(error))
        return 2


def complain(text: str) -> None:
    """Prints an error, where somebody takes it."""
    with suppress(OSError):
        print(f"error: {text}", file=sys.stderr, flush=True)


def prepare_streams() -> None:
    """Makes the standard streams take any text; one that is closed takes it nowhere."""
    for name in "stdout", "stderr":
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        getattr(sys, name).reconfigure(errors="backslashreplace")


def deliver(status: int) -> int:
    """Sends off what is printed; gives the exit status, 1 where it was 0 and that fails."""
    for stream in sys.stderr, sys.stdout:
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # for the next attempt
            if stream is sys.stdout and not status:
                complain(f"can't print: {error.strerror}")
                status = 1
    return status


def main() -> int:
    """Runs the command; gives the exit status, 130 after Ctrl-C."""
    try:
        prepare_streams()
        status = call()
    except SystemExit as end:  # argparse has said what there is to say
        status = end.code
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        status = 1
    except KeyboardInterrupt:
        with suppress(OSError):
            print("interrupted: half-executed notebooks and old plots are kept", file=sys.stderr)
        status = 130
    return deliver(status)


if __name__ == "__main__":
    sys.exit(main())
