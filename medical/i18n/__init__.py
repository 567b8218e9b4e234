"""The program's sentences in English and Chinese: messages, their catalogue, its upkeep.

English is written where it is said and is the key of the catalogue; the Chinese stands in
``locale/zh/LC_MESSAGES/starlung.po``. The package lies at the bottom of ``medical`` because a
reader's sentence may begin anywhere above it, in a DICOM header as on the page, and imports run
downhill only. No sentence lives here, and nothing that decides which one is said.
"""
