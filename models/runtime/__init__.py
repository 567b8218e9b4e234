"""Where the networks run when CTs are read: arrays in, arrays out; picked by what the machine has.

What lives here: the backends (OpenVINO on a CPU, torch on a GPU), converted networks and their
cache, and what is done with the networks' arrays (windows, mirrors, peaks, crops, dropout layers).
What may not: losses, anything of training, and an import of torch outside of ``conversion``,
``of_modules`` and ``torch_device``: scoring on a CPU starts without torch.
"""
