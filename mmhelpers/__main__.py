"""The commands: `python -m mmhelpers run | refresh | names | table`."""

import argparse
import sys
from pathlib import Path

from mmhelpers.runs.files import NotebookError


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Gives the command and its options."""
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
    table = commands.add_parser("table", help="write the table of V1 to V6 into README.md")
    table.set_defaults(call=write_versions)
    return parser.parse_args(arguments)


def at_least_one(text: str) -> int:
    """Gives a whole number of 1 or more; argparse reports anything else."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number


def run_notebooks(options: argparse.Namespace) -> int:
    """Runs notebooks; gives 0 where all succeeded."""
    from mmhelpers.runs import plan, runner

    jobs = plan.plan(options.numbers, options.settings, options.quick, options.output)
    return 1 if runner.run_jobs(jobs, options.jobs, then=runner.publish_plots) else 0


def refresh_notebooks(options: argparse.Namespace) -> int:
    """Runs notebooks at full length on the lecture's list, and stores the outputs of each."""
    from mmhelpers.runs import plan, runner

    jobs = plan.plan(options.numbers, [("names", "lecture")])
    return 1 if runner.run_jobs(jobs, options.jobs, then=runner.store_outputs) else 0


def download_names(options: argparse.Namespace) -> int:
    """Downloads the lecture's list."""
    from mmhelpers.data import DataError
    from mmhelpers.data.download import download_lecture_names

    try:
        print(f"saved {download_lecture_names()}")
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def write_versions(options: argparse.Namespace) -> int:
    """Writes the table of the stored study into README.md."""
    from mmhelpers.study import StudyError
    from mmhelpers.study.table import README, write_table

    try:
        write_table()
    except (StudyError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"wrote the table of V1 to V6 into {README.name}")
    return 0


def main() -> int:
    """Runs the command; gives the exit status."""
    for stream in sys.stdout, sys.stderr:  # a cell's source may hold what a console can't show
        stream.reconfigure(errors="backslashreplace")
    options = parse()
    try:
        return options.call(options)
    except NotebookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted: half-executed notebooks and old plots are kept", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
