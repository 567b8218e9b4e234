from medical.dicom.deflated import limit_pydicom

limit_pydicom()
