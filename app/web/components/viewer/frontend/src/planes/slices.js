// The CT's view set up for reading: radiological convention, nothing of NiiVue's own keys and drags.
import { CtView } from '../volume/ct.js'
import { Pace } from './pace.js'

const SETTLE_MS = 150

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
  // What was drawn stays: NiiVue gets the context that is there already.
  canvas.getContext('webgl2', { alpha: true, antialias: false, preserveDrawingBuffer: true })
  await nv.attachToCanvas(canvas, false)
  // NiiVue has no event "picture drawn"; pan, wheel, resize and window all end in drawScene.
  const draw = nv.drawScene.bind(nv)
  // One picture a frame, however often it is asked for: a decision alone asks half a dozen times.
  const pace = new Pace()
  let frame, still
  nv.stopDrawing = () => { cancelAnimationFrame(frame); clearTimeout(still); frame = undefined }
  const drawAs = (coarse) => { nv.stopDrawing(); nv.coarse = coarse; draw(); onDraw() }
  nv.drawNow = () => drawAs(pace.begin(performance.now(), true))
  const drawMoving = () => {
    drawAs(pace.begin(performance.now(), false))
    if (nv.coarse) still = setTimeout(nv.drawNow, SETTLE_MS)
  }
  nv.drawScene = () => { pace.ask(performance.now()); frame ??= requestAnimationFrame(drawMoving) }
  return nv
}

/** Move the crosshair, and so all planes, to a world point. */
export function moveTo(nv, worldMm) {
  nv.scene.crosshairPos = nv.mm2frac(worldMm, 0, true)
  nv.drawScene()
  nv.createOnLocationChange()
}
