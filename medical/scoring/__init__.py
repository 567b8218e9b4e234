"""What scores CTs: one scorer a process, its runs over inputs, and the workers of the queue.

``batches`` goes over inputs, ``workers`` over the queue, ``forms`` writes what archives and viewers
take. How a CT is read, what a nodule is and what a report says do not live here.
"""
