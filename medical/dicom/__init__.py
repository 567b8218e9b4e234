"""DICOM in: headers, frames, stacks, decoding, choice of series.

No NIfTI, NRRD or MetaImage (`medical.io`), nothing about nodules.
"""

from medical.dicom.header.unpack_limits import limit_pydicom

limit_pydicom()
