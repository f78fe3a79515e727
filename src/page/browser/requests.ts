/** What the page asks of its peer. Every path is relative to where the page is. */

import { UNKNOWN_TYPE } from '../curls.ts'

export interface Answered {
  readonly status: number
  readonly answer: Readonly<Record<string, unknown>>
}

/** Runs a step, with a text or a number if there is one. */
export async function post(path: string, body: string): Promise<Answered> {
  const headers: HeadersInit = body === '' ? {} : { 'Content-Type': 'text/plain; charset=utf-8' }
  const response = await fetch(path, { method: 'POST', headers, body: body === '' ? null : body })
  return { status: response.status, answer: await response.json() }
}

/**
 * Sends a picture, the peer's own where none was chosen, and tells how much of it has gone out. By XMLHttpRequest, since
 * fetch tells nothing of that.
 */
export function upload(
  path: string,
  chosen: File | undefined,
  progress: (done: number) => void,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', path)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => progress(loaded / total)
    request.onload = () =>
      request.response === null
        ? reject(new Error('no answer'))
        : resolve({ status: request.status, answer: request.response })
    request.onerror = () => reject(new Error('no connection'))
    if (chosen === undefined) return request.send()
    request.setRequestHeader('Content-Type', chosen.type || UNKNOWN_TYPE)
    request.setRequestHeader('Picture-Name', encodeURIComponent(chosen.name))
    request.send(chosen)
  })
}

/** The bytes at a path, or null where there are none. */
export async function bytesAt(path: string): Promise<Uint8Array | null> {
  const answer = await fetch(path).catch(() => null)
  return answer?.ok ? new Uint8Array(await answer.arrayBuffer()) : null
}

/** The JSON at a path, or null where there is none. */
export async function jsonAt<T>(path: string): Promise<T | null> {
  const answer = await fetch(path).catch(() => null)
  return answer?.ok ? ((await answer.json()) as T) : null
}

/** Puts a text into the clipboard. */
export async function copy(text: string): Promise<void> {
  // there is no clipboard on http addresses other than this machine's
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.className = 'unseen'
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
