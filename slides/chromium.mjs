// A headless Chromium, driven through a pipe (--remote-debugging-pipe): no port, no network.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--window-size=1280,720', '--remote-debugging-pipe']

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

// Opens `url` and calls use({ send, evaluate, until, errors, requests }). Whatever happens, the
// browser and its profile are gone afterwards; after `limit` milliseconds at the latest.
export async function withPage(url, use, { limit = 90_000 } = {}) {
  // Chromium makes Unix-domain sockets in these folders, and their names must not be long: unix(7).
  const profile = mkdtempSync(join(tmpdir().length > 30 ? '/tmp' : tmpdir(), 'slides-chromium-'))
  // Detached, and so a process group of its own: all of its processes can be ended at once.
  const browser = spawn(process.env.CHROMIUM ?? 'chromium',
    [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], detached: true,
      env: { ...process.env, TMPDIR: profile } })
  const stop = () => { try { process.kill(-browser.pid, 'SIGKILL') } catch { /* it has left */ } }
  const alarm = setTimeout(stop, limit)
  const quit = () => { stop(); rmSync(profile, { recursive: true, force: true }); process.exit(1) }
  process.once('SIGINT', quit).once('SIGTERM', quit)

  // Messages are JSON, each ended by a NUL. An answer has the id of its question.
  const waiting = new Map(), listeners = []
  let lastId = 0, sessionId, buffer = ''
  const exited = new Promise((resolve) => {
    browser.on('exit', () => resolve('chromium ended early'))
    browser.on('error', error => resolve(`chromium does not start: ${error.message}`))
  })
  exited.then((why) => { for (const { reject } of waiting.values()) reject(new Error(why)) })
  browser.stdio[3].on('error', () => {})
  browser.stdio[4].setEncoding('utf8').on('data', (chunk) => {
    buffer += chunk
    for (let end; (end = buffer.indexOf('\0')) >= 0; buffer = buffer.slice(end + 1)) {
      const message = JSON.parse(buffer.slice(0, end))
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (!asked) listeners.forEach(listener => listener(message))
      else if (message.error) asked.reject(new Error(message.error.message))
      else asked.resolve(message.result)
    }
  })
  const send = (method, params = {}) => new Promise((resolve, reject) => {
    waiting.set(++lastId, { resolve, reject })
    browser.stdio[3].write(JSON.stringify({ id: lastId, method, params, sessionId }) + '\0')
  })

  try {
    const { targetInfos } = await send('Target.getTargets')
    const { targetId } = targetInfos.find(({ type }) => type === 'page')
    ;({ sessionId } = await send('Target.attachToTarget', { targetId, flatten: true }))

    const errors = [], requests = []
    listeners.push(({ method, params }) => {
      if (method === 'Runtime.exceptionThrown') {
        const { exception, text } = params.exceptionDetails
        errors.push(exception?.description ?? text)
      } else if (method === 'Runtime.consoleAPICalled' && params.type === 'error') {
        errors.push(params.args.map(arg => arg.value ?? arg.description).join(' '))
      } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
        errors.push(params.entry.text)
      } else if (method === 'Network.requestWillBeSent') {
        if (!/^(file|data|blob):/.test(params.request.url)) requests.push(params.request.url)
      }
    })
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`)
    await send('Page.navigate', { url })

    const evaluate = async (expression) => {
      const { result, exceptionDetails: failed } =
        await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })
      if (failed) throw new Error(failed.exception?.description ?? failed.text)
      return result.value
    }
    const until = async (expression, ms = 20_000) => {
      for (const end = Date.now() + ms; Date.now() < end; await pause(50)) {
        if (await evaluate(expression).catch(() => false)) return
      }
      throw new Error(`waited ${ms} ms for: ${expression}`)
    }
    return await use({ send, evaluate, until, errors, requests })
  } finally {
    clearTimeout(alarm)
    stop()
    await exited
    process.removeListener('SIGINT', quit).removeListener('SIGTERM', quit)
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}
