"""Spill-over: counts of a cell that came from its neighbours, by position and class profiles, without molecules.

:mod:`neighbourhoods` finds the neighbours, :mod:`mixture` is the likelihood of a cell among them, :mod:`estimate` the
estimate of a section, :mod:`second_type` the type that explains the rest of a cell; :mod:`result` brings them together,
:mod:`run` writes them, and :mod:`purified` moves counts back.
"""
