#!/usr/bin/env node
// Opens dist/index.html as a presenter does, goes through the slides, and fails if one does not fit
// its page, if a picture does not load, if the page reports an error, or asks the network for
// something. Prints a line of JSON for each slide.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withPage } from './chromium.mjs'
import { here } from './deck.mjs'

// Runs in the page. Reveal scales the slides to the window; size() undoes that.
const look = `(() => {
  const { width, height } = Reveal.getConfig(), scale = Reveal.getScale()
  const size = length => Math.ceil(length / scale - 0.01)
  const isCut = e => e.clientWidth && getComputedStyle(e).overflow !== 'visible' &&
    (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1)

  return Reveal.getSlides().map((slide, n) => {
    Reveal.slide(n)
    const page = slide.parentElement.getBoundingClientRect()
    const inside = [slide, ...slide.querySelectorAll('*:not(.notes, .notes *)')]
    const edges = inside.map(e => e.getBoundingClientRect()).filter(b => b.width && b.height)
    const { scrollWidth, scrollHeight } = slide
    const right = size(Math.max(...edges.map(b => b.right - page.left)))
    const bottom = size(Math.max(...edges.map(b => b.bottom - page.top)))
    const cut = inside.filter(isCut).length
    const blank = [...slide.querySelectorAll('img')].filter(i => !i.naturalWidth).length
    const fits = Math.max(right, scrollWidth) <= width &&
      Math.max(bottom, scrollHeight) <= height && !cut && !blank
    const title = slide.querySelector('h1, h2').textContent
    return { slide: n + 1, title, right, bottom, scrollWidth, scrollHeight, cut, blank, fits }
  })
})()`

const url = pathToFileURL(join(here, 'dist/index.html')).href
await withPage(url, async ({ evaluate, until, errors, requests }) => {
  await until(`document.readyState === 'complete' && window.Reveal?.isReady()`)
  await evaluate('document.fonts.ready.then(() => new Promise(requestAnimationFrame))')
  const slides = await evaluate(look)
  slides.forEach(slide => console.log(JSON.stringify(slide)))
  const bad = slides.filter(({ fits }) => !fits)
  const problems = [
    ...bad.map(({ slide, title }) => `slide ${slide} (${title}) does not fit`),
    ...errors.map(error => `error in the page: ${error}`),
    ...requests.map(request => `asks the network for ${request}`)]
  if (problems.length || !slides.length) throw new Error(problems.join('\n') || 'no slides')
}).catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
