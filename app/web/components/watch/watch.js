// Streamlit calls this on every rerun with new data; the loop itself starts once and lives as long
// as the element is in the page.
const LOOKS_BEFORE_GONE = 3
const AGAIN_MS = 10000 // a run that was asked for may have been lost with the connection

const watches = new WeakMap()

export default function ({ data, parentElement, setTriggerValue }) {
  const watch = watches.get(parentElement) ?? { asked: null }
  watches.set(parentElement, watch)
  if (watch.data?.seen !== data.seen) hide(parentElement)
  Object.assign(watch, { data, run: (now) => setTriggerValue('changed', now) })
  watch.timer ??= setTimeout(() => look(watch, parentElement), data.seconds * 1000)
}

async function look(watch, parentElement) {
  if (!(parentElement.host ?? parentElement).isConnected) {
    watch.timer = null
    return
  }
  const { address } = watch.data
  const now = await ask(address)
  lost(watch, now === null)
  // A run may have brought other data while the answer was on its way.
  if (now !== null && address === watch.data.address && now !== watch.data.seen) tell(watch, parentElement, now)
  watch.timer = setTimeout(() => look(watch, parentElement), watch.data.seconds * 1000)
}

/** After several looks without an answer the page says that the server is gone, until it answers again. */
function lost(watch, silent) {
  watch.silent = silent ? (watch.silent ?? 0) + 1 : 0
  const shown = document.querySelector('.starlung-gone')
  if (!silent) return shown?.remove()
  if (watch.silent < LOOKS_BEFORE_GONE || shown) return
  const [title, sentence] = watch.data.gone
  const page = document.createElement('div')
  page.className = 'starlung-gone'
  page.setAttribute('role', 'alertdialog')
  page.setAttribute('aria-label', title)
  page.append(Object.assign(document.createElement('h1'), { textContent: title }), Object.assign(document.createElement('p'), { textContent: sentence }))
  document.body.append(page) // Streamlit hides its own page behind a dialog then
}

/** What the server says; nothing where it cannot be reached. */
async function ask(address) {
  try {
    const answer = await fetch(address, { cache: 'no-store' })
    if (answer.ok) return await answer.text()
    // Expired or forgotten: a run brings a new address, or the login page.
    return answer.status === 403 || answer.status === 404 ? `no longer ${address}` : null
  } catch {
    return null
  }
}

function tell(watch, parentElement, now) {
  const { said } = watch.data
  if (said && !now.startsWith('no longer ')) {
    show(parentElement, said, () => watch.run(now))
    return
  }
  const { asked } = watch
  if (asked?.now === now && Date.now() - asked.at < AGAIN_MS) return
  watch.asked = { now, at: Date.now() }
  watch.run(now)
}

function show(parentElement, [text, action], go) {
  if (parentElement.querySelector('.starlung-changed')) return
  const note = document.createElement('div')
  note.className = 'starlung-changed'
  note.setAttribute('role', 'alert')
  const button = document.createElement('button')
  button.textContent = action
  button.addEventListener('click', go)
  note.append(text, button)
  parentElement.append(note)
}

function hide(parentElement) {
  parentElement.querySelector('.starlung-changed')?.remove()
}
