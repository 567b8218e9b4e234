"""DICOM in and out: headers, frames, stacks, decoding, choice of series, parametric maps.

No NIfTI, NRRD or MetaImage (`medical.ct`), nothing about nodules.
"""

from medical.dicom.header.deflated import limit_pydicom

limit_pydicom()
