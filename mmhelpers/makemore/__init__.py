"""The command line: `python -m mmhelpers.makemore` trains a model of names and samples from it.

options      the flags
job          a model in training, from its flags or from its checkpoint
log          log.csv and loss.png
run          what the command does
"""
