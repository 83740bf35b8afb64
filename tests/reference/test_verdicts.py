"""The verdict on an exercise."""

import pytest

from mmhelpers.reference import verdict


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
