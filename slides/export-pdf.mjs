#!/usr/bin/env node
// dist/index.html -> dist/slides.pdf; fails unless every slide has become one page.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withPage } from './chromium.mjs'
import { here } from './deck.mjs'

const url = pathToFileURL(join(here, 'dist/index.html')).href + '?print-pdf'
await withPage(url, async ({ send, evaluate, until, errors, requests }) => {
  await until(`document.readyState === 'complete' && window.Reveal?.isReady() &&
    document.querySelector('.pdf-page')`)
  await evaluate('document.fonts.ready.then(() => new Promise(done => setTimeout(done, 200)))')
  const slides = await evaluate('Reveal.getTotalSlides()')
  const pages = await evaluate(`document.querySelectorAll('.pdf-page').length`)
  if (pages !== slides) throw new Error(`${slides} slides became ${pages} pages`)
  if (errors.length || requests.length) throw new Error([...errors, ...requests].join('\n'))
  const { data } = await send('Page.printToPDF', { preferCSSPageSize: true, printBackground: true,
    generateTaggedPDF: true, generateDocumentOutline: true })
  writeFileSync(join(here, 'dist/slides.pdf'), Buffer.from(data, 'base64'))
  console.log(`dist/slides.pdf: ${pages} pages`)
}).catch((error) => {
  console.error(`slides.pdf: ${error.message}`)
  process.exitCode = 1
})
