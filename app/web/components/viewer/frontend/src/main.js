// Entry of the viewer component: Streamlit calls mount() on every rerun, the view itself stays alive.
import { ReadingView } from './view.js'

const views = new WeakMap()

/** Create the view on the first call, afterwards only hand it the new data. */
export function mount(component) {
  const { parentElement } = component
  let view = views.get(parentElement)
  if (!view) {
    view = new ReadingView(parentElement)
    views.set(parentElement, view)
  }
  view.update(component)
}

/** Streamlit may tear down and mount again in one breath: free the GPU only if we are really gone. */
export function unmount(parentElement) {
  setTimeout(() => {
    const host = parentElement.host ?? parentElement
    if (host.isConnected) return
    views.get(parentElement)?.destroy()
    views.delete(parentElement)
  }, 500)
}
