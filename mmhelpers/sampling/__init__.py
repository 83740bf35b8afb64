"""Draws new names from a model, or searches for the likeliest; what can be said of them.

draw      one character from the probabilities of the next, as they are or sharpened
names     names, one after the other or many at once
beam      the likeliest names
measures  how many are different, how long, known or new
"""

from mmhelpers.sampling.beam import MAX_BEAM, beam_search
from mmhelpers.sampling.draw import inverse_cdf, multinomial, sharpen
from mmhelpers.sampling.measures import measures, novelty
from mmhelpers.sampling.names import (
    MAX_LENGTH,
    Reader,
    encode_prompt,
    evaluating,
    generate_names,
    sample_names,
)

__all__ = [
    "MAX_BEAM",
    "MAX_LENGTH",
    "Reader",
    "beam_search",
    "encode_prompt",
    "evaluating",
    "generate_names",
    "inverse_cdf",
    "measures",
    "multinomial",
    "novelty",
    "sample_names",
    "sharpen",
]
