#!/usr/bin/env node
// slides.md -> dist/index.html: one file, which opens from the disk and asks the network for
// nothing. Fails if there is anything wrong with the deck; see deck.mjs.
//
//   node build.mjs           build
//   node build.mjs --check   build nothing, only say what is wrong (needs no npm install)
//   node build.mjs --sync    take the listings in slides.md from the sources again, then check
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attributesOf, here, readDeck, sync } from './deck.mjs'

const wish = process.argv[2] ?? ''
if (!['', '--check', '--sync'].includes(wish) || process.argv.length > 3) {
  console.error('usage: node build.mjs [--check | --sync]')
  process.exit(2)
}
if (wish === '--sync') {
  try {
    console.log(`listings taken from the sources again: ${sync()}`)
  } catch (error) {
    console.error(`slides.md: ${error.message}`)
    process.exit(1)
  }
}
const { title, slides, problems } = readDeck()
if (problems.length) {
  console.error(problems.join('\n'))
  process.exit(1)
}
const count = what => slides.reduce((sum, slide) => sum + slide[what].length, 0)
const minutes = slides.reduce((sum, slide) => sum + slide.minutes, 0)
console.log(`slides.md: ${slides.length} slides, ${minutes} minutes, ` +
  `${count('listings')} listings, ${count('pictures')} pictures`)
if (wish) process.exit(0)

// ---- From here on node_modules is needed.

const { Marked } = await import('marked')
const read = path => readFileSync(join(here, path), 'utf8')
const base64 = path => readFileSync(join(here, path)).toString('base64')
const escape = text => text.replace(/[&<>"]/g,
  c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

const marked = new Marked({ gfm: true })
marked.use({ renderer: {
  code({ text, lang = '' }) {
    const { file, lines } = attributesOf(lang)
    const language = lang.split(/\s/)[0]
    const name = file && escape(file.replace(/^(\.\.\/)+/, ''))
    const caption = file ? `<figcaption>${name}</figcaption>` : ''
    // Reveal shows the steps of "|1|2-4" one after the other; the empty one is the whole listing.
    const steps = lines ? `="|${escape(lines)}"` : ''
    const numbers = file ? ` data-line-numbers${steps}` : ''
    // Without data-noescape the highlighter would show our tags as text.
    const plain = language === 'console'
    const how = plain ? 'class="nohighlight" data-noescape' : `class="language-${escape(language)}"`
    const shown = plain ? transcript(text) : escape(text)
    return `<figure class="code ${escape(language)}">${caption}<pre><code ${how}${numbers}>` +
      `${shown}</code></pre></figure>\n`
  },
  image({ href, text }) {
    const type = href.endsWith('.svg') ? 'svg+xml' : 'png'
    return `<img src="data:image/${type};base64,${base64(href)}" alt="${escape(text)}">`
  },
} })

// Commands stand out from what they print.
function transcript(text) {
  return text.split('\n').map(escape)
    .map(line => line.replace(/^\$ (.*)$/, '<span class="prompt">$$</span> <b>$1</b>')).join('\n')
}

const sections = slides.map(({ body, notes, minutes }) =>
  `<section data-timing="${minutes * 60}">\n${marked.parse(body)}` +
  `<aside class="notes">${marked.parse(notes)}</aside></section>`)

const font = (family, file) => `@font-face { font-family: "${family}"; font-weight: 100 900;
  font-display: block; src: url(data:font/woff2;base64,${base64(file)}) format("woff2") }`
const fonts = 'node_modules/@fontsource-variable'
const style = path => read(`node_modules/reveal.js/dist/${path}`)
const script = (path) => {
  const text = read(`node_modules/reveal.js/dist/${path}`)
  return `<script>${text.replace(/<\/script/gi, '<\\/script')}</script>`
}

const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title><link rel="icon" href="data:,">
<style>${style('reset.css')}${style('reveal.css')}
${font('Inter', `${fonts}/inter/files/inter-latin-wght-normal.woff2`)}
${font('JetBrains Mono', `${fonts}/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2`)}
${read('theme.css')}</style></head>
<body><div class="reveal"><div class="slides">
${sections.join('\n')}
</div></div>
${script('reveal.js')}${script('plugin/notes.js')}${script('plugin/highlight.js')}
<script>Reveal.initialize({
  width: 1280, height: 720, margin: 0.04, center: false, hash: true, controls: false,
  slideNumber: 'c/t', transition: 'none', pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
  totalTime: ${minutes * 60}, plugins: [RevealNotes, RevealHighlight] })</script>
</body></html>
`
mkdirSync(join(here, 'dist'), { recursive: true })
writeFileSync(join(here, 'dist/index.html'), html)
console.log(`dist/index.html: ${(html.length / 1e6).toFixed(2)} MB`)
