"""What the notebooks share: data, layers, losses, optimisers, models, training, plots.

Each public name that teaches something is built inline in one notebook, its home, and
imported from here in every later one.  The rooms, floor by floor; each imports only from floors
below:

    data         the lists of names, the vocabulary, the splits, the training examples
    losses       softmax and cross-entropy by hand; the backward passes of notebook 04
                 (`linear_backward`, `batch_norm_backward` ...)
    optim        gradient descent, AdamW, learning-rate schedules
    reference    the figures that a run is expected to reach (figures.csv), and their check

    layers       the building blocks, plain as the notebooks build them: basic (Linear, Tanh,
                 BatchNorm1d ...), recurrent, convolution, attention
    runs         runs the notebooks headlessly

    models       whole models, and the registry of all by name: bigram, ngram, mlp, wavenet
                 (V1 to V6), sequence, transformer, mixture
    diagnostics  what a network in training looks like inside, and what is wrong with it

    training     train a model, measure its loss
    sampling     draw new names from a model, or look for the likeliest: draw, names, beam, measures
    plotting     one drawing function a figure

    fast         all that exists for speed alone, asked for by name: `faster(model)` is a form
                 with the same parameters; windows (V1 to V5), transformer, recurrent ...

    study        many training runs in a grid, stored: recipes, grid, table
    makemore     the command line that trains one of the models
"""
