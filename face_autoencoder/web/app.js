/* What the app's page does by itself, beside Gradio: it paints the face while a slider is dragged, with the decoder of
   vae.js, and the server confirms it when the slider is let go. The run's numbers come from the server once; until they
   are there, the server paints the previews, too. */
'use strict'
{
const $ = selector => document.querySelector(selector)
const on = (event, f, capture = false) => document.addEventListener(event, f, capture)

// ---------------------------------------------------------------- the face that a picture of the server's shows
const missing = new Set() // runs whose numbers could not be had
function faceOf(img) { // its text is that of a link to the face: name of the run, and code
  const text = img?.dataset.face ?? '', end = text.lastIndexOf('~'), name = text.slice(0, end)
  if (!name || missing.has(name)) return null
  if (!vae.found[name]) { vae.open(name).then(thumbnails, () => missing.add(name)); return null }
  const z = vae.fromText(text.slice(end + 1))
  return z && {img, z, text, model: vae.found[name]}
}

// ---------------------------------------------------------------- what a slider shows where it stands now
const chosen = id => $(`#${id} input:checked`)?.value
const basisOf = model => model.bases.find(b => b.label === chosen('basis'))

function along(face, basis, i, value) { // the face with one coordinate moved; as it is if there is no such component
  return face && {...face, z: i < basis.components.length ? basis.move(face.z, i, value) : face.z}
}
function facesAt(input) { // pictures and their codes; those that can't be painted here are null
  const [kind, number] = (input.closest('#morph, [id^=component-], [id^=both-]')?.id ?? '').split('-')
  const i = number - 1, value = Number(input.value), shown = faceOf($('#face img'))
  if (kind === 'component') return [along(shown, shown && basisOf(shown.model), i, value)]
  if (kind === 'both')
    return [$('#left-face img'), $('#right-face img')].map(faceOf).map(f => along(f, f?.model.bases[0], i, value))
  if (kind !== 'morph') return []
  const [a, b] = [$('#slot-A img'), $('#slot-B img')].map(faceOf)
  const way = chosen('way')?.includes('slerp') ? 'slerp' : 'mix'
  return [a && b && {img: $('#face img'), model: a.model, z: vae[way](a.z, b.z, value)}]
}

// ---------------------------------------------------------------- painting
const small = document.createElement('canvas'), large = document.createElement('canvas')
large.width = large.height = 320

function paint({img, model, z}) {
  vae.paint(small, model.decode(z), model.size)
  const g = large.getContext('2d')
  g.imageSmoothingQuality = 'high'
  g.drawImage(small, 0, 0, large.width, large.height)
  img.src = large.toDataURL('image/jpeg', .95)
}
function showGauge({model, z}) {
  const share = model.usual(z), label = $('#gauge label')
  if (isNaN(share) || !label) return
  label.parentElement.ariaBusy = true // a screen reader waits for the last one
  label.querySelector('meter').value = share
  label.lastChild.textContent = ` ${vae.howUsual(share)}`
}

let painted = false, moving = false, releases = 0, next = null
on('input', e => {
  if (e.target.value === '') return
  moving = true
  const faces = facesAt(e.target)
  painted = faces.length > 0 && faces.every(Boolean)
  if (!painted) return
  if (!next) requestAnimationFrame(() => {
    next.forEach(paint)
    if (next[0].img === $('#face img')) showGauge(next[0])
    next = null
  })
  next = faces
}, true)
on('pointerup', () => {
  moving = false; releases++
  const status = $('#gauge [role=status]')
  if (status) status.ariaBusy = false
}, true)

// ---------------------------------------------------------------- previews by the server
// Gradio asks this before each of them. The newest value passes every tenth of a second, none once the slider has been
// let go, and none that is painted here: what is held back waits for a promise that is never kept.
let newest = 0, due = 0
window.faePreview = async x => {
  if (painted) return new Promise(() => {})
  const now = performance.now(), number = ++newest
  if (due < now) due = Math.max(due + 100, now + 30)
  await new Promise(wake => setTimeout(wake, due - now))
  return moving && number == newest ? x : new Promise(() => {})
}
// One that is under way when the slider is let go may be answered last; its answer becomes one that changes nothing.
const ask = window.fetch
const isPreview = (url, options) => { // a page that was opened by a link has its query in each address
  if (typeof options?.body != 'string' || !new URL(url, location).pathname.endsWith('/run/predict')) return false
  const called = JSON.parse(options.body).fn_index
  return gradio_config.dependencies.some(d => d.id == called && String(d.js).includes('faePreview'))
}
window.fetch = async (url, options) => {
  const before = releases, answer = await ask(url, options)
  if (releases == before || !answer.ok || !isPreview(url, options)) return answer
  const content = await answer.json()
  return Response.json({...content, data: content.data.map(() => ({__type__: 'update'}))})
}

// ---------------------------------------------------------------- small pictures on buttons
// <canvas data-face="run~code">: this face. <canvas data-direction="add smile">: the shown face, moved along it.
function thumbnail(canvas, face) {
  const {direction} = canvas.dataset, steps = Number($('#strength input')?.value ?? 2)
  const of = direction ? face : faceOf({dataset: canvas.dataset})
  if (!of) return
  const key = direction ? `${of.text} ${steps} ${direction}` : of.text
  if (canvas.dataset.painted === key) return
  canvas.dataset.painted = key
  const z = direction ? vae.walk(of.z, of.model.directions[direction], steps) : of.z
  vae.paint(canvas, of.model.decode(z), of.model.size)
}
let asked = false
function thumbnails() { // those that can be seen, at the next frame, however often this is called
  if (asked) return
  asked = true
  requestAnimationFrame(() => {
    asked = false
    const face = faceOf($('#face img'))
    for (const canvas of document.querySelectorAll('canvas[data-face], canvas[data-direction]'))
      if (canvas.offsetParent) thumbnail(canvas, face)
  })
}
new MutationObserver(thumbnails).observe(document.documentElement, {
  subtree: true, childList: true, attributes: true, attributeFilter: ['style', 'class']})
on('change', thumbnails)

// ---------------------------------------------------------------- a film on the page: the slider goes by itself
window.faePlay = () => {
  const slider = $('#morph input[type=range]'), from = Number(slider.value) > .99 ? 1 : 0, begin = performance.now()
  const whole = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 2500 // milliseconds
  const step = now => {
    const done = whole ? Math.min((now - begin)/whole, 1) : 1
    slider.value = from ? 1 - done : done
    slider.dispatchEvent(new Event('input', {bubbles: true}))
    if (done < 1) requestAnimationFrame(step); else slider.dispatchEvent(new PointerEvent('pointerup', {bubbles: true}))
  }
  requestAnimationFrame(step)
}

// ---------------------------------------------------------------- the frame on a photo moves with its sliders
on('input', e => {
  const frame = $('#fit .frame span')
  if (!frame || !e.target.closest('#crop')) return
  const [x, y, zoom] = ['x', 'y', 'zoom'].map(k => Number($(`#crop-${k} input`).value))
  const {naturalWidth: w, naturalHeight: h} = frame.previousElementSibling, side = Math.min(w, h)/Math.max(zoom, 1)
  const within = (share, whole) => `${100*Math.min(Math.max(share*whole - side/2, 0), whole - side)/whole}%`
  Object.assign(frame.style, {left: within(x, w), top: within(y, h), width: `${100*side/w}%`, height: `${100*side/h}%`})
})

// ---------------------------------------------------------------- keys
// Gradio's sliders report a release when the mouse lets go, but not when a key does, nor when Enter ends a number.
on('keyup', e => {
  if (e.target.type != 'range' || e.key == 'Tab') return
  e.target.dispatchEvent(new PointerEvent('pointerup', {bubbles: true}))
})
on('keydown', e => e.target.type == 'number' && e.key == 'Enter' && e.target.blur())
// A number box that was emptied goes back to the number it had.
let before = ''
on('focusin', e => { if (e.target.type == 'number') before = e.target.value })
on('input', e => { if (e.target.type == 'number' && e.target.value == '') e.stopImmediatePropagation() }, true)
on('focusout', e => {
  if (e.target.type == 'number' && e.target.value == '' && before) e.target.value = before
}, true)
on('keydown', e => { // between tabs, the arrow keys go to the next one
  if (e.target.getAttribute('role') != 'tab') return
  const tabs = [...e.target.parentElement.querySelectorAll('[role=tab]')]
  const i = tabs.indexOf(e.target), last = tabs.length - 1
  const to = {ArrowRight: i == last ? 0 : i + 1, ArrowLeft: i ? i - 1 : last, Home: 0, End: last}[e.key]
  if (to === undefined) return
  e.preventDefault()
  tabs[to].focus()
  tabs[to].click()
})
on('keydown', e => { // who goes on with Tab leaves no list open
  if (e.key != 'Tab' || e.target.getAttribute('aria-expanded') != 'true') return
  e.target.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))
})
const units = {'crop-x': 'of the width', 'crop-y': 'of the height', 'crop-zoom': 'times larger', morph: 'of the way'}
const sayValue = e => { // a slider says its number in words
  if (e.target.type != 'range') return
  const unit = units[e.target.closest('[id]:not(input)')?.id] ?? 'standard deviations'
  e.target.setAttribute('aria-valuetext', `${e.target.value} ${unit}`)
}
for (const event of ['focusin', 'input']) on(event, sayValue)

// ---------------------------------------------------------------- files and links; no file is sent to the server
window.faeSave = (name, text) => {
  const a = document.createElement('a')
  a.href = text.startsWith('data:') ? text : URL.createObjectURL(new Blob([text], {type: 'application/json'}))
  a.download = name
  a.click()
}
window.faePick = () => new Promise(done => {
  const input = Object.assign(document.createElement('input'), {type: 'file', accept: '.json'})
  input.onchange = () => input.files[0].slice(0, 2_000_000).text().then(done)
  input.oncancel = () => done(null)
  input.click()
})
window.faeLink = face => {
  const url = new URL(location.href)
  url.searchParams.set('face', face)
  history.replaceState(null, '', url)
  if (navigator.clipboard) navigator.clipboard.writeText(url.href)
  return url.href
}
}
