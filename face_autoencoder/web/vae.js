/* A trained VAE in a web page: encoder, decoder and PCA of a run that `fae_export` has written.

   `vae.add(run)` is what a run's file calls; `vae.open(name)` loads that file and promises a `Model`.
   Pictures are Float32Arrays, height x width x channels, with values in [-1, 1]. */
'use strict'
const vae = (() => {

// ---------------------------------------------------------------- numbers in a text: base64 of float16
function half(u) { // sign, exponent and fraction of a float16
  const sign = u >> 15 ? -1 : 1, exponent = u >> 10 & 31, fraction = (u & 1023)/1024
  return sign*(exponent ? 2**(exponent - 15)*(1 + fraction) : 2**-14*fraction)
}
const HALVES = new Float32Array(65536)
for (let u = 0; u < 65536; u++) HALVES[u] = half(u)

function numbers(text) {
  const bytes = atob(text), result = new Float32Array(Math.floor(bytes.length/2))
  for (let i = 0; i < result.length; i++)
    result[i] = HALVES[bytes.charCodeAt(2*i) | bytes.charCodeAt(2*i + 1) << 8]
  return result
}

function toHalf(x) { // exponent and fraction in one number, so that rounding can carry from one to the other
  const sign = x < 0 ? 32768 : 0, size = Math.abs(x)
  if (size < 2**-14) return sign | Math.round(size*2**24)
  const exponent = Math.floor(Math.log2(size))
  return sign | Math.round(1024*(size/2**exponent + exponent + 14))
}
const asText = z => btoa(String.fromCharCode(...Array.from(z, toHalf).flatMap(u => [u & 255, u >> 8])))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') // for an address
function fromText(text) { // null if it is damaged
  try { return numbers(text.replaceAll('-', '+').replaceAll('_', '/')) } catch { return null }
}

// ---------------------------------------------------------------- memory, and the product of two matrices
// WebAssembly computes four numbers at once, which is ten times as fast as the loops below. All numbers of all
// models lie in its memory; an address counts floats.
const memory = new WebAssembly.Memory({initial: 1})
let F = new Float32Array(memory.buffer), reserved = 0

function reserve(n) {
  const address = reserved
  reserved += 4*Math.ceil(n/4)
  const missing = Math.ceil((4*reserved - memory.buffer.byteLength)/65536)
  if (missing > 0) { memory.grow(missing); F = new Float32Array(memory.buffer) }
  return address
}
const keep = array => { const address = reserve(array.length); F.set(array, address); return address }
const multiple = (n, of) => of*Math.ceil(n/of)

function multiply(a, b, bias, c, m, k, n) { // c = a b + bias: what matmul.wat does, with one number at a time
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) {
    let sum = F[bias + j]
    for (let l = 0; l < k; l++) sum += F[a + i*k + l]*F[b + l*n + j]
    F[c + i*n + j] = sum
  }
}
const MATMUL = 'AGFzbQEAAAABCwFgB39/f39/f38AAg8BA2VudgZtZW1vcnkCAAEDAgEABwoBBm1hdG11bAAACssDAcgDAgt/C3sgBUECdCEJIAZBAnQhCgNAQQAhByAAIQsgAyAIaiERA0AgAiAIav0ABAAhEiASIRUgEiEWIBIhFyASIRggAiAIav0ABBAhEiASIRkgEiEaIBIhGyASIRwgASAIaiEQIAsgCWohDyAPIQwgDCAJaiENIA0gCWohDgNAIBD9AAQAIRMgEP0ABBAhFCAL/QkCACESIBUgEiAT/eYB/eQBIRUgGSASIBT95gH95AEhGSAM/QkCACESIBYgEiAT/eYB/eQBIRYgGiASIBT95gH95AEhGiAN/QkCACESIBcgEiAT/eYB/eQBIRcgGyASIBT95gH95AEhGyAO/QkCACESIBggEiAT/eYB/eQBIRggHCASIBT95gH95AEhHCALQQRqIQsgDEEEaiEMIA1BBGohDSAOQQRqIQ4gECAKaiEQIAsgD0kNAAsgDiELIBEgFf0LBAAgESAZ/QsEECARIApqIREgESAW/QsEACARIBr9CwQQIBEgCmohESARIBf9CwQAIBEgG/0LBBAgESAKaiERIBEgGP0LBAAgESAc/QsEECARIApqIREgB0EEaiEHIAcgBEkNAAsgCEEgaiEIIAggCkkNAAsL' // matmul.wat, by tools/wasm.py
const module = Uint8Array.from(atob(MATMUL), c => c.charCodeAt(0))
let fast = multiply
if (WebAssembly.validate(module)) { // not in browsers before 2021 (Safari: 2023)
  const {exports} = new WebAssembly.Instance(new WebAssembly.Module(module), {env: {memory}})
  fast = (a, b, bias, c, m, k, n) => exports.matmul(4*a, 4*b, 4*bias, 4*c, m, k, n)
}
let matmul = fast
const usePlainLoops = yes => { matmul = yes ? multiply : fast } // to compare

// ---------------------------------------------------------------- layers
// Each is a product: the rows of `a` are the parts of the picture that one result sees. A picture of n x n pixels has
// a border of zeros, so (n + 2) x (n + 2). BatchNorm is in the weights already.
const leaky = v => v > 0 ? v : .2*v

class Layer {
  constructor({kind, size, from, to}, take, scratch) {
    const taps = {conv: 9, up: 4, linear: 1}[kind], phases = kind === 'up' ? 4 : 1
    Object.assign(this, {kind, size, from, to, scratch, k: taps*from, n: multiple(to, 8)})
    this.weights = Array.from({length: phases}, () => this.padded(take(this.k*to), this.k))
    this.bias = this.padded(take(to), 1)
    this.m = kind === 'conv' ? (size/2)**2 : kind === 'up' ? size**2 : 1
    const side = {conv: size/2 + 2, up: 2*size + 2}[kind]
    this.out = reserve(side ? side*side*to : multiple(to, 8))
    scratch.a = Math.max(scratch.a, multiple(this.m, 4)*this.k)
    scratch.c = Math.max(scratch.c, multiple(this.m, 4)*this.n)
  }
  padded(values, rows) { // rows of `to` numbers become rows of n
    const all = new Float32Array(rows*this.n)
    for (let i = 0; i < rows; i++) all.set(values.subarray(i*this.to, (i + 1)*this.to), i*this.n)
    return keep(all)
  }
  product(phase = 0) {
    matmul(this.scratch.at, this.weights[phase], this.bias, this.scratch.ct, multiple(this.m, 4), this.k, this.n)
    return this.scratch.ct
  }
  linear(x) { // the address of `from` numbers; returns that of `to` numbers
    F.copyWithin(this.scratch.at, x, x + this.from)
    return this.product()
  }
  conv(x) { // 3 x 3 pixels, two pixels on: half as high and wide
    const {size, from, to, n, out} = this, row = (size + 2)*from, half = size/2
    let a = this.scratch.at
    for (let i = 0; i < half; i++) for (let j = 0; j < half; j++) for (let y = 0; y < 3; y++, a += 3*from) {
      const pixels = x + (2*i + y)*row + 2*j*from
      F.copyWithin(a, pixels, pixels + 3*from)
    }
    const c = this.product()
    for (let i = 0; i < half; i++) for (let j = 0; j < half; j++) for (let k = 0; k < to; k++)
      F[out + ((i + 1)*(half + 2) + j + 1)*to + k] = leaky(F[c + (i*half + j)*n + k])
    return out
  }
  up(x, act) { // twice as high and wide: four pictures, of the even and odd rows and columns, from 2 x 2 pixels each
    const {size, from, to, n, out} = this, row = (size + 2)*from, side = 2*size + 2
    for (let phase = 0; phase < 4; phase++) {
      const down = phase >> 1, right = phase & 1
      let a = this.scratch.at
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) for (let y = 0; y < 2; y++, a += 2*from) {
        const pixels = x + (i + down + y)*row + (j + right)*from
        F.copyWithin(a, pixels, pixels + 2*from)
      }
      const c = this.product(phase)
      for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) for (let k = 0; k < to; k++)
        F[out + ((2*i + down + 1)*side + 2*j + right + 1)*to + k] = act(F[c + (i*size + j)*n + k])
    }
    return out
  }
}

// ---------------------------------------------------------------- a picture with and without its border of zeros
function pad(picture, size, channels, to) {
  for (let i = 0; i < size; i++)
    F.set(picture.subarray(i*size*channels, (i + 1)*size*channels), to + ((i + 1)*(size + 2) + 1)*channels)
}
function unpad(x, size, channels) {
  const picture = new Float32Array(size*size*channels)
  for (let i = 0; i < size; i++) {
    const row = x + ((i + 1)*(size + 2) + 1)*channels
    picture.set(F.subarray(row, row + size*channels), i*size*channels)
  }
  return picture
}

// ---------------------------------------------------------------- model
class Model {
  constructor(run) {
    const weights = numbers(run.weights), scratch = {a: 0, c: 0}
    let used = 0
    const take = n => weights.subarray(used, used += n)
    const layers = run.layers.map(l => new Layer(l, take, scratch))
    scratch.at = reserve(scratch.a); scratch.ct = reserve(scratch.c)
    this.run = run
    this.size = run.image_size; this.channels = run.image_channels; this.d = run.latent_dim
    this.convs = layers.filter(l => l.kind === 'conv'); this.ups = layers.filter(l => l.kind === 'up');
    [this.to_code, this.from_code] = layers.filter(l => l.kind === 'linear')
    this.input = reserve((this.size + 2)**2*this.channels) // for the encoder
    this.start = this.ups[0].size // height and width where the decoder begins
    this.code = reserve(multiple(Math.max(this.d, this.to_code.from), 8))
    this.grid = reserve((this.start + 2)**2*this.ups[0].from)
    this.bases = run.bases.map(b => new Basis(b, this.d))
    this.directions = Object.fromEntries(Object.entries(run.directions).map(([k, v]) => [k, numbers(v)]))
    this.first = numbers(run.first) // the face to begin with
    const codes = run.faces ? numbers(run.faces.codes) : new Float32Array(0)
    this.codes = Array.from({length: codes.length/this.d}, (_, i) => codes.subarray(i*this.d, (i + 1)*this.d))
  }
  encode(picture) { // q(z|x): its mean and the logarithm of its variance
    pad(picture, this.size, this.channels, this.input)
    let x = this.input
    for (const layer of this.convs) x = layer.conv(x)
    F.set(unpad(x, this.start, this.ups[0].from), this.code)
    const at = this.to_code.linear(this.code), {d} = this, [low, high] = this.run.logvar_range
    return {mu: F.slice(at, at + d),
            logvar: F.slice(at + d, at + 2*d).map((v, i) => Math.min(Math.max(v, low[i]), high[i]))}
  }
  decode(z) {
    F.set(z, this.code)
    const {start, grid} = this, at = this.from_code.linear(this.code), from = this.ups[0].from
    pad(F.slice(at, at + start*start*from), start, from, grid)
    let x = grid
    const last = this.ups.length - 1
    this.ups.forEach((layer, i) => { x = layer.up(x, i === last ? Math.tanh : leaky) })
    return unpad(x, this.size, this.channels)
  }
  usual(z) { // share of the training faces that are farther from the mean; NaN if the run has kept none
    const {distances} = this.run, far = Math.hypot(...this.bases.at(-1).coordinates(z))
    return distances.length ? distances.filter(d => d > far).length/distances.length : NaN
  }
}

function howUsual(share) { // the same in words
  if (share > .995) return 'More usual than nearly all the training faces'
  if (share < .005) return 'More unusual than nearly all the training faces'
  return `More usual than ${Math.round(100*share)}% of the training faces`
}

// ---------------------------------------------------------------- components, in standard deviations of the faces
class Basis {
  constructor(basis, d) {
    Object.assign(this, basis)
    this.mean = numbers(basis.mean)
    const rows = text => { const all = numbers(text); return this.labels.map((_, i) => all.subarray(i*d, (i + 1)*d)) }
    this.components = rows(basis.components); this.readers = rows(basis.readers)
  }
  coordinate(z, i) { return this.readers[i].reduce((sum, r, k) => sum + r*(z[k] - this.mean[k]), 0) }
  coordinates(z) { return this.readers.map((_, i) => this.coordinate(z, i)) }
  move(z, i, value) { return walk(z, this.components[i], value - this.coordinate(z, i)) }
}

// ---------------------------------------------------------------- codes
const walk = (z, direction, steps) => z.map((v, k) => v + steps*direction[k])
const mix = (a, b, t) => a.map((v, k) => (1 - t)*v + t*b[k])
function slerp(a, b, t) { // along the great circle around the origin
  const dot = (u, v) => u.reduce((sum, x, k) => sum + x*v[k], 0), lengths = Math.sqrt(dot(a, a)*dot(b, b))
  const angle = lengths ? Math.acos(Math.max(-1, Math.min(1, dot(a, b)/lengths))) : 0, whole = Math.sin(angle)
  if (whole < 1e-6) return mix(a, b, t)
  return a.map((v, k) => (Math.sin((1 - t)*angle)*v + Math.sin(t*angle)*b[k])/whole)
}
function normal(random = Math.random) { // Box and Muller
  return Math.sqrt(-2*Math.log(1 - random()))*Math.cos(2*Math.PI*random())
}
const sample = ({mu, logvar}, eps) => mu.map((m, k) => m + Math.exp(logvar[k]/2)*eps[k])
const klOf = ({mu, logvar}) => mu.reduce((sum, m, k) => sum + .5*(m*m + Math.exp(logvar[k]) - 1 - logvar[k]), 0)
const mseOf = (a, b) => a.reduce((sum, v, i) => sum + (v - b[i])**2, 0)/a.length

// ---------------------------------------------------------------- pictures on the page
function paint(canvas, picture, size) {
  const channels = picture.length/size**2, image = new ImageData(size, size)
  for (let p = 0; p < size*size; p++) {
    for (let c = 0; c < 3; c++) image.data[4*p + c] = Math.round(127.5*(picture[channels*p + c % channels] + 1))
    image.data[4*p + 3] = 255
  }
  canvas.width = canvas.height = size
  canvas.getContext('2d').putImageData(image, 0, 0)
}

// ---------------------------------------------------------------- runs and their files
const found = {}, waiting = {}
const here = globalThis.document?.currentScript?.src ?? '', base = here.slice(0, here.lastIndexOf('/') + 1)
function add(run) {
  found[run.name] = new Model(run)
  waiting[run.name]?.done(found[run.name])
}
function open(name) {
  if (found[name]) return Promise.resolve(found[name])
  if (!waiting[name]) {
    waiting[name] = {}
    waiting[name].promise = new Promise((done, failed) => {
      waiting[name].done = done
      const script = document.createElement('script')
      script.src = `${base}runs/${encodeURIComponent(name)}.js`
      script.onerror = () => { delete waiting[name]; failed(Error(`the file of the run ${name} is missing`)) }
      const load = () => found[name] || document.head.append(script) // it may stand further down in the page
      if (document.readyState === 'loading') addEventListener('DOMContentLoaded', load); else load()
    })
  }
  return waiting[name].promise
}

return {add, open, found, numbers, asText, fromText, usePlainLoops, howUsual, walk, mix, slerp, normal, sample, klOf, mseOf, paint}
})()
if (typeof exports !== 'undefined') Object.assign(exports, vae)
