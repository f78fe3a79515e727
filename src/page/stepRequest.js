/** A step run over HTTP: a text goes in the body, a picture with its progress. Each returns status and answer. */

/** The type of a file whose type the browser does not know. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/**
 * Runs a step, with a text if there is one.
 * @param {string} route @param {string} text
 * @returns {Promise<{ status: number, answer: Record<string, any> }>}
 */
export async function post(route, text) {
  const body = text === '' ? null : text
  const headers = body === null ? {} : { 'Content-Type': 'text/plain; charset=utf-8' }
  const response = await fetch(route, { method: 'POST', headers, body })
  return { status: response.status, answer: await response.json() }
}

/**
 * Sends a picture, this peer's own where none was chosen, and shows how much of it has gone out.
 * By XMLHttpRequest: fetch tells nothing of that.
 * @param {File | undefined} chosen @param {HTMLProgressElement} progress @returns {ReturnType<typeof post>}
 */
export function upload(chosen, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/send_image')
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => {
      progress.hidden = false
      progress.value = loaded / total
    }
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
