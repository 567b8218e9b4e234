"""Reading many CTs: batches, resumption, the queue's worker, and what is written for each."""
