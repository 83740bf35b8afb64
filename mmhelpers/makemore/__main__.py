"""`python -m mmhelpers.makemore -i names.txt -o names`; `--help` lists the flags."""

import sys

from mmhelpers.makemore.options import parse


def main(arguments: list[str] | None = None) -> int:
    """Gives the exit status: 0, 2 for what can't be done as asked, 1 for what went wrong."""
    try:
        options = parse(arguments)
        from mmhelpers.makemore import run  # imports torch, which --help does not need

        return run.main(options)
    except KeyboardInterrupt:
        print("interrupted: what was saved before is whole", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
