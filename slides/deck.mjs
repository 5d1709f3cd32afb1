// Reads slides.md and says what is wrong with it. Needs nothing but Node itself, so that
// `make check` needs no npm.
//
// Slides are divided by `---`. A listing takes its text from a source:
//
//   ```cpp file=../step01_fork/workers.cpp from="pid_t fork_worker() {" to="}"
//
// It begins with the one line of the file that starts with `from` (after its indentation), and ends
// with the next line that is `to` at the same indentation; without `to` it is that one line. The
// text stands in slides.md too, so that the deck can be read as it is. A listing that differs
// from its source is a mistake; sync() corrects it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const here = dirname(fileURLToPath(import.meta.url))

// What fits on a slide. measure.mjs looks at the slides themselves; this is known without them.
const MAX_LINES = 16
const MAX_COLUMNS = { listing: 84, console: 88 }

const FENCE = /^(```+)(\S*)(.*)$/
const IMAGE = /!\[([^\]]*)\]\(([^)\s]+)\)/g
const NOTES = /<!-- notes minutes=(\d+(?:\.\d+)?)\n([\s\S]*?)-->\n?/

export function attributesOf(info) {
  const pairs = info.matchAll(/(\w+)=(?:"([^"]*)"|'([^']*)'|(\S+))/g)
  return Object.fromEntries([...pairs].map(([, name, a, b, c]) => [name, a ?? b ?? c]))
}

// The piece of source that a listing shows. Throws if it is not there exactly once.
export function excerpt({ file, from, to }, folder = here) {
  const path = resolve(folder, file)
  if (!existsSync(path)) throw new Error(`there is no ${file}`)
  if (!from) throw new Error(`a listing of ${file} without from="..."`)
  const lines = readFileSync(path, 'utf8').split('\n')

  const starts = lines.flatMap((line, i) => (line.trimStart().startsWith(from) ? [i] : []))
  if (starts.length === 0) throw new Error(`no line of ${file} starts with: ${from}`)
  if (starts.length > 1) throw new Error(`${starts.length} lines of ${file} start with: ${from}`)
  const [start] = starts

  const indent = lines[start].match(/^\s*/)[0]
  const end = to === undefined ? start : lines.indexOf(indent + to, start + 1)
  if (end === -1) throw new Error(`${file}: after "${from}" no line is: ${to}`)
  const piece = lines.slice(start, end + 1)
  const common = Math.min(...piece.filter(line => line).map(line => line.match(/^ */)[0].length))
  return piece.map(line => line.slice(common)).join('\n')
}

// The fenced blocks of a text: where, which language, which attributes, and the lines in between.
function blocksOf(lines) {
  const blocks = []
  let open
  lines.forEach((line, i) => {
    const fence = line.match(FENCE)
    if (open && line === open.ticks) {
      blocks.push({ ...open, last: i, text: lines.slice(open.first + 1, i).join('\n') })
      open = undefined
    } else if (!open && fence) {
      const [, ticks, language, info] = fence
      open = { ticks, language, attributes: attributesOf(info), first: i }
    }
  })
  return blocks
}

// Replaces the text of each listing by what its source says now. Returns how many have changed.
export function sync(deck = join(here, 'slides.md')) {
  const lines = readFileSync(deck, 'utf8').split('\n')
  let changed = 0
  for (const { first, last, text, attributes } of blocksOf(lines).reverse()) {
    if (!attributes.file) continue
    const real = excerpt(attributes, dirname(deck))
    if (real === text) continue
    lines.splice(first + 1, last - first - 1, ...real.split('\n'))
    changed += 1
  }
  if (changed) writeFileSync(deck, lines.join('\n'))
  return changed
}

// Returns { title, slides, problems }. A slide: { line, body, notes, minutes, listings, pictures }.
export function readDeck(deck = join(here, 'slides.md')) {
  const lines = readFileSync(deck, 'utf8').split('\n')
  const blocks = blocksOf(lines)
  const isCode = i => blocks.some(({ first, last }) => first <= i && i <= last)
  const borders = lines.flatMap((line, i) => (line === '---' && !isCode(i) ? [i] : []))

  const problems = []
  const slides = [-1, ...borders].map((border, n) => {
    const [begin, end] = [border + 1, borders[n] ?? lines.length]
    const text = lines.slice(begin, end).join('\n')
    const inside = blocks.filter(({ first }) => begin <= first && first < end)
    const prose = lines.map((line, i) => (isCode(i) ? '' : line)).slice(begin, end).join('\n')
    const notes = text.match(NOTES)
    const slide = {
      line: begin + 1,
      body: text.replace(NOTES, '').trim(),
      minutes: Number(notes?.[1] ?? 0),
      notes: notes?.[2].trim() ?? '',
      listings: inside.filter(({ attributes }) => attributes.file),
      pictures: [...prose.matchAll(IMAGE)].map(([, alt, file]) => ({ alt, file })),
    }
    const complain = (line, what) => problems.push(`slides.md:${line + 1}: ${what}`)
    if (!/^##? \S/m.test(prose)) complain(begin, 'a slide without a title')
    if (!slide.notes || !slide.minutes) complain(begin, 'a slide without notes, or without minutes')
    for (const { alt, file } of slide.pictures) {
      if (!alt.trim()) complain(begin, `${file}: no alternative text`)
      if (!existsSync(resolve(dirname(deck), file))) complain(begin, `there is no ${file}`)
    }
    for (const block of inside) {
      try {
        checkBlock(block, dirname(deck))
      } catch (error) {
        complain(block.first, error.message)
      }
    }
    return slide
  })
  return { title: lines.find(line => line.startsWith('# '))?.slice(2), slides, problems }
}

function checkBlock({ attributes, text }, folder) {
  const rows = text.split('\n')
  if (attributes.file && excerpt(attributes, folder) !== text) {
    throw new Error(`the listing differs from ${attributes.file}; run: make -C slides sync`)
  }
  const columns = attributes.file ? MAX_COLUMNS.listing : MAX_COLUMNS.console
  if (rows.length > MAX_LINES) throw new Error(`${rows.length} lines of code, ${MAX_LINES} fit`)
  const widest = Math.max(...rows.map(row => row.length))
  if (widest > columns) throw new Error(`a line of ${widest} columns, ${columns} fit`)
  const last = Math.max(0, ...(attributes.lines ?? '').split(/[|,-]/).map(Number))
  if (last > rows.length) throw new Error(`lines=${attributes.lines} is past the end`)
}
