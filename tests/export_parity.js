// What vae.js makes of pictures and codes, for test_export.py: node export_parity.js FOLDER RUN [plain]
const {readFileSync, writeFileSync} = require('fs'), {runInThisContext} = require('vm')
const [folder, name, plain] = process.argv.slice(2)
const floats = file => { const {buffer, byteOffset, length} = readFileSync(`${folder}/${file}`); return new Float32Array(buffer.slice(byteOffset, byteOffset + length)) }
const ours = `${__dirname}/../face_autoencoder/web/vae.js`
runInThisContext(`${readFileSync(ours, 'utf8')};globalThis.vae = vae`)
runInThisContext(readFileSync(`${folder}/runs/${name}.js`, 'utf8'))
vae.usePlainLoops(plain === 'plain')
const model = vae.found[name], x = floats('x.bin'), D = model.size**2*model.channels, results = {mu: [], logvar: [], pictures: []}
for (let i = 0; i < x.length/D; i++) {
  const {mu, logvar} = model.encode(x.subarray(i*D, (i + 1)*D))
  results.mu.push(...mu); results.logvar.push(...logvar); results.pictures.push(model.decode(mu))
}
results.pictures = results.pictures.flatMap(p => Array.from(p))
for (const [key, values] of Object.entries(results)) writeFileSync(`${folder}/${key}.bin`, Buffer.from(Float32Array.from(values).buffer))
const basis = model.bases[0], z = basis.move(basis.mean, 1, 2)
const [a, b] = [model.first, model.codes[0] ?? basis.mean], usual = [basis.mean, model.first].map(z => model.usual(z))
console.log(JSON.stringify({usual, way: Array.from(vae.slerp(a, b, .3)), ends: [a, b].map(v => Array.from(v)), moved: basis.coordinates(z).slice(0, 3), text: vae.asText(z), back: Array.from(vae.fromText(vae.asText(z))), z: Array.from(z)}))
