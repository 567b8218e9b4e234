// The CT's view set up for reading: radiological convention, nothing of NiiVue's own keys and drags.
import { CtView } from '../volume/ct.js'

/** A view on `canvas`; `onDraw` runs after every picture, whatever caused it. */
export async function createSlices(canvas, onDraw) {
  const nv = new CtView({
    isRadiologicalConvention: true,
    sagittalNoseLeft: true,
    isOrientationTextVisible: false, // ours can be read on any tissue, see letters.js
    interactive: false, // mouse, fingers and wheel are ours, see pointer.js
    crosshairWidth: 0, // ours is drawn over the picture, one pixel thin at every zoom
    backColor: [0, 0, 0, 1],
    dragAndDropEnabled: false,
    loadingText: '',
    logLevel: 'error',
  })
  await nv.attachToCanvas(canvas, false)
  // NiiVue has no event "picture drawn"; pan, wheel, resize and window all end in drawScene.
  const draw = nv.drawScene.bind(nv)
  nv.drawScene = () => {
    const text = draw()
    onDraw()
    return text
  }
  return nv
}

/** Move the crosshair, and so all planes, to a world point. */
export function moveTo(nv, worldMm) {
  nv.scene.crosshairPos = nv.mm2frac(worldMm, 0, true)
  nv.drawScene()
  nv.createOnLocationChange()
}
