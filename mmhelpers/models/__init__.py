"""Whole models: `logits = model(x)` with x (B, T) int64, T = `model.block_size` or less.

bigram       the table of counts, and the same as a network
ngram        tables of counts with longer contexts
mlp          notebook 02's MLP, notebook 03's deep one
wavenet      V1 to V6
sequence     models that read whole names: bigram, MLP, recurrent, convolutional, bag of words
transformer  the Transformer, as in GPT-2 and as today
mixture      several models whose probabilities are averaged
registry     all of them by name: `build("v3", vocab_size)`
"""

from mmhelpers.models.bigram import BigramCounts, BigramNet
from mmhelpers.models.mixture import EveryPosition, Mixture, best_weights
from mmhelpers.models.mlp import MLP, DeepMLP, deep_mlp
from mmhelpers.models.ngram import NGram, NGramSizes
from mmhelpers.models.registry import NAME_MODELS, REGISTRY, build, find, multiply_adds, sizes_of
from mmhelpers.models.sequence import CNN, BagOfWords, Bigram, RecurrentModel, SequenceMLP
from mmhelpers.models.transformer import ModernTransformer, Transformer
from mmhelpers.models.wavenet import (
    WINDOW_MODELS,
    BatchNormPerPosition,
    Committee,
    CommitteeSizes,
    WaveBlock,
    WaveNet,
    WindowSizes,
    flat,
    tree,
)

__all__ = [
    "CNN",
    "MLP",
    "ModernTransformer",
    "NAME_MODELS",
    "NGram",
    "NGramSizes",
    "REGISTRY",
    "WINDOW_MODELS",
    "BagOfWords",
    "BatchNormPerPosition",
    "Bigram",
    "BigramCounts",
    "BigramNet",
    "Committee",
    "CommitteeSizes",
    "DeepMLP",
    "EveryPosition",
    "Mixture",
    "RecurrentModel",
    "SequenceMLP",
    "Transformer",
    "WaveBlock",
    "WaveNet",
    "WindowSizes",
    "best_weights",
    "build",
    "deep_mlp",
    "find",
    "flat",
    "multiply_adds",
    "sizes_of",
    "tree",
]
