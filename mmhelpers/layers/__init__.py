"""The layers, each as its home notebook builds it.

base         what a layer is
basic        Linear, Tanh, BatchNorm1d, Embedding, FlattenConsecutive, Sequential …
recurrent    the cells of RNN, GRU and LSTM, what reads them over a name, and minGRU
convolution  joining a position with earlier ones
attention    attention, and the Transformer's block as in GPT-2 and as today
"""

from mmhelpers.layers.attention import (
    GELU,
    Cache,
    CausalSelfAttention,
    LinearAttention,
    ModernBlock,
    RotaryAttention,
    SwiGLU,
    TransformerBlock,
    angles,
    rotated,
)
from mmhelpers.layers.base import Layer, parameter
from mmhelpers.layers.basic import (
    BatchNorm1d,
    Dropout,
    Embedding,
    Flatten,
    FlattenConsecutive,
    Identity,
    LayerNorm,
    Linear,
    ReLU,
    Residual,
    RMSNorm,
    Sequential,
    Tanh,
)
from mmhelpers.layers.convolution import CausalAverage, CausalConv1d, delayed
from mmhelpers.layers.recurrent import (
    Cell,
    GRUCell,
    LSTMCell,
    MinGRU,
    Recurrent,
    RNNCell,
    State,
    scan,
)

__all__ = [
    "GELU",
    "BatchNorm1d",
    "Cache",
    "CausalAverage",
    "CausalConv1d",
    "CausalSelfAttention",
    "Cell",
    "Dropout",
    "Embedding",
    "Flatten",
    "FlattenConsecutive",
    "GRUCell",
    "Identity",
    "LSTMCell",
    "Layer",
    "LayerNorm",
    "Linear",
    "LinearAttention",
    "ModernBlock",
    "RMSNorm",
    "MinGRU",
    "RNNCell",
    "ReLU",
    "Recurrent",
    "Residual",
    "RotaryAttention",
    "Sequential",
    "State",
    "SwiGLU",
    "Tanh",
    "TransformerBlock",
    "angles",
    "delayed",
    "parameter",
    "rotated",
    "scan",
]
