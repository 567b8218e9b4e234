"""A worker of the queue: studies and readers' jobs, one after another, each under a lease.

How a study is scored lives in ``medical.scoring.batches``, what the queue is in ``medical.store``.
"""
