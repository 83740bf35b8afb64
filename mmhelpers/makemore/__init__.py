"""The command line: `python -m mmhelpers.makemore` trains a model of names and samples from it.

options      the flags, and what fits them
command      the command as a whole: device, processes, errors
run          a training run
facts        what it says before it begins
samples      names drawn from the model
job          a model in training, from its flags
restore      the same from a checkpoint, which is checked
sizes        what sizes would take, before anything is built
lists        the list of names and what of it is held out
checkpoint   files of states
folder       the work directory: locked by a run, earlier runs kept
log          log.csv and loss.png
distributed  training by more than one process
console      output that never fails
stop         the signals that ask for an end
"""
