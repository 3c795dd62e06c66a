// What vae.js makes of pictures and codes, for test_export.py: node export_parity.js FOLDER RUN.js [plain]
const {readFileSync, writeFileSync} = require('fs'), {runInThisContext} = require('vm')
const [folder, name, plain] = process.argv.slice(2)
const floats = file => { const {buffer, byteOffset, length} = readFileSync(`${folder}/${file}`); return new Float32Array(buffer.slice(byteOffset, byteOffset + length)) }
runInThisContext(`${readFileSync(`${folder}/vae.js`, 'utf8')};globalThis.vae = vae`)
runInThisContext(readFileSync(`${folder}/${name}.js`, 'utf8'))
vae.usePlainLoops(plain === 'plain')
const model = vae.found[name], x = floats('x.bin'), D = model.size**2*model.channels, results = {mu: [], logvar: [], pictures: []}
for (let i = 0; i < x.length/D; i++) {
  const {mu, logvar} = model.encode(x.subarray(i*D, (i + 1)*D))
  results.mu.push(...mu); results.logvar.push(...logvar); results.pictures.push(model.decode(mu))
}
results.pictures = results.pictures.flatMap(p => Array.from(p))
for (const [key, values] of Object.entries(results)) writeFileSync(`${folder}/${key}.bin`, Buffer.from(Float32Array.from(values).buffer))
const basis = model.bases[0], z = basis.move(basis.mean, 1, 2)
console.log(JSON.stringify({moved: basis.coordinates(z).slice(0, 3), text: vae.asText(z), back: Array.from(vae.fromText(vae.asText(z))), z: Array.from(z)}))
