"""Reading many CTs: batches, resumption, the queue's worker, and what is written for each.

How one CT is read lives in `detection`, the files' names in `results`, the queue in `store`.
"""
