"""What the notebooks share: data, layers, losses, optimisers, training, plots.

Each public name that teaches something is built inline in one notebook, its home, and
imported from here in every later one.  Where things are:

    data         the lists of names, the vocabulary, the splits, the training examples
    layers       the building blocks of the networks
    losses       softmax and cross-entropy by hand
    optim        gradient descent and its learning-rate schedules
    models       whole models, built from the layers
    training     train a model, measure its loss
    diagnostics  what a network in training looks like inside, and what is wrong with it
    versions     V1 to V6; `study` trains them over seeds, `fast` without autograd
    sequence     recurrent cells, convolution, attention; `sequence_models` the whole models
    kernels      what makes those fast, `packed` the Transformer's
    sampling     draw new names from a model
    reference    the figures that a run is expected to reach
    plotting     one drawing function a figure
    notebooks    runs the notebooks headlessly
    makemore     the command line that trains one of the models
"""
