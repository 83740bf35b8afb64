"""The verdict on an exercise."""

import pytest
import torch
import torch.nn.functional as F

from mmhelpers.reference import Without, verdict


def check_double(attempt, number):
    value = attempt(number)
    if value == "later":
        return "not tried yet"
    return None if value == 2 * number else f"for {number} it gives {value}"


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (None, "not tried yet"),
        (lambda n: "later", "not tried yet"),
        (lambda n: 2 * n, "right"),
        (lambda n: n * n, "not yet: for 3 it gives 9"),
        (lambda: 6, "not yet: with your attempt the check stops with TypeError: "),
        (6, "not yet: with your attempt the check stops with TypeError: 'int' object is not"),
        ("n + n", "not yet: with your attempt the check stops with TypeError: 'str' object is"),
        (lambda n: {}[n], "not yet: with your attempt the check stops with KeyError: 3"),
        (lambda n: next(iter([])), "not yet: with your attempt the check stops with StopIterat"),
    ],
)
def test_verdict(attempt, said):
    told = verdict(check_double, attempt, 3)
    assert told.startswith(said)
    assert "\n" not in told


def test_one_line_of_an_error_of_many():
    def long(attempt):
        raise ValueError("first\nsecond")

    assert verdict(long, 1) == "not yet: with your attempt the check stops with ValueError: first"


def test_an_interrupt_is_no_verdict():
    def stop(attempt):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict(stop, 1)


Z, Y = torch.zeros(2, 3), torch.tensor([0, 2])


@pytest.mark.parametrize(
    ("attempt", "named"),
    [
        (lambda z: F.softmax(z, 1), "softmax"),
        (lambda z: torch.softmax(z, 1), "softmax"),
        (lambda z: z.softmax(1), "softmax"),
        (lambda z: z.logsumexp(1), "logsumexp"),
        (lambda z: torch.nn.CrossEntropyLoss()(z, Y), "cross_entropy"),
    ],
)
def test_without_what_is_ready_made(attempt, named):
    with (
        Without("softmax", "logsumexp", "cross_entropy"),
        pytest.raises(ValueError, match=f"^{named} does the exercise for you"),
    ):
        attempt(Z)
    attempt(Z)  # afterwards all is as before


def test_without_lets_the_rest_pass_and_may_be_used_again():
    without = Without("softmax")
    for _ in range(2):
        with without:
            exp = Z.exp()
            assert torch.equal(exp / exp.sum(1, keepdim=True), torch.full((2, 3), 1 / 3))
