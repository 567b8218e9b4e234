"""StarNet: a nodule's image and words read together; knows tensors and text, not patients.

The rating that radiologists would give is what it says; training lives in ``models.training``.
"""
