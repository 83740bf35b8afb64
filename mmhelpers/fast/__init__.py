"""All that exists for speed alone, asked for by name: `quick = faster(model)`.

The form shares the model's tensors and is trained by the same `training.train`.

form         what every fast form is
windows      V1, V2, V4 and V5 without autograd; `passes` has the step of each layer
recurrent    RNN, GRU and LSTM: fewer operations a step
convolution  V6 and the CNN: padding left out
transformer  the Transformers' step: its backward pass by hand, padding left out; `blocks` has
             the parts
prefix_trees names that begin alike share the work on the beginning
kernels      leaving out padding, GELU by hand, torch's layer norm

V3 has none (its BatchNorm is the lecture's bug), nor have the models that are cheap as they are.
"""

from mmhelpers.fast.convolution import FastCNN, FastCommittee, FastWaveNet
from mmhelpers.fast.form import Form
from mmhelpers.fast.recurrent import FastRecurrent
from mmhelpers.fast.transformer import FastTransformer
from mmhelpers.fast.windows import FastWindows
from mmhelpers.layers import Layer, Sequential
from mmhelpers.models import (
    CNN,
    Committee,
    ModernTransformer,
    RecurrentModel,
    Transformer,
    WaveNet,
)

FORMS: dict[type[Layer], type[Form]] = {
    RecurrentModel: FastRecurrent,
    CNN: FastCNN,
    WaveNet: FastWaveNet,
    Committee: FastCommittee,
    Transformer: FastTransformer,
    ModernTransformer: FastTransformer,
    Sequential: FastWindows,
}


def has_faster(model: Layer) -> bool:
    """Whether `faster` knows a form of this model."""
    form = FORMS.get(type(model))
    return form is not None and form.serves(model)


def faster(model: Layer) -> Form:
    """The fast form of a model: same parameters (the same tensors), same result and gradients.

    The last digits differ, and so may the random numbers of dropout.  Raises ValueError for a
    model that has none.
    """
    if not has_faster(model):
        raise ValueError(f"{type(model).__name__} has no faster form: train it as it is")
    return FORMS[type(model)](model)


__all__ = ["Form", "faster", "has_faster"]
