// The component's fixed elements.
import style from './style.css'

const HTML = `
<section class="viewer">
  <header>
    <div class="presets" role="group"></div>
    <div class="readout" aria-live="polite"></div>
  </header>
  <div class="stage">
    <canvas class="slices"></canvas>
    <canvas class="marks"></canvas>
    <div class="label axial"></div><div class="label coronal"></div><div class="label sagittal"></div>
    <div class="message"></div>
  </div>
  <footer><span class="convention"></span><span class="research"></span></footer>
  <div class="scroll"><table></table></div>
</section>`

/** Put the elements below `parent` and return those that change, by name. */
export function build(parent) {
  const holder = document.createElement('div')
  holder.innerHTML = HTML
  const sheet = Object.assign(document.createElement('style'), { textContent: style })
  parent.append(sheet, holder)
  const find = (selector) => holder.querySelector(selector)
  return {
    root: find('.viewer'),
    presets: find('.presets'),
    readout: find('.readout'),
    stage: find('.stage'),
    slices: find('.slices'),
    marks: find('.marks'),
    labels: [find('.axial'), find('.coronal'), find('.sagittal')],
    message: find('.message'),
    convention: find('.convention'),
    research: find('.research'),
    table: find('table'),
    remove: () => { sheet.remove(); holder.remove() },
  }
}
