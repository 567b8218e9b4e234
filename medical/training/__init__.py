"""Everything that makes a model out of CTs: retraining on own cases, its gate and its card.

Nothing on the path of ``score`` or ``serve`` may import it. Cases are gathered in ``cases``,
scores become probabilities in ``calibration``, unlabelled CTs are learnt from in ``adapting``.
"""
