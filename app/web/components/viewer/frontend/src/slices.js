// NiiVue set up for reading a chest CT: three planes, radiological convention, no hot keys that surprise.
import { DRAG_MODE, Niivue, SLICE_TYPE } from '@niivue/niivue'

const LAYOUT = [
  { sliceType: SLICE_TYPE.AXIAL, position: [0, 0, 0.56, 1] },
  { sliceType: SLICE_TYPE.CORONAL, position: [0.565, 0, 0.435, 0.497] },
  { sliceType: SLICE_TYPE.SAGITTAL, position: [0.565, 0.503, 0.435, 0.497] },
]

/** A NiiVue on `canvas`; `onDraw` runs after every picture, whatever caused it. */
export async function createSlices(canvas, onDraw) {
  const nv = new Niivue({
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    isCornerOrientationText: false,
    showAllOrientationMarkers: true,
    fontMinPx: 12,
    fontSizeScaling: 0.1,
    fontColor: [0.62, 0.71, 0.78, 1],
    crosshairColor: [0.37, 0.83, 0.9, 0.55],
    crosshairWidth: 1,
    crosshairWidthUnit: 'voxels',
    crosshairGap: 12,
    backColor: [0, 0, 0, 1],
    dragMode: DRAG_MODE.windowing,
    dragAndDropEnabled: false,
    isForceMouseClickToVoxelCenters: true,
    clipPlaneHotKey: '',
    cycleClipPlaneHotKey: '',
    viewModeHotKey: '',
    loadingText: '',
    logLevel: 'error',
  })
  await nv.attachToCanvas(canvas, false)
  nv.setCustomLayout(LAYOUT)
  // NiiVue has no event "picture drawn"; pan, wheel, resize and window all end in drawScene.
  const draw = nv.drawScene.bind(nv)
  nv.drawScene = () => {
    const text = draw()
    onDraw()
    return text
  }
  return nv
}

/** Load one volume and show it through a window. */
export async function loadVolume(nv, url, { low, high }) {
  await nv.loadVolumes([{ url, name: 'ct.nii', colormap: 'gray', cal_min: low, cal_max: high }])
}

/** Show HU between `low` and `high`. */
export function setWindow(nv, { low, high }) {
  const [volume] = nv.volumes
  if (!volume) return
  volume.cal_min = low
  volume.cal_max = high
  nv.updateGLVolume()
}

/** Move the crosshair, and so all three planes, to a world point. */
export function moveTo(nv, worldMm) {
  nv.scene.crosshairPos = nv.mm2frac(worldMm, 0, true)
  nv.drawScene()
  nv.createOnLocationChange()
}
