"""`python -m mmhelpers.makemore -i names.txt -o names`; `--help` lists the flags."""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Gives the exit status.

    0: done, and saved where it was stopped by Ctrl-C, SIGTERM, SIGHUP or a reader that left;
    2: can't be done as asked, nothing was touched; 1: went wrong; 128 and the signal's number:
    stopped where there was nothing to save, or told twice.
    """
    try:
        return in_console(arguments)
    except KeyboardInterrupt as stopped:
        print("interrupted: what was saved before is whole", file=sys.stderr)
        return getattr(stopped, "status", 130)


def in_console(arguments: list[str] | None) -> int:
    """The same, but that an interrupt is raised.  What is imported here may take a while."""
    from mmhelpers.makemore.console import LEFT, console
    from mmhelpers.makemore.stop import handled, held

    with handled(), console() as output:
        from mmhelpers.makemore.options import parse

        options = parse(arguments)
        with held():
            from mmhelpers.makemore import command  # imports torch, which --help does not need

        status = command.main(options)
        output.flush()
        if output.error and output.error.errno not in LEFT:
            print(f"error: standard output: {output.error.strerror}", file=sys.stderr)
            return status or 1
        return status


if __name__ == "__main__":
    sys.exit(main())
