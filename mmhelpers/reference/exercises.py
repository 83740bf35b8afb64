"""The verdict on an exercise, in one wording, whatever the attempt is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch.overrides import TorchFunctionMode

NOT_TRIED = "not tried yet"


def verdict(check: Callable[..., str | None], attempt: object, *given: object) -> str:
    """Gives "not tried yet" for an attempt of None, else "right" or "not yet: " and a hint.

    `check(attempt, *given)` returns None where the attempt is right, and the hint where it is
    not (or "not tried yet", for a function whose body is still to be written).  An attempt
    that stops with an error is told so: a wrong type must not look like a broken notebook.
    """
    if attempt is None:
        return NOT_TRIED
    try:
        hint = check(attempt, *given)
    except Exception as error:  # it comes from the learner's code, or from what that gave
        lines = str(error).strip().splitlines()
        reason = f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
        hint = f"with your attempt the check stops with {reason}"
    if hint is None:
        return "right"
    return hint if hint == NOT_TRIED else f"not yet: {hint}"


class Without(TorchFunctionMode):
    """Within it torch's functions of these names stop with a ValueError that names them.

    For an exercise whose point is to write them: `with Without("softmax", "logsumexp"): …`.
    """

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def __torch_function__(
        self,
        func: Callable,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        name = getattr(func, "__name__", "")
        if name in self.names:
            raise ValueError(f"{name} does the exercise for you: use plainer operations")
        return func(*args, **(kwargs or {}))
