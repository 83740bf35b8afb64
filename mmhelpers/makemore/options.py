"""The flags of the command line: those of makemore.py, and a few more."""

from __future__ import annotations

import argparse
from collections.abc import Callable

MODEL_FLAGS = ("n_layer", "n_head", "n_embd", "n_embd2", "dropout")
DEFAULTS = {
    "type": "transformer",
    "seed": 3407,
    "batch_size": 32,
    "learning_rate": 5e-4,
    "weight_decay": 0.01,
    "cosine_steps": 0,
    "average": 0.0,
}


ENDS = """
Ctrl-C, SIGTERM, SIGHUP and a reader that leaves (as in "| head") end the training after the step
at hand: all is saved, exit status 0.  A second Ctrl-C ends it at once.  Status 2: it can't be done
as asked, and nothing was touched; 1: it went wrong; 130, 143, 129: Ctrl-C, SIGTERM or SIGHUP came
where there was nothing to save.  A run that is begun anew where one is keeps that in previous/1,
previous/2, and so on.
"""


class Parser(argparse.ArgumentParser):
    """Reports an error in one line."""

    def error(self, message: str) -> None:
        """Ends with status 2."""
        self.exit(2, f"error: {message} (--help lists the flags)\n")


def number(kind: type, fits: Callable[[float], bool], wanted: str) -> Callable[[str], float]:
    """A type for argparse: a number of that kind that fits; `wanted` says which those are."""

    def parse_number(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not fits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    return parse_number


layers = number(int, lambda n: 0 < n <= 1000, "a whole number from 1 to 1000")
positive = number(int, lambda n: 0 < n < 2**31, "a whole number of 1 or more, below 2**31")
natural = number(int, lambda n: 0 <= n < 2**63, "a whole number of 0 or more, below 2**63")
unlimited = number(int, lambda n: n >= -1, "a whole number of 0 or more, or -1 for no limit")
top_k = number(int, lambda n: n >= 1 or n == -1, "a whole number of 1 or more, or -1 for all")
above_0 = number(float, lambda x: 0 < x < float("inf"), "a number above 0")
from_0 = number(float, lambda x: 0 <= x < float("inf"), "a number of 0 or more")
share = number(float, lambda x: 0 <= x < 1, "a number from 0 to below 1")
# What fits is the same for a flag and for what a checkpoint says.
LIMITS = {
    "seed": natural,
    "batch_size": positive,
    "learning_rate": above_0,
    "weight_decay": from_0,
    "cosine_steps": natural,
    "n_layer": layers,
    "n_head": positive,
    "n_embd": positive,
    "n_embd2": positive,
    "dropout": share,
    "average": share,
}
top_p = number(float, lambda x: 0 < x <= 1, "a number above 0 and at most 1")
min_p = number(float, lambda x: 0 <= x <= 1, "a number from 0 to 1")
beam = number(int, lambda n: 1 <= n <= 10_000, "a whole number from 1 to 10,000")  # MAX_BEAM
# What changes how names are drawn, with what leaves all as it is.
DRAWING = {"temperature": 1.0, "top_k": -1, "top_p": 1.0, "min_p": 0.0}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """The flags as given; None for what is left to a checkpoint, the model or `DEFAULTS`."""
    parser = Parser(
        prog="python -m mmhelpers.makemore", description="Make more names.", epilog=ENDS
    )
    add = parser.add_argument
    names = "one name a line, or auto, bundled, lecture (names.txt of this directory, else auto)"
    add("-i", "--input-file", help=names)
    add("-o", "--work-dir", default="out", help="directory of all that is written (%(default)s)")
    add("--resume", action="store_true", help="go on with the training in the work directory")
    add("--sample-only", action="store_true", help="only sample from the model there")
    add("-n", "--num-workers", type=natural, default=4, help="not needed: names are in memory")
    total = "steps in all, with those before --resume; -1: until Ctrl-C (-1)"
    add("--max-steps", type=unlimited, default=-1, help=total)
    add("--device", default="cpu", help="cpu, cuda, cuda:2, mps or auto (%(default)s)")
    add("--seed", type=natural, help="of everything random (3407)")
    add_sampling(parser.add_argument_group("sampling").add_argument)
    model = "What a type has no use for is left out; v1 ... v6 have sizes of their own."
    add_model(parser.add_argument_group("model", model).add_argument)
    add = parser.add_argument_group("optimisation").add_argument
    add("-b", "--batch-size", type=positive, help="names a step, of all processes together (32)")
    add("-l", "--learning-rate", type=above_0, help="(5e-4)")
    add("-w", "--weight-decay", type=from_0, help="(0.01)")
    cosine = "steps in which the learning rate falls to 0 along a cosine, 0: it stays (0)"
    add("--cosine-steps", type=natural, help=cosine)
    average = "weights averaged over steps, each later one by 1 - this: 0.999; 0: the last ones (0)"
    add("--average", type=share, help=average)
    options = parser.parse_args(arguments)
    if options.beam:
        check_beam(parser, options)
    return options


def check_beam(parser: Parser, options: argparse.Namespace) -> None:
    """Ends with status 2 where other flags contradict --beam."""
    for name, neutral in DRAWING.items():
        if getattr(options, name) != neutral:
            flag = f"--{name.replace('_', '-')}"
            parser.error(f"--beam looks for the likeliest names and draws none: leave out {flag}")
    if (options.num_samples or 1) > options.beam:
        number, width = options.num_samples, options.beam
        parser.error(f"a beam of {width} finds no {number} names: give --beam {number} or more")


def add_sampling(add: Callable[..., object]) -> None:
    """Adds the flags about samples."""
    add("--top-k", type=top_k, default=-1, help="only the k likeliest letters, -1 all (-1)")
    add("--top-p", type=top_p, default=1.0, help="only the likeliest of this share (%(default)s)")
    least = "only those at least this times as likely as the likeliest (%(default)s)"
    add("--min-p", type=min_p, default=0.0, help=least)
    likeliest = "instead of drawing: the likeliest names, by so many beginnings at once"
    add("--beam", type=beam, help=likeliest)
    add("--temperature", type=above_0, default=1.0, help="lower is safer (%(default)s)")
    add("--prompt", default="", help="what every name begins with")
    add("--num-samples", type=positive, help="how many (10 in training, 50 with --sample-only)")


def add_model(add: Callable[..., object]) -> None:
    """Adds the flags about the model."""
    types = "bigram mlp rnn gru lstm cnn bow transformer modern v1 ... v6 ngram (transformer)"
    add("--type", help=f"{types}; ngram counts 5 letters back (Kneser-Ney), in a single step")
    add("--n-layer", type=layers, help="blocks (4)")
    add("--n-head", type=positive, help="heads of a Transformer (4)")
    add("--n-embd", type=positive, help="width of the embeddings (64)")
    add("--n-embd2", type=positive, help="width of the hidden layer or state (64)")
    add("--dropout", type=share, help="share of what is left out in training (0)")
