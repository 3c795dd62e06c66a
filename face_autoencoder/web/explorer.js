/* Elements that show a run in a page: sliders, the inside of the model, a map of faces, a morph.

   <vae-sliders run="faces" components="1 2 3">   sliders over some components (all of them unless given)
   <vae-inside runs="healthy collapsed">          a picture through encoder, noise and decoder of these runs
   <vae-map run="faces">                          faces on a plane
   <vae-morph run="faces">                        from one face to another
   <vae-explorer runs="faces lfw" compare="...">  all of them about one face

   What stands between the tags is seen where scripts do not run. `vae.js` must be loaded before. */
'use strict'
{
// ---------------------------------------------------------------- small helpers
const el = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties))
    if (name in element) element[name] = value; else element.setAttribute(name, value)
  element.append(...children)
  return element
}
const button = (text, onclick, more = {}) => el('button', {type: 'button', textContent: text, onclick, ...more})
const legend = text => el('p', {className: 'legend', textContent: text})
const svg = (tag, attributes, ...children) => {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}
const chosen = (label, options, onchange) => { // a labelled list to choose from
  const select = el('select', {onchange: () => onchange(select.value)},
                    ...options.map(([value, text]) => el('option', {value, textContent: text})))
  return {select, node: el('label', {}, `${label} `, select)}
}
const rounded = (x, digits = 0) => x.toFixed(digits).replace(/^-(?=.*[1-9])/, '−').replace('-', '')
const signed = x => rounded(x, 1)
const inNats = x => `${rounded(x).replace(/\B(?=(\d{3})+$)/g, ',')} nats`
const TITLES = {faces: 'drawn faces', lfw: 'photographs'} // of runs that come with the package
const titled = names => names.map(name => [name, TITLES[name] ?? name])
const reduced = matchMedia('(prefers-reduced-motion: reduce)')
const words = (element, name) => (element.getAttribute(name) ?? '').split(/\s+/).filter(Boolean)

function atNextFrame(f) { // however often it is called: once for each picture that the screen shows
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => { asked = false; f() })
  }
}

// ---------------------------------------------------------------- a visitor's face, with undo, and as text
class Face extends EventTarget {
  constructor(model) { super(); this.show(model) }
  show(model) {
    Object.assign(this, {model, past: [], future: []})
    this.set(model.first.slice(), false)
  }
  set(z, remember = true, from = null) {
    if (remember) { this.past.push(this.z); this.future = [] }
    this.z = z
    this.dispatchEvent(new CustomEvent('change', {detail: from}))
  }
  step(from, to) { if (from.length) { to.push(this.z); this.set(from.pop(), false) } }
  undo() { this.step(this.past, this.future) }
  redo() { this.step(this.future, this.past) }
  random(truncation = 2) { // standard normal, drawn again where it is farther out
    const draw = () => { let x; do x = vae.normal(); while (Math.abs(x) > truncation); return x }
    const {model} = this, basis = model.bases.at(-1)
    this.set(basis.components.reduce((z, c) => vae.walk(z, c, draw()), basis.mean))
  }
  get text() { return `${this.model.run.name}~${vae.asText(this.z)}` }
}

function film(face, milliseconds, codeAt) { // from t = 0 to 1, or until somebody else moves the face
  const begin = performance.now(), me = {}
  let frames = 0, stopped = false
  const stop = e => { stopped ||= e.detail !== me }
  face.addEventListener('change', stop)
  const next = now => {
    const t = Math.max(0, Math.min((now - begin)/milliseconds, 1))
    if (!stopped) face.set(codeAt(t), frames++ === 0, me)
    if (t < 1 && !stopped) requestAnimationFrame(next); else face.removeEventListener('change', stop)
  }
  requestAnimationFrame(next)
}

const canvasFor = label => el('canvas', {className: 'face', width: 64, height: 64, role: 'img', 'aria-label': label})
const paint = (canvas, model, z) => vae.paint(canvas, model.decode(z), model.size)

// ---------------------------------------------------------------- faces to go back to: the run's and one's own
const KEPT_AS = 'face_autoencoder faces', MOST_KEPT = 24
let kept = [] // as texts of links; of this visit only where the browser keeps nothing
try { kept = JSON.parse(localStorage.getItem(KEPT_AS)).filter(k => typeof k === 'string').slice(0, MOST_KEPT) } catch {}
function keep(texts) {
  kept = [...new Set(texts)].slice(0, MOST_KEPT)
  try { localStorage.setItem(KEPT_AS, JSON.stringify(kept)) } catch {}
}
function codeIn(text, model) { // of a face of this run; null for anything else
  const [name, code] = String(text).split('~'), z = name === model.run.name && code ? vae.fromText(code) : null
  return z && z.length === model.d && z.every(v => Math.abs(v) <= 100) ? z : null
}

function gallery(face) { // a row of pictures to click on
  const row = el('div', {className: 'gallery'})
  const tile = (z, label) => {
    const canvas = el('canvas', {className: 'face'})
    paint(canvas, face.model, z)
    return el('button', {type: 'button', 'aria-label': label, onclick: () => face.set(z.slice())}, canvas)
  }
  const fill = () => {
    const {model} = face, own = kept.map(text => [text, codeIn(text, model)]).filter(([, z]) => z)
    const people = model.codes.slice(0, 6).map((z, i) => tile(z, `Person ${i + 1}`))
    const mine = own.map(([text, z], i) => {
      const forget = () => { keep(kept.filter(k => k !== text)); fill() }
      const label = `your face ${i + 1}`
      return el('span', {}, tile(z, label), button('×', forget, {'aria-label': `Forget ${label}`}))
    })
    row.replaceChildren(...people, ...mine, button('Keep this face', () => { keep([face.text, ...kept]); fill() }))
  }
  fill()
  return {row, fill}
}

// ---------------------------------------------------------------- every element: open its run, then build itself
class Element extends HTMLElement {
  async connectedCallback() {
    if (this.built) return
    this.built = true
    if (this.hasAttribute('try')) return this.append(button('Try it', () => this.tryIt(), {className: 'try'}))
    try {
      this.build(this.face ?? new Face(await vae.open(this.getAttribute('run') ?? words(this, 'runs')[0])))
    } catch (e) {
      this.prepend(el('p', {role: 'alert', textContent: `This needs a file that is not here: ${e.message}.`}))
    }
  }
  tryIt() { // a picture in a text or on a slide: the element itself opens above the page
    const element = el(this.localName, Object.fromEntries(Array.from(this.attributes, a => [a.name, a.value])))
    element.removeAttribute('try')
    const close = button('Close', () => dialog.close())
    const dialog = el('dialog', {className: 'vae-dialog', 'aria-label': 'Live figure'}, close, element)
    dialog.onclose = () => dialog.remove()
    dialog.onkeydown = e => e.stopPropagation() // slides would turn
    document.body.append(dialog)
    dialog.showModal()
  }
  attach(face) { this.face = face; return this }
  whenChanged(face, f) { const later = atNextFrame(f); face.addEventListener('change', later); later() }
}

// ---------------------------------------------------------------- sliders
function histogram(counts) {
  const top = Math.max(...counts), bars = counts.map(c => `V${(20 - 20*c/top).toFixed(1)}h1`).join('')
  const box = {viewBox: `0 0 ${counts.length} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true'}
  return svg('svg', box, svg('path', {d: `M0 20${bars}V20z`}))
}

function slider(label, ends, counts, onmove) { // -3 to 3 standard deviations
  const input = el('input', {type: 'range', min: -3, max: 3, step: .05, value: 0, 'aria-label': label})
  const output = el('output')
  const show = value => {
    if (document.activeElement !== input || Math.abs(input.value - value) > .1) input.value = value
    output.textContent = signed(+value)
    input.setAttribute('aria-valuetext', `${signed(+value)} standard deviations`)
  }
  let moving = false
  input.oninput = () => { onmove(+input.value, !moving); moving = true; show(input.value) }
  input.onchange = () => { moving = false }
  const node = el('div', {className: 'slider'},
                  el('div', {className: 'name'}, el('span', {textContent: label}), output),
                  el('div', {className: 'track'}, ...(counts?.length ? [histogram(counts)] : []), input),
                  ...(ends?.[0] ? [el('div', {className: 'ends'}, el('span', {textContent: `◄ ${ends[0]}`}),
                                   el('span', {textContent: `${ends[1]} ►`}))] : []))
  return {node, show, input}
}

const ABOUT_COMPONENTS = 'Each slider moves the code along one component, in standard deviations of the training ' +
  'faces. Their histogram is behind it; the percentage is the component’s share of the variance of the pictures.'
const ABOUT_DIRECTIONS = 'Each was fitted to one label of the training faces. Its slider starts from the face shown.'

class Sliders extends Element {
  build(face) {
    const asked = words(this, 'components').map(c => c - 1)
    this.textContent = ''
    const canvas = canvasFor('The decoded face'), gauge = el('p', {className: 'gauge', role: 'status'})
    const panel = el('div', {className: 'panel'})
    const undo = button('Undo', () => face.undo()), redo = button('Redo', () => face.redo())
    const buttons = el('div', {className: 'buttons'}, button('Mean', () => face.set(face.model.bases[0].mean.slice())),
                       button('Random', () => face.random()), undo, redo)
    const {row, fill: fillGallery} = gallery(face)
    this.append(el('div', {className: 'picture'}, buttons, canvas, gauge), panel, ...(asked.length ? [] : [row]))
    let page = 0, basis = 0, moved = {}, shown = []
    const fill = () => {
      const {model} = face, {labels, ends, counts} = model.bases[basis]
      const pages = Math.ceil(labels.length/8), from = 8*page
      const rows = asked.length ? asked : labels.map((_, i) => i).slice(from, from + 8)
      shown = rows.map(i => {
        const move = (x, first) => face.set(model.bases[basis].move(face.z, i, x), first, this)
        return {i, ...slider(labels[i], ends[i], counts[i], move)}
      })
      const which = chosen('Components', model.bases.map((b, i) => [i, b.label]), i => { basis = +i; page = 0; fill() })
      which.select.value = basis
      const turn = by => { page = (page + by + pages) % pages; fill() }
      const pager = el('div', {className: 'pager'}, which.node,
                       button('◄', () => turn(-1), {'aria-label': 'Stronger components'}),
                       el('span', {textContent: `${from + 1} to ${Math.min(from + 8, labels.length)}`}),
                       button('►', () => turn(1), {'aria-label': 'Weaker components'}))
      const directions = Object.entries(model.directions).map(([name, d]) => {
        const one = slider(name, null, null, (x, first) => {
          face.set(vae.walk(face.z, d, x - (moved[name] ?? 0)), first, this)
          moved[name] = x
        })
        return {name, ...one}
      })
      this.directions = directions
      panel.replaceChildren(...shown.map(s => s.node))
      if (!asked.length) { panel.prepend(pager); panel.append(legend(ABOUT_COMPONENTS)) }
      if (!asked.length && directions.length)
        panel.append(el('h3', {textContent: 'Directions'}), legend(ABOUT_DIRECTIONS), ...directions.map(d => d.node))
      directions.forEach(d => d.show(0))
      show()
    }
    const show = () => {
      paint(canvas, face.model, face.z)
      for (const s of shown) s.show(face.model.bases[basis].coordinate(face.z, s.i))
      const usual = face.model.usual(face.z)
      gauge.textContent = isNaN(usual) ? '' : vae.howUsual(usual)
      undo.disabled = !face.past.length; redo.disabled = !face.future.length
    }
    let model = face.model
    face.addEventListener('change', e => {
      if (e.detail !== this) { moved = {}; this.directions?.forEach(d => d.show(0)) }
      if (model !== face.model) { model = face.model; basis = page = 0; fill(); fillGallery() }
    })
    fill()
    this.whenChanged(face, show)
  }
}

// ---------------------------------------------------------------- inside: x -> mu, sigma -> z -> reconstruction
function bars(mu, sigma, z) { // each latent: its mean as a bar, sigma to both sides as a line, z as a dot
  const wide = 600/mu.length, y = v => 60 - 17*Math.max(-3.4, Math.min(3.4, v))
  const parts = [svg('path', {class: 'axis', d: 'M0 60H600'})]
  mu.forEach((m, k) => {
    const x = (k + .5)*wide
    parts.push(svg('path', {class: 'mu', 'stroke-width': .7*wide, d: `M${x} 60V${y(m)}`}),
               svg('path', {class: 'sigma', d: `M${x} ${y(m - sigma[k])}V${y(m + sigma[k])}`}),
               svg('circle', {class: 'z', cx: x, cy: y(z[k]), r: Math.min(3, .35*wide)}))
  })
  const label = 'Mean, standard deviation and draw of each latent'
  return svg('svg', {viewBox: '0 0 600 120', role: 'img', 'aria-label': label}, ...parts)
}

const sizeOf = source => [source.naturalWidth || source.width, source.naturalHeight || source.height]

function square(source, {zoom = 1, x = 0, y = 0}, size, channels) { // part of a picture as numbers in [-1, 1]
  const [width, height] = sizeOf(source), side = Math.min(width, height)/zoom
  const context = el('canvas', {width: size, height: size}).getContext('2d', {willReadFrequently: true})
  context.imageSmoothingQuality = 'high'
  context.drawImage(source, (width - side)*(x + 1)/2, (height - side)*(y + 1)/2, side, side, 0, 0, size, size)
  const rgba = context.getImageData(0, 0, size, size).data, picture = new Float32Array(size*size*channels)
  for (let p = 0; p < size*size; p++)
    for (let c = 0; c < channels; c++) picture[p*channels + c] = rgba[4*p + c]/127.5 - 1
  return picture
}

function framed(canvas, source, {zoom, x, y}) { // a picture, small, with a frame around the part that is looked at
  const [width, height] = sizeOf(source), scale = 240/Math.max(width, height), side = scale*Math.min(width, height)/zoom
  Object.assign(canvas, {width: scale*width, height: scale*height})
  const g = canvas.getContext('2d')
  g.drawImage(source, 0, 0, canvas.width, canvas.height)
  const box = [(canvas.width - side)*(x + 1)/2, (canvas.height - side)*(y + 1)/2, side, side]
  for (const [colour, line] of [['#000', 6], ['#fff', 3]]) {
    Object.assign(g, {strokeStyle: colour, lineWidth: line})
    g.strokeRect(...box)
  }
}

class Inside extends Element {
  build(face) {
    const names = words(this, 'runs'), cut = {zoom: 1, x: 0, y: 0}
    this.textContent = ''
    const pictures = ['The picture x', 'Reconstruction from μ', 'Reconstruction from z'].map(text => {
      const canvas = canvasFor(text)
      return {canvas, node: el('figure', {}, canvas, el('figcaption', {textContent: text}))}
    })
    const code = el('div', {className: 'code'}), figures = el('dl', {className: 'figures'})
    const says = el('p', {role: 'status'})
    let model = face.model, source = null, eps = null, noise = 1
    const draw = () => { eps = Array.from({length: model.d}, () => vae.normal()) }
    const show = () => {
      if (!source) return
      if (!crop.hidden) framed(whole, source, cut)
      const x = square(source, cut, model.size, model.channels), q = model.encode(x)
      const z = vae.sample(q, eps.map(e => noise*e))
      const mean = model.decode(q.mu), drawn = model.decode(z), D = x.length, mse = vae.mseOf(mean, x), kl = vae.klOf(q)
      const {sigma} = model.run.results // a run that does not say it has no ELBO
      const nats = D*(vae.mseOf(drawn, x)/(2*sigma**2) + Math.log(2*Math.PI*sigma**2)/2)
      for (const [i, picture] of [x, mean, drawn].entries()) vae.paint(pictures[i].canvas, picture, model.size)
      const {beta, reduction, results} = model.run
      const averages = reduction === 'mean' ? ', on averages over pixels and latents in place of sums' : ''
      about.textContent = `Trained with β = ${beta}${averages}. Verdict: ${results.verdict}.`
      code.replaceChildren(bars(q.mu, q.logvar.map(v => noise*Math.exp(v/2)), z))
      const rows = [['Error (MSE, from μ)', mse.toFixed(4)], ['KL', inNats(kl)]]
      if (sigma > 0 && noise === 1) rows.push(['ELBO of this draw', inNats(-nats - kl)])
      figures.replaceChildren(...rows.map(([name, value]) =>
        el('div', {}, el('dt', {textContent: name}), el('dd', {textContent: value}))))
    }
    const use = (picture, own = false) => {
      source = picture
      for (const example of examples) example.setAttribute('aria-pressed', example.firstChild === picture)
      crop.hidden = !own
      if (!own) Object.assign(cut, {zoom: 1, x: 0, y: 0})
      says.textContent = own ? 'Your picture stays in this page.' : ''
      later()
    }
    const later = atNextFrame(show)
    const switchTo = async name => {
      const opened = await vae.open(name)
      if (which.select.value === name) { model = opened; draw(); later() } // or else another was chosen meanwhile
    }
    const which = chosen('Model', titled(names), switchTo), about = legend('')
    const read = file => {
      if (!file) return
      const image = new Image(), url = URL.createObjectURL(file)
      image.onload = () => { URL.revokeObjectURL(url); use(image, true) }
      image.onerror = () => {
        URL.revokeObjectURL(url)
        says.textContent = 'This file is not a picture that a browser can open: choose a JPEG or a PNG.'
      }
      image.src = url
    }
    const file = el('input', {type: 'file', accept: 'image/*', onchange: () => read(file.files[0])})
    const camera = button('Use the camera', async () => {
      try {
        const stream = await navigator.mediaDevices.getUserMedia({video: true})
        const video = el('video', {srcObject: stream, muted: true})
        await video.play()
        const still = el('canvas', {width: video.videoWidth, height: video.videoHeight})
        still.getContext('2d').drawImage(video, 0, 0)
        stream.getTracks().forEach(track => track.stop())
        use(still, true)
      } catch { says.textContent = 'There is no camera that this page may use: choose a file.' }
    })
    const knob = (name, label, min, max, value) => {
      const oninput = () => { cut[name] = +input.value; later() }
      const input = el('input', {type: 'range', min, max, step: .02, value, oninput})
      return el('label', {}, `${label} `, input)
    }
    const whole = el('canvas', {className: 'whole', role: 'img', 'aria-label': 'Your picture, with the frame'})
    const crop = el('div', {className: 'crop', hidden: true}, whole, knob('zoom', 'Zoom', 1, 5, 1),
                    knob('x', 'Left or right', -1, 1, 0), knob('y', 'Up or down', -1, 1, 0))
    const examples = (globalThis.vaeExamples ?? []).map((url, i) => {
      const image = el('img', {src: url, alt: `Drawn face ${i + 1}`})
      return el('button', {type: 'button', className: 'example', onclick: () => use(image)}, image)
    })
    const yours = button('The face of the sliders', () => {
      const canvas = el('canvas')
      paint(canvas, face.model, face.z)
      use(canvas)
    })
    const buttons = el('div', {className: 'buttons'}, el('label', {className: 'file'}, 'Your own picture', file))
    if (names.length > 1) buttons.prepend(which.node)
    if (navigator.mediaDevices) buttons.append(camera)
    if (this.face) buttons.append(yours)
    const stronger = chosen('Noise', [1, 3, 10].map(k => [k, `${k} × ε`]), k => { noise = +k; later() })
    const again = el('div', {className: 'buttons'}, button('Draw ε again', () => { draw(); later() }), stronger.node)
    const how = legend('The code, latent by latent: mean μ as a bar, μ ± σ as a line, and as a dot the draw ' +
                       'z = μ + σε that the decoder gets')
    const [x, mean, drawn] = pictures.map(p => p.node)
    this.append(buttons, about, el('div', {className: 'examples'}, ...examples), crop, says,
                el('div', {className: 'flow'}, x, el('div', {className: 'middle'}, code, how, again), mean, drawn),
                figures)
    this.switchTo = name => { if (names.includes(name)) { which.select.value = name; switchTo(name) } }
    let run = model.run.name
    which.select.value = run
    face.addEventListener('change', () => {
      if (face.model.run.name !== run) this.switchTo(run = face.model.run.name)
    })
    draw()
    const first = this.querySelector('.example img')
    if (first) first.decode().then(() => use(first))
  }
}

// ---------------------------------------------------------------- map
const VIRIDIS = ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725']

class FaceMap extends Element {
  build(face) {
    this.textContent = ''
    const label = 'Map of faces: arrow keys move to the next face, Enter takes it, plus and minus zoom'
    const canvas = el('canvas', {className: 'map', width: 640, height: 640, tabIndex: 0, role: 'application',
                                 'aria-label': label})
    const preview = canvasFor('The face under the pointer'), says = legend('')
    let kind, colour, view, at = 0, path = []
    const controls = el('div', {className: 'buttons'})
    const noPath = () => {
      path = []; play.disabled = true
      says.textContent = (kind === 'components' ? 'Any place is a code: the mean face with its first two components ' +
        'changed. Point at a place to see its face, click to take it' : 'Each dot is a face, and faces with similar ' +
        'codes are near each other. Point at one to see it, click to take it') + ', or draw a line across the map.' +
        (kind === 'components' ? ' The cross is your face.' : ' The cross is the face nearest to yours.')
    }
    const points = () => face.model.run.faces.maps[kind]
    const reset = () => {
      const xs = points().map(p => p[0]), ys = points().map(p => p[1])
      const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
      view = {x: (left + right)/2, y: (low + high)/2, scale: 600/Math.max(right - left, high - low)}
    }
    const toScreen = ([x, y]) => [320 + (x - view.x)*view.scale, 320 - (y - view.y)*view.scale]
    const toMap = (x, y) => [view.x + (x - 320)/view.scale, view.y - (y - 320)/view.scale]
    const leastOf = numbers => numbers.indexOf(Math.min(...numbers))
    const nearest = ([x, y]) => leastOf(points().map(p => Math.hypot(p[0] - x, p[1] - y)))
    const codeAt = place => { // on the plane of two components any place is a code; elsewhere the nearest face's
      if (kind !== 'components') return face.model.codes[nearest(place)]
      const {mean, components} = face.model.bases[0]
      return vae.walk(vae.walk(mean, components[0], place[0]), components[1], place[1])
    }
    const placeOf = z => {
      if (kind === 'components') return [0, 1].map(i => face.model.bases[0].coordinate(z, i))
      const far = code => code.reduce((sum, v, k) => sum + (v - z[k])**2, 0)
      return points()[leastOf(face.model.codes.map(far))]
    }
    const show = () => {
      if (this.hidden) return // this run keeps no faces
      const g = canvas.getContext('2d'), style = getComputedStyle(canvas)
      const values = colour && face.model.run.faces.colours[colour]
      const [low, high] = values ? [Math.min(...values), Math.max(...values)] : []
      g.clearRect(0, 0, 640, 640)
      points().forEach((p, i) => {
        const [x, y] = toScreen(p)
        const level = values && Math.min(5, Math.floor(6*(values[i] - low)/(high - low || 1)))
        g.fillStyle = values ? VIRIDIS[level] : style.color
        g.beginPath(); g.arc(x, y, i === at ? 8 : 4.5, 0, 7); g.fill()
      })
      g.strokeStyle = getComputedStyle(this).color; g.lineWidth = 2
      if (path.length) { g.beginPath(); path.forEach((p, i) => g[i ? 'lineTo' : 'moveTo'](...toScreen(p))); g.stroke() }
      const [x, y] = toScreen(placeOf(face.z))
      g.beginPath(); g.moveTo(x - 12, y); g.lineTo(x + 12, y); g.moveTo(x, y - 12); g.lineTo(x, y + 12); g.stroke()
    }
    const later = atNextFrame(show)
    const zoom = by => { view.scale *= by; later() }
    const point = e => { // of the map, under the pointer
      const box = canvas.getBoundingClientRect()
      return toMap((e.clientX - box.left)*640/box.width, (e.clientY - box.top)*640/box.height)
    }
    const look = place => { at = nearest(place); paint(preview, face.model, codeAt(place)); later() }
    canvas.onpointerdown = e => { canvas.setPointerCapture(e.pointerId); path = [point(e)]; look(path[0]) }
    canvas.onpointermove = e => { if (e.buttons) path.push(point(e)); look(point(e)) }
    canvas.onpointerup = () => {
      if (path.length < 5) { face.set(Float32Array.from(codeAt(path[0]))); noPath() }
      else { says.textContent = 'Press “Play the path” to walk along your line.'; play.disabled = false }
      later()
    }
    canvas.onwheel = e => { e.preventDefault(); zoom(e.deltaY < 0 ? 1.15 : 1/1.15) }
    canvas.onkeydown = e => {
      const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[e.key]
      if (step) {
        const here = points()[at]
        const far = points().map(p => { // of those that lie in the direction of the key
          const away = [p[0] - here[0], p[1] - here[1]], distance = Math.hypot(...away)
          return distance && away[0]*step[0] + away[1]*step[1] > .5*distance ? distance : Infinity
        })
        if (Math.min(...far) < Infinity) look(points()[leastOf(far)])
      } else if (e.key === 'Enter') face.set(Float32Array.from(codeAt(points()[at])))
      else if (e.key === '+') zoom(1.15); else if (e.key === '-') zoom(1/1.15); else return
      e.preventDefault()
    }
    const play = button('Play the path', () => {
      const codes = path.map(codeAt).filter((code, i, all) => code !== all[i - 1])
      const far = (a, b) => Math.hypot(...a.map((v, k) => v - b[k]))
      const at = [0] // how far it is along the path to each code
      codes.slice(1).forEach((code, i) => at.push(at[i] + far(codes[i], code)))
      film(face, Math.max(1000, 50*path.length), t => { // at a constant speed
        const to = t*at.at(-1), i = Math.max(1, at.findIndex(a => a >= to)), step = at[i] - at[i - 1]
        const code = codes.length > 1 ? vae.mix(codes[i - 1], codes[i], (to - at[i - 1])/step) : codes[0]
        paint(preview, face.model, code)
        return code
      })
    }, {disabled: true})
    const fill = () => {
      const {faces} = face.model.run
      this.hidden = !faces
      if (!faces) return
      const showKind = k => { kind = k; noPath(); reset(); later() }
      const kinds = chosen('Map', Object.keys(faces.maps).map(k => [k, k]), showKind)
      const names = [['', 'none'], ...Object.keys(faces.colours).map(c => [c, c])]
      const colours = chosen('Colour', names, c => { colour = c; later() })
      kind = Object.keys(faces.maps)[0]; colour = ''; at = 0
      noPath()
      const [nearer, farther] = [button('+', () => zoom(1.3), {'aria-label': 'Zoom in'}),
                                 button('−', () => zoom(1/1.3), {'aria-label': 'Zoom out'})]
      const all = button('Whole map', () => { reset(); later() })
      controls.replaceChildren(kinds.node, ...(names.length > 1 ? [colours.node] : []), nearer, farther, all, play)
      paint(preview, face.model, face.z)
      reset(); later()
    }
    this.append(controls, el('div', {className: 'plane'}, canvas, el('div', {}, preview, says)))
    let model = face.model
    face.addEventListener('change', () => { if (model !== face.model) { model = face.model; fill() } later() })
    fill()
  }
}

// ---------------------------------------------------------------- morph
class Morph extends Element {
  build(face) {
    this.textContent = ''
    const canvas = canvasFor('The face between A and B'), ends = {}
    const t = el('input', {type: 'range', min: 0, max: 1, step: .01, value: 0, 'aria-label': 'From A to B'})
    const show = () => paint(canvas, face.model, vae.mix(ends.A.z, ends.B.z, +t.value))
    const later = atNextFrame(show)
    const end = name => {
      const thumbnail = canvasFor(`Face ${name}`)
      const take = z => { ends[name].z = z; paint(thumbnail, face.model, z); later() }
      const random = () => { const other = new Face(face.model); other.random(); take(other.z) }
      const node = el('figure', {}, thumbnail, el('figcaption', {textContent: name}), el('div', {className: 'buttons'},
                      button('Your face', () => take(face.z)), button('Random', random)))
      ends[name] = {node, take, random, z: face.z}
      return node
    }
    let playing = null // the film that runs
    const play = button('Play', () => {
      const begin = performance.now(), from = +t.value > .99 ? 1 : 0, film = playing = {}
      const next = now => {
        if (playing !== film) return
        const done = Math.min((now - begin)/2500, 1)
        t.value = from ? 1 - done : done
        show()
        if (done < 1) requestAnimationFrame(next)
      }
      requestAnimationFrame(next)
    })
    t.oninput = () => { playing = null; later() }
    const take = button('Take this face', () => face.set(vae.mix(ends.A.z, ends.B.z, +t.value)))
    const middle = el('figure', {}, canvas, el('div', {className: 'buttons'}, t, play, take))
    const says = 'Between two codes lie codes of other faces. Move the slider from A to B, or press Play.'
    this.append(legend(says), el('div', {className: 'morph'}, end('A'), middle, end('B')))
    const begin = () => { ends.A.take(face.z); ends.B.random(); t.value = 0 }
    let model = face.model
    face.addEventListener('change', () => { if (model !== face.model) { model = face.model; begin() } })
    begin()
  }
}

// ---------------------------------------------------------------- all about one face
const TOUR = [ // part, model to look into, what to point at, what is said of a face's model, what happens
  {part: 'Inside', at: '.flow', says: ({d}) => `An encoder turns the picture x into a code of ${d} numbers, the ` +
    'chart; a decoder turns the code back into a picture. Choose another face: how does its code change?'},
  {part: 'Inside', at: '.middle .buttons', says: () => 'A variational encoder gives a mean μ and a standard ' +
    'deviation σ for each number, and the decoder gets a draw. Press “Draw ε again”: the picture hardly changes, ' +
    'since this model is nearly certain. Take 10 × ε and draw again.'},
  {part: 'Inside', model: 'collapsed', at: '.figures', says: () => 'What a code says about its picture, the KL, has ' +
    'a price: β, in units of the loss. In this model it was far too high. The KL is almost 0 nats, so the code says ' +
    'almost nothing, and every picture comes back as the same face.'},
  {part: 'Sliders', at: '.slider', act: face => sweep(face, 0), says: () => 'Codes vary most along a few directions, ' +
    'the principal components. Move the first slider. Then press Random: it draws a code as widely spread as those ' +
    'of the training faces.'},
  {part: 'Map', at: 'canvas.map', says: () => 'Each dot is a face, and faces with similar codes are near each other. ' +
    'Draw a line across the map, then press “Play the path”.'}]
const COUNTS = ['no', 'one', 'two', 'three', 'four', 'five']

function sweep(face, i) { // to both ends and back, unless the visitor wants no motion
  const basis = face.model.bases[0], {z} = face, start = basis.coordinate(z, i)
  if (reduced.matches) return face.set(basis.move(z, i, 2))
  const at = t => Math.max(-3, Math.min(3, start + 2.5*Math.sin(2*Math.PI*t)))
  film(face, 3000, t => t < 1 ? basis.move(z, i, at(t)) : z)
}

class Explorer extends HTMLElement {
  async connectedCallback() {
    if (this.built) return
    this.built = true
    const names = words(this, 'runs'), [name, code] = decodeURIComponent(location.hash.slice(1)).split('~')
    this.setAttribute('aria-busy', 'true')
    const face = this.face = new Face(await vae.open(names.includes(name) ? name : names[0]))
    const z = codeIn(`${name}~${code}`, face.model)
    if (z) face.set(z, false)
    this.textContent = ''
    this.removeAttribute('aria-busy')
    const change = async name => {
      const opened = await vae.open(name)
      if (which.select.value === name) face.show(opened)
    }
    const which = chosen('Faces', titled(names), change)
    which.select.value = face.model.run.name
    const looked = [...names, ...words(this, 'compare')]
    const inside = el('vae-inside', {runs: looked.join(' ')}).attach(face)
    const [sliders, map, morph] = ['sliders', 'map', 'morph'].map(kind => el(`vae-${kind}`).attach(face))
    const parts = {Sliders: sliders, Inside: inside, Map: map, Morph: morph}
    const tabs = Object.entries(parts).map(([title, part]) => {
      part.id = `part-${title}`
      part.setAttribute('role', 'tabpanel')
      part.setAttribute('aria-labelledby', `tab-${title}`)
      return button(title, () => { leave(); open(title) }, {role: 'tab', id: `tab-${title}`, 'aria-controls': part.id})
    })
    const bar = el('div', {role: 'tablist', 'aria-label': 'Parts of the explorer'}, ...tabs)
    const holder = el('div', {className: 'part'})
    const open = title => {
      for (const tab of tabs) {
        tab.setAttribute('aria-selected', tab.textContent === title)
        tab.tabIndex = tab.textContent === title ? 0 : -1
      }
      holder.replaceChildren(parts[title])
    }
    bar.onkeydown = e => {
      const by = {ArrowRight: 1, ArrowLeft: -1}[e.key], i = tabs.indexOf(document.activeElement)
      if (by && i >= 0) { const next = tabs[(i + by + tabs.length) % tabs.length]; next.focus(); next.click() }
    }
    const steps = TOUR.filter(({model}) => !model || looked.includes(model)), said = el('p', {role: 'status'})
    const back = button('Back', () => step(at - 1)), next = button('Next', () => step(at + 1))
    const tour = el('div', {className: 'tour', hidden: true}, said, back, next, button('Leave', () => leave()))
    const called = `A tour in ${COUNTS[steps.length]} steps`
    const begin = button(called, () => step(at))
    let at = 0
    const point = target => {
      for (const old of this.querySelectorAll('.pointed-at')) old.classList.remove('pointed-at')
      target?.classList.add('pointed-at')
      target?.scrollIntoView({block: 'center', behavior: reduced.matches ? 'auto' : 'smooth'})
    }
    const leave = () => { tour.hidden = true; point(null); begin.textContent = at ? 'Go on with the tour' : called }
    const step = n => {
      at = n % steps.length
      if (n === steps.length) return leave()
      const {part, model, at: target, says, act} = steps[at]
      tour.hidden = false
      open(part)
      if (part === 'Inside') inside.switchTo(model ?? face.model.run.name)
      said.textContent = `${at + 1} of ${steps.length}. ${says(face.model)}`
      back.disabled = !at
      next.textContent = at + 1 === steps.length ? 'End' : 'Next'
      act?.(face)
      requestAnimationFrame(() => point(parts[part].querySelector(target)))
    }
    this.onkeydown = e => { if (e.key === 'Escape' && !tour.hidden) leave() }
    const top = el('div', {className: 'top'}, bar, begin)
    if (names.length > 1) bar.after(which.node)
    this.append(top, holder, tour)
    open('Sliders')
    let timer
    face.addEventListener('change', () => {
      clearTimeout(timer)
      timer = setTimeout(() => history.replaceState(null, '', `#${face.text}`), 300)
    })
  }
}

const kinds = {sliders: Sliders, inside: Inside, map: FaceMap, morph: Morph, explorer: Explorer}
for (const [name, kind] of Object.entries(kinds)) customElements.define(`vae-${name}`, kind)
}
