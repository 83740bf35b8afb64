"""What every fast form of a model is."""

from __future__ import annotations

from torch import Tensor

from mmhelpers.layers import Layer


class Form(Layer):
    """A faster way to compute a model: another program with the model's own tensors.

    Trains, evaluates and is saved as the model itself, `plain`, which holds what is learnt.  In
    evaluation mode a form may leave the work to it.
    """

    def __init__(self, plain: Layer) -> None:
        self.plain, self.block_size, self.training = plain, plain.block_size, plain.training

    @classmethod
    def serves(cls, plain: Layer) -> bool:
        """Whether the form knows all parts of this model."""
        return True

    def state_dict(self) -> dict[str, Tensor]:
        """The tensors of the plain model, under its names."""
        return self.plain.state_dict()
